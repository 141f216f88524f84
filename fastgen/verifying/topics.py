"""`verify_topic`: records of topics compared with the messages that a configuration sends to them."""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Literal

from fastgen.arguments import thread_count
from fastgen.config import Config
from fastgen.dataset import Dataset, dataset_of
from fastgen.errors import NOT_GIVEN, OptionError
from fastgen.layouts import Coordinates
from fastgen.schema import DEFAULT_TOPIC
from fastgen.sinks.kafka import checks, client_settings
from fastgen.sinks.kafka.topics import has_own_clock, present, topic_contents
from fastgen.verifying.report import VerifyReport


def verify_topic(
    data: Dataset | Config | None,
    bootstrap_servers: str | None = None,
    *,
    topic: str = DEFAULT_TOPIC,
    key: str | None = "cc_num",
    with_label: bool = False,
    coordinates: Coordinates = "text",
    timestamps: Literal["event", "now"] = "event",
    settings: Mapping[str, str] | None = None,
    labels_topic: str | None = None,
    labels_delay: timedelta = timedelta(0),
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> VerifyReport:
    """Compare the records of a topic with the messages that `produce` sends: partition by partition, in flat memory.

    The options are those of `produce`, and must be those with which the topic was filled. Values, keys and order are compared, and
    timestamps too if records have those of the events.

    Args:
        data: what the topic should hold, or its configuration; None for the default dataset.
        bootstrap_servers: host:port,...; may be among the settings instead.
        topic: the topic; it is read up to where it ends when the run begins.
        key: the column that is the key, or None.
        with_label: whether values have fraud_label.
        coordinates: "text" (JSON strings) or "number".
        timestamps: of the records: "event", the times of the transactions, or "now", those of sending, which are not compared.
        settings: librdkafka settings for the connection.
        labels_topic: another topic, which holds tid and fraud_label of each row.
        labels_delay: how much later than the transaction a label comes, in event time.
        threads: how many make messages, at least 1; default: one per processor.
        progress: called with the number of messages compared since the last call.

    Returns:
        What `verify` reports of a table, for each partition. Rows are numbered by their offsets.

    Raises:
        OptionError: an option is not allowed.
        KafkaError: no broker answers, the topic is not there, or its records cannot be read.

    Example:
        >>> from fastgen import Config, Dataset
        >>> verify_topic(Dataset(Config(rows=1_000)), "localhost:9092").ok  # doctest: +SKIP
        True
    """
    began = time.perf_counter()
    checks.require_client()
    given = client_settings.with_servers(settings, bootstrap_servers)
    checks.check_messages(key, coordinates, timestamps)
    checks.check_topics(topic, labels_topic)
    checks.check_labels(key, with_label, labels_topic, labels_delay, timed=True)  # at a speed a delay has an effect on all records
    if "bootstrap.servers" not in given:
        raise OptionError("bootstrap_servers", NOT_GIVEN, "must be given, as host:port,...")
    workers = thread_count(threads)
    dataset = dataset_of(data)
    from fastgen.sinks.kafka.cluster import Cluster
    from fastgen.verifying.records import Form
    from fastgen.verifying.sent import SentMessages
    from fastgen.verifying.topic_check import TopicCheck

    cluster = Cluster(given)
    contents = topic_contents(topic, with_label, labels_topic, labels_delay)
    found = [present(cluster, content.name) for content in contents]
    topic_checks = []
    for each, (_, columns, delay) in zip(found, contents, strict=True):
        timed = timestamps == "event" and not has_own_clock(cluster.settings(each))
        sent = SentMessages(
            dataset, Form(columns, timed), key, each.partitions, coordinates, round(delay.total_seconds() * 1000), workers
        )
        topic_checks.append(TopicCheck(cluster, each, sent))
    tables = [table for check in topic_checks for table in check.run(progress or (lambda _: None))]
    return VerifyReport(
        path=topic,
        fingerprint=dataset.fingerprint,
        seed=dataset.config.seed,
        tables=tuple(tables),
        problems=tuple(problem for check in topic_checks for problem in check.problems),
        notes=tuple(note for check in topic_checks for note in check.notes),
        differences=tuple(difference for check in topic_checks for difference in check.differences),
        seconds=time.perf_counter() - began,
    )
