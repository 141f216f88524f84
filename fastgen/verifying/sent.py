"""The messages that a configuration sends to each partition of a topic: in order, or any chunk again."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.dataset import Dataset
from fastgen.kernels.memory import SLACK
from fastgen.kernels.partitions import order_by_partition
from fastgen.kernels.text import join_fragments
from fastgen.layouts import Coordinates
from fastgen.pipeline import map_ordered
from fastgen.reading.parsing import NdjsonParser
from fastgen.sinks.kafka.messages import Messages, MessageSource, PackedTexts
from fastgen.verifying.chunks import UNKNOWN, Chunk, Chunks, chunks_of
from fastgen.verifying.expected import ROWS, groups_of, is_keyed
from fastgen.verifying.records import NONE, TIMESTAMP, Form, PackedMessages
from fastgen.workers import Worker

KEPT: Final = 2
"""Chunks whose messages are kept for other partitions that may need them."""


class Split:
    """Messages by partition."""

    def __init__(self, messages: Messages, partitions: int, with_key: bool, delay: int, form: Form) -> None:
        self._messages, self._with_key, self._delay, self._form = messages, with_key, delay, form
        self._order, self._starts = np.empty(messages.size, np.int32), np.empty(partitions + 1, np.int64)
        order_by_partition(self._order, self._starts, messages.partitions, 0)

    def share(self, partition: int) -> PackedMessages:
        """The messages of a partition."""
        numbers = self._order[self._starts[partition] : self._starts[partition + 1]]
        values, keys = (_chosen(texts, numbers) for texts in (self._messages.values, self._messages.keys))
        lengths = np.stack([np.diff(values.ends), np.diff(keys.ends) if self._with_key else np.full(numbers.size, NONE)])
        return PackedMessages(values, keys, lengths, self._messages.times[numbers] + self._delay if self._form.timed else None)


def _chosen(texts: PackedTexts, numbers: NDArray[np.int32]) -> PackedTexts:
    """Concatenate some of the texts."""
    sizes = texts.ends[numbers + 1] - texts.ends[numbers]
    memory, ends = np.empty(int(sizes.sum()) + SLACK, np.uint8), np.empty(numbers.size + 1, np.int64)
    join_fragments(memory, ends, numbers.astype(np.uint32)[None, :], np.zeros(1, np.int64), texts.ends, texts.memory)
    return PackedTexts(memory, ends)


class SentMessages:
    """All messages of a topic.

    Args:
        key: the column that is the key, or None. delay: milliseconds from the event to the time of its record.
    """

    def __init__(
        self, data: Dataset, form: Form, key: str | None, partitions: int, coordinates: Coordinates, delay: int, threads: int
    ) -> None:
        self.data, self.form, self.partitions, self.delay = data, form, partitions, delay
        self._key, self._threads = key, threads
        self._source = MessageSource(data, form.columns, key, partitions, coordinates)
        self.items = data.spans(ROWS)
        self._before = [0]  # messages before each chunk, as far as counted
        self._kept: dict[int, Split] = {}

    def sequence(self) -> Iterator[tuple[int, Split]]:
        """Yield all chunks in order; the memory of one is reused when the next is requested."""
        total = 0
        for number, made in enumerate(map_ordered(self._source.encode, self.items, self._threads)):
            messages = self._source.assigned(made, total)
            yield number, self._split(messages)
            total += messages.size
            if len(self._before) == number + 1:
                self._before.append(total)
            self._source.reuse(made)

    def split(self, number: int) -> Split:
        """A chunk again."""
        if number not in self._kept:
            made = self._source.encode(self.items[number])
            self._kept[number] = self._split(self._source.assigned(made, 0 if self._key else self._messages_before(number)))
            if len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return self._kept[number]

    def _split(self, messages: Messages) -> Split:
        return Split(messages, self.partitions, self._key is not None, self.delay, self.form)

    def _messages_before(self, number: int) -> int:
        worker = Worker(self.data.plan, names=())
        for item in self.items[len(self._before) - 1 : number]:
            self._before.append(self._before[-1] + sum(map(worker.count, item)))
        return self._before[number]

    def locate(self, rows: pl.DataFrame) -> NDArray[np.int64]:
        """int64[n]: the chunks that rows would belong to, by the time in their values or, if there is none, the record's."""
        if "datetime" not in self.form.columns and not self.form.timed:
            return np.full(rows.height, UNKNOWN)
        of_values = "datetime" in self.form.columns
        times = rows["datetime"] if of_values else rows[TIMESTAMP].dt.offset_by(f"-{self.delay}ms")
        return chunks_of(self.items, groups_of(self.data.plan, times))


class PartitionRows(Chunks):
    """The rows of a partition."""

    def __init__(self, sent: SentMessages, partition: int) -> None:
        columns = sent.form.columns
        keyed = is_keyed("transactions", columns) or ("tid" in columns and sent.form.timed)
        super().__init__("transactions", np.zeros(len(sent.items), np.int64), keyed)
        self._sent, self._partition = sent, partition

    def chunk(self, number: int, split: Split) -> Chunk:
        """The partition's share of a chunk."""
        share = split.share(self._partition)
        return Chunk(number, share.size, 0, None, share)

    def _make(self, number: int) -> pl.DataFrame:
        share = self._sent.split(number).share(self._partition)
        values = [share.values.text(i) for i in range(share.size)]
        keys = [None if size == NONE else share.keys.text(i) for i, size in enumerate(share.lengths[1].tolist())]
        times = np.zeros(share.size, np.int64) if share.times is None else share.times
        return self._sent.form.rows(NdjsonParser(""), values, keys, times)

    def locate(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        """See `Chunks.locate`."""
        return self._sent.locate(frame)
