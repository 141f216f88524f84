"""Producing without a broker: options, the pace, the mock cluster, the command."""

import ast
import gc
import json
import math
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import count, islice, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from command import Run, after_compiling
from confluent_kafka import KafkaError as KafkaErrors
from confluent_kafka import KafkaException

import fastgen
from fastgen import Config, Dataset, DeliveryError, KafkaError, OptionError, produce, verify_topic
from fastgen.cli.kafka_values import client_settings, duration, moment, pairs
from fastgen.cli.producing import produced, progress_callback
from fastgen.schema import DEFAULT_TOPIC
from fastgen.sinks.kafka import cluster, librdkafka, topics
from fastgen.sinks.kafka.client_settings import with_defaults
from fastgen.sinks.kafka.messages import Messages, MessageSource
from fastgen.sinks.kafka.pace import Lag, Pace
from fastgen.sinks.kafka.periods import endless, first_event_at
from fastgen.sinks.kafka.reports import ProduceReport
from fastgen.sinks.kafka.run import Progress
from fastgen.sinks.kafka.run import Run as TopicRun
from fastgen.sinks.kafka.stream import Stream
from fastgen.sinks.kafka.topic import Topic

SMALL = Dataset(Config(rows=2_000, seed=5))
ways = pytest.mark.parametrize("plain", [False, True], ids=["compiled", "plain"])


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a separate process, to see all of its output until its end and what it loads."""
    argv = [sys.executable, "-m", "fastgen", "produce", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)


# The mock cluster


@ways
@pytest.mark.parametrize("options", [{}, {"producers": 3}, {"key": None}, {"partitions": 1}, {"labels_topic": "labels"}], ids=str)
def test_all_messages_are_acknowledged(plain: bool, options: dict[str, Any]) -> None:
    report = produce(SMALL.config, mock=True, plain=plain, **options)
    assert report.acknowledged == report.rows == sum(report.partitions) == 2_000
    assert not report.failed
    assert not report.errors
    if "labels_topic" in options:
        assert report.labels
        assert report.labels.acknowledged == 2_000


def held() -> tuple[int, int]:
    """The number of threads and of open descriptors of this process."""
    gc.collect()
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))


class SecondFails(librdkafka.CompiledSender):
    """A sender of which every second one cannot be created."""

    made = 0

    def __init__(self, *arguments: Any) -> None:
        SecondFails.made += 1
        if SecondFails.made % 2 == 0:
            raise KafkaError("no room")
        super().__init__(*arguments)


@pytest.mark.parametrize("fault", ["first messages", "second producer"])
def test_a_run_that_cannot_begin_gives_everything_back(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    produce(SMALL, mock=True, producers=2)  # creates what is created only once
    if fault == "first messages":
        monkeypatch.setattr(MessageSource, "encode", interrupted)
    else:
        monkeypatch.setattr("fastgen.sinks.kafka.run.choose_sender", lambda _: SecondFails)
    threads, descriptors = held()  # a thread of the previous run may still be ending
    for _ in range(3):
        with pytest.raises((KeyboardInterrupt, KafkaError)):
            produce(SMALL, mock=True, producers=2)
    then = held()
    assert then[0] <= threads
    assert then[1] <= descriptors


def test_both_ways_give_the_same_partitions() -> None:
    assert produce(SMALL, mock=True).partitions == produce(SMALL, mock=True, plain=True).partitions


@ways
def test_progress_says_how_far_a_run_is(plain: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that advances only when it is read, so that other processes do not affect the run."""
    produce(SMALL, mock=True, plain=plain)  # compiles the kernels
    readings, seen = count(), list[Progress]()
    monkeypatch.setattr(time, "monotonic", lambda: next(readings) * 0.002)
    produce(SMALL, mock=True, rate=4_000, plain=plain, progress=seen.append)
    assert [at.passed for at in seen] == sorted(at.passed for at in seen)
    assert len({at.passed for at in seen}) > 10
    assert all(at.passed == at.acknowledged + at.in_flight and not at.failed for at in seen)
    assert all(0 <= at.lag < 1 for at in seen)
    assert (seen[-1].acknowledged, seen[-1].in_flight) == (2_000, 0)
    assert seen[-1].bytes > 2_000 * 200


@ways
@pytest.mark.parametrize("producers", [1, 2])
def test_no_more_messages_are_in_flight_than_a_queue_has_room_for(plain: bool, producers: int) -> None:
    seen = list[Progress]()
    settings = {"queue.buffering.max.messages": "500"}
    report = produce(SMALL, mock=True, plain=plain, producers=producers, settings=settings, progress=seen.append)
    assert report.acknowledged == 2_000
    assert 0 <= min(at.in_flight for at in seen) < max(at.in_flight for at in seen) <= 500 * producers
    assert (seen[-1].passed, seen[-1].bytes) == (2_000, report.bytes)


def test_the_command() -> None:
    done = process("--mock", "--rows", "1000", "--json")
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert (report["rows"], report["acknowledged"], report["failed"]) == (1_000, 1_000, 0)
    assert {"seconds", "messages_per_second", "bytes", "partitions", "seed", "lag", "errors", "topic"} <= set(report)
    assert "forgets what it gets" in done.stderr
    assert process("--mock", "--rows", "1000", "-q").stderr == ""


def test_json_is_printed_quietly_too(run: Run) -> None:
    done = run("produce", "--mock", "--rows", "100", "--json", "--quiet")
    assert (json.loads(done.out)["acknowledged"], done.err) == (100, "")


