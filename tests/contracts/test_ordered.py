"""Ordered: event time never decreases over all kinds of transactions, within batches and from one to the next."""

import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from small_configs import configs

from fastgen import Config, Dataset, write

DENSE: dict[str, Any] = {
    "rows": 300_000,
    "seed": 9,
    "end": "2022-01-01 18:00:00",
    "fraud": {"ratio": 0.2},
    "atm": {"step_hours": [1, 3]},
}


@pytest.fixture(scope="module")
def dense() -> pl.DataFrame:
    """Many transactions in each second, half of them withdrawals."""
    return Dataset(Config(**DENSE)).transactions(threads=2)


def test_times_rise(dense: pl.DataFrame) -> None:
    assert dense["datetime"].is_sorted()
    assert dense.height > 2 * dense["datetime"].n_unique()


def test_times_rise_from_batch_to_batch() -> None:
    data = Dataset(Config(rows=1_000_000))
    frames = list(data.batches(["datetime"], threads=2))
    assert len(frames) > 3
    assert all(frame["datetime"].is_sorted() for frame in frames)
    assert all(before["datetime"][-1] <= after["datetime"][0] for before, after in pairwise(frames))


def test_kinds_are_merged(dense: pl.DataFrame) -> None:
    """Each stretch of rows contains every kind, as in a mixture; nothing is appended."""
    kinds = dense.select(
        payment=(pl.col("category") != "Cash Withdrawal") & (pl.col("fraud_label") == 0),
        attack=(pl.col("category") != "Cash Withdrawal") & (pl.col("fraud_label") == 1),
        withdrawal=(pl.col("category") == "Cash Withdrawal") & (pl.col("fraud_label") == 0),
    )
    middle = kinds.slice(kinds.height // 4, kinds.height // 4)
    stretches = [middle.slice(start, 1_000).sum().row(0) for start in range(0, middle.height - 1_000, 1_000)]
    assert all(min(counts) > 10 for counts in stretches)


def test_ties_stay_in_their_order(tmp_path: Path) -> None:
    """For equal seconds, the order is the same in frames, in files and for any number of threads."""
    data = Dataset(Config(**DENSE))
    frame = data.transactions(["tid"])
    for threads in (1, 3):
        path = tmp_path / f"{threads}.csv"
        write(data, path, columns=["tid"], threads=threads)
        expected = "\n".join(["tid", *frame["tid"], ""])
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(expected.encode()).digest()


@given(configs())
@settings(deadline=None, max_examples=40, derandomize=True)
def test_any_small_configuration(config: Config) -> None:
    rows = Dataset(config).transactions(["datetime", "category", "fraud_label"])
    assert rows["datetime"].is_sorted()
    assert rows["datetime"][0] >= config.start
    ordinary = rows.filter((pl.col("category") != "Cash Withdrawal") & (pl.col("fraud_label") == 0))
    assert (ordinary["datetime"] < config.end).all()
