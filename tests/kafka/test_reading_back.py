"""Topics read by other programs: they hold the dataset as `fastgen generate` writes it, and records came when they were due."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import naive
import numpy as np
import polars as pl
import pytest
from confluent_kafka import Consumer, TopicPartition

from fastgen import Config, Dataset, produce, write

from .broker import Address
from .conftest import drop

PARTITIONS = 4
COLUMNS = "tid,datetime,cc_num,category,amount,latitude,longitude,city,country"


class Content:
    """The content of a partition: its number of records, and a hash of their timestamps, keys and values."""

    def __init__(self) -> None:
        self.count, self._hash = 0, hashlib.sha256()

    def add(self, lines: bytes) -> None:
        """Add records as lines: timestamp, key and value, separated by tabs."""
        self.count += lines.count(b"\n")
        self._hash.update(lines)

    @property
    def summary(self) -> tuple[int, str]:
        return self.count, self._hash.hexdigest()


def of_file(path: Path) -> list[tuple[int, str]]:
    """The expected contents of the partitions, from the rows of an NDJSON file."""
    found = [Content() for _ in range(PARTITIONS)]
    for block in blocks(path):
        lines = pl.read_csv(block, has_header=False, separator="\t", quote_char=None, new_columns=["value"])
        names = pl.read_ndjson(block, schema={"datetime": pl.String, "cc_num": pl.String})
        key = names["cc_num"]
        partitions = {text: partition_of(text) for text in key.unique()}
        records = lines.select(
            timestamp=names["datetime"].str.to_datetime("%F %T").dt.epoch("ms"),
            key=key,
            value="value",
            partition=key.replace_strict(list(partitions), list(partitions.values()), return_dtype=pl.Int64),
        )
        for partition, content in enumerate(found):
            own = records.filter(pl.col("partition") == partition).drop("partition")
            content.add(own.write_csv(include_header=False, separator="\t", quote_style="never").encode())
    return [content.summary for content in found]


def blocks(path: Path) -> Iterator[bytes]:
    """A few hundred thousand lines of a file at a time."""
    with path.open("rb") as file:
        while block := file.read(1 << 26):
            yield block + file.readline()


@cache
def partition_of(key: str) -> int:
    return (naive.murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS


def by_consumer(broker: Address, topic: str) -> list[tuple[int, str]]:
    """The contents as confluent_kafka's Consumer reads them."""
    found = [Content() for _ in range(PARTITIONS)]
    for partition, timestamp, key, value in records(broker, topic):
        found[partition].add(b"%d\t%b\t%b\n" % (timestamp, key, value))
    return [content.summary for content in found]


