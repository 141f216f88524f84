"""Who withdraws cash, in which sequences, and whose card is cloned."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.ages import ages_at
from fastgen.config import Config
from fastgen.kernels.units import HOUR
from fastgen.plan import Totals
from fastgen.validation.cards import CardTable
from fastgen.validation.checks import drawn, exact, rule, skipped
from fastgen.validation.events import Events, ExampleFormatter, can_be_judged, column
from fastgen.validation.holders import UNBORN
from fastgen.validation.pvalues import hypergeometric
from fastgen.validation.report import Check
from fastgen.validation.rules import Rules
from fastgen.validation.sequences import FoundSequences, matches
from fastgen.validation.tally import Array, Mask, Uniform, Violations
from fastgen.validation.withdrawals import TOO_CLOSE


class Bands:
    """The cards by the age band of their holders: -1 for a holder in no band, or a card without a holder.

    Args:
        births: int32[cards], birthdates in days since 1970.
    """

    def __init__(self, config: Config, births: NDArray[np.int32]) -> None:
        self.bands, self.rooms = config.atm.bands, np.array(config.band_capacities)
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
        return np.asarray(np.minimum(self.counts(everyone), self.rooms))

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


class CashCards:
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


class Clones:
    """Judges labelled withdrawals: each comes some hours after the first withdrawal of a sequence, at most one per sequence."""

    def __init__(self, rules: Rules, cards: CardTable) -> None:
        self.examples = ExampleFormatter(rules.config, cards)
        self.hours = rules.config.atm.foreign_hours.values
        self.delays = Uniform(self.hours[0], len(self.hours))
        self.misfits, self.twice = Violations(), Violations()
        self.unclear = 0

    def add(self, events: Events, found: FoundSequences) -> None:
        """Add the labelled withdrawals of some cards at some minutes and seconds of the hour."""
        pairs = matches(events, found, self.hours)
        number = np.bincount(pairs["foreign"].to_numpy(), minlength=events.size)
        doubt = np.isin(_marks(events), _marks(found.unclear))
        self.examples.count(self.misfits, events[(number == 0) & ~doubt], events.size)
        sure = pairs.filter(pl.Series(number[pairs["foreign"].to_numpy()] == 1))
        self.delays.add(sure["hours"].cast(pl.Int64).to_numpy())
        again = sure.filter(~pl.col("sequence").is_first_distinct())
        self.examples.count(self.twice, events[again["foreign"].to_numpy()], sure.height)
        self.unclear += events.size - sure.height - int(((number == 0) & ~doubt).sum())

    def checks(self, tolerance: int | None) -> Iterator[Check]:
        """Yield the checks; tolerance: how many pairs of sequences may pass for one, None if too many."""
        group, expected = "foreign withdrawals", f"{self.hours[0]} to {self.hours[-1]} whole hours after a sequence's first"
        if tolerance is None:
            for name in "delays", "clones", "hours":
                yield skipped(group, name, expected, TOO_CLOSE)
            return
        note = f"{self.unclear:,} could belong to several sequences" if self.unclear else None
        yield rule(group, "delays", self.misfits, expected, tolerance=tolerance, note=note)
        yield rule(group, "clones", self.twice, "one at most for a sequence", tolerance=tolerance)
        if can_be_judged(self.misfits.of, self.unclear, self.misfits.of):
            yield drawn(group, "hours", self.delays.shares(), "uniform", at=lambda i: f"{self.delays.ends(i)} hours")
        else:
            yield skipped(group, "hours", "uniform", TOO_CLOSE)


def _marks(events: Events) -> Array:
    """int64: a key that events of one card share if they are whole hours apart."""
    return column(events, "card") * HOUR + column(events, "second") % HOUR
