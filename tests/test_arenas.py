"""Arenas: memory is reused, but never while something still refers to it."""

import gc
import itertools
import sys
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from fastgen import Config, Dataset
from fastgen.arenas import KEPT, LINE, Arenas, Shelf, grown_to
from fastgen.dataset import KEPT_BATCHES
from fastgen.frames import Stock, TransactionFrames
from fastgen.kernels import lines
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


def test_leased_memory_is_given_back() -> None:
    shelf = Shelf({"a": np.float64, "b": np.uint64})
    first = shelf.lease({"a": 100, "b": 21})
    assert [(array.shape, array.dtype) for array in first.values()] == [((100,), np.float64), ((21,), np.uint64)]
    assert not np.shares_memory(first["a"], first["b"])
    place = {name: array.ctypes.data for name, array in first.items()}
    assert not any(address % LINE for address in place.values())
    second = shelf.lease({"a": 100})
    assert second["a"].ctypes.data != place["a"]
    del first["b"]
    third = shelf.lease({"a": 90, "b": 20})
    assert third["a"].ctypes.data not in (place["a"], second["a"].ctypes.data)
    assert third["b"].ctypes.data == place["b"]
    first.clear()
    assert shelf.lease({"a": 100})["a"].ctypes.data == place["a"]
    larger = shelf.lease({"a": 10_000})["a"]
    assert larger.size == 10_000
    assert larger.ctypes.data % LINE == 0


@pytest.fixture
def no_collection() -> Iterator[None]:
    """What is freed is freed without the garbage collector, which may come late."""
    gc.disable()
    yield
    gc.enable()


def lend(arenas: Arenas) -> NDArray[np.float64]:
    return arenas.lend(np.empty(80, np.uint8), 40, np.float64)


def test_arrays_begin_where_the_lines_of_kernels_do() -> None:
    assert LINE == lines.LINE


def test_only_so_many_lent_arenas_are_kept() -> None:
    arenas = Arenas()
    lent = [lend(arenas) for _ in range(2 * KEPT)]
    del lent
    assert sum(arenas.take().size > 0 for _ in range(2 * KEPT)) == KEPT
    assert not arenas._loans


@pytest.mark.usefixtures("no_collection")
def test_surplus_memory_is_freed_at_once() -> None:
    arenas = Arenas(kept=2)
    lent = [lend(arenas) for _ in range(5)]
    owners = [weakref.ref(array.base) for array in lent]
    del lent
    assert sum(owner() is not None for owner in owners) == 2
    assert not arenas._loans


@pytest.mark.usefixtures("no_collection")
def test_arrays_outlive_their_pool_which_keeps_nothing_else() -> None:
    arenas = Arenas()
    lent, other, idle = lend(arenas), lend(arenas), lend(arenas)
    lent[:] = 7
    owners = [weakref.ref(array.base) for array in (lent, other, idle)]
    del idle
    assert owners[2]() is not None
    del arenas, other
    assert [owner() is None for owner in owners] == [False, True, True]
    assert lent.tolist() == [7] * 5
    del lent
    assert owners[0]() is None


def test_no_python_code_runs_when_a_lent_array_is_dropped() -> None:
    # An interrupt that is noticed there would be lost.
    arenas = Arenas()
    lent = [lend(arenas)]
    called: list[str] = []
    sys.setprofile(lambda frame, event, _: called.append(frame.f_code.co_qualname) if event == "call" else None)
    try:
        lent.clear()
    finally:
        sys.setprofile(None)
    assert called == []
    assert arenas.take().size == 80


def test_threads_take_each_arena_once() -> None:
    arenas = Arenas()
    for _ in range(KEPT):
        arenas.give(np.empty(1, np.uint8))
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: arenas.take(), range(3 * KEPT)))
    assert len({id(arena) for arena in taken if arena.size}) == KEPT


def test_threads_drop_surplus_arenas_once() -> None:
    arenas, interval = Arenas(), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            for _ in range(60):
                lent = [lend(arenas) for _ in range(3 * KEPT)]
                lent.clear()
                list(pool.map(lambda _: arenas.take(), range(4)))
                while arenas.take().size:
                    pass
                assert not arenas._loans
    finally:
        sys.setswitchinterval(interval)


