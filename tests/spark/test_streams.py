"""Transactions as a stream: in event-time order, at a rate, each row exactly once however often the stream is stopped."""

import json
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgen import Config, Dataset, OptionError
from fastgen.positions import Position, Positions, pieces
from fastgen.workers import Worker

from .conftest import plain, require_pyspark

require_pyspark()

ROWS, SEED = 300_000, 5
DATA = Dataset(Config(rows=ROWS, seed=SEED))
WHOLE = plain(DATA.transactions())
START = Position(0, 0, 0)


def source(**options: str) -> Any:
    from fastgen.spark import FastgenSource

    return FastgenSource({"rows": str(ROWS), "seed": str(SEED), **options})


def stream_of(**options: str) -> Any:
    """The stream reader, as Spark makes it on the driver."""
    made = source(**options)
    return made.streamReader(made.schema())


# Positions


@settings(max_examples=20)
@given(st.lists(st.integers(0, ROWS), min_size=1, max_size=4).map(sorted), st.integers(1, 5))
def test_any_cuts(numbers: list[int], most: int) -> None:
    """Wherever micro-batches end and however they are cut, their rows are those of the dataset."""
    stream = stream_of(columns="datetime,cc_num,amount", parts=str(most))
    offsets = [stream.initialOffset()]
    for number in numbers:
        position = stream._position(offsets[-1])
        offsets.append(stream._offset(stream._positions.after(position, number - position.rows)))
    found = [rows_between(stream, start, end) for start, end in pairwise(offsets)]
    assert [frame.height for frame in found] == [b - a for a, b in zip([0, *numbers], numbers, strict=False)]
    assert pl.concat(found).equals(WHOLE.select("datetime", "cc_num", "amount").head(numbers[-1]))


def rows_between(stream: Any, start: dict[str, Any], end: dict[str, Any]) -> pl.DataFrame:
    """The rows as Spark reads them, which stores offsets as JSON."""
    partitions = stream.partitions(json.loads(json.dumps(start)), json.loads(json.dumps(end)))
    assert len(partitions) <= stream.most
    batches = [batch for partition in partitions for batch in stream.read(partition)]
    assert all(batch.num_rows for batch in batches)
    return plain(pa.Table.from_batches(batches)) if batches else WHOLE.select(stream.names).clear()


def test_positions_say_the_same_whichever_way_they_are_reached() -> None:
    walk = Positions(DATA.plan)
    half = walk.after(START, 150_000)
    assert walk.after(walk.after(START, 1), 149_999) == half
    assert walk.after(half, ROWS) == walk.after(START, ROWS) == Position(ROWS, DATA.plan.grid.groups, 0)
    edge = next(group for group in range(DATA.plan.grid.groups) if Worker(DATA.plan).count(group))
    rows = Worker(DATA.plan).count(edge)
    assert walk.after(START, rows).skip == 0
    assert walk.after(START, rows).group > edge


def test_a_restart_counts_nothing_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    walk = Positions(DATA.plan)
    late = walk.after(START, 250_000)
    counted: list[int] = []
    count = Worker.count
    monkeypatch.setattr(Worker, "count", lambda self, group: counted.append(group) or count(self, group))  # type: ignore[func-returns-value]
    fresh = Positions(DATA.plan)
    for _ in range(3):
        late = fresh.after(late, 10_000)
    assert counted
    assert min(counted) == walk.after(START, 250_000).group
    assert len(counted) == len(set(counted))


def test_groups_are_counted_as_they_are_made() -> None:
    worker = Worker(DATA.plan)
    assert [worker.count(group) for group in DATA.groups] == [
        worker.fill(range(group, group + 1)).second.size for group in DATA.groups
    ]


def test_pieces_of_nothing() -> None:
    assert pieces(START, START, 4) == []


# The pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock; its only item is the time."""
    now = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_rate(clock: list[float]) -> None:
    stream = stream_of(rowsPerSecond="20k")
    offset = stream.initialOffset()
    for seconds, rows in ((0, 0), (0.5, 10_000), (0.5, 10_000), (3, 60_000), (3.00001, 60_000), (100, ROWS), (101, ROWS)):
        clock[0] = 1_000 + seconds
        offset = stream.latestOffset(offset, None)
        assert offset["rows"] == rows


