"""Checks of withdrawals without a label: their sequences, steps, times, cities and walks."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from fastgen.kernels.units import HOUR
from fastgen.validation.card_table import CardTable
from fastgen.validation.histories.events import Events, ExampleFormatter, column
from fastgen.validation.histories.sequence_finder import FoundSequences, SequenceFinder
from fastgen.validation.histories.tolerance import can_be_tested, tolerated
from fastgen.validation.report import Check
from fastgen.validation.rules import Rules
from fastgen.validation.statistics.checks import At, drawn, rule, skipped
from fastgen.validation.statistics.pvalues import Outcome, chi_square
from fastgen.validation.statistics.tally import Uniform, Violations

GROUP: Final = "withdrawals"
TOO_CLOSE: Final = "too many sequences of one card lie close together"


class SequenceChecks:
    """Checks the withdrawals without a label, some cards at a time."""

    def __init__(self, rules: Rules, cards: CardTable) -> None:
        atm, period = rules.config.atm, rules.config.seconds
        self.rules, self.examples = rules, ExampleFormatter(rules.config, cards)
        self.finder = SequenceFinder(rules)
        self.steps = Uniform(atm.step_hours.low, len(atm.step_hours.values))
        self.starts = Uniform(0, period)
        self.north, self.east = (Uniform(-rules.radius, 2 * rules.radius + 1) for _ in range(2))
        self.cities = np.zeros(len(rules.places.cities), np.int64)
        self.misfits, self.outside, self.far = Violations(), Violations(), Violations()
        self.unclear = 0
        self.found = 0

    def add(self, events: Events) -> FoundSequences:
        """Add all withdrawals without a label of some cards at some minutes and seconds of the hour."""
        found = self.finder.find(events)
        self.examples.count(self.misfits, found.misfits, events.size)
        self.unclear += found.unclear.size
        self.found += found.sizes.size
        firsts, step = found.firsts, found.steps
        known = found.sizes > 1
        start = column(firsts, "second") - step * HOUR
        self.examples.count(self.outside, firsts[known & ((start < 0) | (start >= self.rules.config.seconds))], int(known.sum()))
        self.steps.add(step[known])
        self.starts.add(start[known])
        np.add.at(self.cities, firsts["city"][firsts["city"] >= 0], 1)
        self._walk(found)
        return found

    def _walk(self, found: FoundSequences) -> None:
        """Tally how far each withdrawal is from the one before it, and the first from its place."""
        events, places = found.events, self.rules.places
        moves = [np.diff(column(events, name), prepend=0) for name in ("latitude", "longitude")]
        known = found.later
        firsts = found.firsts
        at_home = (firsts["city"] >= 0) & (places.of_city[firsts["city"], 0] >= 0)
        known[found.starts[at_home]] = True
        at_places = firsts[at_home]
        from_place = places.nearest(*(column(at_places, name) for name in ("city", "latitude", "longitude")))
        far = np.zeros(events.size, bool)
        for move, first, tally in zip(moves, from_place, (self.north, self.east), strict=True):
            move[found.starts[at_home]] = first
            far |= np.abs(move) > self.rules.radius
            tally.add(move[known])
        self.examples.count(self.far, events[far & known], int(known.sum()))

    def checks(self, mistaken: float) -> Iterator[Check]:
        """Yield the checks; mistaken: how many pairs of sequences are on average mistaken for one."""
        note = f"{self.unclear:,} withdrawals could not be told apart" if self.unclear else None
        steps, rules, most = self.finder.steps, self.rules, tolerated(mistaken)
        expected = f"each in a sequence with a step of {steps[0]} to {steps[-1]} whole hours"
        yield rule(GROUP, "sequences", self.misfits, expected, note=note)
        far = f"at most {rules.config.atm.radius} degrees each way"
        for name, broken, expected in ("starts", self.outside, "in the period"), ("walks", self.far, far):
            if most is None:
                yield skipped(GROUP, name, expected, TOO_CLOSE)
            else:
                yield rule(GROUP, name, broken, expected, tolerance=most)
        unclear = self.unclear + mistaken * self.finder.lengths[-1]
        testable = most is not None and can_be_tested(self.found, unclear, self.misfits.of)
        for name, outcome, at in self._tests():
            yield drawn(GROUP, name, outcome, "uniform", at=at) if testable else skipped(GROUP, name, "uniform", TOO_CLOSE)

    def _tests(self) -> Iterator[tuple[str, Outcome | None, At]]:
        """Yield the name and outcome of each test, and what names its classes."""
        places, starts = self.rules.places, self.starts
        yield "steps", self.steps.shares(), lambda i: f"{self.steps.ends(i)} hours"
        yield "times", starts.distance(), lambda i: self.examples.moment(starts.ends(i))
        yield "cities", chi_square(self.cities, (places.of_city >= 0).sum(axis=1)), places.cities.__getitem__
        yield "moves north", self.north.distance(), lambda i: f"{self.north.ends(i) / 1e6} degrees"
        yield "moves east", self.east.distance(), lambda i: f"{self.east.ends(i) / 1e6} degrees"