def test_columns_end_with_their_rows() -> None:
    [batch] = pa.RecordBatchReader.from_stream(Dataset(Config(rows=1_000)))
    sizes = {name: column.buffers()[-1].size for name, column in zip(batch.schema.names, batch.columns, strict=True)}
    assert batch.num_rows == 1_000
    assert {name: sizes[name] for name in ("tid", "datetime", "cc_num", "amount")} == {
        "tid": 32_000,
        "datetime": 8_000,
        "cc_num": 16_000,
        "amount": 8_000,
    }


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
    frames, source = TransactionFrames(Stock(DATA.plan), names), RowSource(DATA.plan, names)
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
    frames, source = TransactionFrames(Stock(DATA.plan), ("amount",)), RowSource(DATA.plan, ("amount",))
    largest = int(np.diff(DATA.plan.expected_rows).argmax())
    addresses = {frames.frame(source.worker, range(largest, largest + 1))["amount"].to_numpy().ctypes.data for _ in range(5)}
    assert len(addresses) == 1


def test_frames_reuse_memory_whatever_their_size() -> None:
    sizes = np.diff(DATA.plan.expected_rows)
    spans = [range(group, group + 1) for group in np.argsort(sizes).tolist()]
    frames, source = TransactionFrames(Stock(DATA.plan), ("amount",), spans), RowSource(DATA.plan, ("amount",))
    assert sizes[spans[-1][0]] > 2 * sizes[spans[0][0]]
    assert len({frames.frame(source.worker, span)["amount"].to_numpy().ctypes.data for span in spans}) == 1


def test_frames_of_a_dataset_share_the_memory_of_two() -> None:
    data = Dataset(Config(rows=3_000_000, seed=9))
    sizes, addresses = [], set()
    for frame in data.batches(["amount"]):
        sizes.append(frame.height)
        addresses.add(frame["amount"].to_numpy().ctypes.data)
    assert len(sizes) > 8
    assert max(sizes) > 1.2 * sizes[1]
    assert len(addresses) == 2


def test_a_dataset_keeps_the_memory_of_a_few_frames() -> None:
    data = Dataset(Config(rows=30_000, seed=9))

    def addresses(frames: int) -> list[int]:
        taken = itertools.islice(itertools.chain.from_iterable(data.batches(["amount"]) for _ in itertools.count()), frames)
        return [frame["amount"].to_numpy().ctypes.data for frame in list(taken)]

    assert addresses(1) == addresses(1) == addresses(1)
    first, second = addresses(3 * KEPT_BATCHES), addresses(3 * KEPT_BATCHES)
    assert len(set(first)) == 3 * KEPT_BATCHES
    assert len(set(first) & set(second)) >= KEPT_BATCHES


@pytest.mark.usefixtures("no_collection")
def test_a_dataset_keeps_memory_for_one_kind_of_call() -> None:
    data = Dataset(Config(rows=30_000, seed=9))
    kept = []
    for columns in (["amount"], ["amount"], ["amount", "category"], ["amount"]):
        for frame in data.batches(columns):
            assert frame.height == 30_000
        assert len(data.schema) == 10
        assert data.stock._last is not None
        kept.append(weakref.ref(data.stock._last[1]))
    first, second, third, fourth = (shelf() for shelf in kept)
    assert first is second is third is None
    assert fourth is not None
    assert kept[0] is kept[1]


def test_frames_of_dense_rows_are_not_kept() -> None:
    data = Dataset(Config(rows=30_000, seed=9))
    stock = Stock(data.plan, kept=4, largest=1_000_000)
    assert stock.shelf(("amount",), 1_000_000) is stock.shelf(("amount",), 1_000_000)
    assert stock.shelf(("amount",), 1_000_001) is not stock.shelf(("amount",), 1_000_001)
    assert Stock(data.plan).shelf(("amount",), 0) is not Stock(data.plan).shelf(("amount",), 0)
