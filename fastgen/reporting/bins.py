"""Decimal bins in which values are counted, and what is computed from the counts."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.tallies import BINS, EXACT, tally

Counts = NDArray[np.int64]


def _edges() -> Counts:
    numbers = np.arange(BINS + 1)
    shifts = np.where(numbers < EXACT, 0, (numbers - 100) // 900)
    edges: Counts = (numbers - 900 * shifts) * 10**shifts
    return edges


EDGES: Final = _edges()
"""int64[BINS + 1]: the lower edge of each bin, and the upper edge of the last."""


def empty(groups: int) -> Counts:
    """int64[groups, BINS]: counts of zero."""
    return np.zeros((groups, BINS), np.int64)


def count(counts: Counts, groups: NDArray[np.uint16], values: Counts) -> None:
    """Add whole numbers to the counts of their groups (uint16); negative ones are left out."""
    tally(counts, groups, values)


def between(counts: Counts, edges: Counts) -> Counts:
    """The number of values in each range between ascending edges."""
    running = np.concatenate([[0], np.cumsum(counts)])
    return np.diff(running[np.searchsorted(EDGES[:-1], edges)])


def quantile(counts: Counts, share: float) -> int | None:
    """The lower edge of the bin that holds this quantile, to three digits; None if nothing was counted.

    Example:
        >>> counts = empty(1)
        >>> count(counts, np.zeros(4, np.uint16), np.array([1, 5, 6_543, 90_000]))
        >>> quantile(counts[0], 0.5), quantile(counts[0], 0.75)
        (5, 6540)
    """
    running = np.cumsum(counts)
    return int(EDGES[np.searchsorted(running, share * running[-1])]) if running[-1] else None
