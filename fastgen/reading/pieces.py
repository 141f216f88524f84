"""What readers of all formats have in common: pieces of a file, some of them damaged, and errors that name the file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import polars as pl
import pyarrow as pa

from fastgen.errors import InputError

REFUSALS = (OSError, ValueError, RecursionError, pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException)
"""What the libraries raise about files that are not as they should be; a panic is no Exception."""


class ReadRows(NamedTuple):
    """Rows of a file, the first of them number `first`, counted from 0."""

    first: int
    frame: pl.DataFrame


class Damage(NamedTuple):
    """Rows of a file that cannot be read: from number `first` on, so many of them, or all that follow for None."""

    first: int
    rows: int | None
    reason: str


class Reader(Protocol):
    """A file that holds a table; `columns` are those that it has, in its own order, `origin` is what it says of itself."""

    columns: tuple[str, ...]
    origin: dict[str, Any] | None

    def head(self, columns: Sequence[str]) -> pl.DataFrame:
        """Some of the first rows; none where they cannot be read."""

    def pieces(self, columns: Sequence[str], rows: int) -> Iterator[ReadRows | Damage]:
        """These columns, in frames of at most so many rows, with the types that the file gives them."""


def told(error: BaseException) -> str:
    """What a library says, in one short line."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    line = text.strip().splitlines()[0].rstrip(". ")
    return line[:1].lower() + line[1:160]


@contextmanager
def readable(path: Path, what: str = "file") -> Iterator[None]:
    """Turn what a library says about a file into one line that names it."""
    try:
        yield
    except REFUSALS as error:
        known = isinstance(error, OSError) and error.strerror is not None
        reason = told(error) if known else f"it is no whole {what}: {told(error)}"
        raise InputError(f"{path}: cannot be read: {reason}") from None
