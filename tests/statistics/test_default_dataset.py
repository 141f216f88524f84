"""The default dataset, compared row by row with every number in the documentation."""

import hashlib
from collections import Counter
from datetime import date, datetime

import polars as pl
import pytest
from kinds import CASH, HOUR, Sample, home_places, places
from price_ranges import later_ranges

from fastgen import Dataset

START, END = datetime(2022, 1, 1), datetime(2022, 3, 1)


def test_counts(default: Sample) -> None:
    kinds = default.kinds
    assert default.transactions.height == 106_020
    assert default.credit_cards.height == default.profiles.height == 2_000
    assert kinds.ordinary.height + kinds.attacks.height == 54_000
    assert kinds.attacks.height == 135
    assert kinds.withdrawals.height == 52_000
    assert kinds.foreign.height == 20
    assert default.transactions["fraud_label"].sum() == 155
    assert kinds.withdrawals["cc_num"].n_unique() == 1_000
    assert Dataset(default.config).num_rows == 106_020


def test_the_attacks_are_20_chains(default: Sample) -> None:
    assert default.kinds.attacks["chain"].n_unique() == 20


def test_columns(default: Sample) -> None:
    assert default.transactions.columns == [
        "tid", "datetime", "cc_num", "category", "amount", "latitude", "longitude", "city", "country", "fraud_label",
    ]  # fmt: skip
    assert default.credit_cards.columns == ["cc_num", "provider", "expires"]
    assert default.profiles.columns == ["name", "sex", "mail", "birthdate", "City", "Country", "cc_num"]
    for table in (default.transactions, default.credit_cards, default.profiles):
        assert sum(table.null_count().row(0)) == 0


def test_every_tid_hashes_its_own_row(default: Sample) -> None:
    rows = default.transactions.select("tid", "datetime", "cc_num", "amount").iter_rows()
    wrong = [tid for tid, when, card, amount in rows if hashlib.md5(f"{when}{card}{amount}".encode()).hexdigest() != tid]
    assert wrong == []


def test_cards(default: Sample) -> None:
    numbers = default.credit_cards["cc_num"].to_list()
    assert len(set(numbers)) == 2_000
    assert all(len(number) == 16 and number.isdigit() and number[0] == "4" and luhn(number) for number in numbers)
    assert default.profiles["cc_num"].to_list() == numbers
    assert set(default.transactions["cc_num"]) <= set(numbers)


def luhn(number: str) -> bool:
    doubled = [int(digit) * (2 - i % 2) for i, digit in enumerate(number)]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def test_ages_count_at_the_start(default: Sample) -> None:
    births = default.profiles["birthdate"]
    assert births.min() >= date(1921, 1, 2)
    assert births.max() <= date(2004, 1, 1)


def test_categories_have_their_exact_quotas(default: Sample) -> None:
    """All of the 54,000 payments but the later ones of chains, which follow their own rule."""
    first = default.kinds.attacks.filter(pl.col("position") == 0)
    counts = Counter(default.kinds.ordinary["category"]) + Counter(first["category"])
    total = 54_000 - 135 + first.height
    exact = {category.name: category.share * total for category in default.config.categories}
    assert sum(counts.values()) == total
    assert all(abs(counts[name] - share) < 1 for name, share in exact.items())
    assert counts == largest_remainders(total, {category.name: category.share for category in default.config.categories})


