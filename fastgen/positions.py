"""Positions in the order of all transactions: which group row number n is in, found without generating rows."""

from typing import NamedTuple

from fastgen.plan import Plan
from fastgen.workers import Worker


class Position(NamedTuple):
    """A position between two transactions: after the first `rows` of all, and after the first `skip` of a group of windows.

    Each number of rows has one position: `skip` is less than the rows of the group. At the end it is 0, and `group` is one past
    the last group.
    """

    rows: int
    group: int
    skip: int


class RowSpan(NamedTuple):
    """Consecutive transactions: those of some groups, from row `skip` of the first to before row `until` of the last.

    None for `until` is the end of the last group.
    """

    groups: range
    skip: int
    until: int | None

    def cut(self, group: int) -> slice:
        """The rows of one of its groups that belong to it."""
        first, last = group == self.groups.start, group == self.groups.stop - 1
        return slice(self.skip if first else 0, self.until if last else None)


class Positions:
    """Walks over the groups of a plan, forward from a known position; each group on the way is counted once.

    Example:
        >>> from fastgen import Config
        >>> walk = Positions(Plan(Config(rows=200_000)))
        >>> half = walk.after(Position(0, 0, 0), 100_000)
        >>> half
        Position(rows=100000, group=1, skip=53521)
        >>> walk.after(half, 10**9).rows
        200000
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._worker = Worker(plan, names=())
        self._counts: dict[int, int] = {}

    def after(self, start: Position, rows: int) -> Position:
        """The position `rows` rows after `start`, or the end."""
        self._counts = {group: count for group, count in self._counts.items() if group >= start.group}
        group, left = start.group, start.skip + rows
        while group < self.plan.grid.groups and left >= self._count(group):
            left -= self._count(group)
            group += 1
        if group == self.plan.grid.groups:
            return Position(self.plan.rows, group, 0)
        return Position(start.rows + rows, group, left)

    def _count(self, group: int) -> int:
        if group not in self._counts:
            self._counts[group] = self._worker.count(group)
        return self._counts[group]


def pieces(start: Position, end: Position, most: int) -> list[RowSpan]:
    """The rows between two positions, cut between groups into at most `most` pieces.

    Example:
        >>> [(piece.groups, piece.skip, piece.until) for piece in pieces(Position(9, 0, 9), Position(120, 3, 5), 2)]
        [(range(0, 2), 9, None), (range(2, 4), 0, 5)]
    """
    groups = range(start.group, end.group + (end.skip > 0))
    if start.rows >= end.rows:
        return []
    number = min(most, len(groups))
    edges = [groups.start + len(groups) * i // number for i in range(number + 1)]
    return [
        RowSpan(
            range(edges[i], edges[i + 1]),
            start.skip if i == 0 else 0,
            end.skip if i == number - 1 and end.skip else None,
        )
        for i in range(number)
    ]
