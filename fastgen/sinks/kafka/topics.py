"""Topics as a run needs them: there, or made, and fit to keep events of any time."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from fastgen.dataset import Dataset
from fastgen.errors import KafkaError
from fastgen.sinks.kafka.delivery import Topic

if TYPE_CHECKING:
    from fastgen.sinks.kafka.cluster import Cluster

FOREVER: Final = str(2**63 - 1)


def last_second(data: Dataset) -> int:
    """Seconds since 1970 until which events may come."""
    plan = data.plan
    return plan.origin_seconds + plan.day_offset + plan.grid.groups * plan.grid.group


def settings_for(data: Dataset) -> dict[str, str]:
    """Settings of a topic that keeps the events of a dataset."""
    # By default a segment ends after a week of event time: years of events would make hundreds of small files.
    kept = {"retention.ms": "-1", "segment.ms": FOREVER}
    return kept | ({"message.timestamp.after.max.ms": FOREVER} if last_second(data) > time.time() else {})


def ensure(cluster: "Cluster", name: str, partitions: int, replication: int, settings: Mapping[str, str]) -> None:
    """Make the topic if it is not there."""
    if cluster.topic(name) is None:
        cluster.create(name, partitions, replication, settings)


def present(cluster: "Cluster", name: str) -> Topic:
    """The topic of this name, or a KafkaError."""
    found = cluster.topic(name)
    if found is None:
        raise KafkaError(f"topic {name} is not there", hint="--create-topic makes it")
    return found


def check_times(topic: Topic, settings: Mapping[str, str], data: Dataset) -> None:
    """Refuse a topic that would delete events for their age, or does not take events that are still to come."""
    kept = int(settings.get("retention.ms", -1))
    start = data.config.start
    oldest = (start - datetime(1970, 1, 1)).total_seconds()
    if kept >= 0 and "delete" in settings.get("cleanup.policy", "delete") and time.time() - oldest > kept / 1000:
        raise KafkaError(
            f"topic {topic.name} keeps records for {kept / 86_400_000:g} days and would delete events of {start:%Y-%m-%d}",
            hint="--timestamps now, or set the topic's retention.ms to -1",
        )
    ahead = int(settings.get("message.timestamp.after.max.ms", FOREVER))
    if last_second(data) - time.time() > ahead / 1000:
        raise KafkaError(
            f"topic {topic.name} takes no records that are more than {ahead / 3_600_000:g} hours ahead of the clock",
            hint=f"--timestamps now, or set the topic's message.timestamp.after.max.ms to {FOREVER}",
        )
