"""Separates the events of several interleaved chains or sequences.

A set of events is cut into groups, each of which could be one chain or one sequence. The earliest event begins a group; all
groups that it could begin are tried, and the remaining events are cut in the same way.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

MOST_STEPS: Final = 20_000
"""The most groups to try for one set."""
ALL_STEPS: Final = 300_000
"""The most groups to try for all sets, which takes some seconds."""
MOST_EVENTS: Final = 200
"""The largest set to try: recursion goes as deep as this."""

Group = tuple[int, ...]
"""Positions of events, rising."""
Begun = Callable[[int, int], Iterator[Group]]
"""All groups that an event can begin with the events that are left, which are the bits of an integer."""


class Budget:
    """How many groups may still be tried; the search gives up on a set that takes too many."""

    def __init__(self) -> None:
        self.all = ALL_STEPS
        self.left = 0

    def begin(self) -> None:
        """Start a new set."""
        self.left = min(MOST_STEPS, self.all)

    @property
    def is_spent(self) -> bool:
        """Whether no more sets can be tried."""
        return self.all <= 0

    def spend(self) -> bool:
        """Take one more group off the budget, and return whether it may be tried."""
        self.left -= 1
        self.all -= 1
        return self.left >= 0


def cuts(size: int, begun: Begun, budget: Budget, most: int, *, shortest: int = 1, most_short: int = 0) -> list[list[Group]] | None:
    """Return the ways to cut a set of events into groups, at most `most`; None if the search gave up before.

    Args:
        size: the number of events. begun: yields the possible groups. most: how many ways to look for.
        shortest, most_short: a way may have at most `most_short` groups of fewer than `shortest` events.

    Example:
        >>> pairs = lambda first, left: ((first, other) for other in range(first + 1, 4) if left >> other & 1)
        >>> cuts(4, pairs, Budget(), most=2)
        [[(0, 1), (2, 3)], [(0, 2), (1, 3)]]
    """
    if size > MOST_EVENTS:
        return None

    def remaining(left: int, short_left: int) -> Iterator[list[Group]]:
        if not left:
            yield []
            return
        for group in begun((left & -left).bit_length() - 1, left):
            if not budget.spend():
                return
            is_short = len(group) < shortest
            if is_short and not short_left:
                continue
            rest = left & ~sum(1 << event for event in group)
            yield from ([group, *others] for others in remaining(rest, short_left - 1 if is_short else short_left))

    budget.begin()
    found = list(islice(remaining((1 << size) - 1, most_short), most))
    return found if len(found) == most or budget.left >= 0 else None


def progressions(hours: Sequence[int], steps: range, lengths: range) -> Begun:
    """Groups with a constant step: withdrawals of a sequence, by their ascending hours."""

    def begun(first: int, left: int) -> Iterator[Group]:
        if 1 in lengths:
            yield (first,)
        events = [event for event in range(first + 1, len(hours)) if left >> event & 1]
        at = {hours[event]: event for event in reversed(events)}
        for step in sorted({hours[event] - hours[first] for event in events}):
            group = [first]
            while step in steps and len(group) < lengths[-1] and (event := at.get(hours[group[-1]] + step)) is not None:
                group.append(event)
                if len(group) in lengths:
                    yield tuple(group)

    return begun


def runs(seconds: Sequence[int], gaps: range, lengths: range, fits: Callable[[Group], bool], budget: Budget) -> Begun:
    """Groups with gaps of certain lengths that fit as a whole: payments of a chain, by their ascending times."""

    def longer(group: Group, left: int) -> Iterator[Group]:
        if len(group) in lengths and fits(group):
            yield group
        if len(group) == lengths[-1]:
            return
        for event in range(group[-1] + 1, len(seconds)):
            gap = seconds[event] - seconds[group[-1]]
            if gap > gaps[-1] or not budget.spend():
                return
            if gap in gaps and left >> event & 1:
                yield from longer((*group, event), left)

    return lambda first, left: longer((first,), left)
