"""Tables encoded in a file format: threads encode pieces, which are written in order."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fastgen.dataset import Dataset
from fastgen.digest import HolderDigests, TransactionDigests
from fastgen.layouts import Coordinates
from fastgen.sinks.output import Out
from fastgen.workers import RowSource


class Encoded(NamedTuple):
    """A piece of a table: its number of rows, what `append` writes, the digest of the rows (0 if not requested)."""

    rows: int
    content: Any
    digest: int


class Encoder(Protocol):
    """Encodes one table in one format.

    `items` are the units of work for threads. `encode` makes the pieces of one item, in any thread. `begin`, `append` (in the
    order of the pieces) and `end` write the file.
    """

    items: Sequence[range]

    def encode(self, item: range) -> Iterator[Encoded]:
        """Yield the pieces of an item; called concurrently by several threads."""

    def begin(self, out: Out) -> None:
        """Write what comes before the rows."""

    def append(self, out: Out, content: Any) -> None:
        """Write a piece."""

    def end(self, out: Out) -> None:
        """Write what comes after the rows."""


class Request(NamedTuple):
    """What an encoder is to write. `digests`: whether to compute the content digest."""

    data: Dataset
    table: str
    names: tuple[str, ...]
    compression: str
    coordinates: Coordinates = "text"
    digests: bool = False


class TransactionSource(RowSource):
    """Rows, ids and digests for an encoder, with separate memory for each thread."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.data.plan, request.names)
        self._digests = TransactionDigests(request.data.plan, request.names) if request.digests else None

    def digest(self, rows: range, tids: NDArray[np.uint8]) -> int:
        """The digest of these rows of the last filled ones; 0 if not requested."""
        return self._digests.of(self.worker.rows.rows(rows.start, rows.stop), tids) if self._digests else 0


class HolderSource:
    """Digests for an encoder of a card table."""

    def __init__(self, request: Request) -> None:
        self._digests = HolderDigests(request.data.plan, request.table, request.names) if request.digests else None

    def digest(self, cards: range) -> int:
        """The digest of these cards' rows; 0 if not requested."""
        return self._digests.of(cards) if self._digests else 0
