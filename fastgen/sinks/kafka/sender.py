"""Senders, of which there are two kinds: `librdkafka.CompiledSender`, and `plain.PlainSender` where that is not available."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fastgen.sinks.kafka.messages import Messages


class RefusedError(Exception):
    """The client library accepts no more messages, for example after a fatal error."""


class DeliveryCounts(NamedTuple):
    """Delivery reports so far: delivered, failed, failed by error, delivered by partition (int64)."""

    delivered: int
    failed: int
    errors: dict[str, int]
    partitions: NDArray[np.int64]


class Sender(Protocol):
    """A producer of the client library for one topic: takes messages, and counts their delivery reports.

    Args:
        settings: librdkafka's. topic: its name. partitions: how many it has. with_key: whether messages have keys.

    Attributes:
        backend: what reports call this kind of sender.
    """

    backend: ClassVar[str]

    def __init__(self, settings: Mapping[str, str], topic: str, partitions: int, with_key: bool) -> None: ...

    def send(self, messages: Messages, times: NDArray[np.int64], order: NDArray[np.int32], ranges: NDArray[np.int64]) -> None:
        """Enqueue the messages of `order` at the positions in `ranges`, int64[partitions, 2]; waits while the queue is full.

        times: int64[n], the records' timestamps in milliseconds; 0 means the time of sending.

        Raises:
            RefusedError: the library accepts no more.
        """

    def poll(self, milliseconds: int) -> None:
        """Count the delivery reports that are available or arrive within this time."""

    @property
    def taken(self) -> int:
        """Messages that the library has accepted so far."""

    @property
    def waiting(self) -> int:
        """Messages that have no delivery report yet."""

    def flush(self, milliseconds: int) -> int:
        """Wait for delivery reports; returns how many messages still have none."""

    def stop(self) -> None:
        """Accept no more messages: a `send` that waits in another thread returns."""

    def purge(self) -> None:
        """Drop messages that have not been delivered; their reports say that they failed."""

    @property
    def counts(self) -> DeliveryCounts:
        """The delivery reports so far."""

    def close(self) -> None:
        """Release the producer."""
