"""Notes taken while rows are compared: counts, and the first wrong rows of each kind."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.verifying.report import Difference, FileCounts, Kind, TableCounts

EXAMPLES = 10
"""Rows to show of each kind."""
SAMPLE = 100
"""Foreign rows to keep for a closer look."""
UNREADABLE = "a row that is cut or cannot be read"
"""What is shown in place of a row without any value."""
SHOWN = 300
"""Characters to show of a row."""


class Log:
    """Notes about a table.

    Args:
        columns: those that a row's values are read from. unit: how rows are numbered, rows from 1 and offsets from 0.

    Attributes:
        sample: some foreign rows.
    """

    def __init__(self, table: str, rows: int, columns: Sequence[str], unit: Literal["row", "offset"] = "row") -> None:
        self.counts = TableCounts(table, rows)
        self.sample = pl.DataFrame()
        self._unit, self._read = unit, columns
        self.columns: Counter[str] = Counter()
        self._differences: list[tuple[int, Difference]] = []
        self._shown: Counter[Kind] = Counter()
        self._parts: list[set[int]] = []

    def begin(self, where: str) -> None:
        """Start the next file."""
        self.counts.files.append(FileCounts(where))
        self._parts.append(set())

    @property
    def file(self) -> FileCounts:
        """The current file."""
        return self.counts.files[-1]

    @property
    def differences(self) -> list[Difference]:
        """In the order of the files and their rows."""
        return [difference for _, difference in sorted(self._differences, key=lambda pair: (pair[0], pair[1].row))]

    def forget(self, kind: Kind) -> None:
        """Drop the rows of this kind that are to be shown."""
        self._differences = [pair for pair in self._differences if pair[1].kind != kind]

    def finish(self) -> TableCounts:
        """Complete the counts and return them."""
        for file, parts in zip(self.counts.files, self._parts, strict=True):
            file.parts = sorted(parts)
        self.counts.columns = {name: count for name, count in self.columns.most_common() if count}
        return self.counts

    def found(self, rows: int, same: int, parts: NDArray[np.int64] | Sequence[int]) -> None:
        """Count rows found, and how many of them are as expected, which belong to these parts."""
        self.counts.found += rows
        self.counts.same += same
        self.file.found += rows
        self.file.same += same
        self._parts[-1].update(int(part) for part in parts)

    def add(self, kind: Kind, count: int) -> None:
        """Count rows of a kind."""
        name = kind.replace(" ", "_")
        setattr(self.counts, name, getattr(self.counts, name) + count)
        if hasattr(self.file, name):
            setattr(self.file, name, getattr(self.file, name) + count)

    def wants(self, kind: Kind) -> bool:
        """Whether more rows of this kind are to be shown."""
        return self._shown[kind] < EXAMPLES

    def show(
        self,
        kind: Kind,
        row: int,
        column: str | None = None,
        expected: str | None = None,
        found: str | None = None,
        file: int | None = None,
        rows: int = 1,
    ) -> None:
        """Show a row of the current file, or of another one, by its number from 0."""
        number = len(self.counts.files) - 1 if file is None else file
        where = self.counts.files[number].where
        self._shown[kind] += 1
        shown = Difference(kind, self.counts.table, where, row + (self._unit == "row"), column, expected, found, self._unit, rows)
        self._differences.append((number, shown))

    def add_rows(self, kind: Kind, numbers: NDArray[np.int64], first: int, frame: pl.DataFrame) -> None:
        """Count and show rows of a kind; see `show_rows`."""
        self.add(kind, numbers.size)
        self.show_rows(kind, numbers, first, frame)
        if kind == "foreign" and self.sample.height < SAMPLE and numbers.size:
            more = frame[numbers[: SAMPLE - self.sample.height]]
            self.sample = pl.concat([self.sample, more]) if self.sample.height else more

    def show_rows(self, kind: Kind, numbers: NDArray[np.int64], first: int, frame: pl.DataFrame) -> None:
        """Show some rows of a frame whose first row is number `first` of the current file."""
        for number in numbers[:EXAMPLES].tolist():
            if self.wants(kind):
                self.show(kind, first + number, found=as_line(frame, number))

    def add_altered(self, row: int, numbers: NDArray[np.int64], found: pl.DataFrame, expected: pl.DataFrame) -> None:
        """Count and show altered rows, as found and as expected; their numbers count from row number `row` of the file."""
        self.add("altered", numbers.size)
        lost = self._unreadable(found)
        self.counts.unreadable += int(lost.sum())
        for i in np.flatnonzero(lost)[:EXAMPLES].tolist():
            if self.wants("altered"):
                self.show("altered", row + int(numbers[i]), expected=as_line(expected, i), found=UNREADABLE)
        if lost.any():
            numbers, found, expected = numbers[~lost], found.filter(~lost), expected.filter(~lost)
        for name, rows in changed(found, expected):
            self.columns[name] += rows.size
            for i in rows[:EXAMPLES].tolist():
                if self.wants("altered"):
                    values = (value_text(expected[name][i]), value_text(found[name][i]))
                    self.show("altered", row + int(numbers[i]), name, *values)

    def _unreadable(self, frame: pl.DataFrame) -> NDArray[np.bool_]:
        """bool[n]: whether rows have no value at all; never for a single column, where that is a missing value."""
        if len(self._read) == 1:
            return np.zeros(frame.height, bool)
        return frame.select(pl.all_horizontal(pl.col(self._read).is_null())).to_series().to_numpy()


def value_text(value: object) -> str:
    """A value as text; a question mark if it cannot be read."""
    return "?" if value is None else str(value)


def as_line(frame: pl.DataFrame, number: int) -> str:
    """A row as its values, with a question mark for each that cannot be read; UNREADABLE if none can."""
    values = frame.row(number)
    if len(values) > 1 and all(value is None for value in values):
        return UNREADABLE
    text = ", ".join(map(value_text, values))
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def changed(found: pl.DataFrame, expected: pl.DataFrame) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield the columns in which two frames of equal height differ, and the rows."""
    for column in found:
        rows = column.ne_missing(expected[column.name]).arg_true().to_numpy()
        if rows.size:
            yield column.name, rows.astype(np.int64)
