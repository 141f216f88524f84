"""The dataset in a topic of a real broker: every row once, in its partition and in order, however runs end."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import naive
import numpy as np
import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from confluent_kafka.cimpl import NewPartitions, NewTopic

from fastgen import Config, Dataset, DeliveryError, InterruptedRunError, KafkaError, produce
from fastgen.sinks.kafka import cluster
from fastgen.sinks.kafka.reports import ProduceReport
from fastgen.sinks.kafka.run import Progress

from .broker import Address, Broker

PARTITIONS = 3
SEED = 11
ways = pytest.mark.parametrize("plain", [False, True], ids=["compiled", "plain"])


class Record(NamedTuple):
    key: bytes | None
    value: bytes
    timestamp: int


@cache
def dataset(rows: int = 3_000, seed: int = SEED) -> Dataset:
    return Dataset(Config(rows=rows, cards=200, seed=seed, fraud={"ratio": 0.02}, atm={"cards": 5}))


@cache
def rows_of(data: Dataset) -> list[dict[str, Any]]:
    """The rows as dicts for json.dumps."""
    rows = data.transactions().to_dicts()
    lines = [json.loads(line) for line in ndjson(data)]
    assert len(rows) == len(lines)
    return [line | {"time": row["datetime"]} for row, line in zip(rows, lines, strict=True)]


def ndjson(data: Dataset) -> list[str]:
    argv = [sys.executable, "-m", "fastgen", "generate", "--format", "ndjson", "--output", "-", "-q", *flags(data)]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()


def flags(data: Dataset) -> list[str]:
    """The options of the command that describe this dataset."""
    config = data.config
    settings = ["cards=200", "fraud.ratio=0.02", "atm.cards=5", f"start={config.start}", f"end={config.end}"]
    return ["--rows", str(data.num_rows), "--seed", str(config.seed), *(word for each in settings for word in ("--set", each))]


def milliseconds(moment: datetime) -> int:
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)


def expected(
    data: Dataset, columns: tuple[str, ...] | None = None, key: str | None = "cc_num", late: int = 0
) -> list[list[Record]]:
    """The expected records of each partition."""
    found: list[list[Record]] = [[] for _ in range(PARTITIONS)]
    for number, row in enumerate(rows_of(data)):
        names = columns or tuple(name for name in row if name not in ("fraud_label", "time"))
        value = json.dumps({name: row[name] for name in names}).encode()
        text = None if key is None else str(row[key]).encode()
        partition = number % PARTITIONS if text is None else (naive.murmur2(text) & 0x7FFFFFFF) % PARTITIONS
        found[partition].append(Record(text, value, milliseconds(row["time"]) + late))
    return found


def received(properties: dict[str, str], topic: str) -> list[list[Record]]:
    """The records of each partition."""
    # By default a broker without further records waits half a second before it says so.
    settings = {"group.id": topic, "enable.auto.commit": False, "enable.partition.eof": True, "fetch.wait.max.ms": 10}
    consumer = Consumer({**properties, **settings})
    found: list[list[Record]] = [[] for _ in range(PARTITIONS)]
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    ended: set[int] = set()
    until = time.monotonic() + 60
    while len(ended) < PARTITIONS and time.monotonic() < until:
        for message in consumer.consume(1000, timeout=0.1):  # it waits for this many, and at the end there are fewer
            partition = message.partition()
            assert partition is not None
            if message.error():
                ended.add(partition)
            else:
                value = message.value()
                assert isinstance(value, bytes)
                found[partition].append(Record(message.key(), value, message.timestamp()[1]))
    consumer.close()
    assert len(ended) == PARTITIONS
    return found


def wait_for_records(broker: Address, topic: str, beyond: int = 0) -> int:
    """Wait until a topic, which need not exist yet, has more than `beyond` records; return how many it has."""
    consumer = Consumer({**broker.properties, "group.id": topic})
    until = time.monotonic() + 60
    found = 0
    while found <= beyond:
        assert time.monotonic() < until
        time.sleep(0.05)
        with suppress(KafkaException):
            ends = [consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=15) for partition in range(PARTITIONS)]
            found = sum(high for _, high in ends)
    consumer.close()
    return found


def send(broker: Address, topic: str, data: Dataset | None = None, **options: Any) -> ProduceReport:
    defaults: dict[str, Any] = {"topic": topic, "settings": broker.properties}
    if options.get("create_topic", True):
        defaults |= {"create_topic": True, "partitions": PARTITIONS}
    return produce(data or dataset(), **(defaults | options))


def make_topic(broker: Address, name: str, **settings: str) -> None:
    admin = AdminClient(dict(broker.properties))
    config = {name.replace("_", "."): value for name, value in settings.items()}
    admin.create_topics([NewTopic(name, num_partitions=PARTITIONS, replication_factor=1, config=config)])[name].result(timeout=15)


class StopError(Exception):
    """Raised by tests in the middle of a run."""


def stop_after(messages: int, error: type[Exception] = StopError) -> Any:
    """A progress function that ends the run once this many messages are in the topic or in flight."""

    def progress(at: Progress) -> None:
        if at.passed >= messages:
            raise error("stopped")

    return progress


# The topic holds the dataset


@ways
def test_every_row_is_there_in_its_partition_and_order(broker: Address, topic: str, plain: bool) -> None:
    report = send(broker, topic, plain=plain)
    assert received(broker.properties, topic) == expected(dataset())
    assert (report.rows, report.acknowledged, report.failed, report.skipped) == (3_000, 3_000, 0, 0)
    assert list(report.partitions) == [len(part) for part in expected(dataset())]
    assert report.bytes == sum(len(record.value) for part in expected(dataset()) for record in part)
    assert report.backend == ("plain" if plain else "compiled")


@ways
@pytest.mark.parametrize("key", ["category", "city", "tid", "amount", None])
def test_other_keys(broker: Address, topic: str, plain: bool, key: str | None) -> None:
    send(broker, topic, key=key, plain=plain)
    assert received(broker.properties, topic) == expected(dataset(), key=key)


@ways
def test_with_label_and_the_time_of_sending(broker: Address, topic: str, plain: bool) -> None:
    began = time.time() * 1000
    send(broker, topic, with_label=True, timestamps="now", plain=plain)
    columns = tuple(name for name in rows_of(dataset())[0] if name != "time")
    found, sent = received(broker.properties, topic), expected(dataset(), columns)
    assert [[record[:2] for record in part] for part in found] == [[record[:2] for record in part] for part in sent]
    assert all(began - 1_000 <= record.timestamp <= time.time() * 1000 + 1_000 for part in found for record in part)


@pytest.mark.parametrize("producers", [2, 3, 9])
def test_several_producers(broker: Address, topic: str, producers: int) -> None:
    send(broker, topic, producers=producers, threads=2)
    assert received(broker.properties, topic) == expected(dataset())


@ways
def test_labels_have_a_topic_of_their_own(broker: Address, topic: str, plain: bool) -> None:
    labels = f"{topic}-labels"
    report = send(broker, topic, labels_topic=labels, labels_delay=timedelta(days=2), plain=plain)
    assert received(broker.properties, topic) == expected(dataset())
    assert received(broker.properties, labels) == expected(dataset(), ("tid", "fraud_label"), late=2 * 86_400_000)
    assert report.labels
    assert report.labels.acknowledged == 3_000


# However the runs end


@ways
@pytest.mark.parametrize("error", [StopError, InterruptedRunError])
def test_a_run_that_was_stopped_is_finished(broker: Address, topic: str, plain: bool, error: type[Exception]) -> None:
    reports: list[ProduceReport] = []
    with pytest.raises(error):
        send(broker, topic, plain=plain, rate=3_000, progress=stop_after(1_000, error), tell=reports.append)
    appended = sum(map(len, received(broker.properties, topic)))
    assert reports[0].acknowledged == appended
    assert 500 <= appended < 3_000
    report = send(broker, topic, plain=plain, resume=True)
    assert (report.skipped, report.acknowledged) == (appended, 3_000 - appended)
    assert received(broker.properties, topic) == expected(dataset())


@ways
def test_runs_that_are_killed(broker: Address, topic: str, plain: bool) -> None:
    """At random moments during sending; with a labels' topic."""
    labels, data = f"{topic}-labels", dataset(20_000)
    argv = [sys.executable, "-m", "fastgen", "produce", "-q", *flags(data), "--topic", topic, "--labels-topic", labels]
    argv += ["--bootstrap-servers", broker.bootstrap, "--create-topic", "--partitions", str(PARTITIONS), "--resume"]
    argv += ["--plain"] if plain else []
    appended = 0
    for moment in random.Random(int(plain)).sample(range(40), 3):
        with subprocess.Popen([*argv, "--rate", "4000"]) as process:
            appended = wait_for_records(broker, topic, beyond=appended)
            time.sleep(moment / 100)
            process.kill()
        appended = sum(map(len, received(broker.properties, topic)))
        assert process.returncode == -signal.SIGKILL
    assert appended < 20_000
    subprocess.run(argv, check=True)
    assert received(broker.properties, topic) == expected(data)
    assert received(broker.properties, labels) == expected(data, ("tid", "fraud_label"))
    assert send(broker, topic, data, resume=True, labels_topic=labels).acknowledged == 0


