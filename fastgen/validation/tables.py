"""Where the rows come from: files, or a dataset that is made on the fly. Judges see both in the same way."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import polars as pl

from fastgen.dataset import Dataset
from fastgen.schema import TABLES
from fastgen.validation.checks import rule, skipped
from fastgen.validation.judge import Judge
from fastgen.validation.report import Check
from fastgen.validation.tally import Array, Mask, RowBatch, Violations

PartOf = Callable[[pl.DataFrame, Array], RowBatch]
"""Makes what judges see from a frame and the numbers of its rows."""
Progress = Callable[[int], object]
"""Called with the number of rows shown since the last call."""


class Tables(Protocol):
    """Tables that can be read in flat memory, such as `Stored`."""

    @property
    def tables(self) -> Mapping[str, Any]:
        """The tables that exist, by name."""

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns that a table has."""

    def batches(self, table: str, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """The rows of a table, with these columns."""


class MadeTables:
    """The tables of a dataset."""

    tables: Mapping[str, Any] = TABLES

    def __init__(self, data: Dataset, threads: int) -> None:
        self.data, self._threads = data, threads

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table."""
        return self.data.columns(table)

    def batches(self, table: str, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """The rows of a table, with these columns."""
        return self.data.frames(table, self.data.columns(table, columns), self._threads)


class TableScan:
    """A table that is shown to judges, once.

    Attributes:
        rows: how many were shown. columns: those that it has. is_there: whether there is such a table.
    """

    def __init__(self, tables: Tables, table: str) -> None:
        self._tables, self.table = tables, table
        self.is_there = table in tables.tables
        self.columns = tables.columns(table) if self.is_there else ()
        self.rows = 0
        self._missing = Violations()
        self._judges: Sequence[Judge] = ()

    def to(self, judges: Sequence[Judge], part_of: PartOf = RowBatch, progress: Progress | None = None) -> None:
        """Show all rows without missing values to the judges whose columns are there."""
        self._judges = judges
        able = [judge for judge in judges if self._has(judge)]
        for frame in self._tables.batches(self.table) if self.is_there else ():
            numbers = np.arange(self.rows, self.rows + frame.height)
            whole = self._whole(frame, numbers)
            part = part_of(frame, numbers) if whole.all() else part_of(frame.filter(whole), numbers[whole])
            for judge in able if part.size else ():
                judge.add(part)
            self.rows += frame.height
            if progress:
                progress(frame.height)

    def checks(self) -> Iterator[Check]:
        """Yield the checks that the table is complete, and those of the judges."""
        names = TABLES[self.table].names
        absent = [name for name in names if name not in self.columns]
        if self.is_there:
            example = f"no {', '.join(absent)}" if absent else None
            columns = Violations(count=len(absent), of=len(names), example=example)
            yield rule("tables", f"columns of {self.table}", columns, f"all {len(names)}")
            yield rule("tables", f"values of {self.table}", self._missing, "none missing, or of another kind")
        for judge in self._judges:
            if self._has(judge):
                yield from judge.checks()
                continue
            lacking = [name for name in judge.needs if name not in self.columns]
            why = f"{self.table} has no {', '.join(lacking)}" if self.is_there else f"there is no table {self.table}"
            yield skipped(judge.group, judge.about, "", why)

    def _has(self, judge: Judge) -> bool:
        return set(judge.needs) <= set(self.columns)

    def _whole(self, frame: pl.DataFrame, numbers: Array) -> Mask:
        """Whether rows have no missing value; the others are counted."""
        whole = np.ones(frame.height, bool)
        if any(column.null_count() for column in frame):
            whole = ~frame.select(pl.any_horizontal(pl.all().is_null())).to_series().to_numpy()
        self._missing.columns = tuple(frame.columns)
        self._missing.add(RowBatch(frame, numbers), ~whole)
        return whole
