"""Card payments: exact quotas, amounts inside the prices of their category, and any block made alone."""

from collections import Counter
from functools import cache
from itertools import accumulate, pairwise
from typing import Any

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from fastgen import plan as names
from fastgen.config import Config
from fastgen.kernels import payments
from fastgen.kernels.jit import kernel
from fastgen.kernels.structs import Block, Quota
from fastgen.plan import Plan
from kernels import ALL, each_sample, make_sample

LEAST_P = 1e-4
"""The least p-value of a test of draws with a fixed seed."""

COLUMNS = ("card", "category", "cents", "place")


def classes(quota: Quota, first: int, n: int) -> NDArray[np.uint8]:
    out = np.full(n, 255, np.uint8)
    payments.quota_classes(out, first, quota, *np.empty((2, n), np.uint32))
    return out


def rows(plan: Plan, first: int, n: int) -> list[list[int]]:
    """Columns of the payments first, first + 1, ..."""
    block = Block.empty(n)
    payments.payment_rows(block, first, plan.payment_rules, *np.empty((2, n), np.uint32), ALL)
    return [getattr(block, name).tolist() for name in COLUMNS]


@cache
def plan_of(payments: int, **settings: Any) -> Plan:
    return Plan(Config(payments=payments, fraud={"ratio": 0}, atm={"cards": 0}, **settings))


def shops(*shares: float) -> tuple[dict[str, Any], ...]:
    return tuple({"name": f"Shop {i}", "share": share, "low": 0.01, "high": 100} for i, share in enumerate(shares))


SHARES = [
    (1.0,),
    (0.5, 0.5),
    (0.7, 0.0, 0.3),
    (0.0, 0.001, 0.999, 0.0),
    (*([0.005] * 199), 0.005),
]


# Quotas


@pytest.mark.parametrize("shares", SHARES, ids=len)
@pytest.mark.parametrize("total", [1, 2, 3, 10, 999, 4_096, 4_097, 20_000])
def test_quotas_are_exact(shares: tuple[float, ...], total: int) -> None:
    quota = Plan(Config(payments=total, fraud={"ratio": 0}, atm={"cards": 0}, categories=shops(*shares))).payment_rules.quota
    found = Counter(classes(quota, 0, total).tolist())
    expected = naive.quotas(total, shares)
    assert sum(expected) == total
    assert [found[i] for i in range(len(shares))] == expected


@each_sample
def test_quotas_of_a_whole_dataset(name: str) -> None:
    """Ordinary payments and the first ones of chains."""
    sample = make_sample(name)
    found = Counter(row.category for row in sample.of(cash=False, fraud=False))
    found.update(chain[0].category for chain in sample.twin.chains)
    assert [found[i] for i in range(len(sample.config.categories))] == sample.twin.quotas


@pytest.mark.parametrize("total", [1, 12, 997, 6_000])
def test_classes_are_a_search_among_permuted_numbers(total: int) -> None:
    quota = plan_of(total).payment_rules.quota
    image = naive.Permutation(plan_of(total).config.seed, names.CATEGORY_QUOTA, total)
    ends = list(accumulate(naive.quotas(total, [c.share for c in plan_of(total).config.categories])))
    expected = [next(i for i, end in enumerate(ends) if image(number) < end) for number in range(total)]
    assert classes(quota, 0, total).tolist() == expected


@given(st.lists(st.integers(0, 5_003), max_size=20))
def test_classes_do_not_depend_on_where_they_are_cut(cuts: list[int]) -> None:
    quota = plan_of(5_003).payment_rules.quota
    pieces = [classes(quota, start, stop - start) for start, stop in pairwise([0, *sorted(cuts), 5_003])]
    assert np.array_equal(np.concatenate(pieces), classes(quota, 0, 5_003))


def test_categories_are_in_random_order() -> None:
    """Each part of the payments has its share of every category, and a payment's category says nothing about the next one's."""
    total = 54_000
    found = classes(plan_of(total).payment_rules.quota, 0, total)
    expected = np.bincount(found, minlength=9)
    parts = np.array([np.bincount(part, minlength=9) for part in np.split(found, 10)])
    assert stats.chi2_contingency(parts[:, expected > 100]).pvalue > LEAST_P
    common = np.where(found < 5, found, 5).astype(np.int64)
    width = int(plan_of(total).payment_rules.quota.keys[2])
    for distance in (1, 2, 7, width - 1, width, width + 1):
        pairs = np.bincount(common[:-distance] * 6 + common[distance:], minlength=36).reshape(6, 6)
        assert stats.chi2_contingency(pairs).pvalue > LEAST_P


# Amounts


@kernel
def draw_in_ranges(cents, span, word_range, word_offset, ranges):
    payments.amounts_in_ranges(cents, span, word_range, word_offset, ranges)


@kernel
def draw_one_in_ranges(word_range, word_offset, ranges):
    return payments.amount_in_ranges(word_range, word_offset, ranges)


def table_of(plan: Plan, category: int) -> dict[range, float]:
    """The distribution of a category's alias table."""
    amounts, slots = plan.amounts, 2**plan.amounts.bits
    found: dict[range, float] = {}
    for slot in range(category * slots, (category + 1) * slots):
        own = int(amounts.threshold[slot]) / 2**32
        for segment, share in ((2 * slot, own), (2 * slot + 1, 1 - own)):
            low, width = int(amounts.low[segment]), int(amounts.width[segment])
            if share:
                found[range(low, low + width)] = found.get(range(low, low + width), 0) + share / slots
    return found


