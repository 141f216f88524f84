"""Times: sorted uniform times, sorted events, and their merging."""

from bisect import bisect_right
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import Row
from numpy.typing import NDArray
from scipy import stats

from fastgen.kernels import fields, records, streams, timeline
from fastgen.kernels.structs import Block
from kernels import ALL, SAMPLES, each_sample, make_sample, pack_events, pack_records, read_events, read_rows, sample_of
from tests.kernels import LEAST_P


def sorted_times(n: int, seed: int, window: int, low: int, width: int) -> list[int]:
    seconds = np.full(n, -1, np.int32)
    timeline.sorted_times(seconds, np.uint64(seed), window, low, width, np.empty(n + 8))
    return seconds.tolist()


def keys_of(seconds: list[int], origin: int, width: int) -> NDArray[np.uint64]:
    """Sorted keys: seconds since the origin, with the number of the event in the low half; then one greater than all."""
    keys, spare = np.empty((2, len(seconds) + 1), np.uint64)
    timeline.order_by_second(keys, spare, np.array(seconds, np.int32), origin, width, np.empty(4097, np.int64))
    return keys


def order_of(keys: NDArray[np.uint64]) -> list[int]:
    """The numbers of the events in the order of keys."""
    *numbers, last = keys.tolist()
    assert last // 2**32 == 2**31 - 1
    return [number % 2**32 for number in numbers]


def block_of(rows: list[Row]) -> Block:
    block = Block.empty(len(rows))
    for column, values in zip(block[:-1], zip(*rows, strict=True), strict=bool(rows)):
        column[:] = values
    return block


# Sorted times


@given(st.integers(0, 300), st.integers(0, 2**64 - 1), st.integers(0, 2**31), st.integers(0, 10**9), st.integers(1, 10**7))
def test_times_are_the_twins(n: int, seed: int, window: int, low: int, width: int) -> None:
    seconds = sorted_times(n, seed, window, low, width)
    assert seconds == naive.sorted_times(n, seed, window, low, width)
    assert all(a <= b for a, b in pairwise(seconds))
    assert all(low <= second < low + width for second in seconds)