def test_messages_without_an_acknowledgement_are_told() -> None:
    report = ProduceReport("t", 10, 2, 4, 3, {}, (4,), 1_000, 2.0, 0.0, "plain")
    assert report.messages_per_second == 2
    assert produced(report, 7) == (
        "6 of 10 messages are in t, 2 were there before, 3 got no acknowledgement: 2.00 s, 2 messages/s, 1.0 kB, plain backend, seed 7"
    )


def test_the_bar_shows_what_is_acknowledged() -> None:
    seen: list[tuple[int, int | None, str]] = []
    look = progress_callback(lambda *at: seen.append(at), SMALL, endless=False, notes=False, mock=True)
    look(Progress(passed=900, acknowledged=300, failed=0, in_flight=500, bytes=0, seconds=1.0, lag=0.0))
    assert seen[0][:2] == (400, 2_000)


# Options


def test_gapless_production_is_for_idempotent_producers_and_may_be_refused() -> None:
    name = "enable.gapless.guarantee"
    assert [with_defaults(given).get(name) for given in ({}, {"enable.idempotence": "false"}, {name: "false"})] == [
        "true",
        None,
        "false",
    ]


def test_the_topic_is_named_in_one_place() -> None:
    """So that `produce` and `verify` have the same default topic."""
    sources = [ast.parse(path.read_text()) for path in Path(fastgen.__file__).parent.rglob("*.py")]
    texts = [node.value for tree in sources for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert texts.count(DEFAULT_TOPIC) == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--rows", "10"], "--bootstrap-servers: must be given, as host:port,... (or --mock, to try it without a broker)"),
        (["--mock", "--key", "card"], "--key = 'card': must be one of none, tid, datetime"),
        (
            ["--mock", "--key", "citty"],
            "--key = 'citty': must be one of none, tid, datetime, cc_num, category, amount, latitude, longitude, "
            "city, country, fraud_label (did you mean city?)",
        ),
        (["--mock", "--rate", "0"], "--rate = 0.0: must be a number above 0"),
        (["--mock", "--speed", "nan"], "--speed = nan: must be a number above 0"),
        (["--mock", "--rate", "5", "--speed", "5"], "--rate = 5.0: must not be given with --speed"),
        (["--mock", "--timestamps", "later"], "--timestamps = 'later': must be event or now"),
        (["--mock", "--coordinates", "utm"], "--coordinates = 'utm': must be text or number"),
        (["--mock", "--producers", "0"], "--producers = 0: must be a whole number of at least 1"),
        (["--mock", "--partitions", "-1"], "--partitions = -1: must be a whole number of at least 1"),
        (["--mock", "--partitions", "100001"], "--partitions = 100001: must be at most 100,000"),
        (
            ["--mock", "--labels-topic", "credit_card_transactions"],
            "--labels-topic = 'credit_card_transactions': must be another topic",
        ),
        (["--mock", "--labels-delay", "2 weeks"], "--labels-delay = '2 weeks': must be a number and a unit"),
        (
            ["--mock", "--labels-topic", "labels", "--labels-delay", "999999999.99999999d"],
            "--labels-delay = '999999999.99999999d': must be at most 999999999d",
        ),
        (
            ["--mock", "--labels-topic", "labels", "--labels-delay", "2d", "--timestamps", "now"],
            "--labels-delay = 2 days: has no effect on records that bear the time of sending, unless --speed is given",
        ),
        (["--mock", "--resume"], "--resume: must not be given with --mock"),
        (["--mock", "--bootstrap-servers", "h:1"], "--mock: must not be given with bootstrap servers"),
        (["--bootstrap-servers", "h:1", "--resume", "--loop"], "--resume: must not be given with --loop or --shift-to"),
        (["--mock", "--shift-to", "then"], "--shift-to = 'then': must be now or a moment"),
        (
            ["--mock", "--shift-to", "2026-01-01 00:00:00+01:00"],
            "--shift-to = 2026-01-01 00:00:00+01:00: must be a date and time such as",
        ),
        *(
            (
                ["--mock", "--shift-to", day],
                f"--shift-to = {day} 00:00:00: must leave the whole period within the years 1970 to 9900",
            )
            for day in ("0001-01-01", "1969-12-31", "9900-12-31", "9999-12-31")
        ),
        (["--mock", "-X", "linger"], "-X: must be KEY=VALUE"),
        (["--mock", "-X", "linger.mss=5"], "client setting linger.mss: is refused: No such configuration property"),
        (["--mock", "-X", "sasl.password=${NOT_THERE}"], "-X = '${NOT_THERE}': must name a variable that the environment has"),
        (["--mock", "--producer-config", "/not/there"], "--producer-config = '/not/there': cannot be read: no such file"),
        (["--mock", "--topic", ""], "--topic = '': must be the name of a topic"),
        (["--mock", "--topic", "bad topic!"], "--topic = 'bad topic!': must be the name of a topic"),
        (["--mock", "--topic", "."], "--topic = '.': must be the name of a topic"),
        (["--mock", "--labels-topic", ".."], "--labels-topic = '..': must be the name of a topic"),
        (["--mock", "--labels-delay", "١d"], "--labels-delay = '١d': must be a number and a unit"),
        (["--mock", "--key", "fraud_label"], "--key = 'fraud_label': must not be the label"),
        (["--mock", "--labels-delay", "2d"], "--labels-delay = 2 days: must come with --labels-topic"),
        (["--bootstrap-servers", "h:1", "--partitions", "8"], "--partitions: must come with --create-topic"),
        (["--mock", "--replication-factor", "3"], "--replication-factor: must come with --create-topic"),
        (["--mock", "--topic-config", "retention.ms=-1"], "--topic-config: must come with --create-topic"),
        (["--mock", "-X", "acks=0"], "client setting acks = '0': must not be 0"),
        (["--mock", "-X", "acks=1"], "client settings: are refused: "),
        (
            ["--mock", "-X", "request.required.acks=0", "-X", "acks=all"],
            "client setting request.required.acks = '0': must not be 0",
        ),
    ],
)
def test_what_is_refused(run: Run, arguments: list[str], line: str) -> None:
    done = run("produce", "--quiet", *arguments)
    assert done.code == 2, done.err
    assert done.err.startswith(f"fastgen: {line}")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        *((name, value, "must be a number above 0") for name in ("rate", "speed") for value in ("5", True, 0, -1.5, 1j, 10**400)),
        *(("labels_delay", value, "must be a length of time that is not negative") for value in (timedelta(-1), 5)),
        ("shift_to", "now", "must be a date and time such as"),
        ("shift_to", date(2026, 1, 31), "must be a date and time such as"),
        ("key", "none", r"must be one of none, .* \(None, not a text\)$"),
    ],
)
def test_what_is_no_such_value(option: str, value: object, reason: str) -> None:
    """In the library, whose callers may not use a type checker."""
    with pytest.raises(OptionError, match=rf"^{option} = .*: {reason}"):
        produce(SMALL, mock=True, **{option: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [10**6, Fraction(10**6), np.float32(1e6), np.int64(10**6)], ids=repr)
def test_a_rate_may_be_any_real_number(value: float) -> None:
    assert produce(SMALL, mock=True, rate=value).acknowledged == 2_000


@ways
@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("transactional.id", "s3cr3t", "messages are sent without transactions"),
        ("delivery.report.only.error", "true", "messages are counted by their delivery reports"),
        ("test.mock.num.brokers", "1", "messages would go to a cluster inside this process; --mock has one"),
        ("partitioner", "random", "partitions are computed as Java's producer does"),
    ],
)
def test_settings_with_which_no_run_can_keep_its_word(
    run: Run, name: str, value: str, reason: str, plain: bool, tmp_path: Path
) -> None:
    path = tmp_path / "client.properties"
    path.write_text(f"{name} = {value}\n")
    for arguments in (["-X", f"{name}={value}"], ["--producer-config", str(path)]):
        done = run("produce", "--mock", "--rows", "1k", *arguments, *(["--plain"] if plain else []))
        assert done.code == 2
        assert done.err.startswith(f"fastgen: client setting {name}: must not be given: {reason}")
        assert done.err.count("\n") == 1
        assert "s3cr3t" not in done.err


