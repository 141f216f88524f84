"""CSV and NDJSON files as frames of texts; a line that is no row becomes a row of nulls."""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import polars as pl

from fastgen.errors import InputError
from fastgen.reading.binary import cut
from fastgen.reading.lines import Lines
from fastgen.reading.pieces import REFUSALS, Damage, Rows

MOST_DAMAGED = 10_000
"""Lines of a file that may be no rows, each found by halving what holds it; with more, the file is no table."""
HEAD = 1 << 16
"""Bytes at the beginning that tell which columns there are."""


class TextFile(ABC):
    """A text file; see `Reader`. Lines are rows: a value holds no line break."""

    kind = ""
    header = 0

    def __init__(self, path: Path) -> None:
        self._lines = Lines(path)
        head = next(self._lines.blocks(HEAD), b"")
        if isinstance(head, Damage):
            raise self._refusal(head.reason)
        self.columns = self._names(head)
        self._damaged = 0

    def pieces(self, columns: Sequence[str], rows: int) -> Iterator[Rows | Damage]:
        """See `Reader.pieces`; the types are those of texts."""
        first, skip = 0, self.header
        for block in self._lines.blocks():
            if isinstance(block, Damage):
                yield block._replace(first=first)
                return
            if skip:
                block = block[block.find(b"\n") + 1 or len(block) :]
                skip = 0
            if block:
                frame = self.parse(block, columns)
                yield from cut(frame, first, rows)
                first += frame.height

    def parse(self, block: bytes, columns: Sequence[str]) -> pl.DataFrame:
        """Whole lines as rows of texts, one for each line.

        Raises:
            InputError: too many lines are no rows.
        """
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        frame = self._parsed(block, columns)
        if frame is not None and frame.height == lines:
            return frame
        if lines > 1:
            middle = block.find(b"\n", len(block) // 2, -1) + 1 or block.rfind(b"\n", 0, -1) + 1
            return pl.concat([self.parse(block[:middle], columns), self.parse(block[middle:], columns)])
        self._damaged += 1
        if self._damaged > MOST_DAMAGED:
            raise self._refusal(f"more than {MOST_DAMAGED:,} of its lines are no rows")
        frame = self._parsed(block.decode("utf-8", "replace").encode(), columns)
        return (
            frame
            if frame is not None and frame.height == 1
            else pl.DataFrame({name: [None] for name in columns}, self._schema(columns))
        )

    def _parsed(self, block: bytes, columns: Sequence[str]) -> pl.DataFrame | None:
        try:
            return self._read(block, columns)
        except REFUSALS:
            return None

    def _schema(self, columns: Sequence[str]) -> dict[str, pl.DataType]:
        return {name: pl.String() for name in columns}

    def _refusal(self, reason: str) -> InputError:
        return InputError(f"{self._lines.path}: cannot be read: it is no whole {self.kind} file: {reason}")

    @abstractmethod
    def _names(self, head: bytes) -> tuple[str, ...]:
        """The columns, from the first lines."""

    @abstractmethod
    def _read(self, block: bytes, columns: Sequence[str]) -> pl.DataFrame:
        """Rows of texts; may raise any of REFUSALS, or skip lines."""


class CsvFile(TextFile):
    """A CSV file with a header line."""

    kind = "CSV"
    header = 1

    def _names(self, head: bytes) -> tuple[str, ...]:
        try:
            [names] = csv.reader([head.partition(b"\n")[0].decode("utf-8-sig").rstrip("\r")], strict=True)
        except (ValueError, csv.Error):
            raise self._refusal("its first line is no header") from None
        if len(set(names)) < len(names):
            raise self._refusal("its header names a column twice")
        return tuple(names)

    def _read(self, block: bytes, columns: Sequence[str]) -> pl.DataFrame:
        return pl.read_csv(io.BytesIO(block), has_header=False, schema=self._schema(self.columns)).select(columns)


class NdjsonFile(TextFile):
    """A file of JSON objects, one in a line."""

    kind = "NDJSON"

    def _names(self, head: bytes) -> tuple[str, ...]:
        for line in islice(io.BytesIO(head), 100):
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                return tuple(row)
        if head:
            raise self._refusal("its first lines are no JSON objects")
        return ()

    def _read(self, block: bytes, columns: Sequence[str]) -> pl.DataFrame:
        return pl.read_ndjson(io.BytesIO(block), schema=self._schema(columns))
