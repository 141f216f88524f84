"""Topics as a run needs them: there, or made, and fit to keep events of any time."""

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from fastgen.dataset import Dataset
from fastgen.errors import KafkaError, span
from fastgen.sinks.kafka.delivery import Topic

if TYPE_CHECKING:
    from fastgen.sinks.kafka.cluster import Cluster

LOG: Final = logging.getLogger("fastgen")
FOREVER: Final = str(2**63 - 1)


def last_second(data: Dataset) -> int:
    """Seconds since 1970 until which events may come."""
    plan = data.plan
    return plan.origin_seconds + plan.day_offset + plan.grid.groups * plan.grid.group


def settings_for(data: Dataset, loop: bool, speed: float | None) -> dict[str, str]:
    """Settings of a topic that keeps the events of a dataset, or of it and its followers without end."""
    # By default a segment ends after a week of event time: years of events would make hundreds of small files.
    kept = {"retention.ms": "-1", "segment.ms": FOREVER}
    return kept | ({"message.timestamp.after.max.ms": FOREVER} if runs_ahead(data, loop, speed) else {})


def ensure(cluster: "Cluster", name: str, partitions: int, replication: int, settings: Mapping[str, str]) -> None:
    """Make the topic if it is not there."""
    found = cluster.topic(name)
    if found is None:
        cluster.create(name, partitions, replication, settings)
    elif found.partitions != partitions:
        LOG.warning("topic %s is there already, with %d partitions", name, found.partitions)


def present(cluster: "Cluster", name: str) -> Topic:
    """The topic of this name, or a KafkaError."""
    found = cluster.topic(name)
    if found is None:
        raise KafkaError(f"topic {name} is not there", hint="--create-topic makes it")
    return found


def check_keeps(name: str, settings: Mapping[str, str]) -> None:
    """Refuse a topic that keeps one record for each key."""
    if "compact" in settings.get("cleanup.policy", ""):
        raise KafkaError(
            f"topic {name} is compacted: it would lose all but the last message of each key", hint="take another topic"
        )


def has_own_clock(settings: Mapping[str, str]) -> bool:
    """Whether the broker stamps records with the time of their arrival."""
    return settings.get("message.timestamp.type") == "LogAppendTime"


def most_bytes(settings: Mapping[str, str]) -> int | None:
    """The largest batch that the topic takes, in bytes as they are sent; None where the broker does not tell."""
    most = settings.get("max.message.bytes")
    return None if most is None else int(most)


def runs_ahead(data: Dataset, loop: bool, speed: float | None) -> bool:
    """Whether events may come before their time: not if they are sent as their time passes, or later."""
    start = (data.config.start - datetime(1970, 1, 1)).total_seconds()
    live = speed is not None and speed <= 1 and start <= time.time()
    return not live and (loop or last_second(data) > time.time())


def check_times(name: str, settings: Mapping[str, str], data: Dataset, loop: bool, speed: float | None) -> None:
    """Refuse a topic that would delete events for their age, or does not take events that are still to come."""
    if has_own_clock(settings):
        return
    kept = int(settings.get("retention.ms", -1))
    start = data.config.start
    oldest = (start - datetime(1970, 1, 1)).total_seconds()
    if kept >= 0 and "delete" in settings.get("cleanup.policy", "delete") and time.time() - oldest > kept / 1000:
        raise KafkaError(
            f"topic {name} keeps records for {span(timedelta(milliseconds=kept))} and would delete events of {start:%Y-%m-%d}",
            hint="--timestamps now, or set the topic's retention.ms to -1",
        )
    ahead = int(settings.get("message.timestamp.after.max.ms", FOREVER))
    if runs_ahead(data, loop, speed) and ahead < int(FOREVER) and (loop or last_second(data) - time.time() > ahead / 1000):
        raise KafkaError(
            f"topic {name} takes no records that are more than {span(timedelta(milliseconds=ahead))} ahead of the clock",
            hint=f"--timestamps now, or set the topic's message.timestamp.after.max.ms to {FOREVER}",
        )
