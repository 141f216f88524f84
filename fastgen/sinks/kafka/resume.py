"""Where a run resumes: each partition gets its rows in a fixed order, so its end offset says how far the earlier run got."""

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.errors import KafkaError
from fastgen.sinks.kafka.messages import Messages, MessageSource
from fastgen.sinks.kafka.topic import Topic

if TYPE_CHECKING:
    from confluent_kafka import Message

    from fastgen.sinks.kafka.cluster import Cluster

REMEDY = (
    "give the options of the run that filled it, those of the data as well as `key`, `with_label`, `coordinates`, `timestamps` and "
    "`labels_delay`; or, if something else wrote to it, take another topic"
)


class ResumePoint(NamedTuple):
    """Where to resume: the source's item, messages of each partition before that item, messages in each partition (int64)."""

    item: int
    seen: NDArray[np.int64]
    present: NDArray[np.int64]


def beginning(partitions: int) -> ResumePoint:
    """The resume point of an empty topic."""
    return ResumePoint(0, np.zeros(partitions, np.int64), np.zeros(partitions, np.int64))


def find_position(
    cluster: "Cluster", topic: Topic, source: MessageSource, rows: int, delay: timedelta, event_times: bool | None
) -> ResumePoint:
    """Find out how far a topic is filled, and check that each partition's last record is the expected row.

    Raises:
        KafkaError: the topic holds something else, or has lost records.
    """
    ends = cluster.ends(topic)
    if not ends.any():
        return beginning(topic.partitions)
    if ends.sum() > rows:
        raise KafkaError(f"topic {topic.name} holds {ends.sum():,} messages, more than the {rows:,} of the dataset", hint=REMEDY)
    records = cluster.last_records(topic, ends)
    seen = np.zeros(topic.partitions, np.int64)
    found: ResumePoint | None = None
    for item, groups in enumerate(source.items):
        messages = source.assigned(source.encode(groups), int(seen.sum()))
        after = seen + np.bincount(messages.partitions, minlength=topic.partitions)
        if found is None and (after > ends).any():
            found = ResumePoint(item, seen, ends)
        for partition in np.flatnonzero((seen < ends) & (ends <= after)).tolist():
            [own] = np.nonzero(messages.partitions == partition)
            number = int(own[ends[partition] - seen[partition] - 1])
            _compare(topic, records[partition], messages, number, round(delay.total_seconds() * 1000), event_times)
        seen = after
        if found is not None and (seen >= ends).all():
            return found
    for partition in np.flatnonzero(ends > seen).tolist():
        message = f"partition {partition} holds {ends[partition]:,} messages, more than the {seen[partition]:,} of the dataset"
        raise KafkaError(f"topic {topic.name}: {message}", hint=REMEDY)
    return found or ResumePoint(len(source.items), seen, ends)


def _compare(topic: Topic, record: "Message", messages: Messages, number: int, delay: int, event_times: bool | None) -> None:
    expected = messages.keys.text(number) or None, messages.values.text(number)
    bears_event = record.timestamp()[1] == messages.times[number] + delay
    same_time = event_times is None or bears_event == event_times
    if (record.key(), record.value()) != expected or not same_time:
        place = f"offset {record.offset():,} of partition {record.partition()}"
        raise KafkaError(f"topic {topic.name}: {place} is not the row of this configuration", hint=REMEDY)