@ways
def test_why_the_library_takes_nothing(plain: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastgen.sinks.kafka.client_settings.UNFIT", {})
    with pytest.raises(DeliveryError, match=r"2,000 of 2,000 messages were not acknowledged: 2,000 were not sent: .*\(_STATE\)"):
        produce(SMALL, mock=True, plain=plain, settings={"transactional.id": "x"})


@pytest.mark.parametrize(("setting", "is_logged"), [("FALSE", True), ("0", True), ("True", False), ("1", False)])
def test_without_idempotence_a_line_says_what_that_means(setting: str, is_logged: bool, caplog: pytest.LogCaptureFixture) -> None:
    assert produce(SMALL, mock=True, settings={"enable.idempotence": setting}).acknowledged == 2_000
    assert [record.getMessage().startswith("producers are not idempotent") for record in caplog.records] == [True] * is_logged


@pytest.mark.parametrize(("producers", "messages"), [(2, []), (3, ["topic t has 2 partitions, so more producers would be idle"])])
def test_more_producers_than_partitions(producers: int, messages: list[str], caplog: pytest.LogCaptureFixture) -> None:
    assert produce(SMALL, topic="t", mock=True, partitions=2, producers=producers).acknowledged == 2_000
    assert [record.getMessage() for record in caplog.records] == messages


@ways
def test_the_log_of_the_library_is_its_own(plain: bool) -> None:
    """If requested, it comes from all handles, as the library writes it; otherwise not at all."""
    arguments = ["--mock", "--rows", "1k", "-q", "-X", "sasl.password=s3cr3t", *(["--plain"] if plain else [])]
    done = process(*arguments, "-X", "debug=all")
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert any("Client configuration" in line for line in lines)
    assert len({line.split("|")[3] for line in lines if line.startswith("%")}) >= 2  # an admin client and a producer
    assert not [line for line in lines if line.startswith("fastgen:")]
    assert "s3cr3t" not in done.stderr
    assert process(*arguments).stderr == ""


def test_what_is_refused_is_said_alone() -> None:
    """Notes come only after the options are checked; nothing is compiled or counted before."""
    done = process("--mock", "--key", "card", "--rows", "1k")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_without_the_client_library_nothing_else_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, importlib.util as util\nreal = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'confluent_kafka' else real(name, *more)\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    done = process("--mock", "--rows", "1k")
    assert done.returncode == 1
    assert done.stderr == (
        "fastgen: confluent-kafka, which talks to Kafka, is not installed (it is in the extra kafka: pip install 'fastgen-payments[kafka]')\n"
    )


def test_why_there_is_no_cluster_inside_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_kind: int, _conf: int, reason: Any, _size: int) -> None:
        reason.value = b"no threads left"

    monkeypatch.setattr(librdkafka, "_new", refuse)
    with pytest.raises(KafkaError, match=r"^the cluster inside this process cannot be made: no threads left$"):
        librdkafka.MockCluster({"t": 1})


