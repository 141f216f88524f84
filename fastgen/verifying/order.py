"""How many rows are out of order: as few as possible, in one pass."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.subsequence import longest_increasing

SHIFT: Final = 32
"""A place is the number of a chunk, times 2^32, plus that of a row in it."""
MASK: Final = (1 << SHIFT) - 1

Places = NDArray[np.int64]


def place(chunk: int, number: int) -> int:
    """The place of a row.

    Example:
        >>> place(1, 5) - place(1, 3)
        2
    """
    return (chunk << SHIFT) + number


def follows(before: Places, after: Places) -> NDArray[np.bool_]:
    """Whether places directly follow others; the first row of a chunk follows every row of the chunk before."""
    found: NDArray[np.bool_] = np.logical_or(after == before + 1, after == ((before >> SHIFT) + 1) << SHIFT)
    return found


class Order:
    """Takes places as they are found, and keeps as many of them in order as possible.

    Places are taken some at a time. They are kept for good, except for those since the last jump: if keeping these would cost more
    of the later ones, they are given up, such as a few rows that came much too early.

    Example:
        >>> order = Order()
        >>> order.take(np.array([0, 1, 5, 2, 3, 4, 6])).tolist(), order.kept
        ([True, True, False, True, True, True, True], 6)
    """

    def __init__(self) -> None:
        self.top = self._base = -1  # the last place that was kept; the last one before the jump
        self.kept = self._run = 0  # how many were kept; how many since the jump

    def go_on(self, first: int, count: int) -> None:
        """Keep `count` consecutive places of one chunk, none of them before those kept."""
        if not follows(np.array([self.top]), np.array([first]))[0]:
            self._base, self._run = self.top, 0
        self.top = first + count - 1
        self.kept += count
        self._run += count

    def take(self, places: Places) -> NDArray[np.bool_]:
        """bool[n]: which of the places are kept."""
        late = np.unique(places[(places > self._base) & (places <= self.top)])
        if late.size > self._run:
            self.kept -= self._run
            self.top, self._run = self._base, 0
        kept = places > self.top
        candidates = places[kept]
        if (np.diff(candidates) <= 0).any():
            mask = np.empty(candidates.size, bool)
            longest_increasing(mask, candidates, *np.empty((2, candidates.size), np.int64))
            kept[kept] = mask
        self._note(places[kept])
        return kept

    def _note(self, rising: Places) -> None:
        if not rising.size:
            return
        all_of_them = np.concatenate([[self.top], rising])
        jumps = np.flatnonzero(~follows(all_of_them[:-1], all_of_them[1:]))
        if jumps.size:
            self._base, self._run = int(all_of_them[jumps[-1]]), rising.size - int(jumps[-1])
        else:
            self._run += rising.size
        self.top = int(rising[-1])
        self.kept += rising.size
