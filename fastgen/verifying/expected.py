"""The rows of a table that a configuration makes: in order on worker threads, or any chunk again."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.dataset import Dataset
from fastgen.digest import Digest, HolderDigests, TransactionDigests
from fastgen.frames import HolderFrames, Stock, TransactionFrames
from fastgen.holders import CHUNK
from fastgen.layouts import Coordinates, Style
from fastgen.pipeline import map_ordered
from fastgen.plan import Plan
from fastgen.sinks.encoder import Request
from fastgen.sinks.output import ByteCounter
from fastgen.sinks.text_file import HolderTextFile, TransactionTextFile
from fastgen.verifying.chunks import UNKNOWN, Chunk, Chunks, chunks_of
from fastgen.workers import RowSource

ROWS = 1 << 16
"""Approximate number of rows in a chunk."""


class Maker(Protocol):
    """Makes the rows of a table, for groups of windows or for cards; threads may call it concurrently."""

    def frame(self, item: range) -> pl.DataFrame:
        """The rows, with the types of their table."""

    def chunk(self, number: int, item: range) -> Chunk:
        """The rows as a chunk with this number."""

    def locate(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        """int64[n]: the group or card that each row belongs to if it is one of the data's; UNKNOWN if nothing says so."""

    def order(self, frame: pl.DataFrame) -> int:
        """See `Expected.order`."""


class Expected(Chunks):
    """A table's rows.

    Args:
        parts: the dataset, or the parts of it to make, in order. columns: in the table's order.
        text: the format in which to make chunks as text, and how it writes coordinates; None for frames.
    """

    def __init__(
        self, parts: Sequence[Dataset], table: str, columns: tuple[str, ...], text: tuple[Style, Coordinates] | None, threads: int
    ) -> None:
        transactions = table == "transactions"
        items = [part.spans(ROWS) if transactions else part.card_chunks() or [part.cards] for part in parts]
        super().__init__(table, np.repeat(np.arange(len(parts)), [len(own) for own in items]), is_keyed(table, columns))
        self.columns, self._threads = columns, threads
        self._items = [item for own in items for item in own]
        self._maker: Maker = _Transactions(parts[0], columns, self._items) if transactions else _Holders(parts[0], table, columns)
        self._text = _Text(parts[0], table, columns, *text) if text else None

    def sequence(self) -> Iterator[Chunk]:
        """All chunks in order."""
        make = self._text.chunk if self._text else self._maker.chunk
        for chunk in map_ordered(lambda number: make(number, self._items[number]), range(len(self._items)), self._threads):
            if chunk.frame is not None:
                self.keep(chunk.number, chunk.frame)
            yield chunk

    def _make(self, number: int) -> pl.DataFrame:
        return self._maker.frame(self._items[number])

    def locate(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        """See `Chunks.locate`: by time or card."""
        return chunks_of(self._items, self._maker.locate(frame))

    def order(self, frame: pl.DataFrame) -> int:
        """The sort key of a file, from its first rows: a time or the number of a card; UNKNOWN if they have none."""
        return self._maker.order(frame)


def is_keyed(table: str, columns: Sequence[str]) -> bool:
    """Whether columns identify each row, and by its time or card where it should be.

    Example:
        >>> is_keyed("transactions", ["tid", "datetime"]), is_keyed("transactions", ["tid"]), is_keyed("profiles", ["cc_num"])
        (True, False, True)
    """
    names = set(columns)
    return "datetime" in names and bool({"tid", "cc_num"} & names) if table == "transactions" else "cc_num" in names


def groups_of(plan: Plan, times: pl.Series) -> NDArray[np.int64]:
    """int64[n]: the groups of windows that times are in; UNKNOWN for times before all groups, and for null."""
    seconds = times.dt.epoch("s").fill_null(plan.start_seconds - 1).to_numpy()
    groups: NDArray[np.int64] = (seconds - plan.start_seconds) // plan.grid.group
    return np.maximum(groups, UNKNOWN)


class _Transactions:
    """See `Maker`."""

    def __init__(self, data: Dataset, columns: tuple[str, ...], items: list[range]) -> None:
        self._plan = data.plan
        self._source = RowSource(self._plan, columns)
        self._frames = TransactionFrames(Stock(self._plan, enums=False), columns, items)
        self._digests = TransactionDigests(self._plan, columns)

    def frame(self, item: range) -> pl.DataFrame:
        return self._frames.frame(self._source.worker, item)

    def chunk(self, number: int, item: range) -> Chunk:
        frame = self._frames.frame(self._source.worker, item, is_kept=True)
        return Chunk(number, frame.height, self._digests.of(*self._source.kept(frame.height)), frame)

    def locate(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        return groups_of(self._plan, frame["datetime"])

    def order(self, frame: pl.DataFrame) -> int:
        first = frame["datetime"].drop_nulls().dt.epoch("us").head(1)
        return int(first.item()) if first.len() else UNKNOWN


class _Holders:
    """See `Maker`."""

    def __init__(self, data: Dataset, table: str, columns: tuple[str, ...]) -> None:
        self._plan = data.plan
        self._frames = HolderFrames(self._plan, table, columns)
        self._digests = HolderDigests(self._plan, table, columns)

    def frame(self, item: range) -> pl.DataFrame:
        return self._frames.frame(item)

    def chunk(self, number: int, item: range) -> Chunk:
        return Chunk(number, len(item), self._digests.of(item), self._frames.frame(item))

    @cached_property
    def _cards(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """int64[cards] twice: the card numbers sorted, and which cards they are."""
        frames = HolderFrames(self._plan, "credit_cards", ("cc_num",))
        cards = self._plan.cards  # all of them: the dataset may be a part, and only one of several
        chunks = (range(start, min(start + CHUNK, cards)) for start in range(0, cards, CHUNK))
        numbers = np.concatenate([frames.frame(chunk)["cc_num"].cast(pl.Int64).to_numpy() for chunk in chunks])
        order = np.argsort(numbers)
        return numbers[order], order

    def locate(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        numbers, cards = self._cards
        cc_num = frame["cc_num"].cast(pl.Int64, strict=False).fill_null(UNKNOWN).to_numpy()
        at = np.minimum(np.searchsorted(numbers, cc_num), numbers.size - 1)
        return np.where(numbers[at] == cc_num, cards[at], UNKNOWN)

    def order(self, frame: pl.DataFrame) -> int:
        found = self.locate(frame)
        return int(next(iter(found[found != UNKNOWN]), UNKNOWN))


class _Text:
    """Chunks as the text that fastgen writes."""

    def __init__(self, data: Dataset, table: str, columns: tuple[str, ...], style: Style, coordinates: Coordinates) -> None:
        request = Request(data, table, columns, "none", coordinates, digests=True)
        self._encoder = TransactionTextFile(request, style) if table == "transactions" else HolderTextFile(request, style)

    def chunk(self, number: int, item: range) -> Chunk:
        digest, pieces = Digest(), list(self._encoder.encode(item))
        texts = [np.frombuffer(self._encoder.text(piece.content), np.uint8) for piece in pieces]
        text = np.concatenate([np.empty(0, np.uint8), *texts])
        for piece in pieces:
            digest.add(piece.rows, piece.digest)
            self._encoder.append(ByteCounter(), piece.content)  # returns its memory
        return Chunk(number, digest.rows, digest.total, None, text)
