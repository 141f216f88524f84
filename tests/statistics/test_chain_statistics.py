"""Attack chains: how many, how long, when, and what their payments are."""

from collections import Counter
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from judging import assert_independent, assert_shares, assert_uniform, assert_unrelated, assert_whole_numbers
from kinds import Sample, home_places
from price_ranges import amount_ranges, judge_amounts, later_ranges


@pytest.fixture(scope="module")
def later(big: Sample) -> pl.DataFrame:
    """All payments but the first of each chain, with the range of the amount and how many of them the chain has."""
    edges = [cents.start for _, cents in amount_ranges(big.config)]
    rows = big.kinds.attacks.with_columns((pl.len().over("chain") - 1).alias("later")).filter(pl.col("position") > 0)
    return rows.with_columns(pl.Series("range", np.searchsorted(edges, rows["cents"].to_numpy(), side="right") - 1))


@pytest.fixture(scope="module")
def lengths(big: Sample) -> list[int]:
    return big.kinds.attacks.group_by("chain", maintain_order=True).len()["len"].to_list()


def test_lengths_are_uniform_but_for_the_last_chain(big: Sample, lengths: list[int]) -> None:
    whole = [length for length in lengths if length >= 3]
    assert len(lengths) - len(whole) <= 1
    assert_whole_numbers(whole, 3, 10)


def test_gaps_are_uniform(big: Sample) -> None:
    gaps = big.kinds.attacks.with_columns(pl.col("second").diff().over("chain").alias("gap")).drop_nulls("gap")
    assert_whole_numbers(gaps["gap"], 30, 120)
    pairs = gaps.filter(pl.col("position") > 1)["gap"], gaps.filter(pl.col("position") < pl.len().over("chain"))["gap"]
    assert_unrelated(*pairs)


def test_starts_are_uniform(big: Sample, lengths: list[int]) -> None:
    starts = big.kinds.attacks.filter(pl.col("position") == 0)["second"].to_numpy()
    assert_uniform(starts, 0, big.config.seconds)
    assert_unrelated(starts, lengths)


def test_the_first_is_an_ordinary_payment(big: Sample) -> None:
    first = big.kinds.attacks.filter(pl.col("position") == 0)
    categories = big.config.categories
    counts = Counter(first["category"])
    assert_shares([counts[category.name] for category in categories], [category.share for category in categories])
    for category in categories:
        amounts = first.filter(pl.col("category") == category.name)["amount"]
        assert amounts.is_between(category.low, category.high).all()
    groceries = first.filter(pl.col("category") == "Grocery")["cents"].to_numpy()
    judge_amounts(groceries, [(0.05, range(1, 100)), (0.075, range(100, 1_000)), (0.525, range(1_000, 10_000))])


def test_cards_are_uniform(big: Sample) -> None:
    number = big.profiles.select("cc_num").with_row_index("card")
    cards = big.kinds.attacks.filter(pl.col("position") == 0).join(number, on="cc_num")["card"].to_numpy()
    assert cards.size == big.kinds.attacks["chain"].max()
    assert_uniform(cards, 0, 40_000)


def test_amounts_are_of_the_exact_ranges(big: Sample, later: pl.DataFrame) -> None:
    found = later.group_by("chain").agg(pl.col("later").first(), pl.col("range").sort())
    for count, ranges in found.select("later", "range").iter_rows():
        expected = [i for i, n in enumerate(later_ranges(big.config, count)) for _ in range(n)]
        assert ranges == expected
    assert later_ranges(big.config, 9) == [1, 1, 5, 2, 0, 0]


@pytest.mark.parametrize("count", range(2, 10))
def test_ranges_come_in_any_order(later: pl.DataFrame, count: int) -> None:
    rows = later.filter(pl.col("later") == count)
    smallest, second = (rows.filter(pl.col("range") == i)["position"].to_numpy() for i in (0, 1))
    assert_whole_numbers(smallest, 1, count)
    assert_whole_numbers(second, 1, count)
    if count > 2:
        assert_whole_numbers((second - smallest) % count, 1, count - 1)


def test_amounts_are_uniform_inside_their_range(big: Sample, later: pl.DataFrame) -> None:
    for i, (_, cents) in enumerate(amount_ranges(big.config)):
        found = later.filter(pl.col("range") == i)["cents"]
        if found.len():
            assert_uniform(found, cents.start, len(cents))
    assert sorted(later["range"].unique()) == [0, 1, 2, 3]


def test_the_category_is_the_first_whose_prices_hold_the_amount(later: pl.DataFrame) -> None:
    limits = [("Grocery", 0, 100), ("Health/Beauty", 100, 500), ("Clothing", 500, 2_000)]
    for name, low, high in limits:
        held = later.filter((pl.col("amount") >= low) & (pl.col("amount") < high))
        assert held.height > 0
        assert set(held["category"]) == {name}
    assert later["amount"].max() < 2_000


def test_places_are_drawn_for_each_payment(big: Sample) -> None:
    rows = big.kinds.attacks
    counts = Counter(rows.select("latitude", "longitude", "city", "country").iter_rows())
    known = Counter(home_places())
    assert counts.keys() <= known.keys()
    assert_shares([counts[place] for place in known], list(known.values()))
    number = {place: i for i, place in enumerate(known)}
    found = [number[place] % 20 for place in rows.select("latitude", "longitude", "city", "country").iter_rows()]
    together = [pair for pair, chains in zip(pairwise(found), pairwise(rows["chain"]), strict=True) if chains[0] == chains[1]]
    assert_independent(*zip(*together, strict=True))
