"""Filling a topic: messages in order, a part at a time, each partition from where it ends."""

from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.partitions import order_by_partition
from fastgen.pipeline import map_ordered
from fastgen.sinks.kafka.messages import Messages, MessageSource
from fastgen.sinks.kafka.sender import Sender


def _chunks(sources: Iterable[MessageSource], item: int, threads: int) -> Generator[tuple[MessageSource, Messages]]:
    """The messages of all sources, from an item of the first one on."""
    for source in sources:
        for messages in map_ordered(source.encode, source.items[item:], threads):
            yield source, messages
        item = 0


class Stream:
    """Sends the messages of sources to one topic.

    Each partition belongs to one sender, and each sender to one thread, so a partition's messages keep their order. While the
    senders' threads enqueue a part, the next messages are made.

    Args:
        sources: sent one after the other.
        item, seen: where to begin: an item of the first source, and how many messages of each partition come before it,
            int64[partitions].
        present: how many messages each partition already has, int64[partitions]; this many of its first ones are not sent.
        delay: milliseconds after its event at which a message is due. event_times: whether a record's timestamp is the time at
            which it is due, or that of sending.
    """

    def __init__(
        self,
        sources: Iterable[MessageSource],
        senders: Sequence[Sender],
        *,
        item: int,
        seen: NDArray[np.int64],
        present: NDArray[np.int64],
        threads: int,
        delay: int = 0,
        event_times: bool = True,
    ) -> None:
        self._senders = senders
        self._seen, self._present = seen.copy(), present
        self._delay, self._event_times = delay, event_times
        self._chunks = _chunks(sources, item, threads)
        self._pool = ThreadPoolExecutor(len(senders), "fastgen-kafka")
        self._jobs: list[Future[None]] = []
        self._written: list[tuple[MessageSource, Messages]] = []
        self.sent = self.bytes = 0
        self.next_due: int | None = 0
        try:
            self._advance()
            self._skip()
        except BaseException:
            self.close()
            raise

    def _advance(self) -> None:
        """Get the next chunk that has messages; `next_due` is None if there is none."""
        while True:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.next_due = None
                return
            source, messages = chunk
            if messages.size:
                self._source, self._at = source, 0
                self._chunk = source.assigned(messages, int(self._seen.sum()))
                self._due = messages.times + self._delay
                self.next_due = int(self._due[0])
                return

    def _skip(self) -> None:
        """Advance to the first message that is not in the topic."""
        while self.next_due is not None and (self._present > self._seen).any():
            partitions, left = self._chunk.partitions, self._present - self._seen
            unsent = [np.flatnonzero(partitions == partition)[max(0, skip) :][:1] for partition, skip in enumerate(left.tolist())]
            self._at = int(min(np.concatenate(unsent), default=self._chunk.size))
            self._seen += np.bincount(partitions[: self._at], minlength=self._seen.size)
            if self._at < self._chunk.size:
                self.next_due = int(self._due[self._at])
                return
            self._advance()

    def send(self, most: int | None = None, until: int | None = None) -> None:
        """Begin to enqueue the next messages: those of the current chunk that are due by `until`, at most `most`.

        The part before must have been enqueued: see `wait`.
        """
        if self.next_due is None:
            return
        chunk, first = self._chunk, self._at
        stop = chunk.size if until is None else int(np.searchsorted(self._due, until, side="right"))
        stop = stop if most is None else min(stop, first + most)
        if stop <= first:
            return
        self._send(chunk, first, stop)
        self._at = stop
        if stop < chunk.size:
            self.next_due = int(self._due[stop])
        else:
            self._written.append((self._source, chunk))
            self._advance()

    def _send(self, chunk: Messages, first: int, stop: int) -> None:
        order, starts = np.empty(stop - first, np.int32), np.empty(self._seen.size + 1, np.int64)
        order_by_partition(order, starts, chunk.partitions, first)
        found = np.diff(starts)
        skipped = np.clip(self._present - self._seen, 0, found)
        self._seen += found
        ranges = np.stack([starts[:-1] + skipped, starts[1:]], axis=1)
        ends = chunk.values.ends
        self.sent += stop - first - int(skipped.sum())
        self.bytes += int(ends[stop] - ends[first])
        for begin, number in zip(starts.tolist(), skipped.tolist(), strict=False):
            already = order[begin : begin + number]
            self.bytes -= int((ends[already + 1] - ends[already]).sum())
        times = self._due if self._event_times else np.zeros_like(chunk.times)
        for number, sender in enumerate(self._senders):
            own = ranges.copy()
            others = np.arange(len(own)) % len(self._senders) != number
            own[others, 0] = own[others, 1]
            self._jobs.append(self._pool.submit(sender.send, chunk, times, order, own))

    @property
    def largest(self) -> int:
        """Bytes, key and value, of the largest message in the current chunk, or in the last one at the end."""
        return self._chunk.largest

    def wait(self, seconds: float) -> bool:
        """Wait for the part begun by `send`, at most this long; returns whether it has been enqueued.

        Raises:
            RefusedError: the client library accepts no more.
        """
        if wait(self._jobs, seconds).not_done:
            return False
        for job in self._jobs:
            job.result()
        self._jobs.clear()
        while self._written:
            source, messages = self._written.pop()
            source.reuse(messages)
        return True

    def stop(self) -> None:
        """Enqueue no more messages, and wait until the threads have stopped."""
        for sender in self._senders:
            sender.stop()
        self._pool.shutdown(cancel_futures=True)

    def close(self) -> None:
        """Drop messages that have not been made or enqueued."""
        for sender in self._senders:
            sender.stop()
        self._chunks.close()
        self._pool.shutdown()
