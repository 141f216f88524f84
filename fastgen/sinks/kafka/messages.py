"""Transactions as messages: values, keys, event times and partitions, a span of groups at a time."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.arenas import Arenas, grown_to
from fastgen.dataset import Dataset
from fastgen.kernels.columns import epoch_times
from fastgen.kernels.memory import SLACK
from fastgen.kernels.partitions import key_partitions
from fastgen.kernels.text import transaction_text
from fastgen.layouts import Coordinates, RowText, transaction_layout
from fastgen.workers import SPAN_ROWS, RowSource, Worker


class PackedTexts(NamedTuple):
    """Concatenated texts. memory: uint8, with SLACK spare bytes. ends: int64[n + 1], 0 and the end of each text."""

    memory: NDArray[np.uint8]
    ends: NDArray[np.int64]

    def text(self, i: int) -> bytes:
        """The bytes of text i."""
        return self.memory[self.ends[i] : self.ends[i + 1]].tobytes()


class Messages(NamedTuple):
    """Messages in event-time order.

    keys: empty if messages have none. times: int64[n], event times in milliseconds since 1970. partitions: int32[n].
    """

    values: PackedTexts
    keys: PackedTexts
    times: NDArray[np.int64]
    partitions: NDArray[np.int32]

    @property
    def size(self) -> int:
        """The number of messages."""
        return self.times.size

    @property
    def largest(self) -> int:
        """Bytes of the largest message, key and value."""
        return int((np.diff(self.values.ends) + np.diff(self.keys.ends)).max(initial=0))


class MessageSource:
    """Makes messages; threads may call `encode` concurrently.

    Args:
        columns: of the values, in the table's order. key: the column that is the key, or None.
        partitions: how many the topic has. Without a key, messages go to them in turn.
    """

    def __init__(self, data: Dataset, columns: Sequence[str], key: str | None, partitions: int, coordinates: Coordinates) -> None:
        self.items = data.spans(SPAN_ROWS)
        self._midnight = data.plan.midnight_seconds
        self._partitions = partitions
        self._value = transaction_layout(data.plan, columns, "ndjson", coordinates, newline=False)
        self._key = transaction_layout(data.plan, [key], "bare", coordinates, newline=False) if key else None
        self._source = RowSource(data.plan, {*columns, *([key] if key else [])})
        self._arenas = Arenas(), Arenas()

    def encode(self, groups: range) -> Messages:
        """The messages of groups of windows, rendered piece by piece."""
        blocks = []
        for_values, for_keys = self._arenas
        values, keys = _Writer(self._value, for_values.take()), _Writer(self._key, for_keys.take()) if self._key else None
        worker = self._source.worker
        for piece in worker.pieces(groups):
            values.add(piece, worker)
            if keys:
                keys.add(piece, worker)
            times = np.empty(len(piece), np.int64)
            epoch_times(times, worker.rows.second[piece.start : piece.stop], self._midnight, 1000)
            blocks.append(times)
        times = np.concatenate(blocks) if blocks else np.empty(0, np.int64)
        partitions = np.zeros(times.size, np.int32)
        if not keys:
            no_keys = PackedTexts(np.zeros(SLACK, np.uint8), np.zeros(times.size + 1, np.int64))
            return Messages(values.texts, no_keys, times, partitions)
        key_partitions(partitions, *keys.texts, self._partitions)
        return Messages(values.texts, keys.texts, times, partitions)

    def reuse(self, messages: Messages) -> None:
        """Take back the memory of messages that are no longer needed."""
        for_values, for_keys = self._arenas
        for_values.give(messages.values.memory)
        if self._key:
            for_keys.give(messages.keys.memory)

    def assigned(self, messages: Messages, before: int) -> Messages:
        """The messages with their partitions; without keys these follow from `before`, the number of preceding messages."""
        if self._key:
            return messages
        turns = np.arange(before, before + messages.size) % self._partitions
        return messages._replace(partitions=turns.astype(np.int32))


class _Writer:
    """Renders the texts of pieces one after the other into an arena that grows."""

    def __init__(self, row: RowText, arena: NDArray[np.uint8]) -> None:
        self._row = row
        self._memory = arena
        self._ends = [np.zeros(1, np.int64)]
        self._position = 0

    def add(self, piece: range, worker: Worker) -> None:
        """Render some of a worker's rows."""
        rows = len(piece)
        self._memory = grown_to(self._memory, self._position, self._position + rows * self._row.longest + SLACK)
        ends = np.empty(rows, np.int64)
        given = (
            worker.buffers.digests(rows),
            worker.rows,
            piece.start,
            piece.stop,
            self._row.layout,
            worker.buffers.tile,
        )
        self._position = transaction_text(self._memory, self._position, ends, *given)
        self._ends.append(ends)

    @property
    def texts(self) -> PackedTexts:
        """All texts so far."""
        return PackedTexts(self._memory, np.concatenate(self._ends))
