"""Every check can fail: defects of all kinds are planted in good data, and each is named."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fastgen import Config

from .frames import (
    BASE,
    Frames,
    Spoil,
    attack,
    cash,
    chains,
    foreign,
    judge,
    made,
    names,
    ordinary,
    sequences,
    withdrawal,
)

START, END = datetime(2022, 1, 1), datetime(2022, 3, 1)
CATEGORIES = [category.name for category in BASE.categories]


def rows(*changes: pl.Expr, resort: bool = False) -> Spoil:
    """Transactions with changed columns; `resort` puts them in order again."""

    def spoil(frames: Frames) -> dict[str, pl.DataFrame]:
        changed = frames["transactions"].with_columns(*changes)
        return {"transactions": changed.sort("datetime", maintain_order=True) if resort else changed}

    return spoil


def without(condition: pl.Expr, table: str = "transactions") -> Spoil:
    """A table without some of its rows."""
    return lambda frames: {table: frames[table].filter(~condition)}


def table(name: str, *changes: pl.Expr) -> Spoil:
    """A table with changed columns."""
    return lambda frames: {name: frames[name].with_columns(*changes)}


def on(condition: pl.Expr, column: str, value: Any) -> pl.Expr:
    """A column with another value in some rows."""
    return pl.when(condition).then(value).otherwise(pl.col(column)).alias(column)


def first(condition: pl.Expr, count: int = 1) -> pl.Expr:
    """The first rows of a kind."""
    return condition & (condition.cum_sum() <= count)


def moved(seconds: Any, condition: pl.Expr) -> Spoil:
    """Rows at other times, in order."""
    return rows(on(condition, "datetime", pl.col("datetime") + pl.duration(seconds=seconds)), resort=True)


def shares(low: int, high: int) -> pl.Expr:
    """Whether a row's pseudo-random number below 100 is at least `low` and below `high`."""
    return (pl.col("datetime").dt.epoch("s") * 7_919 % 100).is_between(low, high, closed="left")


# Defects of chains and sequences


def in_chains(change: pl.Expr, *conditions: pl.Expr, drop: bool = False) -> Spoil:
    """Chain payments that meet the conditions moved by `change` seconds, or dropped."""

    def spoil(frames: Frames) -> dict[str, pl.DataFrame]:
        found = chains(frames["transactions"])
        chosen = found.filter(*conditions).with_columns(change.cast(pl.Int64).alias("shift")).select("row", "shift")
        marked = frames["transactions"].with_row_index("row").join(chosen, on="row", how="left", maintain_order="left")
        if drop:
            return {"transactions": marked.filter(pl.col("shift").is_null()).drop("row", "shift")}
        later = pl.col("datetime") + pl.duration(seconds=pl.col("shift").fill_null(0))
        return {"transactions": marked.with_columns(later).drop("row", "shift").sort("datetime", maintain_order=True)}

    return spoil


def in_sequences(frames: Frames, condition: pl.Expr) -> pl.Series:
    """The rows of withdrawals that meet a condition about their sequences."""
    return sequences(frames["transactions"]).filter(condition)["row"].sort()


def without_sequences(condition: pl.Expr) -> Spoil:
    def spoil(frames: Frames) -> dict[str, pl.DataFrame]:
        chosen = in_sequences(frames, condition)
        kept = frames["transactions"].with_row_index("row").filter(~pl.col("row").is_in(chosen.implode())).drop("row")
        return {"transactions": kept}

    return spoil


def changed_in_sequences(condition: pl.Expr, column: str, value: Any) -> Spoil:
    def spoil(frames: Frames) -> dict[str, pl.DataFrame]:
        chosen = pl.col("row").is_in(in_sequences(frames, condition).implode())
        changed = frames["transactions"].with_row_index("row").with_columns(on(chosen, column, value)).drop("row")
        return {"transactions": changed.sort("datetime", maintain_order=True)}

    return spoil


def cloned_twice(frames: Frames) -> dict[str, pl.DataFrame]:
    """The second foreign withdrawal also belongs to the first one's sequence."""
    found = frames["transactions"].with_row_index("row").filter(foreign)
    card, moment = found["cc_num"][0], found["datetime"][0]
    twin = pl.col("row") == found["row"][1]
    changed = (
        frames["transactions"].with_row_index("row").with_columns(on(twin, "cc_num", pl.lit(card)), on(twin, "datetime", moment))
    )
    return {"transactions": changed.drop("row").sort("datetime", maintain_order=True)}


