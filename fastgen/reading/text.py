"""Readers of CSV and NDJSON files, as frames of strings."""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from fastgen.errors import InputError
from fastgen.reading.lines import BLOCK, Lines
from fastgen.reading.parsing import CsvParser, NdjsonParser, Parser
from fastgen.reading.pieces import Damage, ReadRows, cut

HEAD = 1 << 16
"""Bytes at the beginning that are read to find the columns."""


class TextReader(ABC):
    """A text file; see `Reader`. parser: parses its lines into rows."""

    parser: Parser
    origin: dict[str, Any] | None = None
    header = False

    def __init__(self, path: Path) -> None:
        self._path, self._lines = path, Lines(path)
        head = next(self._lines.blocks(HEAD), b"")
        if isinstance(head, str):
            raise self._refusal(head)
        self.columns = self._names(head)

    def blocks(self, size: int = BLOCK) -> Iterator[bytes | str]:
        """Yield what `Lines.blocks` does, without the header line."""
        skip = self.header
        for block in self._lines.blocks(size):
            lines = block
            if skip and isinstance(block, bytes):
                lines, skip = block[block.find(b"\n") + 1 or len(block) :], False
            if lines:
                yield lines

    def head(self, columns: Sequence[str]) -> pl.DataFrame:
        """See `Reader.head`."""
        block = next(self.blocks(HEAD), b"")
        return self.parser.parse(b"" if isinstance(block, str) else block, columns)

    def pieces(self, columns: Sequence[str], rows: int) -> Iterator[ReadRows | Damage]:
        """See `Reader.pieces`; all columns are strings."""
        first = 0
        for block in self.blocks():
            if isinstance(block, str):
                yield Damage(first, None, block)
                return
            frame = self.parser.parse(block, columns)
            yield from cut(frame, first, rows)
            first += frame.height

    def _refusal(self, reason: str) -> InputError:
        return InputError(f"{self._path}: cannot be read: {reason}")

    @abstractmethod
    def _names(self, head: bytes) -> tuple[str, ...]:
        """Read the columns from the first lines, and set the parser."""


class CsvReader(TextReader):
    """A CSV file with a header line."""

    header = True

    def _names(self, head: bytes) -> tuple[str, ...]:
        try:
            [names] = csv.reader([head.partition(b"\n")[0].decode("utf-8-sig").rstrip("\r")], strict=True)
        except (ValueError, csv.Error):
            raise self._refusal("its first line is not a CSV header") from None
        if len(set(names)) < len(names):
            raise self._refusal("its header names a column twice")
        self.parser = CsvParser(str(self._path), names)
        return tuple(names)


class NdjsonReader(TextReader):
    """A file with one JSON object per line."""

    def _names(self, head: bytes) -> tuple[str, ...]:
        self.parser = NdjsonParser(str(self._path))
        names: dict[str, None] = {}  # from all of these rows, as any one may lack a value or be damaged
        for line in islice(io.BytesIO(head), 100):
            with suppress(ValueError, RecursionError):
                row = json.loads(line)
                names |= dict.fromkeys(row if isinstance(row, dict) else ())
        if head and not names:
            raise self._refusal("its first lines are no JSON objects")
        return tuple(names)
