"""Arenas: memory is reused, but never while something still refers to it."""

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest

from fastgen import Config, Dataset
from fastgen.arenas import KEPT, Arenas, Lease, grown_to
from fastgen.frames import TransactionFrames
from fastgen.workers import RowSource

DATA = Dataset(Config(rows=700_000, seed=9))


def test_an_arena_is_used_again() -> None:
    arenas = Arenas()
    arena = np.empty(10, np.uint8)
    arenas.give(arena)
    assert arenas.take() is arena
    assert arenas.take().size == 0
    for _ in range(2 * KEPT):
        arenas.give(np.empty(10, np.uint8))
    assert sum(arenas.take().size > 0 for _ in range(2 * KEPT)) == KEPT


def test_an_arena_grows() -> None:
    arena = np.arange(10, dtype=np.uint8)
    assert grown_to(arena, 5, 10) is arena
    larger = grown_to(arena, 5, 100)
    assert larger.size >= 100
    assert larger[:5].tolist() == [0, 1, 2, 3, 4]


def test_a_lease_gives_back_all_that_it_took() -> None:
    arenas = Arenas()
    lease = Lease(arenas)
    first, second = lease.empty(100, np.float64), lease.empty((10, 2), np.uint64)
    assert (first.shape, first.dtype, second.shape, second.dtype) == ((100,), np.float64, (10, 2), np.uint64)
    assert not np.shares_memory(first, second)
    addresses = {first.ctypes.data, second.ctypes.data}
    assert arenas.take().size == 0
    del lease
    again = Lease(arenas)
    assert {again.empty(100, np.float64).ctypes.data, again.empty((10, 2), np.uint64).ctypes.data} == addresses


def test_threads_take_each_arena_once() -> None:
    arenas = Arenas()
    for _ in range(KEPT):
        arenas.give(np.empty(1, np.uint8))
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: arenas.take(), range(3 * KEPT)))
    assert len({id(arena) for arena in taken if arena.size}) == KEPT


@pytest.fixture
def young_garbage() -> Iterator[None]:
    """Restrict garbage collection to new objects: earlier tests have left a million."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("young_garbage")
@pytest.mark.parametrize("kept", ["frame", "slice", "column", "filtered", "arrow"])
def test_what_is_kept_of_a_frame_stays_as_it_is(kept: str) -> None:
    names = ("tid", "datetime", "cc_num", "amount", "latitude", "city", "fraud_label")
    expected = DATA.transactions(names)
    ways = {
        "frame": lambda frame: frame,
        "slice": lambda frame: frame.slice(10, 1_000),
        "column": lambda frame: frame.select("tid"),
        "filtered": lambda frame: frame.filter(pl.col("amount") > 100),
        "arrow": lambda frame: pl.from_arrow(frame.to_arrow(compat_level=pl.CompatLevel.newest())),
    }
    frames, source = TransactionFrames(DATA.plan, names), RowSource(DATA.plan, names)
    found, slices, row = [], [], 0
    for group in DATA.groups:
        frame = frames.frame(source.worker, range(group, group + 1))
        found.append(ways[kept](frame))
        slices.append(ways[kept](expected.slice(row, frame.height)))
        row += frame.height
        del frame
        gc.collect()
    assert all(one.equals(other) for one, other in zip(found, slices, strict=True))


def test_frames_that_are_dropped_give_their_memory_to_the_next() -> None:
    frames, source = TransactionFrames(DATA.plan, ("amount",)), RowSource(DATA.plan, ("amount",))
    largest = int(np.diff(DATA.plan.expected_rows).argmax())
    addresses = {frames.frame(source.worker, range(largest, largest + 1))["amount"].to_numpy().ctypes.data for _ in range(5)}
    assert len(addresses) == 1
