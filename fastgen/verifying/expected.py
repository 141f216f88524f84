"""The rows that a configuration makes, chunk by chunk: in order by threads, or any chunk again."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.dataset import Dataset
from fastgen.digest import HolderDigests, TransactionDigests
from fastgen.frames import HolderFrames, TransactionFrames
from fastgen.holders import CHUNK
from fastgen.ids import RowSource
from fastgen.pipeline import in_order
from fastgen.sinks.encoder import Request
from fastgen.sinks.output import Counter
from fastgen.sinks.text_file import HolderTextFile, TransactionTextFile
from fastgen.text import Coordinates, Style
from fastgen.verifying.lookup import Lookup

ROWS = 1 << 16
"""About so many rows a chunk has."""
FRAMES = 3
LOOKUPS = 32
"""Chunks that are kept because rows may be out of order."""
UNKNOWN = -1


class Chunk(NamedTuple):
    """Rows in order: which chunk, how many rows, their digest.

    frame: the rows. text: uint8, or as the text that fastgen writes in some format. release: the text is not needed any more.
    """

    number: int
    rows: int
    digest: int
    frame: pl.DataFrame | None
    text: NDArray[np.uint8] | None = None
    release: Callable[[], object] = lambda: None


class Maker(Protocol):
    """Makes the rows of a table; threads may call it side by side. `items` are what chunks are made of."""

    def frame(self, item: range) -> pl.DataFrame:
        """The rows of a chunk, with the types of their table."""

    def chunk(self, number: int, item: range) -> Chunk:
        """A chunk."""

    def locate(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        """int64[n]: to which group or card each row belongs if it is one of the data's; UNKNOWN where nothing says so."""

    def order(self, frame: pl.DataFrame) -> int:
        """See `Expected.order`."""


class Expected:
    """A table's rows.

    Args:
        parts: the dataset, or those parts of it that are wanted, in order. columns: in the table's order.
        text: the format whose text chunks have, and how it has coordinates; frames for None.
    """

    def __init__(
        self, parts: Sequence[Dataset], table: str, columns: tuple[str, ...], text: tuple[Style, Coordinates] | None, threads: int
    ) -> None:
        self.table, self.columns, self._threads = table, columns, threads
        transactions = table == "transactions"
        items = [part.row_spans(ROWS) if transactions else part.card_chunks() for part in parts]
        self.items = [item for own in items for item in own]
        self.parts = np.repeat(np.arange(len(parts)), [len(own) for own in items])
        self._maker: Maker = _Transactions(parts[0], columns) if transactions else _Holders(parts[0], table, columns)
        self._text = _Text(parts[0], table, columns, *text) if text else None
        self._frames: dict[int, pl.DataFrame] = {}
        self._lookups: dict[int, Lookup] = {}
        self.made_again = 0

    @property
    def keyed(self) -> bool:
        """Whether the columns tell which row is which, and where it should be."""
        needed = {"datetime"} if self.table == "transactions" else {"cc_num"}
        return needed <= set(self.columns) and (self.table != "transactions" or bool({"tid", "cc_num"} & set(self.columns)))

    def sequence(self) -> Iterator[Chunk]:
        """All chunks in order."""
        make = self._text.chunk if self._text else self._maker.chunk
        for chunk in in_order(lambda number: make(number, self.items[number]), range(len(self.items)), self._threads):
            if chunk.frame is not None:
                self._keep(chunk.number, chunk.frame)
            yield chunk
            chunk.release()

    def frame(self, number: int) -> pl.DataFrame:
        """The rows of a chunk; those of the last few are kept."""
        if number not in self._frames:
            self.made_again += 1
            self._keep(number, self._maker.frame(self.items[number]))
        return self._frames[number]

    def again(self, number: int) -> Chunk:
        """A chunk that was there already, as a frame; its digest is not made again."""
        frame = self.frame(number)
        return Chunk(number, frame.height, 0, frame)

    def _keep(self, number: int, frame: pl.DataFrame) -> None:
        self._frames[number] = frame
        if len(self._frames) > FRAMES:
            del self._frames[next(iter(self._frames))]

    def lookup(self, number: int) -> Lookup:
        """The hashes of a chunk's rows."""
        if number not in self._lookups:
            self._lookups[number] = Lookup(self.frame(number).hash_rows().to_numpy())
            if len(self._lookups) > LOOKUPS:
                del self._lookups[next(iter(self._lookups))]
        return self._lookups[number]

    def locate(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        """int64[n]: the chunk to which each row would belong; UNKNOWN where its time or card is none of theirs."""
        units = self._maker.locate(frame)
        starts = np.array([item.start for item in self.items])
        stops = np.array([item.stop for item in self.items])
        chunks = np.searchsorted(starts, units, side="right") - 1
        return np.where((chunks >= 0) & (units < stops[chunks]), chunks, UNKNOWN)

    def order(self, frame: pl.DataFrame) -> int:
        """What files are put in order by, from the first rows of one: a time or the number of a card; UNKNOWN without any."""
        return self._maker.order(frame)


class _Transactions:
    """See `Maker`."""

    def __init__(self, data: Dataset, columns: tuple[str, ...]) -> None:
        self._plan = data.plan
        self._source, self._frames = RowSource(self._plan, columns), TransactionFrames(self._plan, columns, enums=False)
        self._digests = TransactionDigests(self._plan, columns)

    def frame(self, item: range) -> pl.DataFrame:
        return self._frames.frame(*self._source.fill(item))

    def chunk(self, number: int, item: range) -> Chunk:
        rows, tids = self._source.fill(item)
        frame = self._frames.frame(rows, tids)
        return Chunk(number, frame.height, self._digests.of(rows, tids), frame)

    def locate(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        start = self._plan.origin_seconds + self._plan.day_offset
        seconds = frame["datetime"].dt.epoch("s").fill_null(start - 1).to_numpy()
        groups: NDArray[np.int64] = (seconds - start) // self._plan.grid.group
        return np.maximum(groups, UNKNOWN)

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
        cards = self._plan.cards
        chunks = (range(start, min(start + CHUNK, cards)) for start in range(0, cards, CHUNK))
        numbers = np.concatenate([frames.frame(chunk)["cc_num"].cast(pl.Int64).to_numpy() for chunk in chunks])
        order = np.argsort(numbers)
        return numbers[order], order

    def locate(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        numbers, cards = self._cards
        wanted = frame["cc_num"].cast(pl.Int64, strict=False).fill_null(UNKNOWN).to_numpy()
        at = np.minimum(np.searchsorted(numbers, wanted), numbers.size - 1)
        return np.where(numbers[at] == wanted, cards[at], UNKNOWN)

    def order(self, frame: pl.DataFrame) -> int:
        found = self.locate(frame)
        return int(found[found != UNKNOWN][:1].sum()) if (found != UNKNOWN).any() else UNKNOWN


class _Text:
    """Chunks as the text that fastgen writes."""

    def __init__(self, data: Dataset, table: str, columns: tuple[str, ...], style: Style, coordinates: Coordinates) -> None:
        request = Request(data, table, columns, "none", coordinates, digests=True)
        self._encoder = TransactionTextFile(request, style) if table == "transactions" else HolderTextFile(request, style)

    def chunk(self, number: int, item: range) -> Chunk:
        encoded = self._encoder.encode(item)
        text = np.frombuffer(self._encoder.text(encoded.content), np.uint8)
        return Chunk(number, encoded.rows, encoded.digest, None, text, lambda: self._encoder.append(Counter(), encoded.content))