# Defects that take several tables


def cash_cards_of(frames: Frames) -> pl.Series:
    return frames["transactions"].filter(withdrawal)["cc_num"].unique().sort()


def born(count: int, birthdate: date, *, cashing: bool = True) -> Spoil:
    """The given number of holders of cash cards, or of others, with this birthdate."""

    def spoil(frames: Frames) -> dict[str, pl.DataFrame]:
        cards = cash_cards_of(frames)
        holds = pl.col("cc_num").is_in(cards.implode())
        chosen = first(holds if cashing else ~holds, count)
        return {"profiles": frames["profiles"].with_columns(on(chosen, "birthdate", pl.lit(birthdate)))}

    return spoil


def no_cash_for_one(frames: Frames) -> dict[str, pl.DataFrame]:
    return without(withdrawal & (pl.col("cc_num") == cash_cards_of(frames)[0]))(frames)  # type: ignore[return-value]


def doubled_card(frames: Frames) -> dict[str, pl.DataFrame]:
    number = frames["credit_cards"]["cc_num"][0]
    return {"credit_cards": frames["credit_cards"].with_columns(on(pl.int_range(pl.len()) == 1, "cc_num", pl.lit(number)))}


def numbers_in_order(frames: Frames) -> dict[str, pl.DataFrame]:
    """Numbers that do not use the whole range."""
    low = pl.format("40{}", pl.col("cc_num").str.slice(2))
    return {"credit_cards": frames["credit_cards"].with_columns(low.alias("cc_num"))}


def wrong(config: dict[str, Any]) -> Config:
    """A configuration other than that of the data."""
    return Config(**{**BASE.model_dump(exclude_none=True), **config})


def cash_config(**settings: Any) -> Config:
    return wrong({"atm": {**BASE.atm.model_dump(exclude_none=True), **settings}})


NARROW_BANDS = [
    {"share": share, "low": band.low, "high": band.high}
    for band, share in zip(BASE.atm.bands, [0.0001] * 7 + [0.9993], strict=True)
]
LAST_BAND_NARROW = [{**band, "share": 0.0001 if i else 0.9993} for i, band in enumerate(NARROW_BANDS)]

