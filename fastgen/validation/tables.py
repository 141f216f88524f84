"""Where the rows come from: files, or a dataset that is made on the fly."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import polars as pl

from fastgen.dataset import Dataset
from fastgen.schema import TABLES


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