def test_an_empty_topic_is_resumed_from_the_start(broker: Address, topic: str) -> None:
    assert send(broker, topic, resume=True).skipped == 0
    assert received(broker.properties, topic) == expected(dataset())


# What is refused


@pytest.fixture
def filled(broker: Address, topic: str) -> str:
    with pytest.raises(StopError):
        send(broker, topic, rate=5_000, progress=stop_after(1_500))
    return topic


def test_rows_of_another_configuration(broker: Address, filled: str) -> None:
    before = received(broker.properties, filled)
    forgotten: list[tuple[Dataset, dict[str, Any]]] = [(dataset(seed=12), {}), (dataset(), {"key": "category"})]
    forgotten += [(dataset(), {"with_label": True}), (dataset(), {"coordinates": "number"}), (dataset(), {"timestamps": "now"})]
    for other, options in forgotten:
        hint = r"\(give the options of the run that filled it, .* `key`, `with_label`, `coordinates`, .*take another topic\)$"
        with pytest.raises(KafkaError, match=rf"(is not the row|holds .* messages, more).* {hint}"):
            send(broker, filled, other, resume=True, **options)
    assert received(broker.properties, filled) == before


def test_more_than_the_dataset(broker: Address, topic: str) -> None:
    send(broker, topic)
    with pytest.raises(KafkaError, match=r"more than|is not the row"):
        send(broker, topic, dataset(300), resume=True)


