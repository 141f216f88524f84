"""Topics for a run: found or created, and checked to keep records with the timestamps of the events."""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from fastgen.dataset import Dataset
from fastgen.errors import KafkaError, OptionError, span
from fastgen.schema import TRANSACTIONS
from fastgen.sinks.kafka.topic import Topic

if TYPE_CHECKING:
    from fastgen.sinks.kafka.cluster import Cluster

LOG: Final = logging.getLogger("fastgen")
FOREVER: Final = str(2**63 - 1)
EPOCH: Final = datetime(1970, 1, 1)
NEVER: Final = (datetime.max - EPOCH).total_seconds()
"""Later than any event of any configuration."""


class RecordTimes(NamedTuple):
    """The range of the timestamps of a topic's records, in seconds since 1970.

    live: whether each record is sent at its time or later.
    """

    first: float
    last: float
    live: bool

    @property
    def ahead(self) -> float:
        """Seconds by which records may be ahead of the clock."""
        return 0 if self.live else self.last - time.time()


def times_of(data: Dataset, delay: timedelta, loop: bool, speed: float | None) -> RecordTimes:
    """The times of the records of a dataset, or, with `loop`, also of its followers, each `delay` later than its event."""
    plan, groups, late = data.plan, data.groups, delay.total_seconds()
    first, last = (plan.start_seconds + min(group * plan.grid.group, plan.horizon) for group in (groups.start, groups.stop))
    live = speed is not None and speed <= 1 and first <= time.time()
    return RecordTimes(first + late, (NEVER if loop else last) + late, live)


class TopicContent(NamedTuple):
    """What is in a topic. columns: of its values. delay: how much later than its event a record is."""

    name: str
    columns: tuple[str, ...]
    delay: timedelta


def topic_contents(topic: str, with_label: bool, labels_topic: str | None, labels_delay: timedelta) -> list[TopicContent]:
    """What is in the topic of the transactions and, if there is one, in that of the labels."""
    columns = tuple(name for name in TRANSACTIONS.names if with_label or name != "fraud_label")
    labels = [TopicContent(labels_topic, ("tid", "fraud_label"), labels_delay)] if labels_topic else []
    return [TopicContent(topic, columns, timedelta(0)), *labels]


class RequestedTopic(NamedTuple):
    """A topic as a run needs it; times: None if records bear the time of sending."""

    content: TopicContent
    times: RecordTimes | None

    @property
    def name(self) -> str:
        """The name of the topic."""
        return self.content.name


class TopicSettings(NamedTuple):
    """How topics are created. settings: override those that make a topic keep all records."""

    partitions: int
    replication: int
    settings: Mapping[str, str]


class FoundTopic(NamedTuple):
    """An existing topic and its settings; empty if the broker does not reveal them."""

    topic: Topic
    settings: Mapping[str, str]


def settings_for(times: RecordTimes | None) -> dict[str, str]:
    """The settings that make a topic keep records with these times."""
    # By default a segment ends after a week of event time: years of events would make hundreds of small files.
    kept = {"retention.ms": "-1", "segment.ms": FOREVER}
    return kept | ({"message.timestamp.after.max.ms": FOREVER} if times and times.ahead > 0 else {})


def ensure(cluster: "Cluster", requested: Sequence[RequestedTopic], made: TopicSettings) -> None:
    """Create the topics that do not exist.

    Raises:
        KafkaError: with these settings one would not keep its records (then none is created), or one cannot be created.
    """
    settings = [settings_for(each.times) | dict(made.settings) for each in requested]
    for each, own in zip(requested, settings, strict=True):
        check(each, own)
    for each, own in zip(requested, settings, strict=True):
        found = cluster.topic(each.name)
        if found is None:
            cluster.create(each.name, made.partitions, made.replication, own)
        elif found.partitions != made.partitions:
            LOG.warning("topic %s is there already, with %d partitions", each.name, found.partitions)


def present(cluster: "Cluster", name: str, hint: str | None = None) -> Topic:
    """The topic of this name; KafkaError if it does not exist."""
    found = cluster.topic(name)
    if found is None:
        raise KafkaError(f"topic {name} is not there", hint=hint)
    return found


def find(cluster: "Cluster", requested: Sequence[RequestedTopic], mock: bool) -> list[FoundTopic]:
    """Find the topics.

    Raises:
        KafkaError: one does not exist, or would not keep its records.
    """
    topics = [present(cluster, each.name, hint="`create_topic` makes it") for each in requested]
    found = [FoundTopic(topic, {} if mock else cluster.settings(topic)) for topic in topics]
    for each, existing in zip(requested, found, strict=True):
        check(each, existing.settings)
    return found


def check(requested: RequestedTopic, settings: Mapping[str, str]) -> None:
    """Refuse a topic whose settings would not keep its records."""
    check_keeps(requested.name, settings)
    if requested.times is not None:
        check_times(requested.name, settings, requested.times)


def check_stamps(data: Dataset) -> None:
    """Refuse events at time 0: the client library takes it for no timestamp, and the record would bear the time of sending."""
    if data.config.start == EPOCH and data.groups.start == 0:
        allowed = f"must be now for data that begin at {EPOCH}, as the client library takes a timestamp of 0 for none"
        raise OptionError("timestamps", "event", allowed, hint="or let them begin a second later")


def check_keeps(name: str, settings: Mapping[str, str]) -> None:
    """Refuse a compacted topic, which keeps only one record per key."""
    if "compact" in settings.get("cleanup.policy", ""):
        raise KafkaError(
            f"topic {name} is compacted: it would lose all but the last message of each key", hint="take another topic"
        )


def has_own_clock(settings: Mapping[str, str]) -> bool:
    """Whether the broker stamps records with their time of arrival."""
    return settings.get("message.timestamp.type") == "LogAppendTime"


def most_bytes(settings: Mapping[str, str]) -> int | None:
    """Bytes of the largest batch, as sent, that the topic accepts; None if the broker does not reveal it."""
    name = "max.message.bytes"
    return _number(settings, name, "") if name in settings else None


def _number(settings: Mapping[str, str], name: str, default: str) -> int:
    """A setting that is a whole number."""
    text = settings.get(name, default)
    try:
        return int(text)
    except ValueError:
        raise OptionError("topic_config", f"{name}={text}", "must be a whole number") from None


def check_times(name: str, settings: Mapping[str, str], times: RecordTimes) -> None:
    """Refuse a topic that would delete records because of their age, or that does not accept ones from the future."""
    if has_own_clock(settings):
        return
    kept = _number(settings, "retention.ms", "-1")
    if kept >= 0 and "delete" in settings.get("cleanup.policy", "delete") and time.time() - times.first > kept / 1000:
        oldest = EPOCH + timedelta(seconds=times.first)
        raise KafkaError(
            f"topic {name} keeps records for {span(timedelta(milliseconds=kept))} and would delete those of {oldest:%Y-%m-%d}",
            hint="`timestamps` now, or set the topic's retention.ms to -1",
        )
    most = _number(settings, "message.timestamp.after.max.ms", FOREVER)
    if times.ahead > most / 1000:
        raise KafkaError(
            f"topic {name} takes no records that are more than {span(timedelta(milliseconds=most))} ahead of the clock",
            hint=f"`timestamps` now, or set the topic's message.timestamp.after.max.ms to {FOREVER}",
        )
