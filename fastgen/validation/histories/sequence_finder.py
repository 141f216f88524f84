"""Sequences of withdrawals, recovered from the withdrawals without a label."""

from typing import NamedTuple

import numpy as np

from fastgen.kernels.units import HOUR
from fastgen.validation.histories.events import Events, column
from fastgen.validation.histories.interleaving import Budget, cuts, progressions
from fastgen.validation.rules import Rules
from fastgen.validation.statistics.tally import Array, Mask

ONE, SEVERAL, UNDECIDED, NONE = range(4)
"""What a group of withdrawals is: one sequence; several; undecided; none."""


class FoundSequences(NamedTuple):
    """The withdrawals of some cards, cut into sequences.

    events: of sequences, one after the other, each in order. starts, sizes: int64[sequences], where they begin, how long they are.
    misfits: withdrawals of no sequence. unclear: those that can be cut into sequences in several ways, or are undecided.
    """

    events: Events
    starts: Array
    sizes: Array
    misfits: Events
    unclear: Events

    @property
    def firsts(self) -> Events:
        """The first withdrawal of each sequence."""
        return self.events[self.starts]

    @property
    def later(self) -> Mask:
        """Whether a withdrawal is not the first of its sequence."""
        later = np.ones(self.events.size, bool)
        later[self.starts] = False
        return later

    @property
    def steps(self) -> Array:
        """int64[sequences]: hours between withdrawals; 0 for a single one."""
        second = np.append(column(self.events, "second"), 0)
        return np.where(self.sizes > 1, (second[self.starts + 1] - second[self.starts]) // HOUR, 0)


class SequenceFinder:
    """Cuts withdrawals into sequences.

    Those of a sequence are whole hours apart and in one city. So nearly always those of one card, city, minute and second are one
    sequence.
    """

    def __init__(self, rules: Rules) -> None:
        atm = rules.config.atm
        self.lengths, self.steps = atm.lengths.values, atm.step_hours.values
        self._config, self._places = rules.config, rules.places.home
        self._budget = Budget()

    def mistaken(self, cards: int, rounds: int) -> float:
        """Return how many pairs of sequences are on average mistaken for one, for this many cards and rounds.

        The two would have to share card, city, minute, second and step, and together to be no longer than a sequence; one would
        have to continue where the other ends, or to lie between its withdrawals. A single withdrawal has no step.
        """
        sequences, seconds = rounds * len(self.lengths), self._config.seconds
        pairs = cards * sequences * (sequences - 1) / 2 / self._places / min(seconds, HOUR)
        if self.lengths[0] == 1:
            return pairs
        short = sum(a + b <= self.lengths[-1] for a in self.lengths for b in self.lengths) / len(self.lengths) ** 2
        return 4 * short * pairs / len(self.steps) / max(1.0, seconds / HOUR)

    def find(self, events: Events) -> FoundSequences:
        """Find the sequences of all withdrawals of some cards at some minutes and seconds of the hour."""
        second = column(events, "second")
        clock = second % HOUR
        order = np.lexsort((second, clock, events["city"], events["card"]))
        events, hour = events[order], second[order] // HOUR
        starts = self._begin(events, clock[order])
        sizes = np.diff(starts, append=events.size)
        kinds = np.where(self._are_regular(hour, starts, sizes), ONE, np.where(sizes < self.lengths[0], NONE, UNDECIDED))
        kept = [np.flatnonzero(np.repeat(kinds == ONE, sizes))]
        lengths = [sizes[kinds == ONE]]
        for group in np.flatnonzero(kinds == UNDECIDED):
            ways = self._ways(hour[starts[group] : starts[group] + sizes[group]].tolist())
            if ways is not None:
                kinds[group] = (NONE, ONE, SEVERAL)[len(ways)]
            if ways and len(ways) == 1:
                kept += [starts[group] + np.array(sequence) for sequence in ways[0]]
                lengths.append(np.array([len(sequence) for sequence in ways[0]]))
            if self._budget.is_spent:
                break
        kind, length = np.repeat(kinds, sizes), np.concatenate(lengths)
        return FoundSequences(
            events=events[np.concatenate(kept)],
            starts=np.cumsum(length) - length,
            sizes=length,
            misfits=events[kind == NONE],
            unclear=events[(kind == SEVERAL) | (kind == UNDECIDED)],
        )

    def _begin(self, events: Events, clock: Array) -> Array:
        """int64: where card, city, minute or second change."""
        changed = np.diff(events["card"], prepend=-1) != 0
        changed |= np.diff(events["city"], prepend=0) != 0
        changed |= np.diff(clock, prepend=0) != 0
        return np.flatnonzero(changed)

    def _are_regular(self, hour: Array, starts: Array, sizes: Array) -> Mask:
        """Whether groups are as long as a sequence can be, with equal steps that a sequence can have."""
        fits: Mask = (sizes >= self.lengths[0]) & (sizes <= self.lengths[-1])
        if not starts.size:
            return fits
        step = np.diff(hour, prepend=0)
        step[starts] = step[np.minimum(starts + 1, step.size - 1)]
        least, most = np.minimum.reduceat(step, starts), np.maximum.reduceat(step, starts)
        fits &= (sizes == 1) | ((least == most) & (least >= self.steps[0]) & (most <= self.steps[-1]))
        return fits

    def _ways(self, hours: list[int]) -> list[list[tuple[int, ...]]] | None:
        return cuts(len(hours), progressions(hours, self.steps, self.lengths), self._budget, most=2)
