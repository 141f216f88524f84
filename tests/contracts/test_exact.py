"""Exact: every count is exactly what the configuration says."""

from collections import Counter
from datetime import datetime
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_configs import configs

from fastgen import Config, Dataset

CASH = "Cash Withdrawal"


def largest_remainders(total: int, shares: list[float]) -> list[int]:
    """Whole parts first, then one more for the greatest remainders; for equal ones, the first."""
    weights = [Fraction(str(share)) for share in shares]
    exact = [total * weight / sum(weights) for weight in weights]
    counts = [value.numerator // value.denominator for value in exact]
    remainders = [value - count for value, count in zip(exact, counts, strict=True)]
    for _ in range(total - sum(counts)):
        best = max(range(len(shares)), key=lambda i: (remainders[i], -i))
        counts[best] += 1
        remainders[best] = Fraction(-1)
    return counts


def check(config: Config) -> pl.DataFrame:
    """Count everything in the rows of a configuration, and compare it with the settings."""
    data = Dataset(config)
    rows = data.transactions(["cc_num", "category", "country", "fraud_label"])
    counts = data.plan.counts
    labelled, cash = rows["fraud_label"] == 1, rows["category"].cast(pl.String) == CASH
    ratio, lengths = Fraction(str(config.fraud.ratio)), config.atm.lengths.values

    assert rows.height == data.num_rows == counts["transactions"] == data.count()
    assert config.rows in (None, rows.height)

    per_card = Counter(rows.filter(cash & ~labelled)["cc_num"])
    withdrawals = per_card.total()
    assert len(per_card) == counts["cash_cards"]
    assert len(set(per_card.values())) <= 1, "cash cards differ in how many withdrawals they make"
    rounds, rest = divmod(withdrawals, len(per_card) * sum(lengths)) if per_card else (0, 0)
    assert rest == 0
    sequences = len(per_card) * rounds * len(lengths)
    foreign = (cash & labelled).sum()
    assert foreign == int(ratio * sequences)
    assert foreign == (rows["country"].cast(pl.String) != "US").sum()

    payments = rows.filter(~cash)
    attacks = payments["fraud_label"].sum()
    assert attacks == int(ratio * payments.height)
    assert payments.height + withdrawals + foreign == rows.height

    quotas = largest_remainders(payments.height - attacks + counts["chains"], [c.share for c in config.categories])
    ordinary = Counter(payments.filter(pl.col("fraud_label") == 0)["category"])
    missing = [quota - ordinary[category.name] for quota, category in zip(quotas, config.categories, strict=True)]
    assert min(missing) >= 0
    assert sum(missing) == counts["chains"]  # the first payments of chains
    if ratio == 0:
        assert missing == [0] * len(missing)

    assert counts == {
        "transactions": rows.height,
        "payments": payments.height,
        "chains": counts["chains"],
        "chain_payments": attacks,
        "cash_cards": len(per_card),
        "sequences": sequences,
        "withdrawals": withdrawals,
        "foreign_withdrawals": foreign,
        "frauds": labelled.sum(),
        "cards": data.profiles().height,
    }
    least, most = config.fraud.chain_lengths
    assert -(-attacks // most) <= counts["chains"] <= -(-attacks // least)
    return rows


def test_the_default() -> None:
    assert Dataset().plan.counts == {
        "transactions": 106_020,
        "payments": 54_000,
        "chains": 20,
        "chain_payments": 135,
        "cash_cards": 1_000,
        "sequences": 8_000,
        "withdrawals": 52_000,
        "foreign_withdrawals": 20,
        "frauds": 155,
        "cards": 2_000,
    }


def test_the_rows_of_the_default() -> None:
    rows = check(Config())
    assert rows["fraud_label"].sum() == 155


@given(configs())
@settings(deadline=None, max_examples=60, derandomize=True)
def test_any_small_configuration(config: Config) -> None:
    check(config)


def test_any_small_number_of_rows() -> None:
    for rows in range(1, 301):
        assert Dataset(Config(rows=rows)).transactions(["fraud_label"]).height == rows


@pytest.mark.parametrize("rows", [1_000, 9_999, 65_536, 106_021, 262_145])
def test_some_larger_numbers_of_rows(rows: int) -> None:
    check(Config(rows=rows, fraud={"ratio": 0.013}))


@given(st.integers(1, 10**8), st.sampled_from([0.0, 0.0001, 0.0025, 0.3, 1.0]), st.none() | st.integers(2_000, 50_000))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_any_number_of_rows_is_planned(rows: int, ratio: float, cards: int | None) -> None:
    counts = Dataset(Config(rows=rows, cards=cards, fraud={"ratio": ratio})).plan.counts
    assert counts["transactions"] == rows == counts["payments"] + counts["withdrawals"] + counts["foreign_withdrawals"]
    assert counts["chain_payments"] == int(Fraction(str(ratio)) * counts["payments"])
    assert counts["foreign_withdrawals"] == int(Fraction(str(ratio)) * counts["sequences"])
    assert counts["withdrawals"] == counts["sequences"] // 8 * 52
    assert counts["cards"] == (cards or max(1, round(rows * 2_000 / 106_020)))


@pytest.mark.parametrize("ratio", [0, 0.00001, 0.29, 0.9999, 1])
def test_ratios(ratio: float) -> None:
    check(Config(payments=4_000, cards=300, seed=4, fraud={"ratio": ratio}, atm={"cards": 20, "withdrawals": 3_000}))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({"scale": 0.1}, {"payments": 5_400, "cards": 200, "cash_cards": 100, "withdrawals": 5_200}, id="scale"),
        pytest.param({"payments": 10}, {"payments": 10, "cards": 2_000, "withdrawals": 52_000}, id="few payments"),
        pytest.param({"atm": {"cards": 0}}, {"transactions": 54_000, "withdrawals": 0, "cash_cards": 0}, id="no cash"),
        pytest.param({"atm": {"withdrawals": 52_001}}, {"cash_cards": 1_000, "withdrawals": 104_000}, id="two rounds"),
        pytest.param({"atm": {"cards": 7, "withdrawals": 1_000}}, {"cash_cards": 7, "withdrawals": 1_092}, id="three rounds"),
        pytest.param({"cards": 5_000}, {"cards": 5_000, "payments": 54_000, "cash_cards": 1_000}, id="cards"),
        pytest.param(
            {"payments": 1_000, "fraud": {"ratio": 0.1, "chain_lengths": [7, 7]}},
            {"chains": 15, "chain_payments": 100},
            id="chains",
        ),
    ],
)
def test_counts_that_are_given(settings: dict[str, Any], expected: dict[str, int]) -> None:
    config = Config(**settings)
    counts = Dataset(config).plan.counts
    assert {name: counts[name] for name in expected} == expected
    check(config)


def test_fewer_susceptible_holders_than_cash_cards() -> None:
    """All of these holders withdraw cash, in as many rounds as needed."""
    config = Config(payments=1_000, cards=400, ages=[60, 64], atm={"cards": 100, "withdrawals": 4_000})
    counts = Dataset(config).plan.counts
    assert counts["cash_cards"] == int(0.022 * 4_000) == 88
    assert counts["withdrawals"] == 88 * 52
    check(config)


def test_the_latest_events_of_all() -> None:
    """The group of time in which these rows are made ends after the last year that there is."""
    atm: dict[str, Any] = {"cards": 1, "withdrawals": 1, "lengths": [67, 67], "step_hours": [8_760, 8_760]}
    bands = [{"share": 1, "low": 18, "high": 100}]
    config = Config(start="9900-06-01", end="9900-06-24", payments=2, cards=5, atm={**atm, "bands": bands})
    grid = Dataset(config).plan.grid
    assert grid.groups * grid.group > (datetime.max - config.start).total_seconds()
    check(config)