DEFECTS: dict[str, tuple[Spoil, set[str]]] = {
    # Tables
    "a column is missing": (lambda f: {"transactions": f["transactions"].drop("city")}, {"tables: columns of transactions"}),
    "cards have no provider": (lambda f: {"credit_cards": f["credit_cards"].drop("provider")}, {"tables: columns of credit_cards"}),
    "holders have no mail": (lambda f: {"profiles": f["profiles"].drop("mail")}, {"tables: columns of profiles"}),
    "a value is missing": (rows(on(first(ordinary), "amount", None)), {"tables: values of transactions"}),
    "a card's value is missing": (
        table("credit_cards", on(pl.int_range(pl.len()) == 5, "expires", None)),
        {"tables: values of credit_cards"},
    ),
    "a holder's value is missing": (
        table("profiles", on(pl.int_range(pl.len()) == 5, "sex", None)),
        {"tables: values of profiles"},
    ),
    # Counts
    "payments are missing": (without(first(ordinary, 5)), {"counts: payments", "counts: rows"}),
    "a label is flipped off": (rows(on(first(attack), "fraud_label", 0)), {"counts: chain payments", "counts: frauds"}),
    "labels are flipped on": (rows(on(first(ordinary, 2), "fraud_label", 1)), {"counts: chain payments", "chains: cut short"}),
    "a withdrawal is labelled": (rows(on(first(withdrawal), "fraud_label", 1)), {"counts: withdrawals", "rows: abroad"}),
    "a clone's label is flipped off": (
        rows(on(first(foreign), "fraud_label", 0)),
        {"counts: foreign withdrawals", "rows: at home", "places: withdrawals"},
    ),
    "a card is missing": (
        without(pl.int_range(pl.len()) == 7, "credit_cards"),
        {"counts: cards", "rows: cards known", "holders: cards known"},
    ),
    "a holder is missing": (without(pl.int_range(pl.len()) == 7, "profiles"), {"counts: holders", "holders: one a card"}),
    # Rows
    "times are shuffled": (rows(pl.col("datetime").shuffle(seed=1)), {"rows: order", "rows: tid"}),
    "two rows have changed places": (
        lambda f: {"transactions": pl.concat([f["transactions"][[1, 0]], f["transactions"][2:]])},
        {"rows: order"},
    ),
    "half a second": (rows(on(first(ordinary), "datetime", pl.col("datetime") + pl.duration(milliseconds=500))), {"rows: seconds"}),
    "two tids are swapped": (rows(pl.concat([pl.col("tid").head(2).reverse(), pl.col("tid").slice(2)])), {"rows: tid"}),
    "tids of another amount": (rows(on(cash, "amount", pl.col("amount").shift(-1).fill_null(1.0))), {"rows: tid"}),
    "a third decimal": (rows(on(first(ordinary), "amount", pl.col("amount") + 0.001)), {"rows: cents"}),
    "a seventh decimal": (rows(on(first(cash), "longitude", pl.col("longitude") + 1e-7)), {"rows: coordinates"}),
    "a seventh decimal of a latitude": (rows(on(first(cash), "latitude", pl.col("latitude") + 1e-7)), {"rows: coordinates"}),
    "an unknown card": (rows(on(first(ordinary), "cc_num", pl.lit("4000000000000002"))), {"rows: cards known"}),
    "an unknown category": (rows(on(first(ordinary), "category", pl.lit("Groceries"))), {"rows: categories known"}),
    "a label of 2": (rows(on(first(ordinary), "fraud_label", 2)), {"rows: labels"}),
    "a payment abroad": (rows(on(first(ordinary), "country", pl.lit("CA"))), {"rows: at home", "places: payments"}),
    "a clone at home": (rows(on(first(foreign), "country", pl.lit("US"))), {"rows: abroad", "places: foreign withdrawals"}),
    # Categories and payments
    "categories are biased": (
        rows(
            pl.when(first(ordinary & (pl.col("category") == "Grocery"), 30))
            .then(pl.lit("Clothing"))
            .otherwise("category")
            .alias("category")
        ),
        {"quotas: Grocery", "quotas: Clothing"},
    ),
    "every category has one of the next": (
        rows(
            pl.coalesce(
                *(
                    pl.when(first(ordinary & (pl.col("category") == name), 1 + i)).then(
                        pl.lit(CATEGORIES[(i + 1) % len(CATEGORIES)])
                    )
                    for i, name in enumerate(CATEGORIES)
                ),
                "category",
            ).alias("category")
        ),
        {f"quotas: {name}" for name in CATEGORIES},
    ),
    "a payment before the start": (moved(-90_000, first(ordinary)), {"payments: period"}),
    "the last week is empty": (
        rows(on(ordinary, "datetime", (START + (pl.col("datetime") - START) * 0.88).dt.truncate("1s")), resort=True),
        {"payments: times"},
    ),
    "nobody pays at night": (
        moved(6 * 3600, ordinary & (pl.col("datetime").dt.hour() < 6)),
        {"payments: hours of the day"},
    ),
    "some cards pay more": (
        lambda f: rows(
            on(
                ordinary & shares(0, 15),
                "cc_num",
                pl.col("cc_num").replace(
                    dict(zip(f["credit_cards"]["cc_num"][:1500], f["credit_cards"]["cc_num"][1500:], strict=True))
                ),
            )
        )(f),
        {"payments: cards"},
    ),
    # Amounts
    "amounts are out of their prices": (rows(on(first(pl.col("category") == "Jewelery"), "amount", 250.0)), {"amounts: prices"}),
    "a withdrawal is too large": (rows(on(first(cash), "amount", 30_000.01)), {"amounts: withdrawals"}),
    "amounts are scaled": (
        rows(on(cash, "amount", (pl.col("amount") * 0.7).round(2).clip(0.01))),
        {"amounts: ranges of Cash Withdrawal", "amounts: distribution of Cash Withdrawal"},
    ),
    "amounts are the least": (
        rows(
            pl.coalesce(
                pl.when(foreign).then(0.01),
                *(pl.when(ordinary & (pl.col("category") == c.name)).then(pl.lit(c.low)) for c in BASE.categories),
                "amount",
            ).alias("amount")
        ),
        {"amounts: ranges of payments", "amounts: ranges of foreign withdrawals", "amounts: distribution of foreign withdrawals"}
        | {f"amounts: distribution of {name}" for name in CATEGORIES}
        | {
            f"amounts: ranges of {name}" for name in ("Grocery", "Restaurant/Cafeteria", "Health/Beauty", "Clothing", "Electronics")
        },
    ),
    # Places
    "a place that there is not": (rows(on(first(ordinary), "latitude", 12.5)), {"places: payments"}),
    "a withdrawal in an unknown city": (rows(on(first(withdrawal), "city", pl.lit("Erewhon"))), {"places: withdrawals"}),
    "a clone at no place": (rows(on(first(foreign), "latitude", 12.5)), {"places: foreign withdrawals"}),
    "one place has more payments": (
        rows(
            *(
                pl.when(ordinary & shares(0, 4)).then(pl.col(name).filter(ordinary).first()).otherwise(pl.col(name)).alias(name)
                for name in ("latitude", "longitude", "city")
            )
        ),
        {"places: ordinary payments"},
    ),
    "one place has all chains": (
        rows(
            *(
                pl.when(attack & shares(0, 50)).then(pl.col(name).filter(attack).first()).otherwise(pl.col(name)).alias(name)
                for name in ("latitude", "longitude", "city")
            )
        ),
        {"places: chain payments"},
    ),
    "one place has all clones": (
        rows(
            *(
                pl.when(foreign).then(pl.col(name).filter(foreign).first()).otherwise(pl.col(name)).alias(name)
                for name in ("latitude", "longitude", "city", "country")
            )
        ),
        {"places: foreign places"},
    ),
    # Chains
    "gaps of chains are too long": (
        in_chains(pl.lit(150), pl.col("chain").is_in([3, 4, 5]), pl.col("position") >= 2),
        {"chains: cut short"},
    ),
    "a chain's gap is too short": (
        in_chains(
            -(pl.col("datetime").diff().dt.total_seconds().over("chain")) + 5, (pl.col("chain") == 3) & (pl.col("position") <= 1)
        ),
        {"chains: payments"},
    ),
    "a chain's amount is too large": (
        lambda f: rows(
            on(
                pl.int_range(pl.len())
                == chains(f["transactions"]).filter(pl.col("position") == 1, pl.col("length") == pl.col("length").max())["row"][0],
                "amount",
                9_000.0,
            )
        )(f),
        {"chains: mixtures"},
    ),
    "a chain starts before the period": (in_chains(pl.lit(-100 * 86_400), pl.col("chain") == 3), {"chains: starts"}),
    "a later payment has another category": (
        lambda f: rows(
            on(
                pl.int_range(pl.len()) == chains(f["transactions"]).filter(pl.col("position") == 1)["row"][0],
                "category",
                pl.lit("Electronics"),
            )
        )(f),
        {"chains: categories"},
    ),
    "there are no long chains": (
        in_chains(pl.lit(0), pl.col("length") >= 7, drop=True),
        {"chains: lengths", "counts: chain payments"},
    ),
    "gaps are alike": (
        in_chains(
            pl.col("datetime").first().over("chain").dt.epoch("s") + 60 * pl.col("position") - pl.col("datetime").dt.epoch("s")
        ),
        {"chains: gaps"},
    ),
    "chains come early": (
        in_chains(pl.lit(0), pl.col("datetime").first().over("chain") > datetime(2022, 2, 1), drop=True),
        {"chains: times"},
    ),
    "few cards are attacked": (
        lambda f: rows(
            on(
                attack,
                "cc_num",
                pl.col("cc_num").replace(
                    dict(zip(f["credit_cards"]["cc_num"][300:], list(f["credit_cards"]["cc_num"][:300]) * 9, strict=True))
                ),
            )
        )(f),
        {"chains: cards"},
    ),
    "chains' amounts are low": (
        rows(
            on(attack & (pl.col("amount") >= 10) & (pl.col("amount") < 100), "amount", (10 + (pl.col("amount") - 10) / 2).round(2))
        ),
        {"chains: amounts"},
    ),
    # Withdrawals
    "a step is no whole hour": (
        changed_in_sequences(
            (pl.col("sequence") == 9) & (pl.col("k") == 1), "datetime", pl.col("datetime") + timedelta(minutes=10)
        ),
        {"withdrawals: sequences"},
    ),
    "a step is an hour longer": (
        changed_in_sequences((pl.col("sequence") == 9) & (pl.col("k") == 1), "datetime", pl.col("datetime") + timedelta(hours=1)),
        {"withdrawals: sequences"},
    ),
    "a withdrawal in another city": (
        changed_in_sequences((pl.col("sequence") == 9) & (pl.col("k") == 1), "city", pl.lit("Norco")),
        {"withdrawals: sequences"},
    ),
    "a sequence before the start": (
        changed_in_sequences(pl.col("sequence") == 9, "datetime", pl.col("datetime") - timedelta(days=70)),
        {"withdrawals: starts"},
    ),
    "a walk goes too far": (
        changed_in_sequences((pl.col("sequence") == 9) & (pl.col("k") == 1), "latitude", pl.col("latitude") + 0.05),
        {"withdrawals: walks"},
    ),
    "a walk begins too far away": (
        changed_in_sequences(pl.col("sequence") == 9, "longitude", pl.col("longitude") + 0.05),
        {"withdrawals: walks"},
    ),
    "no step is long": (
        without_sequences(pl.col("step") > 150),
        {"withdrawals: steps", "cash cards: lengths", "counts: withdrawals"},
    ),
    "sequences start early": (
        without_sequences(pl.col("datetime").min().over("sequence") > datetime(2022, 2, 20)),
        {"withdrawals: times"},
    ),
    "no cash in some cities": (without_sequences(pl.col("city") < "C"), {"withdrawals: cities"}),
    "nobody moves": (
        lambda f: {
            "transactions": f["transactions"].with_columns(
                on(withdrawal, name, pl.col(name).round(2)) for name in ("latitude", "longitude")
            )
        },
        {"withdrawals: moves north", "withdrawals: moves east"},
    ),
    "a sequence is missing": (without_sequences(pl.col("sequence") == 9), {"cash cards: lengths", "counts: withdrawals"}),
    "a card withdraws no cash": (no_cash_for_one, {"cash cards: number"}),
    # Clones
    "a clone is half an hour late": (moved(1800, first(foreign)), {"foreign withdrawals: delays"}),
    "a clone is a day late": (moved(86_400, first(foreign)), {"foreign withdrawals: delays"}),
    "a card is cloned twice": (cloned_twice, {"foreign withdrawals: clones"}),
    # Cash cards
    "a holder of a cash card is in no band": (born(1, date(1997, 6, 1)), {"cash cards: ages"}),
    "too many of one band": (born(40, date(1990, 6, 1)), {"cash cards: 25 to 33 years"}),
    "too many of the young": (born(150, date(2000, 6, 1)), {"cash cards: age bands"}),
    "too many of another band": (born(40, date(1982, 6, 1)), {"cash cards: 35 to 43 years"}),
    # Cards
    "a number has 15 digits": (
        table("credit_cards", on(pl.int_range(pl.len()) == 3, "cc_num", pl.col("cc_num").str.head(15))),
        {"cards: form"},
    ),
    "a number begins with 5": (
        table("credit_cards", on(pl.int_range(pl.len()) == 3, "cc_num", pl.lit("5500000000000004"))),
        {"cards: form"},
    ),
    "a check digit is wrong": (
        table("credit_cards", on(pl.int_range(pl.len()) == 3, "cc_num", pl.lit("4000000000000003"))),
        {"cards: Luhn"},
    ),
    "a card is there twice": (doubled_card, {"cards: unique"}),
    "numbers begin with 40": (numbers_in_order, {"cards: numbers", "cards: Luhn"}),
    "another provider": (table("credit_cards", on(pl.int_range(pl.len()) == 3, "provider", pl.lit("amex"))), {"cards: provider"}),
    "month 13": (table("credit_cards", on(pl.int_range(pl.len()) == 3, "expires", pl.lit("13/24"))), {"cards: expiry form"}),
    "an expired card": (
        table("credit_cards", on(pl.int_range(pl.len()) == 3, "expires", pl.lit("12/21"))),
        {"cards: expiry window"},
    ),
    "cards expire in even years": (table("credit_cards", pl.col("expires").str.replace("/23", "/24")), {"cards: expiry months"}),
    # Holders
    "a holder of 17": (born(1, date(2004, 1, 2), cashing=False), {"holders: ages"}),
    "a holder of 101": (born(1, date(1921, 1, 1), cashing=False), {"holders: ages"}),
    "holders are young": (born(900, date(1997, 6, 1), cashing=False), {"holders: birthdates"}),
    "an unknown sex": (table("profiles", on(pl.int_range(pl.len()) == 3, "sex", pl.lit("X"))), {"holders: sex"}),
    "all are women": (table("profiles", pl.lit("F").alias("sex")), {"holders: sexes", "holders: first name"}),
    "a title": (
        table("profiles", on(pl.int_range(pl.len()) == 3, "name", pl.format("Mrs. {}", "name"))),
        {"holders: first name", "holders: last name"},
    ),
    "many are called alike": (
        table(
            "profiles",
            on(
                pl.int_range(pl.len()) % 9 == 0,
                "name",
                pl.when(pl.col("sex") == "F").then(pl.lit("Amy Smith")).otherwise(pl.lit("Adam Smith")),
            ),
        ),
        {"holders: first names F", "holders: first names M", "holders: last names"},
    ),
    "a mail address is somebody else's": (
        table("profiles", on(pl.int_range(pl.len()) == 3, "mail", pl.lit("jo.doe1@gmail.com"))),
        {"holders: mail form"},
    ),
    "a mail address has a zero too many": (
        table("profiles", on(pl.int_range(pl.len()) == 3, "mail", pl.col("mail").str.replace(r"\d+@", "07@"))),
        {"holders: mail form"},
    ),
    "mail addresses have small numbers": (table("profiles", pl.col("mail").str.replace(r"\d+@", "7@")), {"holders: mail numbers"}),
    "a holder abroad": (table("profiles", on(pl.int_range(pl.len()) == 3, "Country", pl.lit("CA"))), {"holders: homes"}),
    "many live in one city": (
        table("profiles", on(pl.int_range(pl.len()) % 10 == 0, "City", pl.lit("Norco"))),
        {"holders: cities"},
    ),
}
CONFIGURATIONS: dict[str, tuple[Config, set[str]]] = {
    "clones come later": (cash_config(foreign_hours=[1, 9]), {"foreign withdrawals: hours"}),
    "steps are longer": (cash_config(step_hours=[6, 200]), {"withdrawals: steps"}),
    "walks are longer": (cash_config(radius=0.02), {"withdrawals: moves north", "withdrawals: moves east"}),
    "the old have all the cash": (
        cash_config(bands=NARROW_BANDS),
        {f"cash cards: {b.low} to {b.high} years" for b in BASE.atm.bands[:-1]},
    ),
    "the young have all the cash": (cash_config(bands=LAST_BAND_NARROW), {"cash cards: 85 to 99 years"}),
    "more fraud": (wrong({"fraud": {"ratio": 0.03}}), {"counts: chain payments", "counts: foreign withdrawals", "counts: frauds"}),
    "more rows": (wrong({"rows": 61_000}), {"counts: rows", "counts: payments"}),
    "longer chains": (wrong({"fraud": {"ratio": 0.02, "chain_lengths": [3, 14]}}), {"chains: lengths"}),
}


