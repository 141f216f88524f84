"""What is kept of rows that were seen: histograms, and how many broke a rule, with the first of them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.validation.statistics.pvalues import Outcome, chi_square, kolmogorov

MOST_BINS: Final = 65_536
Array = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Uniform:
    """A histogram of equally likely whole numbers: `size` of them from `low` on, in steps of equal width.

    Example:
        >>> tally = Uniform(10, 4)
        >>> tally.add(np.array([10, 12, 12, 99]))
        >>> tally.counts.tolist(), tally.masses.tolist()
        ([1, 0, 2, 0], [1.0, 1.0, 1.0, 1.0])
    """

    def __init__(self, low: int, size: int, most: int = MOST_BINS) -> None:
        self.low, self.size = low, size
        self.width = -(-size // most)
        self.counts = np.zeros(-(-size // self.width), np.int64)

    @property
    def masses(self) -> NDArray[np.float64]:
        """How many numbers each step covers."""
        masses = np.full(self.counts.size, float(self.width))
        masses[-1] = self.size - self.width * (self.counts.size - 1)
        return masses

    def add(self, values: Array) -> None:
        """Count values; those outside are left out."""
        from_low = values - self.low
        inside = from_low[(from_low >= 0) & (from_low < self.size)]
        self.counts += np.bincount(inside // self.width, minlength=self.counts.size)

    def ends(self, step: int) -> int:
        """The last number of a step."""
        return min(self.low + (step + 1) * self.width, self.low + self.size) - 1

    def distance(self) -> Outcome | None:
        """The Kolmogorov-Smirnov test."""
        return kolmogorov(self.counts, self.masses)

    def shares(self) -> Outcome | None:
        """The chi-square test."""
        return chi_square(self.counts, self.masses)


class RowBatch:
    """Some rows of a table, and their numbers in it, counted from 0."""

    def __init__(self, frame: pl.DataFrame, numbers: Array) -> None:
        self.frame, self.numbers = frame, numbers
        self.size = frame.height

    def example(self, row: int, columns: Sequence[str]) -> str:
        """A row as an example."""
        values = ", ".join(f"{name} {self.frame[name][row]}" for name in columns if name in self.frame.columns)
        return f"row {self.numbers[row] + 1:,}: {values}"


class Violations:
    """Counts the rows or other things that break a rule, out of how many; keeps the first row with some of its columns."""

    def __init__(self, *columns: str, count: int = 0, of: int = 0, example: str | None = None) -> None:
        self.columns, self.count, self.of, self.example = columns, count, of, example

    def add(self, batch: RowBatch, wrong: Mask, among: Mask | None = None) -> None:
        """Count the rows that are wrong, out of all, or out of those in `among`."""
        if among is not None:
            wrong = wrong & among
        self.of += batch.size if among is None else int(np.count_nonzero(among))
        found = int(np.count_nonzero(wrong))
        if found and self.example is None:
            self.example = batch.example(int(np.argmax(wrong)), self.columns)
        self.count += found
