"""The plain loop that benchmarks compare with makes valid rows."""

import hashlib
import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
ROWS = 300


@pytest.fixture
def baseline(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module; it is not part of the package."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("baseline")


def test_rows_have_the_columns_of_transactions(baseline: ModuleType) -> None:
    rows = baseline.transactions(ROWS, seed=1)
    columns = "tid datetime cc_num category amount latitude longitude city country fraud_label"
    assert len(rows) == ROWS
    assert all(list(row) == columns.split() for row in rows)


def test_ids_recompute_from_the_rows(baseline: ModuleType) -> None:
    for row in baseline.transactions(ROWS, seed=1):
        text = f"{row['datetime']}{row['cc_num']}{row['amount']}"
        assert row["tid"] == hashlib.md5(text.encode()).hexdigest()


def test_values_keep_to_their_ranges(baseline: ModuleType) -> None:
    prices = {kind.name: (kind.least, kind.most) for kind in baseline.CATEGORIES}
    for row in baseline.transactions(ROWS, seed=1):
        least, most = prices[row["category"]]
        assert least <= row["amount"] <= most
        assert re.fullmatch(r"4\d{15}", row["cc_num"])
        assert re.fullmatch(r"2022-0[123]-\d\d \d\d:\d\d:\d\d", row["datetime"])
        assert 17 < float(row["latitude"]) < 72
        assert -180 < float(row["longitude"]) < -64
        assert (row["country"], row["fraud_label"]) == ("US", 0)


def test_rows_come_in_order_of_time(baseline: ModuleType) -> None:
    times = [row["datetime"] for row in baseline.transactions(ROWS, seed=1)]
    assert times == sorted(times)


def test_seed_decides_the_rows(baseline: ModuleType) -> None:
    first, again, other = (baseline.transactions(20, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
