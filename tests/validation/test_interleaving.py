"""Sets of events cut into groups in all ways, compared with a plain search through all partitions."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgen.validation.histories.interleaving import MOST_EVENTS, Budget, cuts, progressions, runs


def partitions(events: Sequence[int]) -> Iterator[list[list[int]]]:
    """All ways to cut a few events into groups."""
    if not events:
        yield []
        return
    first, *others = events
    for bits in range(1 << len(others)):
        group = [first, *(event for i, event in enumerate(others) if bits >> i & 1)]
        for rest in partitions([event for i, event in enumerate(others) if not bits >> i & 1]):
            yield [group, *rest]


def is_sequence(hours: list[int], steps: range, lengths: range) -> bool:
    gaps = {later - earlier for earlier, later in pairwise(hours)}
    return len(hours) in lengths and (len(hours) == 1 or (len(gaps) == 1 and gaps.pop() in steps))


def is_chain(seconds: list[int], gaps: range, lengths: range) -> bool:
    return len(seconds) in lengths and all(later - earlier in gaps for earlier, later in pairwise(seconds))


@given(
    st.sets(st.integers(0, 30), min_size=1, max_size=8), st.integers(1, 3), st.integers(0, 2), st.integers(1, 4), st.integers(0, 6)
)
def test_sequences_are_cut_in_all_ways(hours: set[int], low: int, more: int, step: int, longer: int) -> None:
    events, steps, lengths = sorted(hours), range(step, step + longer + 1), range(low, low + more + 1)
    expected = [
        cut
        for cut in partitions(range(len(events)))
        if all(is_sequence([events[e] for e in group], steps, lengths) for group in cut)
    ]
    found = cuts(len(events), progressions(events, steps, lengths), Budget(), most=10**6)
    assert found is not None
    assert sorted(found) == sorted([tuple(group) for group in cut] for cut in expected)


@given(
    st.sets(st.integers(0, 30), min_size=1, max_size=8), st.integers(2, 3), st.integers(0, 2), st.integers(1, 4), st.integers(0, 6)
)
def test_chains_are_cut_in_all_ways(seconds: set[int], low: int, more: int, gap: int, wider: int) -> None:
    """At most one chain may be cut short; amounts, here replaced by the events' numbers modulo 3, must fit."""
    events, gaps = sorted(seconds), range(gap, gap + wider + 1)

    def fits(group: Sequence[int]) -> bool:
        return sum(group[1:]) % 3 != 1

    expected = [
        cut
        for cut in partitions(range(len(events)))
        if all(is_chain([events[e] for e in group], gaps, range(1, low + more + 1)) and fits(group) for group in cut)
        and sum(len(group) < low for group in cut) <= 1
    ]
    budget = Budget()
    begun = runs(events, gaps, range(1, low + more + 1), fits, budget)
    found = cuts(len(events), begun, budget, 10**6, shortest=low, most_short=1)
    assert found is not None
    assert sorted(found) == sorted([tuple(group) for group in cut] for cut in expected)


def test_a_search_that_takes_too_long_is_given_up() -> None:
    seconds = list(range(0, 600, 10))
    budget = Budget()
    never = runs(seconds, range(10, 200), range(3, 11), lambda group: False, budget)
    assert cuts(len(seconds), never, budget, 1) is None
    assert budget.all > 0  # others still get their chance
    for _ in range(100):
        cuts(len(seconds), never, budget, 1)
    assert budget.is_spent
    assert cuts(3, progressions([1, 2, 3], range(1, 2), range(3, 4)), budget, 1) is None


def test_large_sets_are_not_tried() -> None:
    assert cuts(MOST_EVENTS + 1, lambda first, left: pytest.fail("tried"), Budget(), 1) is None  # type: ignore[arg-type,return-value]


def test_the_largest_sets_are_no_trouble() -> None:
    """Recursion goes as deep as there are groups, and as deep as a group is long."""
    singles = progressions(range(MOST_EVENTS), range(1, 2), range(1, 2))
    assert cuts(MOST_EVENTS, singles, Budget(), 1) == [[(event,) for event in range(MOST_EVENTS)]]
    budget = Budget()
    one = runs(list(range(MOST_EVENTS)), range(1, 2), range(MOST_EVENTS, MOST_EVENTS + 1), lambda group: True, budget)
    assert cuts(MOST_EVENTS, one, budget, 1) == [[tuple(range(MOST_EVENTS))]]
