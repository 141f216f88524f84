"""No Python object per row: between the seed and the sink there are numbers and byte buffers only."""

import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from fastgen import Config, Dataset, write

Stream = Callable[[Dataset], object]


def instructions_of(task: Callable[[], object]) -> int:
    """How many bytecode instructions Python executes: a loop over rows executes several for each row."""
    count = 0

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        frame.f_trace = watch  # from Python 3.12 on, opcodes are traced only if there is a trace function when they are requested
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return watch

    tracer = sys.gettrace()
    sys.settrace(watch)
    try:
        task()
    finally:
        sys.settrace(tracer)
    return count


def objects_of(task: Callable[[], object]) -> int:
    """The most small objects alive, besides those before, whenever a function had just returned."""
    most = 0

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal most
        if event in ("return", "c_return"):
            most = max(most, sys.getallocatedblocks())

    before = sys.getallocatedblocks()
    profiler = sys.getprofile()
    sys.setprofile(watch)
    try:
        task()
    finally:
        sys.setprofile(profiler)
    return most - before


def batches(data: Dataset) -> None:
    for _ in data.batches():
        pass


def file_of(format: Any, table: str = "transactions", **options: Any) -> Stream:
    def stream(data: Dataset) -> None:
        write(data, os.devnull, format=format, table=table, threads=1, **options)

    return stream


TRANSACTIONS = [
    pytest.param(batches, id="batches"),
    pytest.param(file_of("ndjson"), id="ndjson"),
    pytest.param(file_of("csv", compression="zstd"), id="csv.zst"),
    pytest.param(file_of("parquet"), id="parquet"),
    pytest.param(file_of("ipc"), id="ipc"),
]
HOLDERS = [
    pytest.param(file_of(format, table), id=f"{table} {format}")
    for table in ("credit_cards", "profiles")
    for format in ("ndjson", "parquet", "ipc")
]


def assert_few(stream: Stream, small: Config, large: Config, rows: int) -> None:
    """For `rows` more rows Python executes less than one instruction each, and never holds an object for each."""
    few, many = Dataset(small), Dataset(large)
    stream(few)
    stream(many)  # makes everything that is made only once
    instructions = [instructions_of(lambda data=data: stream(data)) for data in (few, many)]
    assert instructions[1] - instructions[0] < rows
    assert objects_of(lambda: stream(many)) < 20_000


@pytest.mark.parametrize("stream", TRANSACTIONS)
def test_transactions(stream: Stream) -> None:
    assert_few(stream, Config(rows=100_000, cards=1_000), Config(rows=400_000, cards=1_000), 300_000)


@pytest.mark.parametrize("stream", HOLDERS)
def test_cards_and_profiles(stream: Stream) -> None:
    assert_few(stream, Config(rows=500, cards=30_000), Config(rows=500, cards=180_000), 150_000)


def test_a_loop_and_a_list_are_seen() -> None:
    def loop() -> int:
        total = 0
        for number in range(10_000):
            total += number
        return total

    assert instructions_of(loop) > 30_000
    assert instructions_of(lambda: [i + 1 for i in range(10_000)]) > 30_000
    assert objects_of(lambda: [str(i) for i in range(10_000)]) > 9_000
    assert objects_of(lambda: " ".join(map(str, range(10_000))).split()) > 9_000
    assert objects_of(lambda: bytes(100_000)) < 1_000
