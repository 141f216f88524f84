"""A topic being filled: messages in their order, a part at a time, each partition from where it ends."""

from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.partitions import order_by_partition
from fastgen.pipeline import in_order
from fastgen.sinks.kafka.delivery import Sender
from fastgen.sinks.kafka.messages import Messages, MessageSource


def _chunks(sources: Iterable[MessageSource], item: int, threads: int) -> Generator[tuple[MessageSource, Messages]]:
    """What the sources make, from an item of the first one on."""
    for source in sources:
        for messages in in_order(source.encode, source.items[item:], threads):
            yield source, messages
        item = 0


class Stream:
    """Sends what a source makes to one topic.

    Each partition belongs to one sender, and each sender to one thread, so that a partition's messages keep their order.

    Args:
        sources: one after the other.
        item, seen: where to begin: the first source's item, and how many messages of each partition come before it,
            int64[partitions].
        there: how many messages each partition has already, int64[partitions]; so many of the first ones are not sent.
        delay: milliseconds after the event at which a message is due. event_times: whether records bear the time at which they
            are due, or that of sending.
    """

    def __init__(
        self,
        sources: Iterable[MessageSource],
        senders: Sequence[Sender],
        *,
        item: int,
        seen: NDArray[np.int64],
        there: NDArray[np.int64],
        threads: int,
        delay: int = 0,
        event_times: bool = True,
    ) -> None:
        self._senders = senders
        self._seen, self._there = seen.copy(), there
        self._delay, self._event_times = delay, event_times
        self._chunks = _chunks(sources, item, threads)
        self._pool = ThreadPoolExecutor(len(senders), "fastgen-kafka")
        self._at = 0
        self.sent = self.bytes = 0
        self.next_due: int | None = 0
        self._advance()

    def _advance(self) -> None:
        """Have a message at hand, or know that there is none any more."""
        while True:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.next_due = None
                return
            source, messages = chunk
            if messages.size:
                self._chunk, self._at = source.assigned(messages, int(self._seen.sum())), 0
                self._due = messages.times + self._delay
                self.next_due = int(self._due[0])
                return

    def send(self, most: int | None = None, until: int | None = None) -> int:
        """Hand over the next messages, at most so many and not beyond what is at hand, that are due by `until`.

        Returns:
            How many were passed, those that are in the topic already included.
        """
        if self.next_due is None:
            return 0
        chunk, first = self._chunk, self._at
        stop = chunk.size if until is None else int(np.searchsorted(self._due, until, side="right"))
        stop = stop if most is None else min(stop, first + most)
        if stop > first:
            self._send(chunk, first, stop)
            self._at = stop
            if stop < chunk.size:
                self.next_due = int(self._due[stop])
            else:
                self._advance()
        return max(0, stop - first)

    def _send(self, chunk: Messages, first: int, stop: int) -> None:
        order, starts = np.empty(stop - first, np.int32), np.empty(self._seen.size + 1, np.int64)
        order_by_partition(order, starts, chunk.partitions, first)
        found = np.diff(starts)
        skipped = np.clip(self._there - self._seen, 0, found)
        ranges = np.stack([starts[:-1] + skipped, starts[1:]], axis=1)
        self._seen += found
        times = self._due if self._event_times else np.zeros_like(chunk.times)
        jobs = []
        for number, sender in enumerate(self._senders):
            own = ranges.copy()
            others = np.arange(len(own)) % len(self._senders) != number
            own[others, 0] = own[others, 1]
            jobs.append(self._pool.submit(sender.send, chunk, times, order, own))
        for job in jobs:
            job.result()
        sizes = np.diff(chunk.values.ends)
        wanted = np.concatenate([order[a:b] for a, b in ranges.tolist()])
        self.sent += wanted.size
        self.bytes += int(sizes[wanted].sum())

    def close(self) -> None:
        """Drop what has not been made."""
        self._chunks.close()
        self._pool.shutdown()
