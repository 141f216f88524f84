"""The faults of the tutorial's notebook, imitated in a small dataset of our own: each is found and reported."""

import hashlib

import numpy as np
import polars as pl
import pytest

from fastgen import Config, ValidationReport

from .frames import attack, cash, judge, made, names, ordinary, withdrawal

CONFIG = Config(rows=20_000, cards=2_000, seed=4, fraud={"ratio": 0.01})


def imitation() -> dict[str, pl.DataFrame]:
    """Rows as the notebook makes them, by the list of docs/departures.md."""
    frames = made(CONFIG)
    random = np.random.default_rng(1)
    rows = frames["transactions"]
    # 2: the hash of chains and withdrawals is of another amount.
    stale = pl.col("tid").shift(1).fill_null(strategy="backward")
    rows = rows.with_columns(pl.when(attack | withdrawal).then(stale).otherwise("tid").alias("tid"))
    # 4, 7: amounts slip out of their category's prices, and ranges end one higher.
    slipped = pl.Series(random.random(rows.height) < 0.03) & ordinary
    first_range = pl.col("amount") < 1
    rows = rows.with_columns(
        pl.when(slipped)
        .then((pl.col("amount") * 20).clip(None, 50_000))
        .when(cash & first_range)
        .then(pl.col("amount") * 2)
        .otherwise("amount")
        .round(2)
    )
    # 8: chains overwrite payments that have other categories.
    rows = rows.with_columns(pl.when(attack).then(pl.lit("Grocery")).otherwise("category").alias("category"))
    # 1: withdrawals come after all payments.
    rows = pl.concat([rows.filter(~cash), rows.filter(cash).sample(fraction=1.0, shuffle=True, seed=2)])
    # 6: holders' ages are those of another day; 17: cards may expire at once; 18, 19: names with titles, other people's addresses.
    cards = frames["credit_cards"].with_columns(
        pl.when(pl.int_range(pl.len()) % 60 == 0).then(pl.lit("01/22")).otherwise("expires").alias("expires")
    )
    holders = frames["profiles"].with_columns(
        pl.col("birthdate").dt.offset_by("58mo"),
        pl.when(pl.int_range(pl.len()) % 25 == 0).then(pl.format("Dr. {}", "name")).otherwise("name").alias("name"),
        pl.col("mail").shift(1).fill_null("x@y"),
    )
    return {"transactions": rows, "credit_cards": cards, "profiles": holders}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> ValidationReport:
    return judge(tmp_path_factory.mktemp("notebook"), imitation(), CONFIG)


@pytest.mark.parametrize(
    "check",
    [
        "rows: order",
        "rows: tid",
        "amounts: prices",
        "amounts: ranges of Cash Withdrawal",
        "quotas: Grocery",
        "chains: categories",
        "cash cards: ages",
        "holders: ages",
        "holders: birthdates",
        "holders: first name",
        "holders: last name",
        "holders: mail form",
        "cards: expiry window",
    ],
)
def test_a_fault_is_found(report: ValidationReport, check: str) -> None:
    assert check in names(report)


def test_it_is_said_plainly(report: ValidationReport) -> None:
    """The counts and the first row are those that a plain look at the rows finds."""
    rows = imitation()["transactions"]
    found = {f"{check.group}: {check.name}": check for check in report.failed}
    later = (rows["datetime"].diff().dt.total_seconds() < 0).to_list()
    order = found["rows: order"]
    assert (order.violations, order.of) == (later.count(True), rows.height)
    assert order.example == f"row {later.index(True) + 1:,}: datetime {rows['datetime'][later.index(True)]}"
    values = rows.select("tid", "datetime", "cc_num", "amount").iter_rows()
    wrong = [tid != hashlib.md5(f"{when}{card}{amount}".encode()).hexdigest() for tid, when, card, amount in values]
    assert found["rows: tid"].violations == wrong.count(True)
    assert (found["rows: tid"].example or "").startswith(f"row {wrong.index(True) + 1:,}: tid {rows['tid'][wrong.index(True)]}, ")
    prices = {category.name: (category.low, category.high) for category in CONFIG.categories}
    outside = [
        not prices[category][0] <= amount <= prices[category][1]
        for category, amount in rows.filter(~cash).select("category", "amount").iter_rows()
    ]
    assert found["amounts: prices"].violations == outside.count(True)
    assert found["amounts: prices"].of == len(outside)


def test_what_the_notebook_does_well_passes(report: ValidationReport) -> None:
    assert {
        "counts: rows",
        "counts: payments",
        "counts: withdrawals",
        "rows: cents",
        "payments: times",
        "payments: cards",
        "places: ordinary payments",
        "withdrawals: sequences",
        "withdrawals: walks",
        "withdrawals: steps",
        "cash cards: lengths",
        "foreign withdrawals: delays",
        "cards: Luhn",
        "cards: unique",
    } <= names(report, "passed")
