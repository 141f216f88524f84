"""A table is shown to judges, once."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl

from fastgen.schema import TABLES
from fastgen.validation.report import Check
from fastgen.validation.statistics.checks import rule, skipped
from fastgen.validation.statistics.tally import Array, Mask, RowBatch, Violations
from fastgen.validation.tables import Tables

BatchOf = Callable[[pl.DataFrame, Array], RowBatch]
"""Makes the batch that judges see from a frame and the numbers of its rows."""
Progress = Callable[[int], object]
"""Called with the number of rows shown since the last call."""


class Judge(ABC):
    """Takes all rows of a table, batch by batch, and then yields its checks.

    Attributes:
        group: of its checks. about: names the check that is reported as skipped if its columns are missing.
        needs: the columns that it reads.
    """

    group: ClassVar[str]
    about: ClassVar[str]
    needs: tuple[str, ...]

    @abstractmethod
    def add(self, batch: Any) -> None:
        """Add some more rows."""

    @abstractmethod
    def checks(self) -> Iterator[Check]:
        """Yield the checks, after all rows were added."""


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

    def show(self, judges: Sequence[Judge], batch_of: BatchOf = RowBatch, progress: Progress | None = None) -> None:
        """Show all rows without missing values to the judges whose columns are there."""
        self._judges = judges
        able = [judge for judge in judges if self._has(judge)]
        for frame in self._tables.batches(self.table) if self.is_there else ():
            numbers = np.arange(self.rows, self.rows + frame.height)
            whole = self._whole(frame, numbers)
            batch = batch_of(frame, numbers) if whole.all() else batch_of(frame.filter(whole), numbers[whole])
            for judge in able if batch.size else ():
                judge.add(batch)
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
