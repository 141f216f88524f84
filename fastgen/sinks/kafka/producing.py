"""`produce`: sends the dataset to a topic, as fast as the client library can or at a pace, and accounts for each message."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.arguments import positive, thread_count
from fastgen.config import Config
from fastgen.dataset import Dataset, dataset_of
from fastgen.errors import DeliveryError, OptionError
from fastgen.layouts import Coordinates
from fastgen.schema import DEFAULT_TOPIC
from fastgen.sinks.kafka import checks, client_settings, topics
from fastgen.sinks.kafka.periods import first_event_at
from fastgen.sinks.kafka.reports import RESUME, ProduceReport, check_delivered, report_of
from fastgen.sinks.kafka.resume import beginning, find_position
from fastgen.sinks.kafka.run import MessageSpec, Options, Progress, Run, send_all
from fastgen.sinks.kafka.sender import RefusedError
from fastgen.sinks.kafka.topic import Topic

if TYPE_CHECKING:
    from fastgen.sinks.kafka.cluster import Cluster

LOG: Final = logging.getLogger("fastgen")
PARTITIONS: Final = 4
"""Of a topic that is created, by default."""
MOST_PARTITIONS: Final = 100_000
"""Of a topic that is created. Real clusters run out of memory earlier; the mock cluster crashes with somewhat more."""


def produce(
    data: Dataset | Config | None,
    bootstrap_servers: str | None = None,
    *,
    topic: str = DEFAULT_TOPIC,
    key: str | None = "cc_num",
    with_label: bool = False,
    coordinates: Coordinates = "text",
    timestamps: Literal["event", "now"] = "event",
    settings: Mapping[str, str] | None = None,
    producers: int = 1,
    threads: int | None = 1,
    create_topic: bool = False,
    partitions: int | None = None,
    replication_factor: int | None = None,
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
    progress: Callable[[Progress], object] | None = None,
    tell: Callable[[ProduceReport], object] | None = None,
) -> ProduceReport:
    """Send the transactions to a Kafka topic, in event-time order within each partition.

    A value is a row as a JSON object, without its label; the partition is the one that Java's producer chooses for the key.

    Args:
        data: a dataset or its configuration; None for the default dataset. Of a part of a dataset, only its rows are sent.
        bootstrap_servers: host:port,...; may be given in `settings` instead.
        topic: must exist unless `create_topic` is given.
        key: the column that is the key, or None for messages without a key, which go to the partitions in turn.
        with_label: whether values contain fraud_label.
        coordinates: "text" (JSON strings) or "number".
        timestamps: of the records: "event", the times of the transactions, or "now", the times of sending.
        settings: librdkafka's, which override fastgen's defaults: idempotent, acks=all, lz4.
        producers: those of the client library, each with its own thread and partitions; at least 1.
        threads: how many make rows, at least 1; None for one per processor.
        create_topic: create the topic if it does not exist; it keeps records for ever.
        partitions: of a topic that is created, or of the mock cluster's (default: 4).
        replication_factor: of a topic that is created (default: 1).
        topic_config: Kafka's settings for a topic that is created.
        resume: continue where an earlier run with the same configuration ended; nothing is sent twice.
        rate: messages per second, above 0. Without `rate` and `speed`, messages are sent as fast as possible.
        speed: how many times faster than real time event time passes, above 0; excludes `rate`.
        shift_to: moves the dataset in time so that its first event happens at this moment. A part is moved as far as the whole.
        loop: when a period ends, continue with the next one, until one would end after the year 9900.
        labels_topic: another topic, which receives tid and fraud_label of each row.
        labels_delay: how much later than its transaction a label comes, in event time.
        mock: send to a mock cluster in this process, which discards what it receives.
        plain: make one call per message, through confluent_kafka.Producer.
        progress: called several times a second with a `Progress`.
        tell: called with the report however the run ends, even if it fails or is interrupted.

    Returns:
        The report: every message was acknowledged.

    Raises:
        OptionError: an option is not allowed; raised before anything is sent.
        KafkaError: no broker answers, or a topic does not meet the requirements.
        DeliveryError: messages were not acknowledged.
        FastgenError: confluent-kafka, the package's extra `kafka`, is not installed.

    Example:
        >>> from fastgen import Config
        >>> produce(Dataset(Config(rows=1_000)), mock=True).acknowledged
        1000
    """
    checks.require_client()
    given = client_settings.with_servers(settings, bootstrap_servers)
    client_settings.check_fit(given)
    checks.check_target(given, mock)
    checks.check_messages(key, coordinates, timestamps)
    checks.check_topics(topic, labels_topic)
    checks.check_labels(key, with_label, labels_topic, labels_delay, timed=timestamps == "event" or speed is not None)
    checks.check_pace(rate, speed)
    checks.check_moment(shift_to)
    checks.check_resume(resume, mock, other_rows=loop or shift_to is not None)
    producers, workers = positive("producers", producers), thread_count(threads)
    made = _made(create_topic, mock, partitions, replication_factor, topic_config)
    data = dataset_of(data)
    spec = MessageSpec(first_event_at(data, shift_to) if shift_to is not None else data, key, coordinates, loop)
    timed = timestamps == "event"
    if timed:
        topics.check_stamps(spec.data)
    requested = [
        topics.RequestedTopic(content, topics.times_of(spec.data, content.delay, loop, speed) if timed else None)
        for content in topics.topic_contents(topic, with_label, labels_topic, labels_delay)
    ]
    with _mock_address(requested, made) if mock else nullcontext() as address:
        options = Options(
            settings=client_settings.with_defaults(client_settings.with_servers(given, address)),
            producers=producers,
            threads=workers,
            event_times=timed,
            plain=plain,
            rate=rate,
            speed=speed,
            resume=resume,
            mock=mock,
        )
        return _fill(spec, requested, made if create_topic and not mock else None, options, progress, tell)


def _fill(
    spec: MessageSpec,
    requested: Sequence[topics.RequestedTopic],
    made: topics.TopicSettings | None,
    options: Options,
    progress: Callable[[Progress], object] | None,
    tell: Callable[[ProduceReport], object] | None,
) -> ProduceReport:
    """Find the topics, send the messages, and account for them; `made`: how topics are created, None if they have to exist."""
    client_settings.check_accepted(options.settings)
    from fastgen.sinks.kafka.cluster import Cluster

    cluster = Cluster(options.settings)
    if made is not None:
        topics.ensure(cluster, requested, made)
    found = topics.find(cluster, requested, options.mock)
    with ExitStack() as stack:
        pairs = zip(requested, found, strict=True)
        fillings = [stack.enter_context(_filling(cluster, spec, options, *pair)) for pair in pairs]
        report = _send([filling.run for filling in fillings], options, progress, tell)
        if not options.mock:
            for filling in fillings:
                _check_ends(cluster, filling, options.resume)
    return report


class Filling(NamedTuple):
    """The run of a topic, and the end offsets of its partitions before the run, int64[partitions]."""

    run: Run
    began: NDArray[np.int64]


def _made(
    create_topic: bool, mock: bool, partitions: int | None, replication_factor: int | None, topic_config: Mapping[str, str] | None
) -> topics.TopicSettings:
    """The settings of topics that are created; refuses such settings if none is created."""
    checks.check_made(create_topic or mock, {"partitions": partitions})
    checks.check_made(create_topic, {"replication_factor": replication_factor, "topic_config": topic_config or None})
    number = PARTITIONS if partitions is None else positive("partitions", partitions)
    if number > MOST_PARTITIONS:
        raise OptionError("partitions", number, f"must be at most {MOST_PARTITIONS:,}")
    replication = 1 if replication_factor is None else positive("replication_factor", replication_factor)
    return topics.TopicSettings(number, replication, topic_config or {})


@contextmanager
def _filling(
    cluster: "Cluster", spec: MessageSpec, options: Options, requested: topics.RequestedTopic, found: topics.FoundTopic
) -> Iterator[Filling]:
    """A run that appends to the topic, or, if it resumes another, begins with the first row that the topic lacks."""
    (topic, settings), content = found, requested.content
    if options.producers > topic.partitions:
        LOG.warning("topic %s has %d partitions, so more producers would be idle", *topic)
    at = beginning(topic.partitions)
    if options.resume:
        stamped = None if topics.has_own_clock(settings) else options.event_times
        source = spec.source(spec.data, content.columns, topic)
        at = find_position(cluster, topic, source, spec.data.num_rows, content.delay, stamped)
    began = at.present if options.resume or options.mock else _start_behind(cluster, topic)
    run = Run(spec, content, topic, at, options, topics.most_bytes(settings))
    with closing(run):
        yield Filling(run, began)


def _send(
    runs: list[Run],
    options: Options,
    progress: Callable[[Progress], object] | None,
    tell: Callable[[ProduceReport], object] | None,
) -> ProduceReport:
    """Send everything; `tell` gets the report however the run ends."""
    try:
        send_all(runs, options, progress or (lambda _: None))
    except BaseException as error:
        for run in runs:
            run.abandon()
        if isinstance(error, RefusedError):
            check_delivered(runs, str(error))
            raise DeliveryError(str(error), hint=RESUME) from None
        raise
    finally:
        report = report_of(runs)
        if tell:
            tell(report)
    check_delivered(runs)
    return report


def _start_behind(cluster: "Cluster", topic: Topic) -> NDArray[np.int64]:
    """int64[partitions]: the end offsets before a run that does not resume another; warns if there are records."""
    offsets = cluster.offsets(topic)
    if records := int(np.diff(offsets).sum()):
        LOG.warning(
            "topic %s already has %s records; these rows are appended; `resume` continues an earlier run",
            topic.name,
            f"{records:,}",
        )
    return offsets[:, 1]


def _check_ends(cluster: "Cluster", filling: Filling, resume: bool) -> None:
    """Refuse partitions that grew by more than the acknowledged messages.

    A broker forgets an idempotent producer whose records have old timestamps (producer.id.expiration.ms, a day). If it restarts
    while a request is in flight, it may append the request twice.
    """
    run, began = filling
    ends = cluster.offsets(run.topic)[:, 1]
    delivered = np.sum([each.partitions for each in run.counts], axis=0)
    more = int((ends - began - delivered).sum())
    if not more:
        return
    message = (
        f"topic {run.topic.name} got {more:,} more records than were sent: something else wrote to it, or a broker took some twice"
    )
    if began.any() and not resume:
        LOG.warning("%s", message)
    else:
        raise DeliveryError(message, hint="recreate the topic")


@contextmanager
def _mock_address(requested: Sequence[topics.RequestedTopic], made: topics.TopicSettings) -> Iterator[str]:
    """The address of a mock cluster that has the topics."""
    from fastgen.sinks.kafka.librdkafka import MockCluster

    with closing(MockCluster({each.name: made.partitions for each in requested})) as cluster:
        yield cluster.address
