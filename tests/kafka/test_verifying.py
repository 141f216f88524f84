"""`verify_topic` reports what is wrong with a topic of a real broker, partition by partition."""

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastgen import Config, Dataset, KafkaError, OptionError, VerifyReport, verify_topic, write
from fastgen.sinks.kafka import consuming
from fastgen.verifying import aligning
from fastgen.verifying import expected as expecting

from .broker import Address, Broker
from .test_producing import PARTITIONS, Record, dataset, expected, flags, make_topic, send

Parts = list[list[Record]]


def fill(broker: Address, topic: str, parts: Parts) -> None:
    """Send records as given."""
    make_topic(broker, topic, retention_ms="-1")
    producer = Producer({**broker.properties, "enable.idempotence": True})  # otherwise retries may reorder records
    for partition, records in enumerate(parts):
        for record in records:
            producer.produce(topic, record.value, record.key, partition, timestamp=record.timestamp)
            producer.poll(0)
    assert producer.flush(30) == 0


def check(broker: Address, topic: str, data: Dataset | None = None, **options: Any) -> VerifyReport:
    return verify_topic(data or dataset(), topic=topic, settings=broker.properties, **options)


def wrong(report: VerifyReport) -> list[dict[str, int]]:
    """The defects of each partition."""
    return [dict(table.counts()) for table in report.tables]


# Nothing wrong


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"key": None},
        {"key": "city"},
        {"with_label": True, "coordinates": "number"},
        {"timestamps": "now"},
        {"timestamps": "now", "key": None, "labels_topic": ""},
        {"labels_topic": "", "labels_delay": timedelta(days=2)},
        {"partitions": 1},
        {"partitions": 20},
    ],
    ids=str,
)
def test_what_produce_sends_is_what_should_be_there(broker: Address, topic: str, options: dict[str, Any]) -> None:
    if "labels_topic" in options:
        options = options | {"labels_topic": f"{topic}-labels"}
    send(broker, topic, **options)
    counts: list[int] = []
    check_options = {name: value for name, value in options.items() if name != "partitions"}
    report = check(broker, topic, progress=counts.append, **check_options)
    assert report.ok
    assert (report.notes, report.problems, report.differences) == ((), (), ())
    topics = 2 if "labels_topic" in options else 1
    assert len(report.tables) == options.get("partitions", PARTITIONS) * topics
    assert report.rows == sum(counts) == 3_000 * topics
    assert report.seed == dataset().config.seed