@pytest.mark.parametrize(("address", "cause"), [("127.0.0.1:1", "Connection refused"), ("nohost.invalid:1", "Failed to resolve")])
def test_why_no_broker_answers(monkeypatch: pytest.MonkeyPatch, address: str, cause: str) -> None:
    monkeypatch.setattr(cluster, "TIMEOUT", 2.0)
    with pytest.raises(
        KafkaError, match=rf"^{address}: no broker answers: .*{cause}.*\(is this its address, and is it running\?\)$"
    ):
        produce(SMALL, address)


class Electing:
    """A consumer for which a partition has no leader for a while."""

    def __init__(self, code: int) -> None:
        self.answers = [code, code, None]

    def get_watermark_offsets(self, *_: Any, **__: Any) -> tuple[int, int]:
        if (code := self.answers.pop(0)) is not None:
            raise KafkaException(KafkaErrors(code))
        return 3, 7


@pytest.mark.parametrize(
    "code",
    [
        KafkaErrors.NOT_LEADER_FOR_PARTITION,
        KafkaErrors.LEADER_NOT_AVAILABLE,
        KafkaErrors.UNKNOWN_TOPIC_OR_PART,
        KafkaErrors._UNKNOWN_PARTITION,
        KafkaErrors._UNKNOWN_TOPIC,
    ],
)
def test_offsets_of_a_partition_without_a_leader_are_waited_for(code: int) -> None:
    assert cluster._offsets(Electing(code), Topic("t", 1), 0) == (3, 7)  # type: ignore[arg-type]


def test_offsets_that_cannot_be_read() -> None:
    with pytest.raises(KafkaError, match=r"topic t: its offsets cannot be read: .*[Aa]uthorization"):
        cluster._offsets(Electing(KafkaErrors.TOPIC_AUTHORIZATION_FAILED), Topic("t", 1), 0)  # type: ignore[arg-type]


class Growing:
    """A consumer for which the only partition grows for a while."""

    def __init__(self) -> None:
        self.ends = [5, 5, 6, 6, 7]

    def get_watermark_offsets(self, *_: Any, **__: Any) -> tuple[int, int]:
        return 0, self.ends.pop(0) if self.ends[1:] else self.ends[0]

    def close(self) -> None: ...


def test_ends_are_waited_for_until_they_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a producer sent before it died may be appended after a resumed run has read the offsets for the first time."""
    growing = cluster.Cluster({"bootstrap.servers": "127.0.0.1:1"})
    monkeypatch.setattr(growing, "consumer", lambda _: Growing())
    now, naps = [0.0], list[float]()
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: naps.append(seconds) or now.__setitem__(0, now[0] + seconds))
    assert growing.ends(Topic("t", 1)).tolist() == [7]
    assert sum(naps[4:]) == pytest.approx(cluster.STILL), "as long as that after the last record"


def test_secrets_are_not_shown() -> None:
    done = process("--mock", "-q", "-X", "ssl.key.password=hush", "-X", "sasl.passwordd=hush")
    assert done.returncode == 2
    assert "hush" not in done.stdout + done.stderr


def test_no_broker_answers(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A note says early, and only once, that the run is waiting for one."""
    monkeypatch.setattr(cluster, "TIMEOUT", 6.0)
    began = time.time()
    with pytest.raises(KafkaError, match=r"127.0.0.1:1: no broker answers"):
        produce(SMALL, "127.0.0.1:1")
    [note] = caplog.records
    assert note.getMessage() == "no answer yet from 127.0.0.1:1; trying for 6 s"
    assert note.created - began < 4


@pytest.mark.parametrize("arguments", [["produce"], ["verify", "--topic=t"]], ids=" ".join)
def test_waiting_for_a_broker_is_told_as_all_else_is(run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.setattr(cluster, "TIMEOUT", 2.0)
    for quiet, lines in ((["-q"], 1), ([], 2)):
        ended = run(*arguments, "--bootstrap-servers=127.0.0.1:1", "--rows=100", *quiet)
        *note, error = after_compiling(ended.err).splitlines()
        assert (ended.code, len(note) + 1) == (1, lines)
        assert error.startswith("fastgen: 127.0.0.1:1: no broker answers: ")
    assert note == ["fastgen: no answer yet from 127.0.0.1:1; trying for 2 s"]


def test_settings_of_the_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "a=b")
    path = tmp_path / "client.properties"
    path.write_text("# comment\n\nacks = all\nsasl.password=${SECRET}\nlinger.ms=1\n")
    assert client_settings(str(path), ["linger.ms=9"]) == {"acks": "all", "sasl.password": "a=b", "linger.ms": "9"}
    assert pairs("X", []) == {}
    path.write_text("acks = all\n\nlinger\n")
    with pytest.raises(OptionError, match=r"client.properties, line 3: must be KEY=VALUE"):
        client_settings(str(path), [])


SERVERS = ["--bootstrap-servers", "127.0.0.1:1"]


