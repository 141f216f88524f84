"""Attack chains, recovered from the labelled payments."""

from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from fastgen.validation.histories.events import Events, column
from fastgen.validation.histories.interleaving import Budget, Group, cuts, runs
from fastgen.validation.rules import Rules
from fastgen.validation.statistics.tally import Array, Mask

ONE, MIXED_UP, SEVERAL, UNDECIDED, NONE = range(5)
"""What a run of payments is: one chain; one chain but for its amounts; several interleaved chains; undecided; no chain."""

MOST_COMPARED: Final = 100
"""The longest chain, in payments, for which the amounts of pairs are compared."""


class FoundChains(NamedTuple):
    """The labelled payments of some cards, classified.

    firsts, laters: payments of runs that are one chain each. lengths: int64, of these chains; gaps: int64, inside them.
    mixed_up: the firsts of chains with the wrong amounts. misfits: payments of no chain.
    unclear: payments of interleaved chains, and undecided ones; undecided: the number of the latter.
    apart: the number of interleaved chains; short: the number of chains cut short, among all found.
    """

    firsts: Events
    laters: Events
    lengths: Array
    gaps: Array
    mixed_up: Events
    misfits: Events
    unclear: Events
    undecided: int
    apart: int
    short: int


class ChainFinder:
    """Cuts labelled payments into chains: nearly always, a run of one card without too long a gap is one chain."""

    def __init__(self, rules: Rules) -> None:
        fraud = rules.config.fraud
        self.rules = rules
        self.lengths, self.gaps = fraud.chain_lengths.values, fraud.chain_gap_seconds.values
        self._budget = Budget()

    def find(self, events: Events) -> FoundChains:
        """Find the chains of all labelled payments of some cards."""
        events = events[np.lexsort((events["second"], events["card"]))]
        gap = np.diff(column(events, "second"), prepend=0)
        begins = (np.diff(events["card"], prepend=-1) != 0) | (gap > self.gaps[-1])
        starts = np.flatnonzero(begins)
        sizes = np.diff(starts, append=events.size)
        ranges = self._ranges(events)
        formed = self._are_formed(gap, begins, starts, sizes)
        kinds = np.where(formed & self._are_mixed(ranges, begins, starts, sizes), ONE, UNDECIDED)
        apart = short = 0
        for run in np.flatnonzero(kinds != ONE):
            rows = slice(starts[run], starts[run] + sizes[run])
            kinds[run], several = self._separated(events[rows], ranges[rows], bool(formed[run]))
            apart += len(several)
            short += sum(map(self._is_short, several))
            if self._budget.is_spent:
                break
        kind = np.repeat(kinds, sizes)
        one = kind <= MIXED_UP
        lengths = sizes[kinds <= MIXED_UP]
        return FoundChains(
            firsts=events[begins & one],
            laters=events[~begins & one],
            lengths=lengths,
            gaps=gap[~begins & one],
            mixed_up=events[begins & (kind == MIXED_UP)],
            misfits=events[kind == NONE],
            unclear=events[(kind == SEVERAL) | (kind == UNDECIDED)],
            undecided=int(np.count_nonzero(kind == UNDECIDED)),
            apart=apart,
            short=short + int(np.count_nonzero(lengths < self.lengths[0])),
        )

    def mistaken(self, chains: int, cards: int) -> float:
        """Return how many of these chains, on this many cards, are on average mistaken for the continuation of another.

        A chain would have to begin where the other might continue, and both together to have the amounts of one chain. For most
        lengths the latter is impossible, but not for a chain that is cut short.
        """
        others = 2 if self._are_separable else chains
        return chains * others / max(cards, 1) * len(self.gaps) / self.rules.config.seconds

    @cached_property
    def _are_separable(self) -> bool:
        """Whether, by their amounts, no two chains together can pass for a single one of their total length."""
        counts, low, high = self.rules.chain_counts, self.lengths[0], self.lengths[-1]
        if high > MOST_COMPARED:
            return False
        pairs = [(a, b) for a in range(low, high) for b in range(a, high + 1 - a)]
        return not any((counts[a + b - 1] >= counts[a - 1] + counts[b - 1]).all() for a, b in pairs)

    def _is_short(self, group: Group) -> bool:
        return len(group) < self.lengths[0]

    def _ranges(self, events: Events) -> Array:
        """int64: the range of each amount, -1 for none."""
        cells = self.rules.cells(column(events, "cents"))
        return np.where(cells < 0, -1, self.rules.cell_ranges[cells])

    def _are_formed(self, gap: Array, begins: Mask, starts: Array, sizes: Array) -> Mask:
        """Whether runs are no longer than a chain, and have no gap that is too short."""
        least = np.minimum.reduceat(np.where(begins, self.gaps[0], gap), starts) if starts.size else starts
        formed: Mask = (least >= self.gaps[0]) & (sizes <= self.lengths[-1])
        return formed

    def _are_mixed(self, ranges: Array, begins: Mask, starts: Array, sizes: Array) -> Mask:
        """Whether the later payments of runs have the amounts of a chain: the set number in each range."""
        chain_counts = self.rules.chain_counts
        counts = np.zeros((starts.size, chain_counts.shape[1] + 1), np.int64)
        run = np.cumsum(begins) - 1
        np.add.at(counts, (run[~begins], ranges[~begins]), 1)  # the last column is for those of no range
        expected = chain_counts[np.minimum(sizes, chain_counts.shape[0]) - 1]
        mixed: Mask = (counts[:, :-1] == expected).all(axis=1)
        return mixed

    def _separated(self, events: Events, ranges: Array, formed: bool) -> tuple[int, list[Group]]:
        """Classify a run that is not simply one chain; also return its chains if it is several."""
        chain_counts = self.rules.chain_counts

        def fits(group: Group) -> bool:
            later = ranges[list(group[1:])]
            counts = np.bincount(later, minlength=chain_counts.shape[1]) if later.min(initial=0) >= 0 else None
            return counts is not None and bool((counts == chain_counts[later.size]).all())

        begun = runs(events["second"].tolist(), self.gaps, range(1, self.lengths[-1] + 1), fits, self._budget)
        for most_short in (0, 1):
            ways = cuts(events.size, begun, self._budget, 1, shortest=self.lengths[0], most_short=most_short)
            if ways is None:
                return UNDECIDED, []
            if ways:
                return SEVERAL, ways[0]
        return MIXED_UP if formed else NONE, []
