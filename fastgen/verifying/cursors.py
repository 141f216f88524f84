"""A position in the rows of a file: the next rows are looked at, as a frame or as text, and passed."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.errors import InputError
from fastgen.kernels.comparing import common_start
from fastgen.pipeline import prefetch
from fastgen.reading.pieces import Damage, ReadRows
from fastgen.reading.text import TextReader
from fastgen.reading.typed import empty, typed

SEARCH_BYTES = 1 << 22
"""Bytes of lines to parse into a frame at once."""
BLOCK = 1 << 20
"""Bytes to read at once."""
NEWLINE = 10

Text = NDArray[np.uint8]
"""Whole lines."""


class Cursor(Protocol):
    """A position in the rows found."""

    @property
    def row(self) -> int:
        """The number of the next row, from 0."""

    @property
    def damages(self) -> list[Damage]:
        """Rows that could not be read, as far as known; complete when the cursor is done."""

    @property
    def done(self) -> bool:
        """Whether there are no more rows."""

    def same_text(self, chunk: Any, first: int, rows: int) -> int:
        """Pass the next rows as far as they equal a chunk's text of `rows` rows, from its row `first` on; return how many.

        0 if rows are found as frames only.
        """

    def look(self, rows: int) -> pl.DataFrame:
        """The next rows, at most `rows`, and none only at the end."""

    def ends_with(self, rows: int) -> bool:
        """Whether nothing comes after the first `rows` rows that were looked at."""

    def go(self, rows: int) -> None:
        """Pass the first `rows` rows that were looked at."""


class FrameCursor:
    """A position in a file that is read as frames; see `Cursor`."""

    def __init__(self, pieces: Iterator[ReadRows | Damage], table: str, columns: tuple[str, ...]) -> None:
        self.row = 0
        self.damages: list[Damage] = []
        self._pieces, self._held = prefetch(pieces), empty(table, columns)
        self._next: ReadRows | None = None

    @property
    def done(self) -> bool:
        """See `Cursor.done`."""
        return not self._held.height and not self._joins()

    def same_text(self, chunk: Any, first: int, rows: int) -> int:  # noqa: ARG002
        """See `Cursor.same_text`."""
        return 0

    def look(self, rows: int) -> pl.DataFrame:
        """See `Cursor.look`."""
        while self._held.height < rows and self._joins():
            pass
        return self._held.head(rows)

    def ends_with(self, rows: int) -> bool:
        """See `Cursor.ends_with`."""
        return self._held.height <= rows and not self._joins()

    def go(self, rows: int) -> None:
        """See `Cursor.go`."""
        self.row += rows
        self._held = self._held.slice(rows)

    def _joins(self) -> bool:
        """Hold one more piece, if there is one and its rows directly follow those held."""
        while self._next is None and (piece := self._piece()) is not None:
            if isinstance(piece, Damage):
                self.damages.append(piece)
            else:
                self._next = piece
        if self._next is None or (self._held.height and self._next.first != self.row + self._held.height):
            return False
        if self._held.height:
            self._held = pl.concat([self._held, self._next.frame], rechunk=False)
        else:
            self.row, self._held = self._next.first, self._next.frame
        self._next = None
        return True

    def _piece(self) -> ReadRows | Damage | None:
        try:
            return next(self._pieces, None)
        except InputError as error:
            return Damage(self.row + self._held.height, None, error.message)


class TextCursor:
    """A position in a file of lines; see `Cursor`."""

    def __init__(self, file: TextReader, table: str, columns: tuple[str, ...]) -> None:
        self.row = 0
        self._parser, self._table, self._columns = file.parser, table, columns
        self._blocks: Iterator[bytes | str] = prefetch(file.blocks(BLOCK))
        self._block, self._at = b"", 0  # whole lines, but for the last one of the file
        self._looked, self._frame = b"", empty(table, columns)
        self._reason = ""

    @property
    def damages(self) -> list[Damage]:
        """See `Cursor.damages`."""
        return [Damage(self.row, None, self._reason)] if self._reason else []

    @property
    def done(self) -> bool:
        """See `Cursor.done`."""
        return self._at == len(self._block) and not self._extend()

    def same_text(self, chunk: Text, first: int, rows: int) -> int:
        """See `Cursor.same_text`."""
        start = at = line_start(chunk, first)
        while at < chunk.size and (self._at < len(self._block) or self._extend()):
            size = min(len(self._block) - self._at, chunk.size - at)
            same = common_start(np.frombuffer(self._block, np.uint8, size, self._at), chunk[at : at + size])
            at, self._at = at + same, self._at + same
            if same < size:
                break
        passed = rows - first
        if at < chunk.size:
            ends = np.flatnonzero(chunk[start:at] == NEWLINE)
            passed = ends.size
            self._at -= at - start - (int(ends[-1]) + 1 if passed else 0)  # the unfinished line is in this block
        if passed:
            self._looked, self._frame = b"", empty(self._table, self._columns)
        self.row += passed
        return passed

    def look(self, rows: int) -> pl.DataFrame:
        """See `Cursor.look`."""
        if not self._looked:
            while len(self._block) - self._at < SEARCH_BYTES and self._extend():
                pass
            end = self._block.rfind(b"\n", self._at, self._at + SEARCH_BYTES) + 1 or self._block.find(b"\n", self._at) + 1
            self._looked = self._block[self._at : end or None]
            try:
                self._frame = typed(self._table, self._parser.parse(self._looked, self._columns))
            except InputError as error:
                self._reason = error.message
                self._blocks, self._block, self._at = iter(()), b"", 0
                self._looked, self._frame = b"", empty(self._table, self._columns)
        return self._frame.head(rows)

    def ends_with(self, rows: int) -> bool:
        """See `Cursor.ends_with`."""
        if rows < self._frame.height or self._at + len(self._looked) < len(self._block):
            return False
        return not self._extend()

    def go(self, rows: int) -> None:
        """See `Cursor.go`."""
        passed = line_start(np.frombuffer(self._looked, np.uint8), rows)
        self._at += passed
        self._looked, self._frame = self._looked[passed:], self._frame.slice(rows)
        self.row += rows

    def _extend(self) -> bool:
        """Hold one more block, if there is one."""
        block = next(self._blocks, None)
        if isinstance(block, str):
            self._reason = block
        if not isinstance(block, bytes):
            return False
        self._block, self._at = self._block[self._at :] + block, 0
        return True


def line_start(text: Text, line: int) -> int:
    r"""Where a line begins, lines counted from 0; the end of the text if it has too few lines.

    Example:
        >>> line_start(np.frombuffer(b"one\ntwo\n", np.uint8), 1)
        4
    """
    if not line:
        return 0
    ends = np.flatnonzero(text == NEWLINE)
    return int(ends[line - 1]) + 1 if line <= ends.size else text.size
