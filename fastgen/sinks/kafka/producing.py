"""`produce`: the dataset into a topic, as fast as the client library can or at a pace, each message accounted for."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from fastgen.dataset import Dataset, positive
from fastgen.errors import DeliveryError, KafkaError, OptionError
from fastgen.schema import TRANSACTIONS
from fastgen.sinks.kafka.delivery import Counts, RefusedError, Sender, Topic
from fastgen.sinks.kafka.messages import MessageSource
from fastgen.sinks.kafka.pace import Pace
from fastgen.sinks.kafka.periods import endless, first_event_at
from fastgen.sinks.kafka.resume import Position, beginning, find_position
from fastgen.sinks.kafka.stream import Stream
from fastgen.text import Coordinates

if TYPE_CHECKING:
    from fastgen.sinks.kafka.cluster import Cluster

TOPIC: Final = "credit_card_transactions"
LABEL: Final = "fraud_label"
DEFAULTS: Final = {
    "enable.idempotence": "true",
    "acks": "all",
    "compression.type": "lz4",
    "linger.ms": "50",
    "queue.buffering.max.messages": "100000",
}
"""Safe, and what was measured to be fastest; every one of them can be set otherwise."""

FOREVER: Final = str(2**63 - 1)
RESUME: Final = "--resume sends the rest"
LAST_WORDS = 10.0
"""Seconds that an interrupted run waits for what is on its way."""


@dataclass(frozen=True)
class ProduceReport:
    """What `produce` did.

    rows: messages of the dataset. skipped: of those, how many were in the topic already. acknowledged, failed: of those sent.
    errors: failed ones by reason. partitions: acknowledged ones. seconds: from the first message to the last report.
    lag: seconds by which the schedule was missed at worst. way: compiled or plain. labels: the report of the labels' topic.
    """

    topic: str
    rows: int
    skipped: int
    acknowledged: int
    failed: int
    errors: dict[str, int]
    partitions: tuple[int, ...]
    bytes: int
    seconds: float
    lag: float
    way: str
    labels: "ProduceReport | None" = None

    @property
    def messages_per_second(self) -> float:
        """Acknowledged messages a second."""
        return self.acknowledged / max(self.seconds, 1e-9)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"messages_per_second": round(self.messages_per_second, 1)}


@dataclass(frozen=True)
class _Options:
    """What a run is told beside the dataset and the topics."""

    settings: dict[str, str]
    producers: int
    threads: int
    resume: bool
    event_times: bool
    plain: bool


def produce(
    data: Dataset,
    bootstrap_servers: str | None = None,
    *,
    topic: str = TOPIC,
    key: str | None = "cc_num",
    with_label: bool = False,
    coordinates: Coordinates = "text",
    timestamps: Literal["event", "now"] = "event",
    settings: Mapping[str, str] | None = None,
    producers: int = 1,
    threads: int = 1,
    create_topic: bool = False,
    partitions: int = 4,
    replication_factor: int = 1,
    topic_config: Mapping[str, str] | None = None,
    resume: bool = False,
    rate: float | None = None,
    speed: float | None = None,
    shift_to: datetime | None = None,
    loop: bool = False,
    labels_topic: str | None = None,
    labels_delay: timedelta = timedelta(0),
    mock: bool = False,
    plain: bool = False,
    progress: Callable[[int], object] | None = None,
    tell: Callable[[ProduceReport], object] | None = None,
) -> ProduceReport:
    """Send the transactions to a Kafka topic, in event-time order within each partition.

    A value is the JSON object of a row without its label; the partition is the one that Java's producer chooses for the key.

    Args:
        bootstrap_servers: host:port,...; may be among the settings instead.
        topic: must be there unless `create_topic`. key: the column that is the key, or None.
        with_label: whether values have fraud_label. coordinates: as text or as numbers.
        timestamps: of the records: the events' times, or those of sending.
        settings: librdkafka's, which win over fastgen's defaults: idempotent, acks=all, lz4.
        producers: handles of the client library, each with its own thread and partitions. threads: that make rows.
        create_topic: make the topic, with `partitions`, `replication_factor` and `topic_config`; it keeps records for ever.
        resume: go on where an earlier run of the same configuration ended; nothing is sent twice.
        rate: messages a second. speed: event time passes so many times faster than life. Unless given, as fast as possible.
        shift_to: moves the dataset in time, so that this is when its first event happens.
        loop: go on with a next period when one ends, without end.
        labels_topic: gets tid and fraud_label of each row, `labels_delay` (event time) later.
        mock: send to a cluster inside this process, which forgets what it gets.
        plain: one call for each message, through confluent_kafka.Producer.
        progress: called with a number of messages whenever so many more have been handed over.
        tell: called with the report however the run ends, interrupted or failed too.

    Returns:
        The report: every message was acknowledged.

    Raises:
        OptionError: an option that is not allowed, before anything is sent.
        KafkaError: no broker answers, or a topic is not as it must be. DeliveryError: messages were not acknowledged.

    Example:
        >>> from fastgen import Config
        >>> produce(Dataset(Config(rows=1_000)), mock=True).acknowledged
        1000
    """
    if find_spec("confluent_kafka") is None:
        raise KafkaError(
            "confluent-kafka, which talks to Kafka, is not installed", hint="it comes with the extra kafka of fastgen-payments"
        )
    given = dict(settings or {}) | ({"bootstrap.servers": bootstrap_servers} if bootstrap_servers else {})
    _check(given, key, coordinates, timestamps, rate, speed, labels_topic, topic, mock, resume)
    if (loop or shift_to) and resume:
        raise OptionError("resume", resume, "must not be given with loop or shift_to, which make other rows each time")
    positive("producers", producers)
    positive("partitions", partitions)
    data = first_event_at(data, shift_to) if shift_to else data
    columns = TRANSACTIONS.names if with_label else tuple(name for name in TRANSACTIONS.names if name != LABEL)
    with ExitStack() as stack:
        wanted = [topic] + ([labels_topic] if labels_topic else [])
        if mock:
            given["bootstrap.servers"] = stack.enter_context(_mock(dict.fromkeys(wanted, partitions)))
        options = _Options(DEFAULTS | given, producers, positive("threads", threads), resume, timestamps == "event", plain)
        _check_settings(options.settings)
        from fastgen.sinks.kafka.cluster import Cluster

        cluster = Cluster(options.settings)
        last = data.plan.origin_seconds + data.plan.day_offset + data.plan.grid.groups * data.plan.grid.group
        if create_topic and not mock:
            for name in wanted:
                if cluster.topic(name) is None:
                    cluster.create(name, partitions, replication_factor, _kept(last) | dict(topic_config or {}))
        topics = [_present(cluster, name) for name in wanted]
        if options.event_times and not mock:
            for found in topics:
                _check_times(found, cluster.settings(found), data, last)
        rows = _Rows(data, key, coordinates, loop)
        runs: list[_Run] = []
        for found, names, delay in zip(topics, (columns, ("tid", LABEL)), (timedelta(0), labels_delay), strict=False):
            runs.append(_Run(rows, names, found, delay, options, cluster))
            stack.callback(runs[-1].close)
        try:
            _send_all(runs, Pace(rate, speed, runs[0].stream.next_due or 0), progress or (lambda _: None))
            _finish(runs, wait=True)
        except RefusedError as error:
            _finish(runs)
            raise DeliveryError(f"topic {topic}: {error}") from None
        except BaseException:
            _finish(runs)
            raise
        finally:
            report = _report(runs)
            if tell:
                tell(report)
    _check_delivered(report)
    return report


@dataclass(frozen=True)
class _Rows:
    """What is sent: a dataset, or it and its followers without end; how it becomes messages."""

    data: Dataset
    key: str | None
    coordinates: Coordinates
    loop: bool

    def source(self, data: Dataset, columns: tuple[str, ...], topic: Topic) -> MessageSource:
        """The messages of one dataset."""
        return MessageSource(data, columns, self.key, topic.partitions, self.coordinates)

    def sources(self, columns: tuple[str, ...], topic: Topic) -> Iterator[MessageSource]:
        """Those of all of them."""
        datasets = endless(self.data) if self.loop else iter([self.data])
        return (self.source(data, columns, topic) for data in datasets)


class _Run:
    """One topic with its stream and senders."""

    def __init__(
        self,
        rows: _Rows,
        columns: tuple[str, ...],
        topic: Topic,
        delay: timedelta,
        options: _Options,
        cluster: "Cluster",
    ) -> None:
        self.topic = topic
        self._data = None if rows.loop else rows.data
        late = round(delay.total_seconds() * 1000)
        at: Position = beginning(topic.partitions)
        if options.resume:
            at = find_position(cluster, topic, rows.source(rows.data, columns, topic), late, options.event_times)
        self.skipped = int(at.there.sum())
        self.way, make = _way(options.plain)
        number = min(options.producers, topic.partitions)
        self.senders = [make(options.settings, topic.name, topic.partitions, rows.key is not None) for _ in range(number)]
        self.began, self.seconds, self.lag = time.perf_counter(), 0.0, 0.0
        self.stream = Stream(
            rows.sources(columns, topic),
            self.senders,
            item=at.item,
            seen=at.seen,
            there=at.there,
            threads=options.threads,
            delay=late,
            event_times=options.event_times,
        )

    @property
    def rows(self) -> int:
        """Messages of the dataset, or, where there is no end of them, those that were handed over."""
        return self._data.num_rows if self._data else self.stream.sent

    @property
    def counts(self) -> list[Counts]:
        """Of all senders."""
        return [sender.counts for sender in self.senders]

    def poll(self, milliseconds: int) -> None:
        """Count delivery reports for so long."""
        for sender in self.senders:
            sender.poll(milliseconds)

    def finish(self, wait: bool) -> None:
        """Wait for all reports, or, where the run is to end, some seconds for what is on its way."""
        until = time.monotonic() + LAST_WORDS
        while any(sender.flush(200) for sender in self.senders):
            if not wait and time.monotonic() > until:
                for sender in self.senders:
                    sender.purge()
        self.seconds = time.perf_counter() - self.began

    def close(self) -> None:
        """Give everything back."""
        self.stream.close()
        for sender in self.senders:
            sender.close()


def _send_all(runs: list[_Run], pace: Pace, progress: Callable[[int], object]) -> None:
    """Send what there is, each message when it is due; the labels' topic follows the transactions'."""
    first, *others = runs
    passed = 0
    while first.stream.next_due is not None:
        allowed = pace.allowance(passed, first.stream.next_due)
        if allowed.wait > 0:
            _wait(runs, allowed.wait)
            continue
        first.lag = max(first.lag, pace.lag(passed, first.stream.next_due))
        sent = first.stream.send(allowed.most, allowed.until)
        passed += sent
        progress(sent)
        _fail_early(runs)
        for other in others:
            _follow(other, first.stream.next_due)
    for other in others:
        while other.stream.next_due is not None:
            until = None
            if pace.speed is not None:
                allowed = pace.allowance(passed, other.stream.next_due)
                if allowed.wait > 0:
                    _wait(runs, allowed.wait)
                    continue
                until = allowed.until
            other.stream.send(None, until)
            _fail_early(runs)


def _follow(run: _Run, until: int | None) -> None:
    """Send what is due before the next transaction."""
    while until is not None and run.stream.next_due is not None and run.stream.next_due < until:
        run.stream.send(None, until - 1)


def _wait(runs: list[_Run], seconds: float) -> None:
    until = time.monotonic() + min(seconds, 0.1)
    while (left := until - time.monotonic()) > 0:
        for run in runs:
            run.poll(max(1, int(min(left, 0.02) * 1000)))


def _fail_early(runs: list[_Run]) -> None:
    """A message that failed leaves a gap: nothing more must be sent behind it."""
    for run in runs:
        if any(counts.failed for counts in run.counts):
            raise DeliveryError(f"topic {run.topic.name}: messages failed")


def _finish(runs: list[_Run], wait: bool = False) -> None:
    for run in runs:
        run.finish(wait)


def _report(runs: list[_Run]) -> ProduceReport:
    labels = _report(runs[1:]) if runs[1:] else None
    run = runs[0]
    counts = run.counts
    errors: dict[str, int] = {}
    for each in counts:
        for reason, number in each.errors.items():
            errors[reason] = errors.get(reason, 0) + number
    return ProduceReport(
        topic=run.topic.name,
        rows=run.rows,
        skipped=run.skipped,
        acknowledged=sum(each.delivered for each in counts),
        failed=sum(each.failed for each in counts),
        errors=errors,
        partitions=tuple(np.sum([each.partitions for each in counts], axis=0).tolist()),
        bytes=run.stream.bytes,
        seconds=run.seconds,
        lag=run.lag,
        way=run.way,
        labels=labels,
    )


def _check_delivered(report: ProduceReport) -> None:
    for each in (report, report.labels):
        if each and (each.failed or each.skipped + each.acknowledged != each.rows):
            reasons = ", ".join(f"{number:,} {reason}" for reason, number in each.errors.items())
            lost = each.rows - each.skipped - each.acknowledged
            raise DeliveryError(
                f"topic {each.topic}: {lost:,} of {each.rows:,} messages were not acknowledged: {reasons}", hint=RESUME
            )


def _check_settings(settings: Mapping[str, str]) -> None:
    try:
        from fastgen.sinks.kafka.librdkafka import check
    except (OSError, AttributeError):
        return  # then the client says so
    check(settings)


def _way(plain: bool) -> tuple[str, type[Sender]]:
    """How messages are handed over; the plain way where the library cannot be reached from compiled code."""
    if not plain:
        try:
            from fastgen.sinks.kafka.librdkafka import CompiledProducer
        except (OSError, AttributeError) as error:
            print(f"fastgen: librdkafka cannot be called directly ({error}); sending one message at a time", file=sys.stderr)
        else:
            return "compiled", CompiledProducer
    from fastgen.sinks.kafka.plain import PlainProducer

    return "plain", PlainProducer


@contextmanager
def _mock(topics: dict[str, int]) -> Iterator[str]:
    from fastgen.sinks.kafka.librdkafka import MockCluster

    cluster = MockCluster(topics)
    try:
        yield cluster.address
    finally:
        cluster.close()


def _kept(last: int) -> dict[str, str]:
    """Settings of a topic that keeps events of any time; `last`: seconds since 1970."""
    # By default a segment ends after a week of event time: years of events would make hundreds of small files.
    kept = {"retention.ms": "-1", "segment.ms": FOREVER}
    return kept | ({"message.timestamp.after.max.ms": FOREVER} if last > time.time() else {})


def _present(cluster: "Cluster", name: str) -> Topic:
    found = cluster.topic(name)
    if found is None:
        raise KafkaError(f"topic {name} is not there", hint="--create-topic makes it")
    return found


def _check_times(topic: Topic, settings: Mapping[str, str], data: Dataset, last: int) -> None:
    """Refuse a topic that would delete events for their age, or does not take events that are still to come."""
    kept = int(settings.get("retention.ms", -1))
    start = data.config.start
    oldest = (start - datetime(1970, 1, 1)).total_seconds()
    if kept >= 0 and "delete" in settings.get("cleanup.policy", "delete") and time.time() - oldest > kept / 1000:
        days = kept / 86_400_000
        raise KafkaError(
            f"topic {topic.name} keeps records for {days:g} days and would delete events of {start:%Y-%m-%d}",
            hint="--timestamps now, or set the topic's retention.ms to -1",
        )
    ahead = int(settings.get("message.timestamp.after.max.ms", FOREVER))
    if last - time.time() > ahead / 1000:
        raise KafkaError(
            f"topic {topic.name} takes no records that are more than {ahead / 3_600_000:g} hours ahead of the clock",
            hint=f"--timestamps now, or set the topic's message.timestamp.after.max.ms to {FOREVER}",
        )


def _check(
    settings: Mapping[str, str],
    key: str | None,
    coordinates: str,
    timestamps: str,
    rate: float | None,
    speed: float | None,
    labels_topic: str | None,
    topic: str,
    mock: bool,
    resume: bool,
) -> None:
    if key is not None and key not in TRANSACTIONS.names:
        raise OptionError("key", key, f"must be none or among {', '.join(TRANSACTIONS.names)}")
    if coordinates not in ("text", "number"):
        raise OptionError("coordinates", coordinates, "must be text or number")
    if timestamps not in ("event", "now"):
        raise OptionError("timestamps", timestamps, "must be event or now")
    for name, value in (("rate", rate), ("speed", speed)):
        if value is not None and not (np.isfinite(value) and value > 0):
            raise OptionError(name, value, "must be above 0")
    if rate is not None and speed is not None:
        raise OptionError("rate", rate, "must not be given with speed")
    if not topic:
        raise OptionError("topic", topic, "must be the name of a topic")
    if labels_topic == topic:
        raise OptionError("labels_topic", labels_topic, "must be another topic than that of the transactions")
    if mock and resume:
        raise OptionError("resume", resume, "must not be given with mock, which keeps nothing to go on from")
    if mock and "bootstrap.servers" in settings:
        raise OptionError("mock", mock, "must not be given with bootstrap servers")
    if not mock and "bootstrap.servers" not in settings:
        raise OptionError("bootstrap_servers", None, "must be host:port,...", hint="or mock, to try it without a broker")
