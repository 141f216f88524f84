"""Messages a second into Kafka: the usual ways in Python, fastgen's, and Kafka's own benchmark, in one run.

    python benchmarks/compare_kafka.py [--rows 10M] [--rounds 3] [--real]

Measured against the mock cluster inside the process, and with --real against an Apache Kafka on this machine (Java and Maven,
or see tests/kafka). All ways send the same rows with event timestamps, idempotent, acks=all, and wait for every acknowledgement;
fastgen makes its rows meanwhile, the others get finished rows. An idempotent producer of librdkafka begins half a second
after it is created, so slow ways, which get fewer rows, still run for several seconds. Processor time is that of the
sending process. For the ways in Python it includes the mock cluster; for Kafka's own ProducerPerformance, the start of the
Java virtual machine.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import count, cycle, islice, product
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from confluent_kafka import Producer

from fastgen import Config, Dataset, produce
from fastgen.config_text import parse_count
from fastgen.sinks.kafka.client_settings import DEFAULTS
from fastgen.sinks.kafka.librdkafka import MockCluster

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

TOPIC = "compared"
NAMES = count()
COMPRESSIONS = "none", "lz4", "zstd"
FEW = {"flush for each": 200, "json and poll": 5, "produce_batch": 5, "broker": 2}
"""Slow ways get this many times fewer rows."""
DISTINCT = 20
"""The loops hold this many times fewer rows, and send them repeatedly."""


class Reading(NamedTuple):
    """A result of one way: messages a second, and microseconds of processor time for each."""

    rate: float
    cpu: float


class Message(NamedTuple):
    """A row as a loop in Python sends it."""

    key: str
    row: dict[str, Any]
    time: int


def ready_messages(rows: int) -> list[Message]:
    """Rows as messages, their values in dictionaries."""
    frame = Dataset(Config(rows=rows)).transactions()
    times = frame["datetime"].dt.epoch("ms").to_list()
    text = frame.drop("fraud_label").with_columns(frame["datetime"].dt.strftime("%Y-%m-%d %H:%M:%S"))
    return [Message(row["cc_num"], row, time) for row, time in zip(text.to_dicts(), times, strict=True)]


def timed(rows: int, send: Callable[[], object]) -> Reading:
    """Time the sending of rows."""
    began, cpu = time.perf_counter(), time.process_time()
    send()
    return Reading(rows / (time.perf_counter() - began), (time.process_time() - cpu) / rows * 1e6)


# The ways of others


def flush_for_each(settings: dict[str, str], topic: str, messages: list[Message]) -> None:
    """The way of tutorials: a flush after each message."""
    producer = Producer(settings)
    for message in messages:
        producer.produce(topic, json.dumps(message.row), message.key, timestamp=message.time)
        producer.flush()


def json_and_poll(settings: dict[str, str], topic: str, messages: list[Message]) -> None:
    """A well-written loop: `poll` after each message, one flush at the end."""
    producer = Producer(settings)
    for message in messages:
        while True:
            try:
                producer.produce(topic, json.dumps(message.row), message.key, timestamp=message.time)
                break
            except BufferError:
                producer.poll(0.02)
        producer.poll(0)
    assert producer.flush(120) == 0


def in_batches(settings: dict[str, str], topic: str, batches: list[list[dict[str, Any]]]) -> None:
    """`produce_batch` of finished bytes; it takes no timestamps."""
    producer = Producer(settings)
    for batch in batches:
        left = batch
        while left:
            sent = producer.produce_batch(topic, left)
            left = left[sent:]
            producer.poll(0.02 if left else 0)
    assert producer.flush(120) == 0


# What is measured


@contextmanager
def mock_of(partitions: int) -> Iterator[dict[str, str]]:
    cluster = MockCluster({TOPIC: partitions})
    try:
        yield {"bootstrap.servers": cluster.address}
    finally:
        cluster.close()


class Ways:
    """All ways, for the given number of rows."""

    def __init__(self, rows: int, folder: Path) -> None:
        self.rows = rows
        self.data = Dataset(Config(rows=rows))
        self.fewer = Dataset(Config(rows=rows // FEW["broker"]))
        self.messages = ready_messages(max(1, rows // DISTINCT))
        ready = [{"value": json.dumps(m.row).encode(), "key": m.key.encode()} for m in self.messages]
        self.payloads = folder / "payloads.ndjson"
        self.payloads.write_text("".join(json.dumps(m.row) + "\n" for m in self.messages))
        self.batches = [ready[start : start + 10_000] for start in range(0, len(ready), 10_000)]
        produce(Dataset(Config(rows=1_000)), mock=True)  # compiles

    def of_others(self, address: dict[str, str], topic: str, name: str) -> Reading:
        """One of the loops; `address`: the settings for reaching the cluster."""
        settings = {**DEFAULTS, **address, "partitioner": "murmur2_random"}
        count = max(1, self.rows // FEW[name])
        if name == "produce_batch":
            batches = list(islice(cycle(self.batches), max(1, count // 10_000)))
            return timed(sum(map(len, batches)), lambda: in_batches(settings, topic, batches))
        few = list(islice(cycle(self.messages), count))
        send = flush_for_each if name == "flush for each" else json_and_poll
        return timed(len(few), lambda: send(settings, topic, few))

    def ours(self, data: Dataset, compression: str, address: dict[str, str] | None = None, **options: Any) -> Reading:
        """fastgen, from the configuration to the last acknowledgement; without an address, to the mock cluster."""
        settings = {"compression.type": compression} | (address or {})
        return timed(data.num_rows, lambda: produce(data, settings=settings, mock=address is None, **options))


def against_mock(ways: Ways) -> dict[str, Reading]:
    """One round of all ways, against the mock cluster."""
    found: dict[str, Reading] = {}
    for name in ("flush for each", "json and poll", "produce_batch"):
        with mock_of(4) as address:
            found[name] = ways.of_others(address, TOPIC, name)
    for compression, partitions, producers in product(COMPRESSIONS, (1, 4, 32), (1, 2)):
        if producers <= partitions:
            reading = ways.ours(ways.data, compression, partitions=partitions, producers=producers)
            found[of_ours(compression, partitions, producers)] = reading
    return found


def of_ours(compression: str, partitions: int, producers: int) -> str:
    """The name of one of fastgen's ways."""
    return f"fastgen, {compression}, {counted(partitions, 'partition')}, {counted(producers, 'producer')}"


