"""Flat: memory does not grow with the number of rows. How many megabytes it is, benchmarks measure."""

import os
import threading
import time
import tracemalloc
import weakref
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from fastgen import Config, Dataset, write
from fastgen.pipeline import AHEAD, map_ordered
from fastgen.schema import TRANSACTIONS
from fastgen.sections import Atm
from fastgen.workers import Worker


class Piece:
    """A result whose lifetime can be observed."""


def days(count: int, rows: int) -> Dataset:
    """`count` days with `rows` rows each; the number of cards is fixed, and sequences are short, so that most days are alike."""
    end = np.datetime64("2022-01-01") + np.timedelta64(count, "D")
    atm: dict[str, Any] = {"cards": 1_000, "withdrawals": rows * count // 3, "step_hours": [1, 12]}
    return Dataset(Config(end=str(end), rows=rows * count, cards=5_000, atm=atm))


# The queue between threads and their consumer


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_few_results_wait_for_a_slow_consumer(threads: int) -> None:
    alive: weakref.WeakSet[Piece] = weakref.WeakSet()
    begun = []

    def make(number: int) -> Piece:
        begun.append(number)
        piece = Piece()
        alive.add(piece)
        return piece

    most = taken = 0
    for _ in map_ordered(make, range(60), threads):
        taken += 1
        time.sleep(0.002)  # time enough to make all of them
        most = max(most, len(alive))
        assert len(begun) - taken <= threads + AHEAD
    assert taken == 60
    assert most <= threads + AHEAD + 1  # and the one in hand
    if threads > 1:
        assert most > 1  # the threads did work ahead


@pytest.mark.parametrize("threads", [1, 3])
def test_nothing_more_is_made_for_a_consumer_who_leaves(threads: int) -> None:
    begun = []
    results = map_ordered(begun.append, range(1_000), threads)
    for _ in range(3):
        next(results)
    results.close()
    time.sleep(0.02)
    assert len(begun) <= 3 + threads + AHEAD


@pytest.mark.parametrize("batch_rows", [None, 1_000])
def test_batches_that_are_closed_end_their_threads(batch_rows: int | None) -> None:
    before = set(threading.enumerate())
    batches = Dataset(Config(rows=3_000_000)).batches(["amount"], batch_rows=batch_rows, threads=2)
    next(batches)
    own = set(threading.enumerate()) - before
    assert len(own) == 2
    batches.close()
    for thread in own:
        thread.join(timeout=10)
        assert not thread.is_alive()
    assert not list(batches)


def test_a_failing_task_ends_the_run() -> None:
    begun = []

    def fail(number: int) -> int:
        begun.append(number)
        if number == 5:
            raise ValueError("five")
        return number

    taken: list[int] = []
    with pytest.raises(ValueError, match="five"):
        taken.extend(map_ordered(fail, range(1_000), 2))
    assert taken == [0, 1, 2, 3, 4]
    assert len(begun) <= 5 + 2 + AHEAD + 1


def test_as_many_threads_as_asked_for() -> None:
    meeting = threading.Barrier(3, timeout=10)
    names = set()

    def meet(_: int) -> None:
        names.add(threading.get_ident())
        meeting.wait()

    for _ in map_ordered(meet, range(30), 3):
        pass
    assert len(names) == 3
    assert threading.get_ident() not in names


# What a worker keeps


def kept_bytes(value: object, depth: int = 3) -> int:
    """Bytes of the arrays that an object holds."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, (tuple, list)):
        return sum(kept_bytes(item, depth) for item in value)
    if depth and type(value).__module__.startswith("fastgen") and not hasattr(value, "payment_rules"):
        return sum(kept_bytes(item, depth - 1) for item in vars(value).values())
    return 0


def worker_bytes(data: Dataset) -> int:
    """Bytes that a worker holds after the groups in the middle and at the end of the period, which are the fullest."""
    worker, groups = Worker(data.plan), data.plan.grid.groups
    inside = int(groups * data.config.seconds / (data.plan.grid.groups * data.plan.grid.group))
    for group in {groups // 3, inside // 2, max(inside - 2, 0), max(inside - 1, 0)}:
        worker.fill(range(group, group + 1))
    return kept_bytes(worker)


def test_a_worker_keeps_no_more_for_a_longer_period() -> None:
    short, long = days(60, 33_000), days(240, 33_000)
    assert (short.num_rows, long.num_rows) == (1_980_000, 7_920_000)
    few, many = worker_bytes(short), worker_bytes(long)
    assert 1_000_000 < few < 100_000_000
    assert many < 1.3 * few


def test_a_worker_keeps_no_more_for_denser_rows() -> None:
    sparse, dense = (days(60, rows) for rows in (33_000, 330_000))
    assert worker_bytes(dense) < 1.5 * worker_bytes(sparse)


# What a whole run allocates, as far as Python sees it: all arrays, but nothing inside Polars and the codecs


def ndjson(data: Dataset) -> None:
    write(data, os.devnull, format="ndjson", threads=1)


def parquet(data: Dataset) -> None:
    write(data, os.devnull, format="parquet", threads=1)


def frames(data: Dataset) -> None:
    for _ in data.batches():
        pass


@pytest.mark.parametrize("stream", [ndjson, parquet, frames])
def test_streaming_four_times_as_many_rows_needs_no_more_memory(stream: Callable[[Dataset], None]) -> None:
    stream(days(60, 4_000))  # loads and compiles everything
    peaks = []
    for count in (30, 120):
        data = days(count, 20_000)
        tracemalloc.start()
        try:
            stream(data)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[0] > 2_000_000
    assert peaks[1] < 1.15 * peaks[0]


@pytest.mark.parametrize(
    ("rows", "hours", "groups"),
    [
        pytest.param(100_000, 1_400, 2, id="all of them"),
        pytest.param(19_000_000, 1_400, 7, id="13,600 rows an hour"),
        pytest.param(2_000_000, 1, 4, id="33,000 rows a minute"),
        pytest.param(10_000_000, 1, 2, id="167,000 rows a minute"),
    ],
)
def test_frames_have_200_000_to_400_000_rows(rows: int, hours: int, groups: int) -> None:
    """However dense the rows are in time."""
    start = Config().start
    data = Dataset(Config(rows=rows, start=start, end=start + timedelta(hours=hours), atm=Atm(cards=0)))
    spans = data.batch_spans(TRANSACTIONS.names)
    assert len(spans[0]) == groups
    most = max(data.plan.expected_rows[span.stop] - data.plan.expected_rows[span.start] for span in spans)
    assert min(rows, 200_000) / 2 <= most <= 1.2 * 400_000


@pytest.mark.parametrize("among", [None, range(100, 250), range(300, 10**6), range(500, 600)])
@pytest.mark.parametrize("rows", [1, 30_000, 200_000, 10**9])
def test_groups_with_few_rows_are_made_together(rows: int, among: range | None) -> None:
    """Spans follow each other, and each ends with the group whose end is nearest to the given number of rows."""
    data = Dataset(Config(rows=10_000_000))
    spans = data.spans(rows, among)
    groups = [group for group in data.groups if among is None or group in among]
    assert [group for span in spans for group in span] == groups
    for span in spans:
        ends = [group + 1 for group in groups if group >= span.start]
        off = [abs(data.plan.expected_rows[end] - data.plan.expected_rows[span.start] - rows) for end in ends]
        assert off[len(span) - 1] == min(off)


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (["amount"], 700_000),
        (["amount", "category"], 700_000),
        (["latitude", "longitude", "amount", "datetime", "city"], 700_000),
        (["tid"], 700_000),
        (["tid", "cc_num"], 590_000),
    ],
)
def test_frames_of_fewer_columns_have_more_rows(columns: list[str], rows: int) -> None:
    """As many as fit the memory of 400,000 rows of all columns, at most 700,000; fewer if there would be few frames."""
    for total, expected in ((40_000_000, rows), (5_000_000, min(rows, 312_500)), (1_000_000, 200_000)):
        data = Dataset(Config(rows=total, atm=Atm(cards=0)))
        spans = data.batch_spans(columns)
        most = max(data.plan.expected_rows[span.stop] - data.plan.expected_rows[span.start] for span in spans)
        assert most == pytest.approx(expected, rel=0.3)
