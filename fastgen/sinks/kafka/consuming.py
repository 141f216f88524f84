"""Records of a partition, read in batches between two offsets."""

import time
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from confluent_kafka import KafkaError as KafkaErrors
from confluent_kafka import Message, TopicPartition
from numpy.typing import NDArray

from fastgen.errors import KafkaError
from fastgen.sinks.kafka.cluster import TIMEOUT, Cluster
from fastgen.sinks.kafka.topic import Topic

AT_ONCE = 10_000
"""The most records that are taken at once."""
PATIENCE: Final = 0.1
"""Seconds that `consume` waits for a full batch; after transactions, fewer records come than there are offsets."""
QUEUED_KILOBYTES = 65_536
"""Kilobytes that the library reads ahead, for all partitions that are read concurrently."""
READING: Final = {
    "enable.partition.eof": "true",
    "fetch.queue.backoff.ms": "5",
    "isolation.level": "read_committed",
    "auto.offset.reset": "error",
    "check.crcs": "true",
}
PASSING: Final = {KafkaErrors._TRANSPORT, KafkaErrors._ALL_BROKERS_DOWN}
"""Errors after which the library reconnects."""


class Records(NamedTuple):
    """Records in the order of their offsets.

    offsets, times: int64[n], times in milliseconds since 1970. keys, values: None where a record has none.
    """

    offsets: NDArray[np.int64]
    times: NDArray[np.int64]
    keys: list[bytes | None]
    values: list[bytes | None]


def read_partition(cluster: Cluster, topic: Topic, partition: int, offsets: tuple[int, int], beside: int) -> Iterator[Records]:
    """Yield the records of a partition.

    Args:
        offsets: the first offset, and the one before which to end. beside: how many partitions are read concurrently.

    Raises:
        KafkaError: no records come, or they cannot be read.
    """
    at, end = offsets
    if at >= end:
        return
    most = max(1_024, QUEUED_KILOBYTES // beside)
    consumer = cluster.consumer({**READING, "queued.max.messages.kbytes": str(most)})
    try:
        consumer.assign([TopicPartition(topic.name, partition, at)])
        waiting_since = time.monotonic()
        while at < end:
            # `consume` waits until it has as many as requested, which near the end of a partition there never will be.
            taken = consumer.consume(min(AT_ONCE, end - at), timeout=PATIENCE)
            messages = [message for message in taken if message.error() is None or _is_end(topic, message)]
            if messages:
                waiting_since = time.monotonic()
                # The end-of-partition event has an offset, too: records of aborted transactions do not come.
                at = max(at, *(_offset(message) + (message.error() is None) for message in messages[-2:]))
            elif time.monotonic() - waiting_since > TIMEOUT:
                raise KafkaError(f"topic {topic.name}: no records of partition {partition} come from offset {at:,} on")
            if records := [message for message in messages if message.error() is None and _offset(message) < end]:
                yield _records(records)
    finally:
        consumer.close()


def _offset(message: Message) -> int:
    offset = message.offset()
    assert offset is not None
    return offset


def _is_end(topic: Topic, message: Message) -> bool:
    """Whether a message with an error is the end-of-partition event; False for transient errors, others are raised."""
    error = message.error()
    assert error is not None
    if error.code() in PASSING or error.retriable():
        return False
    if error.code() != KafkaErrors._PARTITION_EOF:
        raise KafkaError(f"topic {topic.name}: partition {message.partition()} cannot be read: {error.str()}")
    return True


def _records(messages: list[Message]) -> Records:
    return Records(
        np.array([message.offset() for message in messages], np.int64),
        np.array([message.timestamp()[1] for message in messages], np.int64),
        [message.key() for message in messages],
        [message.value() for message in messages],
    )