def records(broker: Address, topic: str) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Partition, timestamp, key and value of every record."""
    consumer = Consumer({**broker.properties, "group.id": topic, "enable.auto.commit": False, "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    ended, until = 0, time.monotonic() + 180
    while ended < PARTITIONS:
        assert time.monotonic() < until
        for message in consumer.consume(10_000, timeout=0.1):
            key, value, partition = message.key(), message.value(), message.partition()
            if message.error():
                ended += 1
                continue
            assert isinstance(key, bytes)
            assert isinstance(value, bytes)
            assert partition is not None
            yield partition, message.timestamp()[1], key, value
    consumer.close()


def by_kcat(broker: Address, topic: str) -> list[tuple[int, str]]:
    """The contents as kcat reads them, a program without Python."""
    if not shutil.which("kcat"):
        assert "CI" not in os.environ
        pytest.skip("kcat is not here")
    return [summary_by_kcat(broker, topic, partition) for partition in range(PARTITIONS)]


def summary_by_kcat(broker: Address, topic: str, partition: int) -> tuple[int, str]:
    found = Content()
    argv = ["kcat", "-C", "-b", broker.bootstrap, "-t", topic, "-p", str(partition), "-o", "beginning", "-e", "-q"]
    argv += ["-f", r"%T\t%k\t%s\n"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while some := process.stdout.read(1 << 20):
            found.add(some)
    assert process.returncode == 0
    return found.summary


@pytest.mark.parametrize("read", [by_consumer, by_kcat])
def test_the_default_dataset(
    broker: Address, topic: str, tmp_path: Path, read: Callable[[Address, str], list[tuple[int, str]]]
) -> None:
    """With the commands as users type them."""
    argv = [sys.executable, "-m", "fastgen"]
    output = tmp_path / "rows.ndjson"
    subprocess.run([*argv, "generate", "-q", "--columns", COLUMNS, "--output", str(output)], check=True)
    sent = [*argv, "produce", "-q", "--bootstrap-servers", broker.bootstrap, "--topic", topic, "--create-topic"]
    subprocess.run(sent, check=True)
    assert read(broker, topic) == of_file(output)


def test_five_million_rows(broker: Address, topic: str, tmp_path: Path) -> None:
    """In some eighty pieces, of which four exist at a time: their memory is reused many times."""
    data, output = Dataset(Config(rows=5_000_000)), tmp_path / "rows.ndjson"
    write(data, str(output), columns=COLUMNS.split(","))
    report = produce(
        data, topic=topic, settings=broker.properties, create_topic=True, partitions=PARTITIONS, producers=2, threads=2
    )
    expected = of_file(output)
    assert report.acknowledged == 5_000_000
    assert list(report.partitions) == [count for count, _ in expected]
    assert by_kcat(broker, topic) == expected


# Pace, by the broker's clock

SECONDS = 30
FAR = 0.02 * SECONDS


class Arrivals(NamedTuple):
    """Times of arrival and event times of records, in seconds from the first one, in the order of the events."""

    came: np.ndarray
    events: np.ndarray


RATE, SPEED = 10_000, 3_600
PACES: dict[str, tuple[Config, dict[str, float]]] = {
    "rate": (Config(rows=RATE * SECONDS), {"rate": RATE}),
    # Thirty hours in thirty seconds.
    "speed": (Config(rows=50_000, start="2022-01-01", end="2022-01-02 06:00:00", atm={"cards": 0}), {"speed": SPEED}),
}


@pytest.fixture(scope="module")
def arrived(broker: Address) -> dict[str, Arrivals]:
    """The arrivals for all paces, which run in parallel, as a paced run waits most of the time."""
    with ThreadPoolExecutor() as pool:
        found = {name: pool.submit(arrivals, broker, *pace) for name, pace in PACES.items()}
    return {name: run.result() for name, run in found.items()}


def arrivals(broker: Address, config: Config, pace: dict[str, Any]) -> Arrivals:
    data, topic = Dataset(config), f"pace-{uuid4().hex[:12]}"
    stamped = {"message.timestamp.type": "LogAppendTime"}
    try:
        produce(
            data,
            topic=topic,
            settings=broker.properties,
            create_topic=True,
            partitions=PARTITIONS,
            topic_config=stamped,
            timestamps="now",
            **pace,
        )
        came = seconds(timestamp for _, timestamp, _, _ in records(broker, topic))
    finally:
        drop(broker, topic)
    events = data.transactions(["datetime"])["datetime"].dt.epoch("ms").to_numpy() / 1000
    return Arrivals(came, events - events[0])


def seconds(timestamps: Iterable[int]) -> np.ndarray:
    came = np.sort(np.fromiter(timestamps, np.int64)) / 1000
    return came - came[0]


def assert_kept(came: np.ndarray, due: np.ndarray) -> None:
    """Check that records came when due, relative to the last one: the first ones come together once the library has its broker."""
    assert due[-1] == pytest.approx(SECONDS, abs=FAR)
    off = (came - came[-1]) - (due - due[-1])
    assert np.quantile(np.abs(off), 0.95) < FAR


def test_a_rate_is_kept(arrived: dict[str, Arrivals]) -> None:
    came, _ = arrived["rate"]
    assert came.size == RATE * SECONDS
    assert_kept(came, np.arange(came.size) / RATE)


def test_a_speed_is_kept(arrived: dict[str, Arrivals]) -> None:
    came, events = arrived["speed"]
    assert_kept(came, events / SPEED)