def counted(number: int, what: str) -> str:
    """A number with its noun, in the plural if needed."""
    return f"{number} {what}{'s' * (number > 1)}"


def against_broker(ways: Ways, broker: Any) -> dict[str, Reading]:
    """One round of the ways, each with its own topic, and of Kafka's own benchmark."""
    make_topic = import_module("kafka.test_producing").make_topic
    found: dict[str, Reading] = {}

    def fresh() -> str:
        topic = f"{TOPIC}-{next(NAMES)}"
        make_topic(broker, topic, retention_ms="-1", segment_ms=str(2**63 - 1))
        return topic

    for name in ("json and poll", "produce_batch"):
        found[f"broker: {name}"] = ways.of_others(dict(broker.properties), fresh(), name)
    for compression in COMPRESSIONS:
        for producers in (1, 2):
            reading = ways.ours(ways.fewer, compression, broker.properties, topic=fresh(), producers=producers)
            found[f"broker: {of_ours(compression, 3, producers)}"] = reading
        found[f"broker: ProducerPerformance, {compression}"] = of_kafka(ways, broker, fresh(), compression)
    return found


def of_kafka(ways: Ways, broker: Any, topic: str, compression: str) -> Reading:
    """Kafka's ProducerPerformance, which runs as a child process."""
    began = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    settings = KAFKAS | {"compression.type": compression}
    sent = broker.producer_performance(topic, ways.fewer.num_rows, payloads=ways.payloads, properties=settings)
    took = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - began
    return Reading(sent.records_per_second, took / ways.fewer.num_rows * 1e6)


KAFKAS = {"acks": "all", "enable.idempotence": "true", "linger.ms": "50", "batch.size": "1000000", "buffer.memory": "134217728"}


def one_round(ways: Ways, is_real: bool) -> dict[str, Reading]:
    """All ways once."""
    found = against_mock(ways)
    if is_real:
        with import_module("kafka.broker").Broker() as broker:
            found |= against_broker(ways, broker)
    for name, reading in found.items():
        print(f"{name:45} {reading.rate:12,.0f} messages/s {reading.cpu:8.2f} us", file=sys.stderr)
    return found


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=parse_count, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--real", action="store_true", help="against an Apache Kafka too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ways = Ways(options.rows, Path(folder))
        rounds = [one_round(ways, options.real) for _ in range(options.rounds)]
    print("| way | messages/s | processor time for each, us |\n|---|---|---|")
    for name in rounds[0]:
        rate, cpu = (median(getattr(found[name], field) for found in rounds) for field in ("rate", "cpu"))
        print(f"| {name} | {rate:,.0f} | {cpu:.2f} |")


if __name__ == "__main__":
    main()