def test_nobody_waits_for_more_than_there_is(broker: Address, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records are taken many at a time, but a small partition has few."""
    monkeypatch.setattr(consuming, "PATIENCE", 20.0)
    send(broker, topic)
    began = time.monotonic()
    assert check(broker, topic).ok
    assert time.monotonic() - began < 20 * PARTITIONS / 2


def test_a_broker_with_its_own_clock(broker: Address, topic: str) -> None:
    """Timestamps that are times of arrival are no defect."""
    send(broker, topic, topic_config={"message.timestamp.type": "LogAppendTime"})
    assert check(broker, topic).ok


def test_over_tls(secure_broker: Broker, topic: str) -> None:
    send(secure_broker, topic)
    assert verify_topic(dataset(), topic=topic, settings=secure_broker.secure_properties).ok


# One defect


def lost(parts: Parts) -> None:
    del parts[1][100]


def lost_at_the_end(parts: Parts) -> None:
    del parts[1][-7:]


def doubled(parts: Parts) -> None:
    parts[1].insert(500, parts[1][100])


def swapped(parts: Parts) -> None:
    parts[1][100], parts[1][101] = parts[1][101], parts[1][100]


def other_amount(parts: Parts) -> None:
    row = json.loads(parts[1][100].value)
    parts[1][100] = parts[1][100]._replace(value=json.dumps(row | {"amount": 1_000_000.5}).encode())


def other_key(parts: Parts) -> None:
    parts[1][100] = parts[1][100]._replace(key=b"4000000000000002")


def no_key(parts: Parts) -> None:
    parts[1][100] = parts[1][100]._replace(key=None)


def other_time(parts: Parts) -> None:
    parts[1][100] = parts[1][100]._replace(timestamp=parts[1][100].timestamp + 1)


def one_member_less(parts: Parts) -> None:
    row = json.loads(parts[1][100].value)
    del row["city"]
    parts[1][100] = parts[1][100]._replace(value=json.dumps(row).encode())


def garbage(parts: Parts) -> None:
    parts[1][100] = parts[1][100]._replace(value=b"\x00\xff\nnot a row")


def nothing(parts: Parts) -> None:
    parts[1][100] = parts[1][100]._replace(value=None)  # type: ignore[arg-type]  # a tombstone


def foreign(parts: Parts) -> None:
    parts[1].insert(100, expected(dataset(seed=12))[1][400])


def something_else(parts: Parts) -> None:
    parts[1].insert(100, Record(b"k", b'{"temperature": 21}', parts[1][100].timestamp))


def in_another_partition(parts: Parts) -> None:
    parts[1].insert(100, parts[2].pop(100))


@pytest.mark.parametrize(
    ("spoil", "counts", "column"),
    [
        (lost, {"missing": 1}, None),
        (lost_at_the_end, {"truncated": 7}, None),
        (doubled, {"doubled": 1}, None),
        (swapped, {"out of order": 1}, None),
        (other_amount, {"altered": 1}, "amount"),
        (other_key, {"altered": 1}, "key"),
        (no_key, {"altered": 1}, "key"),
        (other_time, {"altered": 1}, "timestamp"),
        (one_member_less, {"altered": 1}, "city"),
        (garbage, {"altered": 1}, None),
        (nothing, {"altered": 1}, None),
        (foreign, {"foreign": 1}, None),
        (something_else, {"foreign": 1}, None),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_one_defect(
    broker: Address, topic: str, spoil: Callable[[Parts], None], counts: dict[str, int], column: str | None
) -> None:
    parts = [list(part) for part in expected(dataset())]
    ends = len(parts[1]) - 7
    spoil(parts)
    fill(broker, topic, parts)
    report = check(broker, topic)
    assert wrong(report) == [{}, counts, {}]
    assert report.first
    assert report.first.kind == next(iter(counts))
    assert report.first.table == f"{topic}, partition 1"
    rows = {"lost_at_the_end": [ends], "doubled": [100, 500]}.get(spoil.__name__, [100])
    assert report.first.row in rows
    assert report.first.column == column
    kind = "7 rows truncated" if spoil is lost_at_the_end else report.first.kind
    assert f"partition 1: offset {report.first.row:,}: {kind}, " in str(report.first)


def test_a_row_in_another_partition(broker: Address, topic: str) -> None:
    parts = [list(part) for part in expected(dataset())]
    in_another_partition(parts)
    fill(broker, topic, parts)
    report = check(broker, topic)
    assert wrong(report) == [{}, {"foreign": 1}, {"missing": 1}]
    [note] = report.notes
    assert note.startswith(f"{topic}, partition 1: 1 of the first 1 foreign records are rows of other partitions")


def test_another_partitioner(broker: Address, topic: str) -> None:
    """All records are rows of the dataset, and none is where it should be."""
    first, *others = expected(dataset())
    fill(broker, topic, [*others, first])
    report = check(broker, topic)
    assert [set(counts) for counts in wrong(report)] == [{"missing", "foreign"}] * PARTITIONS
    assert len(report.notes) == PARTITIONS
    assert all("100 of the first 100 foreign records are rows of other partitions" in note for note in report.notes)


def test_all_sent_twice(broker: Address, topic: str) -> None:
    send(broker, topic)
    send(broker, topic)
    sizes = [len(part) for part in expected(dataset())]
    assert wrong(check(broker, topic)) == [{"doubled": size} for size in sizes]


def test_a_run_that_was_interrupted(broker: Address, topic: str) -> None:
    parts = [part[:500] for part in expected(dataset())]
    fill(broker, topic, parts)
    sizes = [len(part) for part in expected(dataset())]
    assert wrong(check(broker, topic)) == [{"truncated": size - 500} for size in sizes]


def test_an_empty_topic(broker: Address, topic: str) -> None:
    make_topic(broker, topic)
    report = check(broker, topic)
    assert wrong(report) == [{"missing": len(part)} for part in expected(dataset())]
    assert report.notes == (f"topic {topic} is empty",)


def test_a_topic_of_other_data(broker: Address, topic: str) -> None:
    send(broker, topic, dataset(seed=12))
    report = check(broker, topic)
    assert wrong(report) == [
        {"missing": len(own), "foreign": len(other)}
        for own, other in zip(expected(dataset()), expected(dataset(seed=12)), strict=True)
    ]
    assert report.notes == ()


def test_records_that_were_deleted(broker: Address, topic: str) -> None:
    send(broker, topic)
    admin = AdminClient(dict(broker.properties))
    [deleted] = admin.delete_records([TopicPartition(topic, 2, 50)]).values()
    deleted.result(timeout=15)
    report = check(broker, topic)
    assert wrong(report) == [{}, {}, {"missing": 50}]
    assert report.notes == (f"topic {topic}: the first 50 records of partition 2 have been deleted",)
    assert report.first
    assert report.first.row == 50


def test_transactions_that_were_given_up(broker: Address, topic: str) -> None:
    """With isolation level read_committed their records are not seen."""
    send(broker, topic)
    producer = Producer({**broker.properties, "transactional.id": topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    for partition in range(PARTITIONS):
        producer.produce(topic, b"{}", b"key", partition)
    producer.flush(30)
    producer.abort_transaction(30)
    report = check(broker, topic)
    assert report.ok
    assert report.notes == ()


def test_labels(broker: Address, topic: str) -> None:
    labels = f"{topic}-labels"
    delay = timedelta(hours=3)
    send(broker, topic)
    parts = [list(part) for part in expected(dataset(), ("tid", "fraud_label"), late=3 * 3_600_000)]
    row = json.loads(parts[0][30].value)
    parts[0][30] = parts[0][30]._replace(value=json.dumps(row | {"fraud_label": 1 - row["fraud_label"]}).encode())
    del parts[2][77]
    fill(broker, labels, parts)
    report = check(broker, topic, labels_topic=labels, labels_delay=delay)
    assert wrong(report) == [{}, {}, {}, {"altered": 1}, {}, {"missing": 1}]
    assert report.tables[3].table == f"{labels}, partition 0"
    assert report.tables[3].columns == {"fraud_label": 1}
    assert not check(broker, topic, labels_topic=labels).ok  # all at another time


NUMBERS = itertools.count()
Defects = st.lists(st.tuples(st.sampled_from(["lose", "double", "swap", "alter"]), st.integers(0, 10**6)), max_size=8)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(Defects)
def test_any_defects(broker: Address, topic: str, defects: list[tuple[str, int]]) -> None:
    """Any combination of defects in different records is counted exactly; small windows are used."""
    name = f"{topic}-{next(NUMBERS)}"
    parts = [list(part) for part in expected(dataset())]
    counts: list[dict[str, int]] = [{} for _ in range(PARTITIONS)]
    used = set[int]()
    for kind, number in sorted(defects, key=lambda pair: -(pair[1] // PARTITIONS % 60)):
        partition, slot = number % PARTITIONS, number // PARTITIONS % 60
        if number % (PARTITIONS * 60) in used:
            continue
        used.add(number % (PARTITIONS * 60))
        own, at = parts[partition], 5 + 10 * slot
        match kind:
            case "lose":
                del own[at]
            case "double":
                own.insert(at + 3, own[at])
            case "swap":
                own[at], own[at + 1] = own[at + 1], own[at]
            case "alter":
                own[at] = own[at]._replace(timestamp=own[at].timestamp - 5)
        counted_as = {"lose": "missing", "double": "doubled", "swap": "out of order", "alter": "altered"}[kind]
        counts[partition][counted_as] = counts[partition].get(counted_as, 0) + 1
    fill(broker, name, parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aligning, "WINDOW", 200)
        patch.setattr(expecting, "ROWS", 500)
        assert wrong(check(broker, name)) == [dict(sorted(each.items(), key=order_of)) for each in counts]


def order_of(item: tuple[str, int]) -> int:
    return ["missing", "truncated", "doubled", "foreign", "altered", "out of order"].index(item[0])


# What cannot be compared, and the command


def test_a_topic_that_is_not_there(broker: Address, topic: str) -> None:
    with pytest.raises(KafkaError, match=f"topic {topic} is not there"):
        check(broker, topic)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "card"}, "key = 'card': must be one of none"),
        ({"timestamps": "later"}, "timestamps = 'later'"),
        ({"topic": "a b"}, "topic = 'a b'"),
        ({"labels_delay": timedelta(1)}, "labels_delay"),
        ({"threads": 0}, "threads = 0"),
        ({"settings": {}}, "bootstrap_servers: must be given"),
    ],
)
def test_options_that_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        verify_topic(Config(rows=10), **({"settings": {"bootstrap.servers": "127.0.0.1:1"}} | options))


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "fastgen", "verify", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("edited", ["seed", "configuration's seed"])
def test_a_manifest_that_was_edited(edited: str, tmp_path: Path) -> None:
    """This is reported before anything is compared: the content of the topic is not to blame."""
    write(dataset(), tmp_path / "data")
    path = tmp_path / "data" / "manifest.json"
    manifest = json.loads(path.read_text())
    (manifest if edited == "seed" else manifest["config"])["seed"] += 1
    path.write_text(json.dumps(manifest))
    done = command("--topic", "t", "--bootstrap-servers", "127.0.0.1:1", "--manifest", str(path))
    message = (
        "seed is 12, and the configuration's is 11" if edited == "seed" else "the fingerprint is not that of the configuration"
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert message in done.stderr
    assert done.stderr.startswith(f"fastgen: {path}: manifest: ")
    assert len(done.stderr.splitlines()) == 1


def test_the_command(broker: Address, topic: str, tmp_path: Path) -> None:
    send(broker, topic)
    connection = ["--topic", topic, "--bootstrap-servers", broker.bootstrap]
    done = command(*connection, *flags(dataset()))
    assert done.returncode == 0
    assert done.stdout.startswith(f"{topic}, partition 0: ")
    assert f"{topic} holds what its configuration makes: 3,000 rows in" in done.stderr
    write(dataset(), tmp_path / "data")
    done = command("--topic", topic, "-X", f"bootstrap.servers={broker.bootstrap}", "--manifest", str(tmp_path / "data"), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["ok"]
    done = command(*connection, "--rows", "100", "-q")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"fastgen: {topic} does not hold what its configuration makes")