@pytest.mark.parametrize("line", ["sasl.pasword=${KPW}", "sasl.passwrd=s3cr3t", "sasl.password: s3cr3t", "=s3cr3t", "s3cr3t"])
@pytest.mark.parametrize("to", [["produce", "--mock"], ["produce", "--plain", "--mock"], ["verify", "--topic", "t", *SERVERS]])
@pytest.mark.parametrize("in_file", [False, True])
def test_no_secret_is_shown(
    run: Run, line: str, to: list[str], in_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt setting may be a secret, and so may a line that is not a setting."""
    monkeypatch.setenv("KPW", "s3cr3t")
    path = tmp_path / "client.properties"
    path.write_text(line + "\n")
    arguments = ["--producer-config", str(path)] if in_file else ["-X", line]
    done = run(*to, *arguments)
    assert done.code == 2
    assert "must be KEY=VALUE" in done.err or "No such configuration property" in done.err
    assert "s3cr3t" not in done.err + done.out


def test_durations_and_moments() -> None:
    assert [duration("d", text).total_seconds() for text in ("90s", "1.5m", "6h", "2d")] == [90, 90, 21_600, 172_800]
    assert moment("2026-01-31 12:00:00") == datetime(2026, 1, 31, 12)
    now = moment("now")
    assert now
    assert abs((datetime.now(UTC).replace(tzinfo=None) - now).total_seconds()) < 60
    for text in ("", "2", "d", "-1s", "1w"):
        with pytest.raises(OptionError):
            duration("d", text)


def test_now_is_that_of_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/New_York")
        time.tzset()
        now = moment("now")
    time.tzset()
    assert now
    assert abs((datetime.now(UTC).replace(tzinfo=None) - now).total_seconds()) < 60


# Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still; its only item is the time."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_rate_is_spread_over_the_second(clock: list[float]) -> None:
    pace = Pace(1_000, None, 0)
    sent = 0
    for step in range(1, 400):
        clock[0] = 100 + step / 100
        allowed = pace.allowance(sent, 0)
        if allowed.wait <= 0:
            assert allowed.most is not None
            assert 20 <= allowed.most <= 40
            sent += allowed.most
        assert abs(sent - step * 10) <= 40


def test_event_time_passes_at_a_speed(clock: list[float]) -> None:
    pace = Pace(None, 60, 5_000)
    clock[0] += 2
    assert pace.allowance(0, 200_000).until == 125_000
    assert pace.allowance(0, 200_000).wait == pytest.approx(75 / 60)
    assert pace.due(0, 65_000) == pytest.approx(1)


@pytest.mark.parametrize(("rate", "speed"), [(1.7e308, None), (None, 1.7e308)])
def test_a_pace_beyond_all_bounds(clock: list[float], rate: float | None, speed: float | None) -> None:
    pace = Pace(rate, speed, 5_000)
    clock[0] += 100
    allowed = pace.allowance(10, 10**12)
    assert allowed.wait <= 0
    assert (allowed.most or allowed.until or 0) > 10**12


def test_the_first_message_is_due_at_once(clock: list[float]) -> None:
    pace = Pace(0.2, None, 0)
    assert pace.allowance(0, 0) == (1, None, 0)
    assert pace.allowance(1, 0).wait == pytest.approx(5)


def test_lag_is_that_of_the_oldest_message_without_a_report(clock: list[float]) -> None:
    lag = Lag(Pace(100, None, 0))
    clock[0] += 1
    assert lag.now(0, 0, 0) == pytest.approx(1)  # the first one was due a second ago
    lag.begin(0, 0)
    lag.begin(50, 0)
    assert lag.now(49, 100, 0) == pytest.approx(1)
    assert lag.now(50, 100, 0) == pytest.approx(0.5)
    assert lag.now(100, 100, 0) == 0
    clock[0] += 5
    assert lag.now(100, 100, 0) == pytest.approx(5)
    assert lag.now(100, 100, None) == 0
    assert lag.worst == pytest.approx(5)


def test_without_a_schedule_nothing_is_late(clock: list[float]) -> None:
    lag = Lag(Pace(None, None, 0))
    lag.begin(0, 0)
    clock[0] += 10
    assert lag.now(0, 100, 0) == 0


def test_rate_and_speed_are_kept() -> None:
    data = Dataset(Config(rows=1_500, seed=5, end="2022-01-02", atm={"cards": 0}))
    by_rate = produce(data, mock=True, rate=1_000)
    assert 1.4 < by_rate.seconds < 3
    by_speed = produce(data, mock=True, speed=43_200)
    assert 1.9 < by_speed.seconds < 4


class Taken(list[int]):
    """A sender that records the numbers of the messages that it was given."""

    def send(self, messages: Messages, times: np.ndarray, order: np.ndarray, ranges: np.ndarray) -> None:
        self.extend(sorted(i for first, stop in ranges for i in order[first:stop].tolist()))

    def stop(self) -> None: ...


class Full(Taken):
    """A sender whose queue stays full until it is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped = threading.Event()

    def send(self, *_: Any) -> None:
        self.stopped.wait(20)

    def stop(self) -> None:
        self.stopped.set()


def test_a_stream_that_is_closed_waits_for_no_queue() -> None:
    """As when the code that should have stopped it was interrupted itself."""
    source = MessageSource(SMALL, ["tid"], "cc_num", 3, "text")
    zeros = np.zeros(3, np.int64)
    stream = Stream([source], [Full()], item=0, seen=zeros, present=zeros, threads=1)  # type: ignore[list-item]
    stream.send()
    began = time.monotonic()
    stream.close()
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("existing", [[0, 0, 0], [5, 0, 9], [100, 3, 70], [700, 650, 640], [10_000, 10_000, 10_000]], ids=str)
def test_a_stream_begins_with_the_first_message_that_is_not_there(existing: list[int]) -> None:
    source = MessageSource(SMALL, ["tid"], "cc_num", 3, "text")
    partitions = np.concatenate([source.encode(item).partitions for item in source.items])
    ranks = [int((partitions[:i] == partition).sum()) for i, partition in enumerate(partitions)]
    expected = [i for i, partition in enumerate(partitions) if ranks[i] >= existing[partition]]
    times = np.concatenate([source.encode(item).times for item in source.items])
    sender, zeros = Taken(), np.zeros(3, np.int64)
    stream = Stream([source], [sender], item=0, seen=zeros, present=np.array(existing), threads=1)  # type: ignore[list-item]
    assert stream.next_due == (times[expected[0]] if expected else None)
    while stream.next_due is not None:
        stream.send(most=300)
        assert stream.wait(10)
    stream.close()
    assert stream.sent == len(expected)
    assert len(sender) == len(expected)
    assert stream.bytes == len(expected) * len(json.dumps({"tid": "0" * 32}))


def test_records_bear_the_times_at_which_they_are_due() -> None:
    class Timed(Taken):
        def send(self, messages: Messages, times: np.ndarray, order: np.ndarray, ranges: np.ndarray) -> None:
            self.extend(times.tolist())

    source = MessageSource(SMALL, ["tid"], "cc_num", 3, "text")
    expected, zeros = [time + 7_000 for item in source.items for time in source.encode(item).times.tolist()], np.zeros(3, np.int64)
    for event_times in (True, False):
        sender = Timed()
        stream = Stream(
            [source],
            [sender],  # type: ignore[list-item]
            item=0,
            seen=zeros,
            present=zeros,
            threads=1,
            delay=7_000,
            event_times=event_times,
        )
        while stream.next_due is not None:
            stream.send()
            assert stream.wait(10)
        stream.close()
        assert list(sender) == (expected if event_times else [0] * len(expected))


# Topics


def days_ago(days: int) -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days)


