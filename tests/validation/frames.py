"""Tables as frames: made, spoilt, written without a manifest, and judged."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from fastgen import Config, Dataset, ValidationReport, validate

CASH = "Cash Withdrawal"
Frames = dict[str, pl.DataFrame]
Spoil = Callable[[Frames], Mapping[str, pl.DataFrame]]
"""Makes defective tables from good ones, to take their places."""

BASE = Config(rows=60_000, cards=3_000, seed=11, fraud={"ratio": 0.02})

cash = pl.col("category") == CASH
labelled = pl.col("fraud_label") == 1
ordinary, attack, withdrawal, foreign = ~cash & ~labelled, ~cash & labelled, cash & ~labelled, cash & labelled


@cache
def made(config: Config = BASE) -> Frames:
    """All tables; categories, cities and countries are plain strings."""
    data = Dataset(config)
    texts = pl.col("category", "city", "country").cast(pl.String)
    return {
        "transactions": data.transactions().with_columns(texts),
        "credit_cards": data.credit_cards(),
        "profiles": data.profiles(),
    }


def save(folder: Path, frames: Mapping[str, pl.DataFrame]) -> Path:
    """Write tables as another program would."""
    folder.mkdir(exist_ok=True)
    for name, frame in frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return folder


def judge(folder: Path, frames: Mapping[str, pl.DataFrame], config: Config = BASE, **options: Any) -> ValidationReport:
    """What `validate` says of tables."""
    return validate(save(folder, frames), config, **options)


def names(report: ValidationReport, verdict: str = "failed") -> set[str]:
    """The checks with a verdict, as "group: name"."""
    return {f"{check.group}: {check.name}" for check in report.checks if check.verdict == verdict}


def chains(rows: pl.DataFrame) -> pl.DataFrame:
    """The labelled payments, by card and time, with `chain` (a number), `position` and `length`."""
    begins = (pl.col("cc_num") != pl.col("cc_num").shift()) | (pl.col("datetime").diff() > pl.duration(seconds=120))
    return (
        rows.with_row_index("row")
        .filter(attack)
        .sort("cc_num", "datetime")
        .with_columns(begins.fill_null(value=True).cum_sum().alias("chain"))
        .with_columns(pl.int_range(pl.len()).over("chain").alias("position"), pl.len().over("chain").alias("length"))
    )


def sequences(rows: pl.DataFrame) -> pl.DataFrame:
    """The withdrawals without a label, with `sequence` (a number), `k` (0 for the first), `length` and `step` (hours)."""
    key = pl.struct("cc_num", "city", pl.col("datetime").dt.strftime("%M%S"))
    return (
        rows.with_row_index("row")
        .filter(withdrawal)
        .sort("datetime")
        .with_columns(key.rank("dense").alias("sequence"))
        .with_columns(
            pl.int_range(pl.len()).over("sequence").alias("k"),
            pl.len().over("sequence").alias("length"),
            pl.col("datetime").diff().dt.total_hours().median().over("sequence").alias("step"),
        )
    )
