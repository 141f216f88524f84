"""The broker itself: what other tests rely on."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from .broker import Address, Broker, MissingError, jars, kafka_version

PARTITIONS = 3
COUNT = 1_000


class Record(NamedTuple):
    key: bytes | None
    value: bytes | None
    timestamp: int


# Times in 2022 in milliseconds, out of order in places.
RECORDS = [Record(b"%d" % (i % 97), b"value %d" % i, 1_650_000_000_000 + 1_000 * (i ^ 5)) for i in range(COUNT)]


def create(properties: Mapping[str, str], topic: str) -> None:
    """Create a topic that keeps records with old timestamps."""
    new_topic = NewTopic(topic, num_partitions=PARTITIONS, replication_factor=1, config={"retention.ms": "-1"})
    admin = AdminClient(dict(properties))  # named: a client without references drops its requests
    admin.create_topics([new_topic])[topic].result(timeout=15)


def send(properties: Mapping[str, str], topic: str, records: Iterable[Record]) -> None:
    """Produce records, and check that each is acknowledged."""
    refused: list[KafkaError] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            refused.append(error)

    producer = Producer({**properties, "enable.idempotence": True})  # otherwise retries may reorder records
    for record in records:
        producer.produce(topic, key=record.key, value=record.value, timestamp=record.timestamp, on_delivery=delivered)
    assert producer.flush(30) == 0
    assert not refused


def receive(properties: Mapping[str, str], topic: str, count: int = COUNT) -> list[Record]:
    """Consume `count` records from the beginning, and check that there are no more."""
    consumer = Consumer({**properties, "group.id": topic, "enable.auto.commit": False})
    try:
        ends = [consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=15) for p in range(PARTITIONS)]
        assert sum(high - low for low, high in ends) == count
        consumer.assign([TopicPartition(topic, p, low) for p, (low, _) in enumerate(ends)])
        messages: list[Message] = []
        while len(messages) < count:
            some = consumer.consume(count - len(messages), timeout=15)
            assert some
            messages += some
        assert all(message.error() is None for message in messages)
        return [Record(message.key(), message.value(), message.timestamp()[1]) for message in messages]
    finally:
        consumer.close()


def by_key(records: Iterable[Record]) -> dict[bytes | None, list[Record]]:
    """Group records by key: those of one key are in one partition, so they keep the order in which they were sent."""
    found: dict[bytes | None, list[Record]] = {}
    for record in records:
        found.setdefault(record.key, []).append(record)
    return found


def refusal(properties: Mapping[str, str]) -> tuple[int, str]:
    """The first error that a client reports, as a code and a text."""
    errors: list[KafkaError] = []
    admin = AdminClient({**properties, "log_level": "0"}, error_cb=errors.append)
    admin.poll(15)
    return errors[0].code(), errors[0].str()


def test_records_come_back(broker: Address, topic: str) -> None:
    create(broker.properties, topic)
    send(broker.properties, topic, RECORDS)
    assert by_key(receive(broker.properties, topic)) == by_key(RECORDS)


def test_records_come_back_over_tls(secure_broker: Broker, topic: str) -> None:
    create(secure_broker.secure_properties, topic)
    send(secure_broker.secure_properties, topic, RECORDS)
    assert by_key(receive(secure_broker.secure_properties, topic)) == by_key(RECORDS)


def test_a_wrong_password_is_refused(secure_broker: Broker) -> None:
    code, text = refusal({**secure_broker.secure_properties, "sasl.password": "wrong"})
    assert code == KafkaError._AUTHENTICATION
    assert "Authentication failed" in text


def test_clients_that_do_not_trust_the_certificate_refuse(secure_broker: Broker) -> None:
    properties = secure_broker.secure_properties
    del properties["ssl.ca.location"]
    code, text = refusal(properties)
    assert code == KafkaError._SSL
    assert "certificate verify failed" in text


def test_topics_do_not_come_by_being_asked_for(secure_broker: Broker, topic: str) -> None:
    errors: list[KafkaError | None] = []
    producer = Producer({**secure_broker.properties, "topic.metadata.propagation.max.ms": 500, "message.timeout.ms": 5_000})
    producer.produce(topic, b"value", on_delivery=lambda error, _: errors.append(error))
    assert producer.flush(15) == 0
    assert [error and error.code() for error in errors] == [KafkaError.UNKNOWN_TOPIC_OR_PART]


def test_producer_performance(secure_broker: Broker, topic: str, tmp_path: Path) -> None:
    create(secure_broker.properties, topic)
    payloads = tmp_path / "payloads"
    payloads.write_text("one\ntwo\n")
    measured = secure_broker.producer_performance(topic, 2_000, payloads=payloads, properties={"linger.ms": "5"})
    assert measured.records == 2_000
    assert measured.records_per_second > 0
    assert {record.value for record in receive(secure_broker.properties, topic, 2_000)} == {b"one", b"two"}


MAVEN = """\
#!{python}
import pathlib, sys, time
with open({calls!r}, "a") as calls:
    print("call", file=calls)
