"""Tables as Arrow IPC files (Feather V2)."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from polars.interchange import CompatLevel

from fastgen.frames import HolderFrames, TransactionFrames
from fastgen.sinks.encoder import Encoded, HolderSource, Request, TransactionSource
from fastgen.sinks.output import Out


class IpcFile:
    """What both kinds of tables share: frames become record batches."""

    def __init__(self, request: Request) -> None:
        self._options = pa.ipc.IpcWriteOptions(compression=None if request.compression == "none" else request.compression)
        self._writer: Any = None

    def begin(self, out: Out) -> None:
        """Nothing yet: the first batch brings the schema."""
        self._out = out

    def append(self, out: Out, content: Any) -> None:
        """Write record batches; the writer keeps their positions for the footer."""
        if self._writer is None:
            self._writer = pa.ipc.new_file(out, content.schema, options=self._options)
        for batch in content.to_batches():
            self._writer.write_batch(batch)

    def end(self, out: Out) -> None:
        """The footer."""
        self._writer.close()


class TransactionIpcFile(IpcFile):
    """Transactions, a group of windows at a time."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        plan = request.data.plan
        self.items = request.data.spans(1)
        self._frames = TransactionFrames(plan, request.names)
        self._source = TransactionSource(request)

    def encode(self, item: range) -> Iterator[Encoded]:
        """Make a frame."""
        rows, tids = self._source.fill(item)
        frame = self._frames.frame(rows, tids)
        table = frame.to_arrow(compat_level=CompatLevel.newest())
        yield Encoded(frame.height, table, self._source.digest(rows, tids))


class HolderIpcFile(IpcFile):
    """A card table, a range of cards at a time."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.items = request.data.card_chunks()
        self._frames = HolderFrames(request.data.plan, request.table, request.names)
        self._source = HolderSource(request)

    def encode(self, item: range) -> Iterator[Encoded]:
        """Make a frame."""
        table = self._frames.frame(item).to_arrow(compat_level=CompatLevel.newest())
        yield Encoded(len(item), table, self._source.digest(item))