def largest_remainders(total: int, shares: dict[str, float]) -> Counter[str]:
    exact = {name: round(total * share * 10**6) for name, share in shares.items()}
    counts = Counter({name: value // 10**6 for name, value in exact.items()})
    for name in sorted(exact, key=lambda name: -(exact[name] % 10**6))[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def test_amounts_are_in_the_price_range_of_their_category(default: Sample) -> None:
    prices = {category.name: (category.low, category.high) for category in default.config.categories}
    payments = pl.concat([default.kinds.ordinary, default.kinds.attacks.select(default.kinds.ordinary.columns)])
    for category, amount in payments.select("category", "amount").iter_rows():
        low, high = prices[category]
        assert low <= amount <= high
    cash = default.transactions.filter(pl.col("category") == CASH)["amount"]
    assert cash.is_between(0.01, 30_000).all()
    assert default.transactions["amount"].to_list() == [round(x, 2) for x in default.transactions["amount"]]


def test_payments_are_at_places_of_the_us(default: Sample) -> None:
    known = set(home_places())
    for frame in (default.kinds.ordinary, default.kinds.attacks):
        assert set(frame.select("latitude", "longitude", "city", "country").iter_rows()) <= known
    abroad = set(places()) - known
    assert set(default.kinds.foreign.select("latitude", "longitude", "city", "country").iter_rows()) <= abroad


def test_times(default: Sample) -> None:
    assert default.transactions["datetime"].is_sorted()
    assert default.transactions["datetime"].min() >= START
    for frame in (default.kinds.ordinary, default.kinds.attacks.filter(pl.col("position") == 0)):
        assert frame["datetime"].is_between(START, END, closed="left").all()
    starts = default.kinds.sequences["first"] - default.kinds.sequences["step"]
    assert starts.is_between(0, (END - START).total_seconds(), closed="left").all()
    assert default.kinds.withdrawals["datetime"].max() > END  # sequences run past the end


def test_chains(default: Sample) -> None:
    chains = default.kinds.attacks.with_columns(pl.col("second").diff().over("chain").alias("gap"))
    assert chains["gap"].drop_nulls().is_between(30, 120).all()
    lengths = sorted(chains.group_by("chain").len()["len"])
    assert lengths[-1] <= 10
    assert lengths[1] >= 3  # only the last chain may be cut
    edges = [0, 1, 10, 100, 1_000, 10_000]
    for _, chain in chains.group_by("chain"):
        amounts = chain.filter(pl.col("position") > 0)["amount"]
        found = [((amounts >= low) & (amounts < high)).sum() for low, high in zip(edges, [*edges[1:], 10**9], strict=True)]
        assert found == later_ranges(default.config, amounts.len())


def test_sequences(default: Sample) -> None:
    found = default.kinds.sequences
    regular = found.filter("regular")
    assert regular.height >= found.height - 2
    assert 7_998 <= found.height <= 8_000
    assert (regular["step"] % HOUR == 0).all()
    assert regular["step"].is_between(6 * HOUR, 168 * HOUR).all()
    per_card = default.kinds.withdrawals.group_by("cc_num").len()
    assert set(per_card["len"]) == {52}
    lengths = regular.group_by("cc_num").agg(pl.col("length").sort())["length"].to_list()
    assert sum(each == [3, 4, 5, 6, 7, 8, 9, 10] for each in lengths) >= 998


def test_walks(default: Sample) -> None:
    """Withdrawal k is at most k steps of 0.01 degrees in each coordinate from a place of its city."""
    rows = default.kinds.withdrawals.filter(
        pl.col("sequence").is_in(default.kinds.sequences.filter("regular")["sequence"].implode())
    )
    at_home: dict[str, list[tuple[int, int]]] = {}
    for place in home_places():
        at_home.setdefault(place.city, []).append((place.latitude, place.longitude))
    for city, k, latitude, longitude in rows.select("city", "k", "latitude", "longitude").iter_rows():
        assert any(max(abs(latitude - y), abs(longitude - x)) <= k * 10_000 for y, x in at_home[city])


def test_foreign_withdrawals(default: Sample) -> None:
    firsts = {(card, second) for card, second in default.kinds.sequences.select("cc_num", "first").iter_rows()}
    for card, second in default.kinds.foreign.select("cc_num", "second").iter_rows():
        assert any((card, second - hours * HOUR) in firsts for hours in range(1, 6))


@pytest.mark.parametrize(
    ("low", "high", "share"),
    [
        (18, 23, 0.055),
        (25, 33, 0.0015),
        (35, 43, 0.0015),
        (45, 53, 0.02),
        (55, 63, 0.022),
        (65, 73, 0.1),
        (75, 83, 0.4),
        (85, 99, 0.4),
    ],
)
def test_cash_cards_by_age(default: Sample, low: int, high: int, share: float) -> None:
    """No band has more cash cards than its share of 12,000."""
    cash = default.profiles.filter(pl.col("cc_num").is_in(default.kinds.withdrawals["cc_num"].unique().implode()))
    youngest, oldest = date(2022 - low, 1, 1), date(2021 - high, 1, 2)
    drawn = cash.filter(pl.col("birthdate").is_between(oldest, youngest)).height
    assert 0 < drawn <= int(share * 12_000)


def test_cash_cards_are_of_some_band(default: Sample) -> None:
    bands = [(18, 23), (25, 33), (35, 43), (45, 53), (55, 63), (65, 73), (75, 83), (85, 99)]
    cash = default.profiles.filter(pl.col("cc_num").is_in(default.kinds.withdrawals["cc_num"].unique().implode()))
    ages = 2021 - cash["birthdate"].dt.year() + (cash["birthdate"].dt.strftime("%m%d") == "0101").cast(pl.Int32)
    assert all(any(low <= age <= high for low, high in bands) for age in ages)