KEEPS: list[dict[str, str]] = [{}, {"retention.ms": "-1"}, {"message.timestamp.type": "LogAppendTime", "retention.ms": "1"}]
HOUR_AHEAD = {"message.timestamp.after.max.ms": "3600000"}
WEEK = {"retention.ms": str(7 * 86_400_000)}


@pytest.mark.parametrize(
    ("begun", "ended", "delay", "speed", "settings", "message"),
    [
        *((60, 30, 0, None, settings, None) for settings in KEEPS),
        (60, 30, 0, None, WEEK, "would delete those of"),
        (60, 30, 0, None, WEEK | {"cleanup.policy": ""}, None),  # Kafka 4 has topics that delete nothing
        (60, 30, 54, None, WEEK, None),  # records are younger than their events
        (60, 30, 52, None, WEEK, "would delete those of"),
        (60, 30, 0, None, HOUR_AHEAD, None),
        (60, 30, 29, None, HOUR_AHEAD, None),
        (60, 30, 31, None, HOUR_AHEAD, "takes no records that are more than 1:00:00 ahead of the clock"),
        (60, 30, 31, None, {"message.timestamp.after.max.ms": str(2 * 86_400_000)}, None),
        (60, 30, 31, 1, HOUR_AHEAD, None),  # each is sent when its time comes
        (60, 30, 31, 1.5, HOUR_AHEAD, "ahead of the clock"),
    ],
)
def test_topics_are_looked_at_with_the_delay_of_their_records(
    begun: int, ended: int, delay: int, speed: float | None, settings: dict[str, str], message: str | None
) -> None:
    data = Dataset(Config(rows=1_000, start=days_ago(begun), end=days_ago(ended), atm={"cards": 0}))
    times = topics.times_of(data, timedelta(delay), loop=False, speed=speed)
    with pytest.raises(KafkaError, match=message) if message else nullcontext():
        topics.check_times("t", settings, times)
    made = topics.settings_for(times)
    topics.check_times("t", made, times)
    assert ("message.timestamp.after.max.ms" in made) == (delay > ended and speed != 1)


def test_records_may_be_as_late_as_the_last_withdrawal_but_no_later() -> None:
    """However long the groups are in which rows are made."""
    atm: Any = {"lengths": [2, 6], "step_hours": [6, 24]}
    data = Dataset(Config(rows=1_000, start=days_ago(60), end=days_ago(7), atm=atm))
    times = topics.times_of(data, timedelta(0), loop=False, speed=None)
    topics.check_times("t", HOUR_AHEAD, times)
    assert times.last == pytest.approx(data.plan.start_seconds + 53 * 86_400 + 6 * 86_400, abs=1)


def test_records_of_events_to_come() -> None:
    """Sent in real time, those of data that begin in the future, as all of endless data, are ahead of the clock."""
    data = Dataset(Config(rows=1_000, start=days_ago(-10), end=days_ago(-40), atm={"cards": 0}))
    assert topics.times_of(data, timedelta(0), loop=False, speed=1).ahead > 39 * 86_400
    past = Dataset(Config(rows=1_000, start=days_ago(60), end=days_ago(30), atm={"cards": 0}))
    assert topics.times_of(past, timedelta(0), loop=False, speed=None).ahead < 0
    assert topics.times_of(past, timedelta(0), loop=True, speed=None).ahead > 86_400 * 365 * 7_000


ZERO = r"timestamps = 'event': must be now for data that begin at 1970-01-01 00:00:00"


