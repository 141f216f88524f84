"""What the readers of all formats share: pieces of a file, some of them damaged, and errors that name the file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import polars as pl
import pyarrow as pa

from fastgen.errors import InputError

REFUSALS = (OSError, ValueError, RecursionError, pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException)
"""What the libraries raise for malformed files; PanicException is listed as it is not an Exception."""


class ReadRows(NamedTuple):
    """Rows of a file; `first` is the number of the first one, counted from 0."""

    first: int
    frame: pl.DataFrame


class Damage(NamedTuple):
    """Rows of a file that cannot be read: `rows` of them from number `first` on, or all that follow if None."""

    first: int
    rows: int | None
    reason: str


class Reader(Protocol):
    """A file that holds a table; `columns` are in the order of the file, `origin` is the metadata that fastgen wrote, if any."""

    columns: tuple[str, ...]
    origin: dict[str, Any] | None

    def head(self, columns: Sequence[str]) -> pl.DataFrame:
        """Return some of the first rows; none if they cannot be read."""

    def pieces(self, columns: Sequence[str], rows: int) -> Iterator[ReadRows | Damage]:
        """Yield these columns in frames of at most `rows` rows, with the types that they have in the file."""


def cut(frame: pl.DataFrame, first: int, rows: int) -> Iterator[ReadRows]:
    """Cut a frame, whose first row is number `first` of its file, into frames of at most `rows` rows."""
    for start in range(0, frame.height, rows):
        yield ReadRows(first + start, frame.slice(start, rows))


def message_of(error: BaseException) -> str:
    """The message of a library's error, in one short line."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    line = text.strip().splitlines()[0].rstrip(". ")
    return line[:1].lower() + line[1:160]


@contextmanager
def readable(path: Path, what: str = "file") -> Iterator[None]:
    """Turn a library's error about a file into an InputError of one line that names the file."""
    try:
        yield
    except REFUSALS as error:
        known = isinstance(error, OSError) and error.strerror is not None
        reason = message_of(error) if known else f"it is not a complete {what}: {message_of(error)}"
        raise InputError(f"{path}: cannot be read: {reason}") from None