@pytest.mark.parametrize("width", [1, 2, 60, 787_500])
def test_times_are_uniform(width: int) -> None:
    """By chi-square over at most 60 parts, and by Kolmogorov-Smirnov if seconds are fine enough."""
    pooled = np.concatenate([sorted_times(n, 5, n, 1_000, width) for n in range(1, 300)]) - 1_000
    parts = min(width, 60)
    if parts > 1:
        assert stats.chisquare(np.bincount(pooled * parts // width, minlength=parts)).pvalue > LEAST_P
    else:
        assert not pooled.any()
    if width > 10**5:
        for window in range(10):
            seconds = np.array(sorted_times(10_000, 5, window, 0, width))
            assert stats.kstest((seconds + 0.5) / width, "uniform").pvalue > LEAST_P


@pytest.mark.parametrize("rank", [0, 1, 4])
def test_ranks_have_their_beta_distribution(rank: int) -> None:
    """The k-th of n uniform times is Beta(k, n + 1 - k); a wrong number of spacings would show at the ends."""
    n, width = 5, 10**7
    found = [sorted_times(n, 11, window, 0, width)[rank] for window in range(5_000)]
    assert stats.kstest((np.array(found) + 0.5) / width, stats.beta(rank + 1, n - rank).cdf).pvalue > LEAST_P


# Order


@pytest.mark.parametrize("width", [1, 2, 3, 7, 10, 3_600, 787_500])
def test_no_time_is_behind_the_window(width: int) -> None:
    """Even if the last spacing is zero, as it is with this number."""
    assert naive.draw(1, streams.TIMES, 0, 2_226_574_354)[1] == 2**32 - 1
    assert sorted_times(1, 1, 2_226_574_354, 5, width) == [5 + width - 1]


@given(st.data(), st.integers(1, 10**7), st.integers(0, 2 * 10**9))
def test_order_is_stable(data: st.DataObject, width: int, origin: int) -> None:
    inside = st.one_of(st.integers(0, width - 1), st.sampled_from([0, width - 1, width // 2]))
    seconds = [origin + second for second in data.draw(st.lists(inside, max_size=60))]
    keys = keys_of(seconds, origin, width)
    order = sorted(range(len(seconds)), key=seconds.__getitem__)
    assert order_of(keys) == order
    assert [key // 2**32 + origin for key in keys.tolist()[:-1]] == [seconds[number] for number in order]


@pytest.mark.parametrize("width", [1, 2, 4_095, 4_096, 4_097, 4_096**2, 4_096**2 + 1, 2**31 - 1])
def test_order_of_many(width: int) -> None:
    seconds = np.random.default_rng(width).integers(0, width, 20_000)
    assert order_of(keys_of(seconds.tolist(), 0, width)) == np.argsort(seconds, kind="stable").tolist()


# Merging

second = st.integers(0, 12)
event = st.builds(
    Row, second, st.integers(0, 2**32 - 1), st.integers(0, 255), st.integers(0, 2**32 - 1), st.integers(0, 2),
    st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000), st.integers(0, 1), st.integers(0, 1),
)  # fmt: skip


FIELDS = {
    "second": fields.SECOND, "card": fields.CARD, "category": fields.CATEGORY, "cents": fields.CENTS, "place": fields.PLACE,
    "latitude": fields.POSITION, "longitude": fields.POSITION, "walked": fields.POSITION, "label": fields.LABEL,
}  # fmt: skip


def only(row: Row, needed: int) -> Row:
    """A row with the columns that are not needed set to zero."""
    return row._replace(**{name: 0 for name, bit in FIELDS.items() if not needed & bit})


SPARE = Row(0, 0, 0, 0, 0, 0, 0, 0, 0)


@given(st.lists(event, max_size=30), st.lists(event, max_size=30), st.integers(0, 2**31 - 2**17), st.integers(0, 86_399), st.data())
def test_merging_is_sorting(payments: list[Row], events: list[Row], origin: int, day_offset: int, data: st.DataObject) -> None:
    """Payments come first at equal times."""
    payments, events = ([row._replace(second=origin + row.second) for row in rows] for rows in (payments, events))
    payments.sort(key=lambda row: row.second)
    by_time = sorted(events, key=lambda row: row.second)
    # The windows before and after this one have events too.
    start = data.draw(st.integers(0, len(events)))
    stop = len(events)
    if payments and data.draw(st.booleans()):
        stop = max(start, bisect_right([row.second for row in by_time], payments[-1].second))
    expected = sorted(payments + by_time[start:stop], key=lambda row: row.second)
    out = Block.empty(len(expected))
    packed = pack_records([*events, *payments, SPARE])
    seconds, keys = np.array([row.second for row in payments], np.int32), keys_of([row.second for row in events], origin, 13)
    scratch = [
        np.empty(size, kind) for size, kind in ((len(payments) + 1, np.uint64), (len(expected) + int(records.AHEAD), np.uint32))
    ]
    words = np.empty((3, records.AT_ONCE), np.uint64)
    arguments = seconds, keys, start, packed, len(events), origin, day_offset, *scratch, words
    timeline.merge(out, *arguments, ALL)
    assert read_rows(out, day_offset) == expected
    for needed in (0, *FIELDS.values(), ALL - fields.POSITION):
        some = block_of([SPARE] * len(expected))
        timeline.merge(some, *arguments, needed)
        made = [only(row, needed) for row in read_rows(some)]
        assert made == [only(row._replace(second=row.second + day_offset), needed) for row in expected]


@given(st.lists(event, max_size=5))
def test_records_hold_rows(rows: list[Row]) -> None:
    assert read_events(pack_events(rows)) == rows


@each_sample
def test_whole_datasets_are_the_twins(name: str) -> None:
    sample = make_sample(name)
    assert sample.rows == sample.twin.rows
    assert len(sample.rows) == sample.plan.rows


@st.composite
def settings_of(draw: st.DrawFn) -> dict[str, Any]:
    """Settings for few rows in a short period."""

    def interval(low: int, high: int) -> list[int]:
        return sorted(draw(st.lists(st.integers(low, high), min_size=2, max_size=2)))

    start = datetime(2024, 1, 1) + timedelta(seconds=draw(st.integers(0, 10**8)))
    cash_cards = draw(st.integers(0, 9))
    return {
        "seed": draw(st.integers(0, 2**64 - 1)),
        "payments": draw(st.integers(1, 150)),
        "cards": draw(st.integers(30, 60)),
        "start": start,
        "end": start + timedelta(seconds=draw(st.integers(1, 200_000))),
        "ages": [21, 23],
        "fraud": {
            "ratio": draw(st.sampled_from([0.0, 0.01, 0.3, 1.0])),
            "chain_lengths": interval(1, 12),
            "chain_gap_seconds": interval(1, 5_000),
        },
        "atm": {
            "cards": cash_cards,
            "withdrawals": draw(st.integers(1, 80)) if cash_cards else 0,
            "lengths": interval(1, 5),
            "step_hours": interval(1, 6),
            "foreign_hours": interval(1, 9),
            "radius": draw(st.sampled_from([0, 0.000001, 0.01, 1])),
            "bands": [{"share": 1, "low": 20, "high": 22}, {"share": 0, "low": 23, "high": 24}],
        },
    }


@settings(max_examples=12)
@given(settings_of(), st.sampled_from([3, 20, 100]), st.sampled_from([2, 20]))
def test_any_dataset_is_its_twin(settings: dict[str, Any], group_rows: int, window_rows: int) -> None:
    sample = sample_of(settings, group_rows, window_rows)
    assert sample.rows == sample.twin.rows


def test_some_events_have_the_same_second() -> None:
    """Ensures that the comparisons above cover ties between different kinds of events."""
    met = set()
    for name in SAMPLES:
        sample = make_sample(name)
        cash = len(sample.config.categories)
        kinds = [(row.second, row.category == cash, row.label) for row in sample.rows]
        met |= {(a[1:], b[1:]) for a, b in pairwise(kinds) if a[0] == b[0]}
    payment, chained, cash, foreign = (False, 0), (False, 1), (True, 0), (True, 1)
    assert {(payment, chained), (payment, cash), (cash, chained), (payment, payment), (cash, cash)} <= met
    assert not {(chained, payment), (cash, payment), (foreign, payment), (chained, cash), (foreign, cash), (chained, foreign)} & met
