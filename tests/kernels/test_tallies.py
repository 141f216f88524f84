"""Values in bins, keys as numbers, and differences from a card's last row, compared with plain loops."""

from collections import Counter

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgen.kernels import tallies
from fastgen.kernels.tallies import BINS, MISSING

EDGES = [0, 1, 999, 1_000, 1_009, 1_010, 9_999, 10_000, 10_099, 10_100, 99_999, 10**6, 10**11, 10**12 - 1, 10**12, 2**62]
PLACES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(EDGES) | st.integers(-1, 10**13)), max_size=50))
def test_tally(rows: list[tuple[int, int]]) -> None:
    counts = np.zeros((3, BINS), np.int64)
    tallies.tally(counts, np.array([g for g, _ in rows], np.uint16), np.array([v for _, v in rows], np.int64))
    expected = Counter((group, naive.bin_of(value)) for group, value in rows if value >= 0)
    assert {at: int(counts[at]) for at in zip(*map(list, counts.nonzero()), strict=True)} == expected


def test_bins_rise_with_the_values() -> None:
    bins = [naive.bin_of(value) for value in range(200_000)]
    assert bins == sorted(bins)
    assert len(set(bins)) == bins[-1] + 1


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=50))
def test_count_kinds(rows: list[tuple[int, int]]) -> None:
    counts = np.zeros((6, 4), np.int32)
    tallies.count_kinds(counts, np.array([c for c, _ in rows], np.int32), np.array([k for _, k in rows], np.uint8))
    assert {at: int(counts[at]) for at in zip(*map(list, counts.nonzero()), strict=True)} == Counter(rows)


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 40), max_size=60), st.integers(0, 60))
def test_keys_are_numbered_as_they_come(keys: list[int], cut: int) -> None:
    """In two calls, with a table that is nearly full, and again after it has grown."""
    expected = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    slots, known = np.zeros(64, np.int32), np.zeros(60, np.int64)
    numbers, count = [], 0
    for part in (keys[:cut], keys[cut:]):
        found = np.full(len(part), -7, np.int32)
        count = tallies.number_keys(found, np.array(part, np.int64), slots, known, count)
        numbers += found.tolist()
    assert numbers == [expected[key] for key in keys]
    assert known[:count].tolist() == list(expected)
    larger = np.zeros(256, np.int32)
    tallies.fill_slots(larger, known, count)
    sought = [*keys, 41, -1]
    found = np.full(len(sought), -7, np.int32)
    tallies.find_keys(found, np.array(sought, np.int64), larger, known)
    assert found.tolist() == [expected.get(key, MISSING) for key in sought]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**6), PLACES), max_size=30), st.integers(0, 30))
def test_since_last(rows: list[tuple[int, int, tuple[float, float]]], cut: int) -> None:
    rows.sort(key=lambda row: row[1])
    last, places = np.full(4, -1, np.int64), np.zeros((4, 2), np.float32)
    got: list[tuple[int, int]] = []
    for part in (rows[:cut], rows[cut:]):
        since = np.full((2, len(part)), -7, np.int64)
        columns = np.array([place for *_, place in part], np.float64).reshape(-1, 2).T.copy()
        cards, seconds = np.array([row[0] for row in part], np.int32), np.array([row[1] for row in part], np.int64)
        tallies.since_last(since[0], since[1], cards, seconds, columns[0], columns[1], last, places)
        got += list(map(tuple, since.T.tolist()))
    before: dict[int, tuple[int, tuple[float, float]]] = {}
    for (card, second, place), (gap, metres) in zip(rows, got, strict=True):
        if card not in before:
            assert (gap, metres) == (MISSING, MISSING)
        else:
            assert gap == second - before[card][0]
            # Places are kept in single precision, which is up to half a metre off.
            assert metres == pytest.approx(naive.metres_between(before[card][1], place), abs=2)
        before[card] = second, place


def test_distances_that_are_known() -> None:
    """Quarters and halves of a great circle, and Paris to New York."""
    quarter = np.pi / 2 * tallies.EARTH_METRES
    known = [((0, 0), (0, 90), quarter), ((90, 0), (-90, 120), 2 * quarter), ((48.8566, 2.3522), (40.7128, -74.006), 5_837_000)]
    for here, there, metres in known:
        assert naive.metres_between(here, there) == pytest.approx(metres, rel=1e-4)
        assert tallies.metres_between(*map(float, here), *map(float, there)) == pytest.approx(metres, rel=1e-4)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 400)), max_size=40), st.integers(0, 40), st.integers(1, 60))
def test_chain_lengths(rows: list[tuple[int, int]], cut: int, gap: int) -> None:
    rows.sort(key=lambda row: row[1])
    lengths, last, runs = np.zeros(6, np.int64), np.full(3, -1, np.int64), np.zeros(3, np.int32)
    for part in (rows[:cut], rows[cut:]):
        cards, seconds = np.array([row[0] for row in part], np.int32), np.array([row[1] for row in part], np.int64)
        tallies.chain_lengths(lengths, cards, seconds, gap, last, runs)
    expected = Counter(min(length, 5) for length in naive.run_lengths(rows, gap))
    assert lengths.tolist() == [expected[length] for length in range(6)]