def test_a_restarted_stream_goes_on_at_its_rate(clock: list[float]) -> None:
    """The time while it was down does not count."""
    released = stream_of()._offset(Positions(DATA.plan).after(START, 123_456))
    again = stream_of(rowsPerSecond="20k")
    assert again.latestOffset(released, None) == released
    clock[0] += 1
    assert again.latestOffset(released, None)["rows"] == 143_456


def test_without_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastgen.spark.stream.ROWS_IN_BATCH", 200_000)
    for stream in (stream_of(), stream_of(rowsPerSecond="1")):
        stream.prepareForTriggerAvailableNow()
        first = stream.latestOffset(stream.initialOffset(), None)
        last = stream.latestOffset(first, None)
        assert (first["rows"], last["rows"]) == (200_000, ROWS)
        assert stream.latestOffset(last, None) == last


# Bad input


def test_a_checkpoint_of_another_dataset() -> None:
    offset = stream_of()._offset(START)
    with pytest.raises(OptionError, match=r"checkpoint = '[0-9a-f]{16}': belongs to another dataset than [0-9a-f]{16}"):
        stream_of(seed="6").latestOffset(offset, None)


def test_card_tables() -> None:
    with pytest.raises(OptionError, match="table = 'profiles': must be transactions in a stream"):
        stream_of(table="profiles")


@pytest.mark.parametrize("rate", ["0", "-5", "1.5", "fast"])
def test_bad_rates(rate: str) -> None:
    with pytest.raises(OptionError, match=r"rowsPerSecond = '.*': must be a whole number"):
        stream_of(rowsPerSecond=rate)


# With Spark


class Query:
    """A stream that keeps its micro-batches by number; a repeated one replaces its first attempt."""

    def __init__(self, spark: Any, folder: Path, **options: Any) -> None:
        self.batches: dict[int, pl.DataFrame] = {}
        self._stream = spark.readStream.format("fastgen").options(**{"rows": ROWS, "seed": SEED, **options}).load()
        self._folder = folder

    def start(self, **trigger: Any) -> Any:
        def keep(frame: Any, number: int) -> None:
            self.batches[number] = plain(frame)

        writer = self._stream.writeStream.foreachBatch(keep).option("checkpointLocation", str(self._folder))
        return writer.trigger(**trigger).start()

    @property
    def rows(self) -> pl.DataFrame:
        return pl.concat(self.batches[number] for number in sorted(self.batches))


def wait(until: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def stopping(spark: Any) -> Iterator[None]:
    yield
    for query in spark.streams.active:
        query.stop()


@pytest.mark.usefixtures("stopping")
def test_stopped_and_restarted(spark: Any, tmp_path: Path) -> None:
    """Each row once, in order across micro-batches, whatever the stream was doing when it was stopped."""
    query = Query(spark, tmp_path, rowsPerSecond=ROWS // 200, parts=2)  # slow enough not to end on a slow machine
    for batches in (3, 5):
        running = query.start(processingTime="200 milliseconds")
        wait(lambda batches=batches: len(query.batches) >= batches or running.exception())  # noqa: B023
        assert running.exception() is None
        running.stop()
    released = query.rows.height
    assert 0 < released < ROWS
    query.start(availableNow=True).awaitTermination()
    assert query.rows.equals(WHOLE)


@pytest.mark.usefixtures("stopping")
def test_the_end_is_the_end(spark: Any, tmp_path: Path) -> None:
    query = Query(spark, tmp_path, columns="tid")
    running = query.start(processingTime="0 seconds")
    wait(lambda: (query.batches and query.rows.height == ROWS) or running.exception())
    running.processAllAvailable()
    assert running.isActive
    running.stop()
    assert query.rows.equals(WHOLE.select("tid"))


@pytest.mark.usefixtures("stopping")
def test_another_dataset_on_the_same_checkpoint(spark: Any, tmp_path: Path) -> None:
    Query(spark, tmp_path, columns="amount").start(availableNow=True).awaitTermination()
    with pytest.raises(Exception, match=r"OptionError: checkpoint = '[0-9a-f]{16}': belongs to another dataset"):
        Query(spark, tmp_path, columns="amount", seed=6).start(availableNow=True).awaitTermination()
