"""Payments: times, cards, places, categories, amounts."""

from collections import Counter

import numpy as np
import polars as pl
import pytest
from judging import (
    LEAST_P,
    assert_independent,
    assert_random_order,
    assert_shares,
    assert_uniform,
    assert_unrelated,
    assert_whole_numbers,
)
from kinds import Sample, home_places
from price_ranges import judge_amounts, ranges_given
from scipy import stats

from fastgen import Config

DEFAULT = Config()


@pytest.mark.parametrize("category", DEFAULT.categories, ids=lambda category: category.name)
def test_amounts_follow_the_distribution_inside_the_prices(big: Sample, category) -> None:
    cents = big.kinds.ordinary.filter(pl.col("category") == category.name)["cents"].to_numpy()
    judge_amounts(cents, ranges_given(DEFAULT, category.low, category.high))


def test_times_are_uniform(big: Sample) -> None:
    second = big.kinds.ordinary["second"].to_numpy()
    assert_uniform(second, 0, big.config.seconds)
    hours = big.config.seconds // 3600
    assert_shares(np.bincount(second // 3600, minlength=hours), np.ones(hours))
    assert_whole_numbers(second % 60, 0, 59)
    assert_whole_numbers(second // 60 % 60, 0, 59)


def test_times_are_no_more_regular_than_chance_makes_them(big: Sample) -> None:
    second = big.kinds.ordinary["second"].to_numpy()
    exact = np.sort(second + np.random.default_rng(1).random(second.size))
    gaps = np.diff(exact) * second.size / big.config.seconds
    assert stats.kstest(gaps, "expon").pvalue > LEAST_P
    assert_unrelated(gaps[1:], gaps[:-1])


def test_cards_are_uniform(big: Sample) -> None:
    payments = big.kinds.ordinary.group_by("cc_num").len()
    counts = big.profiles.join(payments, on="cc_num", how="left")["len"].fill_null(0).to_numpy()
    assert counts.sum() == big.kinds.ordinary.height
    assert_shares(counts, np.ones(counts.size))
    assert_shares(counts.reshape(20, -1).sum(axis=1), np.ones(20))


def test_places_are_uniform_over_the_us(big: Sample) -> None:
    found = big.kinds.ordinary.select("latitude", "longitude", "city", "country")
    counts = Counter(found.iter_rows())
    known = Counter(home_places())
    assert counts.keys() <= known.keys()
    assert_shares([counts[place] for place in known], list(known.values()))


def test_categories_come_in_random_order(big: Sample) -> None:
    category = big.kinds.ordinary["category"]
    for name in ("Grocery", "Restaurant/Cafeteria", "Clothing"):
        assert_random_order(category == name)
    common = category.replace("Jewelery", "Holliday/Travel").to_numpy()
    assert_independent(common[1:], common[:-1])


def test_categories_do_not_depend_on_the_time(big: Sample) -> None:
    rows = big.kinds.ordinary
    week = (rows["second"] // (7 * 86_400)).to_numpy()
    assert_independent(rows["category"].to_numpy(), week)


def test_columns_do_not_depend_on_each_other(big: Sample) -> None:
    number = big.profiles.select("cc_num").with_row_index("card")
    rows = big.kinds.ordinary.join(number, on="cc_num", maintain_order="left")
    groceries = rows.filter(pl.col("category") == "Grocery")
    card = (rows["card"] % 40).to_numpy()
    assert_unrelated(groceries["cents"], groceries["second"])
    assert_unrelated(groceries["cents"][1:], groceries["cents"][:-1])
    assert_unrelated(groceries["cents"], groceries["card"])
    assert_unrelated(groceries["cents"], groceries["latitude"])
    assert_unrelated(rows["card"], rows["second"])
    assert_unrelated(rows["card"], rows["longitude"])
    assert_unrelated(rows["card"][1:], rows["card"][:-1])
    assert_unrelated(rows["latitude"][1:], rows["latitude"][:-1])
    assert_independent(card, rows["category"].to_numpy())
    assert_independent(card, rows["city"].to_numpy())
    assert_independent(card, (rows["second"] % 60).to_numpy())
    assert_independent(groceries["cents"].to_numpy() % 10, groceries["second"].to_numpy() % 10)