@each_sample
def test_amounts_have_their_distribution_within_the_prices(name: str) -> None:
    sample = make_sample(name)
    config = sample.config
    prices = [(category.low_cents, category.high_cents) for category in config.categories]
    for category, (low, high) in enumerate(prices):
        found, expected = table_of(sample.plan, category), naive.amount_shares(config, low, high)
        assert found.keys() == expected.keys()
        assert all(low <= cents[0] and cents[-1] <= high for cents in found)
        for cents, share in expected.items():
            assert found[cents] == pytest.approx(float(share), abs=1e-9)


@each_sample
def test_ranges_have_their_shares(name: str) -> None:
    sample = make_sample(name)
    upper, low, width = sample.plan.amount_ranges
    expected = naive.amount_shares(sample.config, 0, 10**9)
    assert [range(first, first + count) for first, count in zip(low.tolist(), width.tolist(), strict=True)] == list(expected)
    found = np.diff([0, *upper.tolist(), 2**32]) / 2**32
    assert found.tolist() == pytest.approx([float(share) for share in expected.values()], abs=1e-9)


@each_sample
def test_amounts_in_ranges_are_the_twins(name: str) -> None:
    sample = make_sample(name)
    ranges = sample.plan.amount_ranges
    bounds = [word + by for word in ranges.upper.tolist() for by in (-1, 0)]
    words = np.array([*bounds, 0, 2**32 - 1, *np.random.default_rng(4).integers(0, 2**32, 200)], np.uint32)
    cents, span = np.empty((2, words.size), np.uint32)
    draw_in_ranges(cents, span, words, words[::-1].copy(), ranges)
    pairs = list(zip(words.tolist(), words[::-1].tolist(), strict=True))
    expected = [naive.amount_in_ranges(sample.config, *pair) for pair in pairs]
    assert cents.tolist() == expected
    assert [draw_one_in_ranges(*map(np.uint64, pair), ranges) for pair in pairs] == expected


@each_sample
def test_all_amounts_are_inside_the_prices(name: str) -> None:
    sample = make_sample(name)
    for row in sample.of(cash=False, fraud=False):
        category = sample.config.categories[row.category]
        assert category.low_cents <= row.cents <= category.high_cents


@pytest.mark.parametrize("category", range(6))
def test_amounts_follow_the_distribution(category: int) -> None:
    plan = plan_of(200_000)
    _, categories, cents, _ = map(np.array, rows(plan, 0, 200_000))
    found = cents[categories == category]
    shop = plan.config.categories[category]
    shares = naive.amount_shares(plan.config, shop.low_cents, shop.high_cents)
    observed = [int(np.sum((found >= part[0]) & (found <= part[-1]))) for part in shares]
    assert sum(observed) == found.size
    if len(shares) > 1:
        assert stats.chisquare(observed, [found.size * float(share) for share in shares.values()]).pvalue > LEAST_P
    for part in shares:
        inside = found[(found >= part[0]) & (found <= part[-1])] - part[0]
        if inside.size > 300 and len(part) > 10_000:
            assert stats.kstest((inside + 0.5) / len(part), "uniform").pvalue > LEAST_P
        elif inside.size > 300:
            bins = np.bincount(inside * 9 // len(part), minlength=9)
            widths = np.bincount(np.arange(len(part)) * 9 // len(part), minlength=9)
            assert stats.chisquare(bins, inside.size * widths / len(part)).pvalue > LEAST_P


# Rows


def test_cards_and_places_are_uniform() -> None:
    plan = plan_of(200_000, cards=77)
    card, _, _, place = rows(plan, 0, 200_000)
    assert stats.chisquare(np.bincount(card, minlength=77)).pvalue > LEAST_P
    assert stats.chisquare(np.bincount(place, minlength=plan.pools.home)).pvalue > LEAST_P
    assert {plan.pools.places[code].country for code in place} == {"US"}


@each_sample
def test_payments_are_the_twins(name: str) -> None:
    sample = make_sample(name)
    assert sample.of(cash=False, fraud=False) == sample.twin.ordinary_rows


@given(st.lists(st.integers(0, 3_001), max_size=20))
def test_payments_do_not_depend_on_where_they_are_cut(cuts: list[int]) -> None:
    plan = plan_of(3_001)
    whole = rows(plan, 0, 3_001)
    pieces = [rows(plan, start, stop - start) for start, stop in pairwise([0, *sorted(cuts), 3_001])]
    assert [[value for piece in pieces for value in piece[i]] for i in range(4)] == whole


def test_payments_far_into_a_large_dataset() -> None:
    """Numbers past 32 bits, and a permutation of that size."""
    total = 3 * 10**10 + 7
    plan = plan_of(total, end="2024-01-01", cards=10**9)
    twin = naive.Twin(plan.config, plan.pools, plan.grid, plan.amounts)
    for first in (0, 2**32 - 3, 2**33 + 12_345, total - 5):
        expected = [twin.payment(number, 0) for number in range(first, first + 5)]
        assert rows(plan, first, 5) == [[getattr(row, name) for row in expected] for name in COLUMNS]