def test_good_data_pass(tmp_path: Path) -> None:
    report = judge(tmp_path, made())
    assert names(report) == set()
    assert report.passed


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_named(tmp_path: Path, name: str) -> None:
    spoil, expected = DEFECTS[name]
    frames = made()
    report = judge(tmp_path, {**frames, **spoil(frames)})
    assert expected <= names(report), sorted(expected - names(report))
    assert not report.passed
    for check in report.failed:
        assert check.violations or check.p is not None
        assert check.example or check.test == "exact"


def test_a_card_that_is_there_twice_does_not_lack_a_holder(tmp_path: Path) -> None:
    """Nobody knows whose the second one is."""
    frames = made()
    assert "holders: one a card" not in names(judge(tmp_path, {**frames, **doubled_card(frames)}))


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_wrong_configuration_is_named(tmp_path: Path, name: str) -> None:
    config, expected = CONFIGURATIONS[name]
    report = judge(tmp_path, made(), config)
    assert expected <= names(report), sorted(expected - names(report))


def test_every_check_can_fail(tmp_path: Path) -> None:
    """Each check made on good data fails for some defect or wrong configuration."""
    failing = set().union(*(each for _, each in (*DEFECTS.values(), *CONFIGURATIONS.values())))
    report = judge(tmp_path, made())
    assert names(report, "passed") - failing == set()
