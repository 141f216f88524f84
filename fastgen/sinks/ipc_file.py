"""Tables as Arrow IPC files (Feather V2)."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow as pa

from fastgen.frames import HolderFrames, Stock, TransactionFrames
from fastgen.origin import as_metadata
from fastgen.sinks.encoder import Encoded, HolderSource, Request, TransactionSource
from fastgen.sinks.output import Out
from fastgen.workers import SPAN_ROWS


class IpcFile:
    """What the encoders of both kinds of tables share: frames become record batches."""

    def __init__(self, request: Request, schema: pl.Schema) -> None:
        self._schema = _arrow(pl.DataFrame(schema=schema)).schema.with_metadata(as_metadata(request.data))
        self._options = pa.ipc.IpcWriteOptions(compression=None if request.compression == "none" else request.compression)

    def begin(self, out: Out) -> None:
        """Write the schema."""
        self._writer = pa.ipc.new_file(out, self._schema, options=self._options)

    def append(self, out: Out, content: Any) -> None:
        """Write record batches; the writer keeps their positions for the footer."""
        for batch in content.to_batches():
            self._writer.write_batch(batch)

    def end(self, out: Out) -> None:
        """Write the footer."""
        self._writer.close()


class TransactionIpcFile(IpcFile):
    """Transactions, a span of groups to a record batch."""

    def __init__(self, request: Request) -> None:
        self.items = request.data.spans(SPAN_ROWS)
        self._frames = TransactionFrames(Stock(request.data.plan), request.names, self.items)
        super().__init__(request, self._frames.schema)
        self._source = TransactionSource(request)

    def encode(self, item: range) -> Iterator[Encoded]:
        """Make a frame."""
        frame = self._frames.frame(self._source.worker, item, is_kept=True)
        _, tids = self._source.kept(frame.height)
        yield Encoded(frame.height, _arrow(frame), self._source.digest(range(frame.height), tids))


class HolderIpcFile(IpcFile):
    """A card table, a range of cards at a time."""

    def __init__(self, request: Request) -> None:
        self.items = request.data.card_chunks()
        self._frames = HolderFrames(request.data.plan, request.table, request.names)
        super().__init__(request, self._frames.schema)
        self._source = HolderSource(request)

    def encode(self, item: range) -> Iterator[Encoded]:
        """Make a frame."""
        yield Encoded(len(item), _arrow(self._frames.frame(item)), self._source.digest(item))


def _arrow(frame: pl.DataFrame) -> Any:
    """An Arrow table without string views, which pyarrow can neither filter nor sort nor write to other formats."""
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
