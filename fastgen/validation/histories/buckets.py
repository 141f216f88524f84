"""Withdrawals and labelled payments, kept until all of a card's are there: in files, by card, so that memory stays flat."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.bits import GOLDEN
from fastgen.kernels.units import HOUR
from fastgen.schema import RowKind
from fastgen.sinks.output import explained
from fastgen.validation.histories.events import EVENT, Events
from fastgen.validation.rows import JudgedRows

BUCKET_BITS: Final = 7
BUCKETS: Final = 1 << BUCKET_BITS
ENOUGH: Final = 1 << 13
"""Events to process together, at least, unless there are fewer."""
FAR: Final = np.iinfo(np.int32).max
ABOUT: Final = "a temporary file"


class EventBuckets:
    """Events in unnamed files, which vanish with the process.

    All labelled payments of a card are in one bucket. So are those of its withdrawals that are whole hours apart, like those of a
    sequence; a card with very many withdrawals has some in each bucket.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._files: list[IO[bytes]] = []

    def __enter__(self) -> "EventBuckets":
        with explained(ABOUT):
            for _ in range(BUCKETS):
                self._files.append(self._stack.enter_context(tempfile.TemporaryFile()))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, rows: JudgedRows) -> None:
        """Put all rows but ordinary payments into their buckets; those with unknown cards are left out."""
        chosen = np.flatnonzero((rows.kind != RowKind.PAYMENT) & (rows.card >= 0))
        events = np.empty(chosen.size, EVENT)
        for name in EVENT.names or ():
            events[name] = np.clip(getattr(rows, name)[chosen], -FAR, FAR)
        bucket = _bucket(events)
        order = np.argsort(bucket, kind="stable")
        ends = np.cumsum(np.bincount(bucket, minlength=BUCKETS))
        with explained(ABOUT):
            for file, part in zip(self._files, np.split(events[order], ends[:-1]), strict=True):
                file.write(part.tobytes())

    def each(self) -> Iterator[Events]:
        """Yield all buckets in turn; small ones are joined, as each has a fixed cost however few its events."""
        joined: list[bytes] = []
        for file in self._files:
            with explained(ABOUT):
                file.seek(0)
                joined.append(file.read())
            if sum(map(len, joined)) >= ENOUGH * EVENT.itemsize:
                yield np.frombuffer(b"".join(joined), EVENT)
                joined.clear()
        yield np.frombuffer(b"".join(joined), EVENT)


def _bucket(events: Events) -> NDArray[np.uint8]:
    card, clock = events["card"].astype(np.uint64), (events["second"] % HOUR).astype(np.uint64)
    mixed = card * np.uint64(HOUR) + np.where(events["kind"] == RowKind.FRAUD_PAYMENT, np.uint64(0), clock)
    mixed *= GOLDEN
    return (mixed >> np.uint64(64 - BUCKET_BITS)).astype(np.uint8)
