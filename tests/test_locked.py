"""Properties that threads share."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import pytest

from fastgen import Config, Dataset
from fastgen.frames import TransactionFrames
from fastgen.holders import Holders
from fastgen.locked import locked_property
from fastgen.plan import Plan
from fastgen.values import Values

THREADS = 8


class Slow:
    """A property that takes long enough for all threads to ask for it."""

    def __init__(self) -> None:
        self.waiting = threading.Barrier(THREADS)
        self.computed: list[int] = []
        self.is_failing = False

    @locked_property
    def value(self) -> object:
        self.computed.append(threading.get_ident())
        threading.Event().wait(0.05)
        if self.is_failing:
            raise ValueError
        return object()

    def get(self, _: int) -> object:
        self.waiting.wait()
        return self.value


def test_one_thread_computes_and_all_get_the_same() -> None:
    slow = Slow()
    with ThreadPoolExecutor(THREADS) as pool:
        values = set(pool.map(slow.get, range(THREADS)))
    assert (len(values), len(slow.computed)) == (1, 1)


def test_a_failure_is_not_kept() -> None:
    slow = Slow()
    slow.is_failing = True
    with pytest.raises(ValueError, match=r"^$"):
        _ = slow.value
    slow.is_failing = False
    assert slow.value is slow.value
    assert len(slow.computed) == 2


def test_objects_have_their_own_values() -> None:
    one, two = Slow(), Slow()
    assert one.value is not two.value


def test_objects_do_not_wait_for_each_other() -> None:
    class Nested:
        def __init__(self, inner: "Nested | None" = None) -> None:
            self.inner = inner

        @locked_property
        def depth(self) -> int:
            inner = self.inner
            if inner is None:
                return 0
            with ThreadPoolExecutor(1) as pool:
                return 1 + pool.submit(lambda: inner.depth).result(timeout=10)

    assert Nested(Nested()).depth == 1


@pytest.mark.parametrize("kind", [Dataset, Plan, Values, Holders, TransactionFrames])
def test_what_threads_share_is_computed_once(kind: type) -> None:
    properties = [value for value in vars(kind).values() if isinstance(value, cached_property)]
    assert properties
    assert all(isinstance(value, locked_property) for value in properties)


def test_all_workers_have_the_tables_of_one_plan() -> None:
    data = Dataset(Config(rows=300_000))
    computed: list[Plan] = []
    compute = Plan.sequence_rules.func

    class Counted(Plan):
        @locked_property
        def sequence_rules(self) -> object:
            computed.append(self)
            threading.Event().wait(0.05)
            return compute(self)

    vars(data)["plan"] = Counted(data.config)
    assert sum(frame.height for frame in data.batches(["amount"], threads=4)) == 300_000
    assert len(computed) == 1
