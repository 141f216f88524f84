"""Checks of cash cards: whose they are, how many there are, and how many sequences of which length each has."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fastgen.ages import ages_at
from fastgen.config import Config
from fastgen.plan import Totals
from fastgen.validation.histories.events import ExampleFormatter
from fastgen.validation.histories.sequence_checks import TOO_CLOSE
from fastgen.validation.histories.sequence_finder import FoundSequences
from fastgen.validation.judges.holders import UNBORN
from fastgen.validation.report import Check
from fastgen.validation.statistics.checks import drawn, exact, rule, skipped
from fastgen.validation.statistics.pvalues import hypergeometric
from fastgen.validation.statistics.tally import Array, Mask, Violations


class AgeBands:
    """The cards by the age band of their holders: -1 for a holder in no band, or a card without a holder.

    Args:
        births: int32[cards], birthdates in days since 1970.
    """

    def __init__(self, config: Config, births: NDArray[np.int32]) -> None:
        self.bands, self.capacities = config.atm.bands, np.array(config.band_capacities)
        ages = ages_at(config.start.date(), births.astype(np.int64))
        self.of_card = np.full(births.size, -1, np.int8)
        for number, band in enumerate(self.bands):
            self.of_card[(ages >= band.low) & (ages <= band.high) & (births != UNBORN)] = number

    def counts(self, cards: Mask) -> Array:
        """int64[bands]: how many of the given cards are in each band."""
        bands = self.of_card[cards].astype(np.int64)
        return np.bincount(bands[bands >= 0], minlength=len(self.bands))

    @property
    def susceptible(self) -> Array:
        """int64[bands]: the number of cards that cash cards are drawn from."""
        everyone = np.ones(self.of_card.size, bool)
        return np.asarray(np.minimum(self.counts(everyone), self.capacities))

    def checks(self, cash: Mask, examples: ExampleFormatter) -> Iterator[Check]:
        """Check that cash cards may withdraw cash, and were drawn at random from those that may."""
        group = "cash cards"
        none = np.flatnonzero(cash & (self.of_card < 0))
        example = examples.cards.text(int(none[0])) if none.size else None
        broken = Violations(count=none.size, of=int(cash.sum()), example=example)
        yield rule(group, "ages", broken, "in one of the age bands")
        names = [f"{band.low} to {band.high} years" for band in self.bands]
        found, most = self.counts(cash), self.susceptible
        for name, number, limit in zip(names, found.tolist(), most.tolist(), strict=True):
            yield exact(group, name, number, range(limit + 1))
        drawn_cards = hypergeometric(np.minimum(found, most), most)
        yield drawn(group, "age bands", drawn_cards, "drawn from the susceptible ones", at=names.__getitem__)


class CashCardChecks:
    """The number of cash cards, and the lengths of their sequences: one of each length per round.

    Args:
        cash: bool[cards], which cards withdraw cash.
    """

    def __init__(self, config: Config, cash: Mask, examples: ExampleFormatter) -> None:
        self.cash, self.examples = cash, examples
        self.lengths = config.atm.lengths.values
        self._rank = np.cumsum(cash) - 1
        self.counts = np.zeros((int(cash.sum()), len(self.lengths)), np.int32)
        self.unclear = np.zeros(self.counts.shape[0], bool)

    def add(self, found: FoundSequences) -> None:
        """Count the sequences of some cards."""
        np.add.at(self.counts, (self._rank[found.firsts["card"]], found.sizes - self.lengths[0]), 1)
        self.unclear[self._rank[found.unclear["card"]]] = True

    def checks(self, totals: Totals, tolerance: int | None) -> Iterator[Check]:
        """Yield the checks; tolerance: how many pairs of sequences may pass for one, None if too many."""
        group = "cash cards"
        yield exact(group, "number", self.counts.shape[0], totals.cash_cards)
        expected = f"{totals.rounds:,} of each length, {self.lengths[0]} to {self.lengths[-1]}"
        if tolerance is None:
            yield skipped(group, "lengths", expected, TOO_CLOSE)
            return
        wrong = np.flatnonzero((self.counts != totals.rounds).any(axis=1) & ~self.unclear)
        example = None
        if wrong.size:
            lengths = {length: int(n) for length, n in zip(self.lengths, self.counts[wrong[0]], strict=True)}
            example = f"{self.examples.cards.text(int(np.flatnonzero(self.cash)[wrong[0]]))}: sequences by length {lengths}"
        clear = int(np.count_nonzero(~self.unclear))
        note = (
            f"{self.unclear.size - clear:,} cards have sequences that could not be told apart"
            if clear < self.unclear.size
            else None
        )
        broken = Violations(count=wrong.size, of=clear, example=example)
        yield rule(group, "lengths", broken, expected, tolerance=tolerance, note=note)