def test_a_message_of_somebody_else(broker: Address, filled: str) -> None:
    other = Producer(dict(broker.properties))
    other.produce(filled, b"{}", b"k", 0)
    other.flush(10)
    with pytest.raises(KafkaError, match="of partition 0 is not the row"):
        send(broker, filled, resume=True)


def test_the_marker_of_a_transaction(broker: Address, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "TIMEOUT", 5.0)  # the wait for a record
    make_topic(broker, topic, retention_ms="-1")
    other = Producer({**broker.properties, "transactional.id": topic})
    other.init_transactions(15)
    other.begin_transaction()
    for partition in range(PARTITIONS):
        other.produce(topic, b"{}", b"k", partition, timestamp=1_700_000_000_000)
    other.commit_transaction(15)
    with pytest.raises(KafkaError, match="holds no record, as after a transaction"):
        send(broker, topic, resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_a_compacted_topic(broker: Address, topic: str, resume: bool) -> None:
    make_topic(broker, topic, cleanup_policy="compact")
    with pytest.raises(KafkaError, match="is compacted"):
        send(broker, topic, resume=resume)


def test_a_topic_is_not_made_in_vain(broker: Address, topic: str) -> None:
    with pytest.raises(KafkaError, match=r"keeps records for 0:16:40 and would delete"):
        send(broker, topic, topic_config={"retention.ms": "1000000"})
    with pytest.raises(KafkaError, match="is not there"):
        send(broker, topic, create_topic=False)


def test_a_topic_with_a_clock_of_its_own(broker: Address, topic: str) -> None:
    """Its records bear their times of arrival, so it keeps them; resuming ignores their times."""
    make_topic(broker, topic, message_timestamp_type="LogAppendTime")
    with pytest.raises(StopError):
        send(broker, topic, rate=5_000, progress=stop_after(1_500))
    send(broker, topic, resume=True)
    assert [[record[:2] for record in part] for part in received(broker.properties, topic)] == [
        [record[:2] for record in part] for part in expected(dataset())
    ]


def test_times_of_sending_behind_times_of_events(broker: Address, filled: str) -> None:
    with pytest.raises(KafkaError, match="is not the row"):
        send(broker, filled, resume=True, timestamps="now")


def test_a_topic_that_time_would_overtake(broker: Address, topic: str) -> None:
    """Endless periods reach times that a topic does not accept, unless event time passes no faster than the clock."""
    make_topic(broker, topic, retention_ms="-1")
    with pytest.raises(KafkaError, match="ahead of the clock"):
        send(broker, topic, loop=True)
    with pytest.raises(StopError):
        send(broker, f"{topic}-made", loop=True, progress=stop_after(30_000))
    with pytest.raises(StopError):
        send(broker, topic, dataset(), loop=True, speed=1, shift_to=datetime.now(UTC).replace(tzinfo=None), progress=stop_after(1))


def test_what_is_there_already_is_told(broker: Address, filled: str, caplog: pytest.LogCaptureFixture) -> None:
    send(broker, filled, partitions=9)
    assert f"topic {filled} is there already, with 3 partitions" in caplog.text
    assert re.search(f"topic {filled} already has [0-9,]+ records; .*; `resume` continues an earlier run", caplog.text)
    argv = [sys.executable, "-m", "fastgen", "produce", *flags(dataset()), "--topic", filled]
    argv += ["--bootstrap-servers", broker.bootstrap]
    stderr = subprocess.run(argv, check=True, capture_output=True, text=True).stderr
    assert re.search(
        f"^fastgen: topic {filled} already has [0-9,]+ records; .*; --resume continues an earlier run$", stderr, re.MULTILINE
    )
    caplog.clear()
    with pytest.raises(KafkaError, match=r"holds [0-9,]+ messages, more than the 3,000"):
        send(broker, filled, resume=True)
    assert not [record for record in caplog.records if record.name == "fastgen"]


def test_a_topic_that_would_delete_the_rows(broker: Address, topic: str) -> None:
    make_topic(broker, topic, retention_ms="604800000")
    with pytest.raises(KafkaError, match=r"keeps records for 7 days and would delete those of 2022-01-01 \(`timestamps` now"):
        send(broker, topic)
    assert send(broker, topic, timestamps="now").acknowledged == 3_000


def test_a_topic_that_takes_no_events_of_the_future(broker: Address, topic: str) -> None:
    ahead = Dataset(Config(rows=100, start="2095-01-01", end="2095-02-01"))
    make_topic(broker, topic, retention_ms="-1")
    with pytest.raises(KafkaError, match=r"no records that are more than 1:00:00 ahead of the clock"):
        send(broker, topic, ahead)
    assert send(broker, f"{topic}-made", ahead).acknowledged == 100


def test_labels_that_are_still_to_come(broker: Address, topic: str) -> None:
    """Two days later than yesterday's transactions; an existing topic may refuse them, a created one accepts them."""
    yesterday = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(1)
    data = Dataset(Config(rows=100, start=yesterday - timedelta(30), end=yesterday, atm={"cards": 0}))
    labels = {"labels_topic": f"{topic}-labels", "labels_delay": timedelta(2)}
    report = send(broker, topic, data, **labels)
    assert report.labels
    assert report.labels.acknowledged == 100
    make_topic(broker, f"{topic}-there", retention_ms="-1")
    with pytest.raises(KafkaError, match=rf"topic {topic}-there takes no records that are more than 1:00:00 ahead of the clock"):
        send(broker, f"{topic}-2", data, **(labels | {"labels_topic": f"{topic}-there"}))


def test_an_absent_topic(broker: Address, topic: str) -> None:
    with pytest.raises(KafkaError, match=f"topic {topic} is not there \\(`create_topic` makes it\\)"):
        send(broker, topic, create_topic=False)


# Connections


def test_tls_and_passwords(secure_broker: Broker, topic: str, tmp_path: Path) -> None:
    """The password comes from the environment, and appears nowhere in the output."""
    secret = secure_broker.secure_properties["sasl.password"]
    lines = {**secure_broker.secure_properties, "sasl.password": "${KAFKA_PASSWORD}"}
    path = tmp_path / "client.properties"
    path.write_text("# of the tests\n\n" + "".join(f"{name} = {value}\n" for name, value in lines.items()))
    argv = [
        sys.executable,
        "-m",
        "fastgen",
        "produce",
        *flags(dataset()),
        "--topic",
        topic,
        "--producer-config",
        str(path),
        "--json",
    ]
    argv += ["--create-topic", "--partitions", str(PARTITIONS)]
    done = subprocess.run(argv, env=os.environ | {"KAFKA_PASSWORD": secret}, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout)["acknowledged"] == 3_000
    assert received(secure_broker.properties, topic) == expected(dataset())
    wrong = subprocess.run(argv, env=os.environ | {"KAFKA_PASSWORD": "no" + secret}, capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert "no broker takes the connection: SASL authentication error: Authentication failed" in wrong.stderr
    logged = subprocess.run(
        [*argv, "-X", "debug=all", "--resume"],
        env=os.environ | {"KAFKA_PASSWORD": secret},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "SCRAM" in logged.stderr
    assert secret not in done.stdout + done.stderr + wrong.stdout + wrong.stderr + logged.stdout + logged.stderr
    assert len(wrong.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("protocol", [None, "sasl_plaintext", "SSL"])
def test_a_port_of_the_other_kind(secure_broker: Broker, protocol: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain client at a TLS port, and the other way round."""
    monkeypatch.setattr(cluster, "TIMEOUT", 2.0)
    settings = secure_broker.secure_properties
    del settings["security.protocol"]
    message = (
        r"no broker answers: .*\(it closes connections at once: if it expects TLS, set security.protocol to SSL or SASL_SSL\)$"
    )
    if protocol == "SSL":
        settings |= secure_broker.properties
        # The client library's message for the first closed connection differs from later ones.
        reason = r"(connecting to a PLAINTEXT broker listener\?|SSL connection closed by peer)"
        message = rf"no broker answers: .*{reason} \(is this its address, and is it running\?\)$"
    with pytest.raises(KafkaError, match=message):
        produce(dataset(), settings=settings | ({"security.protocol": protocol} if protocol else {}))


@pytest.mark.parametrize(("kind", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_a_run_with_what_was_acknowledged(broker: Address, topic: str, kind: signal.Signals, code: int) -> None:
    argv = [sys.executable, "-m", "fastgen", "produce", *flags(dataset()), "--topic", topic, "--json", "--rate", "300"]
    argv += ["--bootstrap-servers", broker.bootstrap, "--create-topic", "--partitions", str(PARTITIONS)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_records(broker, topic)
    process.send_signal(kind)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code, err
    report = json.loads(out)
    assert 0 < report["acknowledged"] < 3_000
    assert report["acknowledged"] == sum(map(len, received(broker.properties, topic)))
    assert np.array_equal(report["partitions"], [len(part) for part in received(broker.properties, topic)])


def test_records_of_somebody_else_meanwhile(broker: Address, topic: str) -> None:
    def progress(at: Progress) -> None:
        if at.acknowledged > 1_500 and not written:
            other = Producer(dict(broker.properties))
            other.produce(topic, b"{}", b"k", 0)
            other.flush(10)
            written.append(1)

    written: list[int] = []
    with pytest.raises(DeliveryError, match=r"got 1 more records than were sent: something else wrote to it, or"):
        send(broker, topic, rate=3_000, progress=progress)


def limit(broker: Address, topic: str, size: int) -> None:
    change = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[change])
    admin = AdminClient(dict(broker.properties))
    admin.incremental_alter_configs([resource])[resource].result(timeout=15)


@ways
def test_messages_that_are_too_large(broker: Address, topic: str, plain: bool) -> None:
    """No message fits; with the size that the hint gives for a single one, all do, one by one."""
    make_topic(broker, topic, retention_ms="-1", max_message_bytes="200")
    reports: list[ProduceReport] = []
    hint = (
        r"\(the topic's max.message.bytes is 200, and a single message takes some (\d+): raise it, best to Kafka's default of "
        r"1,048,588, which has room for batches; then `resume` sends the rest\)$"
    )
    one_by_one = broker.properties | {"compression.type": "none", "batch.size": "1"}
    with pytest.raises(DeliveryError, match=rf"messages were not acknowledged: .*MSG_SIZE_TOO_LARGE.* {hint}") as error:
        send(broker, topic, plain=plain, tell=reports.append, settings=one_by_one)
    assert reports[0].acknowledged == 0
    assert any("MSG_SIZE_TOO_LARGE" in reason for reason in reports[0].errors)
    found = re.search(hint, str(error.value))
    assert found is not None
    limit(broker, topic, int(found[1]))
    send(broker, topic, plain=plain, resume=True, settings=one_by_one)
    assert received(broker.properties, topic) == expected(dataset())


@ways
def test_batches_that_are_too_large_before_others_that_are_not(broker: Address, topic: str, plain: bool) -> None:
    """Smaller batches that follow are not accepted in their place: a run can resume."""
    make_topic(broker, topic, retention_ms="-1", max_message_bytes="20000")
    with pytest.raises(DeliveryError, match="MSG_SIZE_TOO_LARGE"):
        send(broker, topic, dataset(100_000), plain=plain)
    limit(broker, topic, 1_000_000)
    send(broker, topic, dataset(100_000), plain=plain, resume=True)
    assert received(broker.properties, topic) == expected(dataset(100_000))


@pytest.mark.parametrize("remedy", ["topic", "client"])
def test_batches_that_are_too_large(broker: Address, topic: str, remedy: str) -> None:
    """Each of the two remedies in the hint works."""
    make_topic(broker, topic, retention_ms="-1", max_message_bytes="5000")
    hint = r"\(raise the topic's max.message.bytes, or lower batch.size; then `resume` sends the rest\)$"
    with pytest.raises(DeliveryError, match=rf"MSG_SIZE_TOO_LARGE.* {hint}"):
        send(broker, topic)
    settings = dict(broker.properties)
    if remedy == "topic":
        limit(broker, topic, 1_000_000)
    else:
        settings["batch.size"] = "4000"
    send(broker, topic, settings=settings, resume=True)
    assert received(broker.properties, topic) == expected(dataset())


def test_another_number_of_partitions(broker: Address, filled: str) -> None:
    admin = AdminClient(dict(broker.properties))
    admin.create_partitions([NewPartitions(filled, PARTITIONS + 1)])[filled].result(timeout=15)
    with pytest.raises(KafkaError, match="is not the row"):
        send(broker, filled, resume=True)


def test_two_resumes_in_a_row(broker: Address, filled: str) -> None:
    with pytest.raises(StopError):
        send(broker, filled, resume=True, rate=5_000, progress=stop_after(2_200))
    send(broker, filled, resume=True)
    assert received(broker.properties, filled) == expected(dataset())
