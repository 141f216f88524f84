"""Tables as NDJSON or CSV."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fastgen.arenas import Arenas, grown_to
from fastgen.holders import HolderText
from fastgen.kernels.calls import Repeated
from fastgen.kernels.memory import SLACK
from fastgen.kernels.text import transaction_text
from fastgen.layouts import Style, transaction_layout
from fastgen.sinks import compression
from fastgen.sinks.encoder import Encoded, HolderSource, Request, TransactionSource
from fastgen.sinks.gzip_members import gzip
from fastgen.sinks.output import Buffer, Out
from fastgen.workers import SPAN_ROWS

# Each piece is compressed separately: gzip members and zstd frames may be concatenated.
COMPRESSIONS: dict[str, Callable[[Buffer], Buffer]] = {
    "none": lambda text: text,
    "gzip": gzip,
    "zstd": compression.Zstd(1),
}
NO_ENDS = np.empty(0, np.int64)


class TransactionTextFile:
    """Transactions, a few thousand rows to a piece."""

    def __init__(self, request: Request, style: Style) -> None:
        plan = request.data.plan
        self.items = request.data.spans(SPAN_ROWS)
        self._row = transaction_layout(plan, request.names, style, request.coordinates)
        self._source = TransactionSource(request)
        self._compress = COMPRESSIONS[request.compression]
        self._arenas = Arenas()
        self._transaction_text = Repeated(transaction_text)

    def encode(self, item: range) -> Iterator[Encoded]:
        """Render piece by piece; a piece that is written at once is still in the cache."""
        worker, row = self._source.worker, self._row
        for piece in worker.pieces(item):
            rows = len(piece)
            memory = grown_to(self._arenas.take(), 0, rows * row.longest + SLACK)
            tids = worker.buffers.digests(rows)
            given = tids, worker.rows, piece.start, piece.stop, row.layout, worker.buffers.tile
            end = self._transaction_text(memory, 0, NO_ENDS, *given)
            yield Encoded(rows, (self._compress(memory[:end]), memory), self._source.digest(piece, tids))

    def begin(self, out: Out) -> None:
        """The header line of CSV."""
        if self._row.header:
            out.write(self._compress(self._row.header))

    def append(self, out: Out, content: Any) -> None:
        """Write a piece and release its memory for reuse."""
        text, memory = content
        out.write(text)
        self._arenas.give(memory)

    @staticmethod
    def text(content: Any) -> Buffer:
        """The bytes that `append` would write."""
        text, _ = content
        return text

    def end(self, out: Out) -> None:
        """Nothing."""


class HolderTextFile:
    """A card table, a range of cards at a time."""

    def __init__(self, request: Request, style: Style) -> None:
        self.items = request.data.card_chunks()
        self._text = HolderText(request.data.plan, request.table, request.names, style)
        self._compress = COMPRESSIONS[request.compression]
        self._source = HolderSource(request)

    def encode(self, item: range) -> Iterator[Encoded]:
        """Render a range of cards."""
        yield Encoded(len(item), self._compress(self._text.rows(item)), self._source.digest(item))

    def begin(self, out: Out) -> None:
        """The header line of CSV."""
        if self._text.header:
            out.write(self._compress(self._text.header))

    def append(self, out: Out, content: Any) -> None:
        """Write a piece."""
        out.write(content)

    @staticmethod
    def text(content: Any) -> Buffer:
        """The bytes that `append` would write."""
        return content

    def end(self, out: Out) -> None:
        """Nothing."""
