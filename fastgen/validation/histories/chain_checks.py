"""Checks of attack chains."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fastgen.plan import proportional
from fastgen.validation.card_table import CardTable
from fastgen.validation.histories.chain_finder import ChainFinder, FoundChains
from fastgen.validation.histories.events import Events, ExampleFormatter, column
from fastgen.validation.histories.tolerance import can_be_tested, tolerated
from fastgen.validation.report import Check
from fastgen.validation.rules import Rules
from fastgen.validation.statistics.checks import At, drawn, exact, rule, skipped
from fastgen.validation.statistics.pvalues import Outcome, chi_square, kolmogorov
from fastgen.validation.statistics.tally import Array, Uniform, Violations

GROUP: Final = "chains"
TOO_CLOSE: Final = "too many chains of one card lie close together"


class ChainChecks:
    """Checks the labelled payments, some cards at a time.

    Attributes:
        first_amounts: int64[categories, cells], amounts of first payments, which are drawn like those of ordinary ones.
    """

    def __init__(self, rules: Rules, cards: CardTable) -> None:
        fraud, categories, cells = rules.config.fraud, len(rules.categories), rules.edges.size - 1
        self.rules, self.examples = rules, ExampleFormatter(rules.config, cards)
        self.finder = ChainFinder(rules)
        self.lengths = Uniform(fraud.chain_lengths.low, len(fraud.chain_lengths.values))
        self.gaps = Uniform(fraud.chain_gap_seconds.low, len(fraud.chain_gap_seconds.values))
        self.starts = Uniform(0, rules.config.seconds)
        self.of_card = np.zeros(cards.size, np.int64)
        self.later_amounts = np.zeros(cells, np.int64)
        self.first_amounts = np.zeros((categories, cells), np.int64)
        self.firsts, self.unclear = np.zeros((2, categories), np.int64)
        self.misfits, self.mixtures, self.categories, self.outside = Violations(), Violations(), Violations(), Violations()
        self.apart = self.short = self.undecided = 0

    def add(self, events: Events) -> None:
        """Add all labelled payments of some cards."""
        rules, examples = self.rules, self.examples
        found = self.finder.find(events)
        examples.count(self.misfits, found.misfits, events.size)
        examples.count(self.mixtures, found.mixed_up, found.firsts.size)
        first, later = found.firsts, found.laters
        examples.count(self.outside, first[(first["second"] < 0) | (first["second"] >= rules.config.seconds)], first.size)
        expected = rules.chain_categories(column(later, "cents"))
        examples.count(self.categories, later[later["category"] != expected], later.size)
        self._tally(found)

    def _tally(self, found: FoundChains) -> None:
        self.lengths.add(found.lengths)
        self.gaps.add(found.gaps)
        self.starts.add(column(found.firsts, "second"))
        np.add.at(self.of_card, found.firsts["card"], 1)
        for counts, events in ((self.firsts, found.firsts), (self.unclear, found.unclear), (self.unclear, found.misfits)):
            np.add.at(counts, events["category"], 1)
        for amounts, events in ((self.first_amounts, found.firsts), (self.later_amounts[None], found.laters)):
            cells = self.rules.cells(column(events, "cents"))
            row = np.minimum(events["category"], amounts.shape[0] - 1)
            np.add.at(amounts, (row[cells >= 0], cells[cells >= 0]), 1)
        self.apart += found.apart
        self.short += found.short
        self.undecided += found.undecided

    def checks(self, ordinary: Array) -> Iterator[Check]:
        """Yield the checks; ordinary: int64[categories], payments without a label."""
        gaps = self.finder.gaps
        apart = f"{self.apart:,} chains lie between others of their card" if self.apart else ""
        undecided = f"{self.undecided:,} payments could not be told apart" if self.undecided else ""
        expected = f"each payment in a chain, {gaps[0]} to {gaps[-1]} seconds apart"
        yield rule(GROUP, "payments", self.misfits, expected, note="; ".join(filter(None, (apart, undecided))) or None)
        yield rule(GROUP, "mixtures", self.mixtures, "the set number in each amount range")
        yield rule(GROUP, "starts", self.outside, "in the period")
        mistaken = self.finder.mistaken(self.mixtures.of + self.apart, self.of_card.size)
        most = tolerated(mistaken)
        if most is None:
            for group, name in (GROUP, "cut short"), (GROUP, "categories"), ("quotas", "all categories"):
                yield skipped(group, name, "", TOO_CLOSE)
        else:
            yield exact(GROUP, "cut short", self.short, range(2))
            yield rule(GROUP, "categories", self.categories, "of later payments: the first that holds the amount", tolerance=most)
            yield from self._quotas(ordinary, tolerance=most)
        unclear = int(self.unclear.sum()) + mistaken * self.finder.lengths[-1]
        testable = most is not None and can_be_tested(self.mixtures.of, unclear, self.misfits.of)
        for name, outcome, at in self._tests():
            yield drawn(GROUP, name, outcome, "uniform", at=at) if testable else skipped(GROUP, name, "uniform", TOO_CLOSE)

    def _quotas(self, ordinary: Array, *, tolerance: int) -> Iterator[Check]:
        """Check the categories' exact shares of ordinary and first payments; as ranges if it is unclear which are first."""
        config, found = self.rules.config, ordinary + self.firsts
        shares = [category.share for category in config.categories]
        unclear = self.unclear + tolerance
        certain = int(found.sum())
        fewest, most = (proportional(total, shares) for total in (certain, certain + int(self.unclear.sum()) + tolerance))
        for i, category in enumerate(config.categories):
            expected: int | range = int(fewest[i])
            if unclear.any():
                expected = range(max(0, int(fewest[i] - unclear[i]) - 1), int(most[i]) + 2)
            yield exact("quotas", category.name, int(found[i]), expected)

    def _tests(self) -> Iterator[tuple[str, Outcome | None, At]]:
        """Yield the name and outcome of each test, and what names its classes."""
        edges, starts, examples = self.rules.edges, self.starts, self.examples
        yield "lengths", self.lengths.shares(), lambda i: f"length {self.lengths.ends(i)}"
        yield "gaps", self.gaps.shares(), lambda i: f"{self.gaps.ends(i)} seconds"
        yield "times", starts.distance(), lambda i: examples.moment(starts.ends(i))
        yield "cards", chi_square(self.of_card, np.ones(self.of_card.size)), examples.cards.text
        yield "amounts", kolmogorov(self.later_amounts, self._masses()), lambda i: f"{(edges[i + 1] - 1) / 100:,.2f}"

    def _masses(self) -> NDArray[np.float64]:
        """float64[cells]: expected amounts of later payments: the number found in each range, spread evenly over it."""
        cells = self.rules.cell_ranges
        inside = cells >= 0
        widths = np.diff(self.rules.edges)
        found, whole = np.zeros((2, len(self.rules.config.amounts)))
        np.add.at(found, cells[inside], self.later_amounts[inside])
        np.add.at(whole, cells[inside], widths[inside])
        return np.where(inside, widths * (found / whole)[cells], 0.0)
