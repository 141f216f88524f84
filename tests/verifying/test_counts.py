"""Counts equal those of a plain comparison of all rows with all rows, whatever is wrong with them."""

from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fastgen import Config, Dataset, verify
from fastgen.reading.typed import typed
from fastgen.verifying import aligning, expected

from . import plain

# Withdrawals go on for weeks after an hour of payments: groups of windows are many and small.
DATA = Dataset(Config(rows=600, seed=3, cards=90, end="2022-01-01 01:00:00", atm={"cards": 6}))
OTHER = Dataset(Config(rows=600, seed=4, cards=90, end="2022-01-01 01:00:00", atm={"cards": 6}))
ROWS = typed("transactions", DATA.transactions())
FOREIGN = typed("transactions", OTHER.transactions())
VALUES: dict[str, Any] = {
    "tid": pl.lit("0" * 32),
    "datetime": pl.col("datetime") + pl.duration(hours=31),
    "cc_num": pl.lit("4000000000000002"),
    "category": pl.lit("Groceries"),
    "amount": pl.col("amount") + 0.01,
    "latitude": pl.lit(None, pl.Float64),
    "longitude": -pl.col("longitude"),
    "city": pl.lit(""),
    "country": pl.lit("XX"),
    "fraud_label": 1 - pl.col("fraud_label"),
}


class Defect(NamedTuple):
    """What is done to rows: at a place, with a second place, and the columns that change."""

    kind: str
    at: int
    to: int
    count: int
    columns: list[str]


defects = st.builds(
    Defect,
    st.sampled_from(["lose", "double", "move", "alter", "insert", "cut", "swap"]),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(1, 40),
    st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=2, unique=True),
)


def spoilt(rows: pl.DataFrame, defect: Defect) -> pl.DataFrame:
    """The rows with one more defect."""
    height = max(rows.height, 1)
    at, to, count = defect.at % height, defect.to % height, defect.count
    some = rows[at : at + count]
    match defect.kind:
        case "lose":
            return pl.concat([rows[:at], rows[at + count :]])
        case "double":
            return pl.concat([rows[:to], some, rows[to:]])
        case "move":
            left = pl.concat([rows[:at], rows[at + count :]])
            return pl.concat([left[:to], some, left[to:]])
        case "alter":
            return pl.concat([rows[:at], some.with_columns(**{name: VALUES[name] for name in defect.columns}), rows[at + count :]])
        case "insert":
            return pl.concat([rows[:at], FOREIGN[to % 600 :][:count], rows[at:]])
        case "cut":
            return rows[: max(0, height - count)]
    at, to = sorted([at, to])
    return pl.concat([rows[:at], rows[to : to + 1], rows[at + 1 : to], rows[at : at + 1], rows[to + 1 :]]) if at < to else rows


def spoilt_file(path: Path, applied: list[Defect]) -> list[plain.Row]:
    rows = ROWS
    for defect in applied:
        rows = spoilt(rows, defect)
    rows.write_parquet(path)
    return rows.rows()


def counted(path: Path) -> plain.Counts:
    report = verify(path, DATA, threads=1)
    [table] = report.tables
    assert table.rows == 600
    shown = {each.kind for each in report.differences}
    assert {kind for kind, _ in table.counts() if kind in ("missing", "truncated")} <= shown
    return plain.Counts(*(getattr(table, name) for name in plain.Counts._fields))


quietly = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)


@quietly
@given(st.lists(defects, max_size=5))
@example(  # a row that came too early, rows missing before it and behind it
    applied=[Defect("double", 0, 0, 1, []), Defect("double", 593, 0, 1, []), Defect("cut", 0, 0, 9, [])]
)
def test_counts_of_one_window(tmp_path: Path, applied: list[Defect]) -> None:
    """Rows that are classified at once are counted exactly."""
    found = spoilt_file(tmp_path / "x.parquet", applied)
    assert counted(tmp_path / "x.parquet") == plain.compare(ROWS.columns, ROWS.rows(), found)


@quietly
@given(st.lists(defects, max_size=5), st.integers(20, 200), st.integers(5, 60))
@example(applied=[Defect("lose", 564, 0, 24, [])], rows=21, window=5)  # all rows up to the end of a chunk
def test_counts_of_many_windows(tmp_path: Path, applied: list[Defect], rows: int, window: int) -> None:
    """Rows that the configuration makes and others are distinguished exactly, however small the pieces.

    An altered row that is far from its place may count as foreign, and its place as missing. An altered copy that comes before the
    row itself may be taken for it. Slightly more rows than necessary may count as out of order.
    """
    found = spoilt_file(tmp_path / "x.parquet", applied)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expected, "ROWS", rows)
        patch.setattr(aligning, "WINDOW", window)
        counts = counted(tmp_path / "x.parquet")
    right = plain.compare(ROWS.columns, ROWS.rows(), found)
    assert counts.same + counts.doubled == right.same + right.doubled
    assert counts.foreign + counts.altered == right.foreign + right.altered
    assert counts.same + counts.missing + counts.truncated + counts.altered == 600
    kinds = {defect.kind for defect in applied}
    if "alter" not in kinds or not kinds & {"move", "swap", "double"}:
        assert counts.same == right.same
        assert counts.out_of_order >= right.out_of_order
    if not kinds & {"move", "swap", "double"}:
        assert counts.out_of_order == 0


def test_the_pieces_are_small() -> None:
    """Otherwise the test above would show little."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expected, "ROWS", 20)
        chunks = expected.Expected([DATA], "transactions", DATA.columns(), None, 1)
        assert chunks.last > 6
