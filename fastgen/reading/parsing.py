"""Lines parsed into rows of strings; a line that cannot be parsed becomes a row of nulls."""

import io
from abc import ABC, abstractmethod
from collections.abc import Sequence

import polars as pl

from fastgen.errors import InputError
from fastgen.reading.pieces import REFUSALS

MOST_DAMAGED = 10_000
"""The most unparsable lines in a file, each of which is found by bisection; a file with more is not a table."""


class Parser(ABC):
    """Parses whole lines, each into one row, since no value contains a line break.

    Args:
        what: the name of the file in errors.
    """

    def __init__(self, what: str) -> None:
        self._what, self._damaged = what, 0

    def parse(self, block: bytes, columns: Sequence[str]) -> pl.DataFrame:
        """Return these columns of each line.

        Raises:
            InputError: too many lines cannot be parsed.
        """
        lines = block.count(b"\n") + (not block.endswith(b"\n")) if block else 0
        frame = self._parsed(block, columns) if block else nothing(columns)
        if frame is not None and frame.height == lines:
            return frame
        if lines > 1:
            middle = block.find(b"\n", len(block) // 2, -1) + 1 or block.rfind(b"\n", 0, -1) + 1
            return pl.concat([self.parse(block[:middle], columns), self.parse(block[middle:], columns)])
        self._damaged += 1
        if self._damaged > MOST_DAMAGED:
            raise InputError(f"{self._what}: cannot be read: more than {MOST_DAMAGED:,} lines are not rows")
        text = block.decode("utf-8", "replace").encode()
        frame = self._parsed(text, columns) if text != block else None
        return frame if frame is not None and frame.height == 1 else nulls(columns)

    def _parsed(self, block: bytes, columns: Sequence[str]) -> pl.DataFrame | None:
        try:
            return self._read(block, columns)
        except REFUSALS:
            return None

    @abstractmethod
    def _read(self, block: bytes, columns: Sequence[str]) -> pl.DataFrame:
        """Parse lines into rows of strings; may raise any of REFUSALS, or skip lines."""


class CsvParser(Parser):
    """Parses lines of CSV. columns: those that each line has."""

    def __init__(self, what: str, columns: Sequence[str]) -> None:
        super().__init__(what)
        self._columns = columns

    def _read(self, block: bytes, columns: Sequence[str]) -> pl.DataFrame:
        return pl.read_csv(io.BytesIO(block), has_header=False, schema=_texts(self._columns)).select(columns)


class NdjsonParser(Parser):
    """Parses lines that are JSON objects."""

    def _read(self, block: bytes, columns: Sequence[str]) -> pl.DataFrame:
        return pl.read_ndjson(io.BytesIO(block), schema=_texts(columns))


def nothing(columns: Sequence[str]) -> pl.DataFrame:
    """A frame of string columns without rows."""
    return pl.DataFrame(schema=_texts(columns))


def nulls(columns: Sequence[str]) -> pl.DataFrame:
    """A row of nulls. It is built from values, as `clear(1)` on a frame without rows takes ten times as long."""
    return pl.DataFrame({name: [None] for name in columns}, _texts(columns))


def _texts(columns: Sequence[str]) -> dict[str, pl.DataType]:
    return {name: pl.String() for name in columns}