def test_a_setting_of_a_topic_that_is_no_number() -> None:
    times = topics.times_of(SMALL, timedelta(0), loop=False, speed=None)
    for name in ("retention.ms", "message.timestamp.after.max.ms"):
        with pytest.raises(OptionError, match=f"topic_config = '{name}=7d': must be a whole number"):
            topics.check_times("t", {name: "7d"}, times)
    with pytest.raises(OptionError, match=r"topic_config = 'max.message.bytes=1M': must be a whole number"):
        topics.most_bytes({"max.message.bytes": "1M"})


@pytest.mark.parametrize(
    ("code", "is_told"),
    [(KafkaErrors._TIMED_OUT, True), (KafkaErrors._TRANSPORT, True), (KafkaErrors.TOPIC_AUTHORIZATION_FAILED, False)],
)
def test_settings_that_a_broker_does_not_tell(code: int, is_told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may keep them to itself, but has to answer: without them, topics that lose records would be taken."""
    answer: Future[Any] = Future()
    answer.set_exception(KafkaException(KafkaErrors(code)))
    own = cluster.Cluster({"bootstrap.servers": "127.0.0.1:1"})
    monkeypatch.setattr(own, "_admin", SimpleNamespace(describe_configs=lambda *_, **__: {"t": answer}))
    with pytest.raises(KafkaError, match="the settings of topic t cannot be read") if is_told else nullcontext():
        assert own.settings(Topic("t", 1)) == {}


def test_delayed_labels_that_bear_the_time_of_sending_can_be_verified() -> None:
    """At a speed they are sent later; there is nothing to compare."""
    with pytest.raises(OptionError, match="bootstrap_servers: must be given"):  # the last of the checks
        verify_topic(SMALL, topic="t", timestamps="now", labels_topic="labels", labels_delay=timedelta(2))


def test_no_record_gets_the_time_of_sending_in_place_of_1970() -> None:
    """To the client library a timestamp of 0 means none."""
    data = Dataset(Config(rows=200_000, start="1970-01-01", end="1970-03-01"))
    with pytest.raises(OptionError, match=ZERO):
        produce(data, "127.0.0.1:1", topic="t")  # before a broker is contacted
    with pytest.raises(OptionError, match=ZERO):
        produce(data.part(1, of=3), mock=True)
    later = Dataset(Config(rows=2_000, start="1970-01-01 00:00:01", end="1970-03-01"))
    assert produce(later, mock=True).acknowledged == 2_000
    last = data.part(3, of=3)
    assert produce(last, mock=True).acknowledged == last.num_rows
    assert produce(data, mock=True, timestamps="now").acknowledged == 200_000


# Periods


def test_the_first_event_is_moved_to_a_moment() -> None:
    when = datetime(2026, 5, 17, 8, 30, 15)
    moved = first_event_at(SMALL, when).transactions(["datetime", "cc_num", "amount"])
    original = SMALL.transactions(["datetime", "cc_num", "amount"])
    assert moved["datetime"][0] == when
    assert first_event_at(SMALL, when.replace(microsecond=999_999)).config.start == first_event_at(SMALL, when).config.start
    assert moved["amount"].equals(original["amount"])
    assert moved["cc_num"].equals(original["cc_num"])
    assert ((moved["datetime"] - original["datetime"]).unique().len()) == 1


@pytest.mark.parametrize("start", ["2022-01-01", "2022-01-01 17:00:00"])
def test_endless_periods_go_on_in_time(start: Any) -> None:
    periods = list(islice(endless(Dataset(Config(rows=300, seed=5, start=start, atm={"cards": 0}))), 3))
    frames = [period.transactions(["datetime", "amount"]) for period in periods]
    for before, after in pairwise(frames):
        assert before["datetime"].max() <= after["datetime"].min()  # type: ignore[operator]
        assert not before["amount"].equals(after["amount"])
    assert len({period.config.seed for period in periods}) == 3


@pytest.mark.parametrize(
    ("settings", "last"),
    [
        ({"fraud": {"ratio": 0}, "atm": {"cards": 0}}, timedelta(0)),
        (
            {"fraud": {"ratio": 0.1, "chain_lengths": [2, 5], "chain_gap_seconds": [1, 60]}, "atm": {"cards": 0}},
            timedelta(minutes=4),
        ),
        ({"atm": {"lengths": [2, 6], "step_hours": [6, 100]}}, timedelta(hours=600)),
    ],
)
def test_a_period_begins_when_no_more_events_of_the_last_one_can_come(settings: Any, last: timedelta) -> None:
    """However long the groups are in which rows are made."""
    first, second = islice(endless(Dataset(Config(rows=3_000, **settings))), 2)
    assert second.config.start == first.config.end + last + timedelta(seconds=1)
    assert first.transactions(["datetime"])["datetime"].max() < second.config.start  # type: ignore[operator]


WHOLE = Dataset(Config(rows=200_000))
PARTS = [WHOLE.part(number, of=3) for number in (1, 2, 3)]


def test_parts_are_moved_as_the_whole_is() -> None:
    when = datetime(2026, 5, 17, 8, 30, 15)
    columns = ["datetime", "cc_num"]
    moved = pl.concat(first_event_at(part, when).transactions(columns) for part in PARTS)
    assert moved.equals(first_event_at(WHOLE, when).transactions(columns))
    assert moved["datetime"][0] == when
    sent = [produce(part, mock=True, shift_to=when) for part in PARTS]
    assert [report.acknowledged for report in sent] == [report.rows for report in sent] == [107_165, 64_451, 28_384]


def test_parts_go_on_with_parts() -> None:
    whole, part = (next(islice(endless(data), 1, None)) for data in (WHOLE, PARTS[1]))
    assert part.config == whole.config
    assert part.groups == whole.part(2, of=3).groups


def test_periods_end_with_the_years(run: Run) -> None:
    last = Config(rows=5, start="9900-10-01", end="9900-11-01", atm={"cards": 0})
    assert [period.config.end.month for period in endless(Dataset(last))] == [11, 12]
    done = run(
        "produce",
        "--mock",
        "--rows",
        "5",
        *(f"--set={each}" for each in ("start=9900-10-01", "end=9900-11-01", "atm.cards=0")),
        "--loop",
    )
    assert done.code == 0
    assert "10 of 10 messages are in" in done.err


def test_seeds_without_a_period_are_passed_over() -> None:
    """With so few cards, there may be none whose holder can withdraw cash."""
    data = Dataset(Config(rows=2_000, cards=2, atm={"cards": 1}, seed=5))
    periods = list(islice(endless(data), 20))
    assert [period.plan.cash_cards for period in periods] == [1] * 20


def test_messages_are_the_same_in_any_order_of_making() -> None:
    data = Dataset(Config(rows=300_000, seed=5))
    source = MessageSource(data, ["tid", "amount"], "cc_num", 4, "text")
    some = [source.items[i] for i in (3, 0, 3, 1)]
    made = [source.encode(groups) for groups in some]
    assert made[0].values.memory[: made[0].values.ends[-1]].tobytes() == made[2].values.memory[: made[2].values.ends[-1]].tobytes()
    assert made[0].partitions.tolist() == made[2].partitions.tolist()


@pytest.mark.parametrize("partitions", [1, 7])
def test_messages_without_a_key_go_to_partitions_in_turn(partitions: int) -> None:
    source = MessageSource(Dataset(Config(rows=300_000, seed=5)), ["amount"], None, partitions, "text")
    found: list[int] = []
    for groups in source.items[:3]:
        found += source.assigned(source.encode(groups), len(found)).partitions.tolist()
    assert found == [number % partitions for number in range(len(found))]


@pytest.mark.parametrize("key", ["cc_num", None])
def test_a_part_without_rows_has_no_messages(key: str | None) -> None:
    """For example the last one, if no chain runs past the end of the period."""
    data = Dataset(Config(rows=400_000, end="2022-01-02", atm={"cards": 0}, fraud={"ratio": 0.00001}))
    of = data.plan.grid.groups
    report = produce(data.part(of, of=of), mock=True, key=key)
    assert (report.rows, report.acknowledged, report.bytes) == (0, 0, 0)


@pytest.mark.parametrize("key", ["cc_num", "city", None])
def test_the_largest_message_is_told_with_its_key(key: str | None) -> None:
    source = MessageSource(SMALL, ["tid", "city"], key, 4, "text")
    messages = source.encode(source.items[0])
    assert messages.largest == max(len(messages.values.text(i)) + len(messages.keys.text(i)) for i in range(messages.size))


def test_labels_are_tid_and_label() -> None:
    report = produce(SMALL, mock=True, labels_topic="labels", labels_delay=timedelta(days=2))
    content = report.as_dict()
    assert content.keys() - content["labels"].keys() == {"labels"}
    assert content["labels"]["topic"] == "labels"
    assert report.labels
    assert report.labels.bytes == 2_000 * len(json.dumps({"tid": "0" * 32, "fraud_label": 0}))


def test_at_a_speed_labels_are_sent_when_they_are_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in a gap between two transactions."""
    early, names, begin = list[float](), list[str](), TopicRun.send

    def send(run: TopicRun, before: int | None = None) -> None:
        names.append(run.topic.name)
        early.append(run.wait() if before is None else math.inf)
        begin(run, before)

    monkeypatch.setattr(TopicRun, "send", send)
    data = Dataset(Config(payments=10, start="2022-01-01", end="2022-01-01 00:00:50", atm={"cards": 0}))
    report = produce(data, mock=True, topic="t", speed=50, labels_topic="labels", labels_delay=timedelta(seconds=7))
    assert report.acknowledged == report.labels.acknowledged == 10  # type: ignore[union-attr]
    assert max(early) <= 0
    changes = sum(one != other for one, other in pairwise(names))
    assert changes > 5  # labels of earlier transactions come between later ones


@pytest.mark.parametrize("servers", [["localhost:9092"], 9092, b"localhost:9092", "--create-topic"])
def test_servers_that_are_no_text(servers: Any) -> None:
    with pytest.raises(OptionError, match=r"^bootstrap_servers = .*: must be a text such as host:9092,other:9092$"):
        produce(SMALL, bootstrap_servers=servers)
    with pytest.raises(OptionError, match=r"^bootstrap_servers = .*: must be a text such as host:9092,other:9092$"):
        verify_topic(SMALL, servers)


@pytest.mark.parametrize("settings", ["acks=all", ["acks"], 5])
def test_settings_that_are_no_mapping(settings: Any) -> None:
    with pytest.raises(OptionError, match=r"^settings: must be librdkafka's settings, by name$"):
        produce(SMALL, mock=True, settings=settings)


def test_as_many_threads_as_processors() -> None:
    assert produce(SMALL, mock=True, threads=None).acknowledged == 2_000
