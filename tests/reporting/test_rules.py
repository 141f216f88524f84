"""The best rule is the best of all possible rules."""

from itertools import chain, combinations
from types import SimpleNamespace
from typing import Any

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgen.reporting import bins
from fastgen.reporting.chapters.difficulty import difficulty_text
from fastgen.reporting.conditions import condition
from fastgen.reporting.rules import Rule, best_threshold, best_values

ROWS = st.lists(
    st.tuples(st.integers(-1, 50) | st.sampled_from([999, 1_000, 12_345, 10**7]), st.integers(0, 1)), min_size=1, max_size=40
)


def f1(flagged: list[int], frauds: int) -> float:
    """F1, from the labels of the flagged rows."""
    return 2 * sum(flagged) / (len(flagged) + frauds) if flagged or frauds else 0.0


def counts_of(rows: list[tuple[int, int]]) -> bins.Counts:
    counts = bins.empty(2)
    bins.count(counts, np.array([label for _, label in rows], np.uint16), np.array([value for value, _ in rows], np.int64))
    return counts


@given(ROWS)
def test_thresholds(rows: list[tuple[int, int]]) -> None:
    """The best of all thresholds at bin edges; rows without a value, -1, are never flagged, but their frauds count."""
    frauds = sum(label for _, label in rows)
    rule = best_threshold("x", counts_of(rows), frauds)
    valued = [(value, label) for value, label in rows if value >= 0]
    edges = {int(bins.EDGES[naive.bin_of(value) + up]) for value, _ in valued for up in (0, 1)} | {0}
    ways = [[label for value, label in valued if value < edge] for edge in edges]
    ways += [[label for value, label in valued if value >= edge] for edge in edges]
    assert rule.f1 == pytest.approx(max(f1(way, frauds) for way in ways))
    flagged = [label for value, label in valued if (value <= rule.threshold if rule.sign == "≤" else value >= rule.threshold)]
    assert (rule.flagged, rule.caught, rule.frauds) == (len(flagged), sum(flagged), frauds)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), min_size=1, max_size=40))
def test_values(rows: list[tuple[int, int]]) -> None:
    """The best of all sets of values."""
    frauds = sum(label for _, label in rows)
    counts = np.array([[sum(row == (value, label) for row in rows) for value in range(6)] for label in (0, 1)])
    rule = best_values("x", "abcdef", counts, frauds)
    sets = chain.from_iterable(combinations(range(6), size) for size in range(1, 7))
    best = max(f1([label for value, label in rows if value in chosen], frauds) for chosen in sets)
    assert rule.f1 == pytest.approx(best)
    flagged = [label for value, label in rows if "abcdef"[value] in rule.values]
    assert (rule.flagged, rule.caught) == (len(flagged), sum(flagged))


def test_a_rule_that_flags_nothing_divides_by_nothing() -> None:
    rule = Rule("x", "≤", 0, (), 0, 0, 0)
    assert (rule.precision, rule.recall, rule.f1) == (0, 0, 0)


@pytest.mark.parametrize(("sure", "end"), [(True, "learnt no more than that."), (False, "gives the frauds away.")])
def test_a_rule_that_is_always_right_makes_data_easy(sure: bool, end: str) -> None:
    """Even if it finds few of the frauds."""
    rules = [Rule("amount", "≤", 75, (), 100, 10, 100), Rule("country", "is", 0, ("FR",), 5, 5 if sure else 4, 100)]
    facts: Any = SimpleNamespace(rules=rules)
    assert difficulty_text(facts, ["amount ≤ 0.75", "country is FR"]).endswith(end)


def rule(column: str, sign: str, threshold: int, *values: str) -> Rule:
    return Rule(column, sign, threshold, values, 2, 1, 3)


@pytest.mark.parametrize(
    ("given_rule", "text"),
    [
        (rule("amount", "≤", 75), "amount ≤ 0.75"),
        (rule("hour", "≥", 15), "hour ≥ 15"),
        (rule("weekday", "≤", 1), "weekday ≤ Tuesday"),
        (rule("metres", "≥", 8_310_000), "distance since the card's last row ≥ 8,310 km"),
        (rule("metres", "≤", 12_300), "distance since the card's last row ≤ 12.3 km"),
        (rule("km/h", "≥", 41_200), "speed since the card's last row ≥ 41,200 km/h"),
        (rule("latitude", "≤", 104), "latitude < 15°"),
        (rule("longitude", "≥", 119), "longitude ≥ −61°"),
        (rule("category", "is", 0, "Grocery"), "category is Grocery"),
        (rule("category", "is", 0, "a", "b", "c", "d"), "category is one of 4"),
        (rule("country", "is", 0, "FR", "DE", "IT"), "country is not US"),
        (rule("country", "is", 0, "US"), "country is US"),
    ],
)
def test_rules_in_words(given_rule: Rule, text: str) -> None:
    """Latitudes are whole degrees above -90: what is at most 104 is below 15."""
    assert condition(given_rule, ["DE", "FR", "IT", "US"]).replace("\xa0", " ") == text
