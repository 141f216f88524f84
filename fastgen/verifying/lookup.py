"""Rows looked up by their hashes, each as often as it is there."""

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]


class Lookup:
    """The hashes of a chunk's rows, sorted.

    Example:
        >>> lookup = Lookup(np.array([7, 5, 7, 9], np.uint64))
        >>> numbers, new = lookup.find(np.array([7, 8, 7, 7], np.uint64), np.zeros(4, bool))
        >>> numbers.tolist(), new.tolist()
        ([0, -1, 2, 0], [True, False, True, False])
    """

    def __init__(self, hashes: Hashes) -> None:
        self._order = np.argsort(hashes, kind="stable")
        self._sorted = hashes[self._order]

    @property
    def rows(self) -> int:
        """How many rows the chunk has."""
        return self._sorted.size

    def find(self, hashes: Hashes, seen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the number in the chunk of the row with each hash, -1 if none has it, and whether that row was not seen before.

        Equal rows are taken in order, unseen ones first.
        """
        left = np.searchsorted(self._sorted, hashes, side="left")
        right = np.searchsorted(self._sorted, hashes, side="right")
        unseen = ~seen[self._order]
        before = np.concatenate([[0], np.cumsum(unseen)])
        new = ranks(hashes) < before[right] - before[left]
        numbers = np.full(hashes.size, -1, np.int64)
        found = right > left
        numbers[found] = self._order[left[found]]
        numbers[new] = self._order[np.flatnonzero(unseen)[before[left[new]] + ranks(hashes)[new]]]
        return numbers, new


def ranks(values: Hashes) -> NDArray[np.int64]:
    """int64[n]: how many equal values come before each.

    Example:
        >>> ranks(np.array([4, 6, 4, 4], np.uint64)).tolist()
        [0, 0, 1, 2]
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if values.size else order
    found = np.empty(values.size, np.int64)
    found[order] = np.arange(values.size) - np.repeat(starts, np.diff([*starts, values.size]))
    return found
