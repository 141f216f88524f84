"""What the two ways of sending have in common."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fastgen.sinks.kafka.messages import Messages


class RefusedError(Exception):
    """The client library takes no more messages, such as after a fatal error."""


class Topic(NamedTuple):
    """A topic, and how many partitions it has."""

    name: str
    partitions: int


class Counts(NamedTuple):
    """Delivery reports so far: delivered, failed, failed by the error, delivered by partition (int64)."""

    delivered: int
    failed: int
    errors: dict[str, int]
    partitions: NDArray[np.int64]


class Sender(Protocol):
    """A handle of the client library: takes messages, and counts what becomes of each.

    Args:
        settings: librdkafka's. topic: where messages go. partitions: how many it has. with_key: whether messages have keys.
    """

    def __init__(self, settings: Mapping[str, str], topic: str, partitions: int, with_key: bool) -> None: ...

    def send(self, messages: Messages, times: NDArray[np.int64], order: NDArray[np.int32], ranges: NDArray[np.int64]) -> None:
        """Hand over the messages of `order` that lie in the ranges, int64[partitions, 2]; waits where the queue is full.

        times: int64[n], the records' timestamps in milliseconds; 0 stands for the time of sending.

        Raises:
            RefusedError: the library takes no more.
        """

    def poll(self, milliseconds: int) -> None:
        """Count the delivery reports that are there, or come within this time."""

    @property
    def taken(self) -> int:
        """Messages that the library has taken so far."""

    @property
    def waiting(self) -> int:
        """Messages that have no delivery report yet."""

    def flush(self, milliseconds: int) -> int:
        """Wait for delivery reports; how many messages still have none."""

    def stop(self) -> None:
        """Take no more: a `send` that waits, in another thread, returns."""

    def purge(self) -> None:
        """Give up what has not been delivered; the reports say so."""

    @property
    def counts(self) -> Counts:
        """What delivery reports have said so far."""

    def close(self) -> None:
        """Give the handle back."""
