"""Groups filled in one call, whatever space there is at first."""

import numpy as np
import pytest

from fastgen import workers
from fastgen.config import Config
from fastgen.frames import Stock, TransactionFrames
from fastgen.kernels.groups import Filled, Memory
from fastgen.kernels.structs import RECORD
from fastgen.plan import Plan
from fastgen.schema import TRANSACTIONS
from fastgen.workers import Worker
from tests.kernels import each_sample, make_sample, read_rows


def begin_without_room(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make workers begin with almost no memory, and expect no rows."""
    monkeypatch.setattr(workers, "GROUP_ROWS", 1)
    monkeypatch.setattr(plan, "expected_rows", np.zeros(plan.grid.groups + 1))


@pytest.fixture
def no_room(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a sample."""
    begin_without_room(make_sample(name).plan, monkeypatch)


@each_sample
@pytest.mark.usefixtures("no_room")
def test_rows_are_the_same_in_memory_that_grows(name: str) -> None:
    """Groups that need more space are made again; those before them are kept, with their digests."""
    sample = make_sample(name)
    worker, groups = Worker(sample.plan), range(sample.plan.grid.groups)
    single = []
    for group in groups:
        rows = worker.fill(range(group, group + 1))
        single += worker.buffers.digests(rows.second.size).tolist()
    worker = Worker(sample.plan)
    assert read_rows(worker.fill(groups), sample.plan.day_offset) == sample.rows
    assert worker.buffers.digests(sample.plan.rows).tolist() == single


@each_sample
@pytest.mark.usefixtures("no_room")
def test_rows_are_counted_in_memory_that_grows(name: str) -> None:
    plan = make_sample(name).plan
    worker = Worker(plan)
    assert [worker.count(group) for group in range(plan.grid.groups)] == [
        worker.fill(range(group, group + 1)).second.size for group in range(plan.grid.groups)
    ]


@each_sample
@pytest.mark.parametrize("is_kept", [True, False])
def test_columns_are_the_same_in_memory_that_grows(name: str, is_kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns with too little space are made again."""
    sample = make_sample(name)
    frames, groups = TransactionFrames(Stock(sample.plan), TRANSACTIONS.names), range(sample.plan.grid.groups)
    usual = frames.frame(Worker(sample.plan), groups)
    begin_without_room(sample.plan, monkeypatch)
    worker = Worker(sample.plan)
    assert frames.frame(worker, groups, is_kept).equals(usual)
    if is_kept:
        assert read_rows(worker.rows.rows(0, usual.height), sample.plan.day_offset) == sample.rows


def test_memory_grows_where_a_group_needs_more() -> None:
    memory = Memory.empty(100, 3)
    assert memory.grown_for(Filled(5, 900, 100, 100, 1_000)) is memory
    listed = memory.grown_for(Filled(5, 900, 200, 100, 1_000))
    assert listed.listed.number.size > 200
    assert listed._replace(listed=memory.listed) == memory
    events = memory.grown_for(Filled(5, 900, 100, 200, 1_000))
    assert min(events.events.second.size, events.keys.shape[1] - 1) > 200
    assert events._replace(events=memory.events, keys=memory.keys) == memory
    rows = memory.grown_for(Filled(5, 900, 100, 100, 1_100))
    assert rows.scratch.word_slot.size > 200
    assert rows._replace(scratch=memory.scratch, events=memory.events) == memory
    for grown in (events, rows):  # payments follow events
        assert grown.events.records.size == RECORD * (grown.events.second.size + grown.scratch.word_slot.size)
    assert (memory.events.second.size, memory.keys.shape) == (125, (2, 126))


def test_rows_are_the_same_where_only_scratch_memory_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does for payments alone: without events, nothing else needs more memory."""
    plan = Plan(Config(payments=500, fraud={"ratio": 0}, atm={"cards": 0}))
    groups = range(plan.grid.groups)
    usual = read_rows(Worker(plan).fill(groups))
    monkeypatch.setattr(workers, "GROUP_ROWS", 1)
    assert read_rows(Worker(plan).fill(groups)) == usual


def test_pieces_have_their_seconds_whatever_is_asked_for() -> None:
    plan = make_sample("in many windows").plan
    groups = range(plan.grid.groups)
    worker, found = Worker(plan, ["amount"]), []
    for piece in worker.pieces(groups):
        found += worker.rows.second[piece.start : piece.stop].tolist()
    assert found == Worker(plan).fill(groups).second.tolist()
