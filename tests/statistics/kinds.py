"""Transactions classified by what made them, from the rows alone."""

from functools import cache
from typing import NamedTuple

import polars as pl
from faker.providers.geo import Provider

from fastgen import Config, Dataset

CASH = "Cash Withdrawal"
HOUR = 3600


class Kinds(NamedTuple):
    """Transactions by kind, in time order unless stated otherwise. `second` counts from the period's start.

    ordinary: payments without label.
    attacks: payments with label, by chain, with `chain` (a number) and `position` (0 for the first).
    withdrawals: those without label, by sequence, with `sequence` (a number) and `k` (1 for the first).
    sequences: one row each: cc_num, city, first (second), length, step (seconds), and `regular`: whether all
        steps are equal (two sequences of one card that share city, minute and second are mistaken for one).
    foreign: withdrawals with label.
    """

    ordinary: pl.DataFrame
    attacks: pl.DataFrame
    withdrawals: pl.DataFrame
    sequences: pl.DataFrame
    foreign: pl.DataFrame


class Sample(NamedTuple):
    """A dataset and its tables."""

    config: Config
    transactions: pl.DataFrame
    credit_cards: pl.DataFrame
    profiles: pl.DataFrame
    kinds: Kinds


class Place(NamedTuple):
    """A place in Faker's list, with coordinates in millionths of a degree."""

    latitude: int
    longitude: int
    city: str
    country: str


@cache
def places() -> tuple[Place, ...]:
    """Faker's list."""
    return tuple(Place(micro(row[0]), micro(row[1]), row[2], row[3]) for row in Provider.land_coords)


def home_places() -> list[Place]:
    """The places in the US."""
    return [place for place in places() if place.country == "US"]


def micro(degrees: str) -> int:
    """Millionths of a degree."""
    return round(float(degrees) * 1_000_000)


def sample(config: Config) -> Sample:
    """Make all tables of a dataset."""
    data = Dataset(config)
    transactions = data.transactions(threads=2)
    return Sample(config, transactions, data.credit_cards(), data.profiles(), split(config, transactions))


def split(config: Config, transactions: pl.DataFrame) -> Kinds:
    """Classify the transactions by kind."""
    rows = transactions.with_columns(
        (pl.col("datetime") - config.start).dt.total_seconds().alias("second"),
        (pl.col("amount") * 100).round().cast(pl.Int64).alias("cents"),
        *((pl.col(name) * 1_000_000).round().cast(pl.Int64) for name in ("latitude", "longitude")),
        *(pl.col(name).cast(pl.String) for name in ("category", "city", "country")),
    )
    cash, labelled = pl.col("category") == CASH, pl.col("fraud_label") == 1
    withdrawals = _sequenced(rows.filter(cash & ~labelled))
    steps = pl.col("second").diff().drop_nulls()
    sequences = withdrawals.group_by("sequence", maintain_order=True).agg(
        pl.col("cc_num", "city", "second").first(),
        pl.len().alias("length"),
        steps.min().alias("step"),
        (steps.min() == steps.max()).alias("regular"),
    )
    return Kinds(
        ordinary=rows.filter(~cash & ~labelled),
        attacks=_chained(rows.filter(~cash & labelled), config.fraud.chain_gap_seconds.high),
        withdrawals=withdrawals,
        sequences=sequences.rename({"second": "first"}),
        foreign=rows.filter(cash & labelled),
    )


def _chained(rows: pl.DataFrame, longest_gap: int) -> pl.DataFrame:
    """Number chains: payments of one card, none more than the longest gap after the one before."""
    begins = (pl.col("cc_num") != pl.col("cc_num").shift()) | (pl.col("second").diff() > longest_gap)
    return (
        rows.sort("cc_num", "second", maintain_order=True)
        .with_columns(begins.fill_null(value=True).cum_sum().alias("chain"))
        .with_columns(pl.int_range(pl.len()).over("chain").alias("position"))
    )


def _sequenced(rows: pl.DataFrame) -> pl.DataFrame:
    """Number sequences: whole hours separate their withdrawals, so all share card, city, minute and second."""
    marks = ["cc_num", "city", "clock"]
    return (
        rows.with_columns((pl.col("second") % HOUR).alias("clock"))
        .sort(*marks, "second", maintain_order=True)
        .with_columns(pl.struct(marks).rle_id().alias("sequence"))
        .with_columns(pl.int_range(1, pl.len() + 1).over("sequence").alias("k"))
    )