time.sleep(0.3)
if {fails}:
    sys.exit("[ERROR] Could not transfer artifact\\n[ERROR] To see the full stack trace")
[folder] = [pathlib.Path(word.partition("=")[2]) for word in sys.argv if word.startswith("-DoutputDirectory=")]
folder.mkdir(parents=True)
(folder / {jar!r}).touch()
"""


class Maven(NamedTuple):
    """A program that replaces Maven, and what it leaves behind."""

    program: Path
    calls: Path
    cache: Path

    def write(self, *, fails: bool = False) -> None:
        jar = f"kafka_2.13-{kafka_version()}.jar"
        self.program.write_text(MAVEN.format(python=sys.executable, calls=str(self.calls), fails=fails, jar=jar))
        self.program.chmod(0o755)


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maven:
    made = Maven(tmp_path / "bin" / "mvn", tmp_path / "calls", tmp_path / "cache" / "jars-1.2")
    for name in ("java", "keytool"):
        tool(made.program.with_name(name), "echo 'openjdk version \"17.0.1\"' >&2")
    monkeypatch.setenv("PATH", str(made.program.parent))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("FASTGEN_KAFKA_JARS", str(made.cache))
    return made


def tool(path: Path, line: str) -> None:
    """Write a shell script of one line."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def test_jars_are_fetched_once_for_all_who_want_them(maven: Maven) -> None:
    maven.write()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: jars(), range(4)))
    assert found == [maven.cache] * 4
    assert maven.calls.read_text() == "call\n"
    assert sorted(path.name for path in maven.cache.parent.iterdir()) == ["jars-1.2", "jars-1.2.lock"]


def test_jars_that_cannot_be_fetched_leave_nothing(maven: Maven) -> None:
    maven.write(fails=True)
    with pytest.raises(MissingError, match=r"^Kafka's jars, which Maven could not get: Could not transfer artifact$"):
        jars()
    assert [path.name for path in maven.cache.parent.iterdir()] == ["jars-1.2.lock"]


def test_all_that_is_missing_is_named(maven: Maven) -> None:
    with pytest.raises(MissingError, match=r"^Maven \(mvn is not on the path\), as .*jars-1\.2 has no Kafka [\d.]+$"):
        jars()
    tool(maven.program.with_name("java"), "echo 'java version \"1.8.0_402\"' >&2")
    with pytest.raises(MissingError, match=r"^Java 17 or later \(java is version 8\) and Maven \("):
        jars()
    maven.program.with_name("java").unlink()
    maven.program.with_name("keytool").unlink()
    maven.write()
    with pytest.raises(MissingError, match=r"^Java 17 or later \(java and keytool not on the path\)$"):
        jars()
    assert not maven.calls.exists()


def test_a_broker_for_trying_things_out(secure_broker: Broker) -> None:
    """Started as in the tutorial, if brokers can be started here: it prints its address, answers there, and ends on a signal."""
    script = [sys.executable, str(Path(__file__).with_name("broker.py"))]
    with subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
        assert run.stdout
        name, _, address = run.stdout.readline().strip().partition("=")
        assert name == "export KAFKA_BOOTSTRAP"
        assert AdminClient({"bootstrap.servers": address}).list_topics(timeout=15).brokers
        run.send_signal(signal.SIGTERM)
        assert run.wait(30) == 0
    host, port = address.split(":")
    with pytest.raises(OSError, match="refused"), socket.create_connection((host, int(port)), timeout=5):
        pass
