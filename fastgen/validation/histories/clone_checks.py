"""Checks of withdrawals with a label: each belongs to a sequence whose card is cloned."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from fastgen.kernels.units import HOUR
from fastgen.validation.card_table import CardTable
from fastgen.validation.histories.events import Events, ExampleFormatter, column
from fastgen.validation.histories.sequence_checks import TOO_CLOSE
from fastgen.validation.histories.sequence_finder import FoundSequences
from fastgen.validation.histories.tolerance import can_be_tested
from fastgen.validation.report import Check
from fastgen.validation.rules import Rules
from fastgen.validation.statistics.checks import drawn, rule, skipped
from fastgen.validation.statistics.tally import Array, Uniform, Violations


class CloneChecks:
    """Checks labelled withdrawals: each comes some hours after the first withdrawal of a sequence, at most one per sequence."""

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
        if can_be_tested(self.misfits.of, self.unclear, self.misfits.of):
            yield drawn(group, "hours", self.delays.shares(), "uniform", at=lambda i: f"{self.delays.ends(i)} hours")
        else:
            yield skipped(group, "hours", "uniform", TOO_CLOSE)


def _marks(events: Events) -> Array:
    """int64: a key that events of one card share if they are whole hours apart."""
    return column(events, "card") * HOUR + column(events, "second") % HOUR


def matches(foreign: Events, found: FoundSequences, hours: range) -> pl.DataFrame:
    """Pair foreign withdrawals with the sequences they can belong to: numbers of both, and the hours in between.

    A foreign withdrawal has the sequence's card and comes whole hours after the sequence's first withdrawal.
    """
    sequences, others = (
        pl.DataFrame({name: column(events, name) for name in ("card", "second")}).with_columns(
            (pl.col("second") % HOUR).alias("clock")
        )
        for events in (found.firsts, foreign)
    )
    joined = others.with_row_index("foreign").join(sequences.with_row_index("sequence"), on=["card", "clock"], suffix=" of first")
    return joined.select("foreign", "sequence", ((pl.col("second") - pl.col("second of first")) // HOUR).alias("hours")).filter(
        pl.col("hours").is_between(hours[0], hours[-1])
    )
