"""The whole pipeline from a configuration to frames and files, in rows/s, and the plan alone."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import compare
import pytest
import rivals

import fastgen as fg
from fastgen.schema import TRANSACTIONS
from fastgen.sinks.jobs import Format

ROUNDS = 5
COLUMNS: dict[str, tuple[str, ...]] = {
    "all": TRANSACTIONS.names,
    "without tid": tuple(name for name in TRANSACTIONS.names if name != "tid"),
    "datetime, cc_num, amount, fraud_label": ("datetime", "cc_num", "amount", "fraud_label"),
    "amount": ("amount",),
}
CARDS = {"10 k": 10_000, "1 M": 1_000_000}
FORMATS: tuple[Format, ...] = ("csv", "ndjson", "parquet", "ipc")

each_number_of_threads = pytest.mark.parametrize("threads", [1, 2])


def plural(threads: int) -> str:
    return f"{threads} thread" + "s" * (threads > 1)


def take(data: fg.Dataset, threads: int, columns: tuple[str, ...]) -> int:
    """Read all batches, one after the other, and count their rows."""
    return sum(frame.height for frame in data.batches(columns, threads=threads))


@pytest.mark.parametrize("columns", COLUMNS)
@each_number_of_threads
def test_batches(meter: Any, rows: int, columns: str, threads: int) -> None:
    """Frames of a dataset whose plan and cards are already made."""
    data = compare.kept_dataset(rows)
    name = f"{columns}, {plural(threads)}"
    meter("batches", name, lambda: take(data, threads, COLUMNS[columns]), "rows/s", rows=rows, rounds=ROUNDS)


@pytest.mark.parametrize("cards", CARDS)
@each_number_of_threads
def test_cards(meter: Any, rows: int, cards: str, threads: int) -> None:
    """All columns with few cards and with many; half of the rows are withdrawals."""
    data = compare.kept_dataset(rows, CARDS[cards])
    name = f"{cards} cards, {plural(threads)}"
    meter("cards", name, lambda: take(data, threads, TRANSACTIONS.names), "rows/s", rows=rows, rounds=ROUNDS)


@pytest.mark.parametrize("suffix", FORMATS)
@each_number_of_threads
def test_files(meter: Any, rows: int, suffix: Format, threads: int) -> None:
    """From a configuration to a file: Parquet to a RAM disk, the others to the null device."""
    with ExitStack() as stack:
        path = stack.enter_context(rivals.target(suffix))

        def remove() -> None:
            """Remove the last file, since replacing it takes extra time."""
            if suffix == "parquet":
                Path(path).unlink(missing_ok=True)

        def write() -> None:
            data = compare.dataset(rows, seed=next(compare.fresh_seeds))
            fg.write(data, path, format=suffix, threads=threads)

        meter(suffix, plural(threads), write, "rows/s", rows=rows, before=remove, rounds=ROUNDS)


@pytest.mark.parametrize("suffix", FORMATS)
@each_number_of_threads
def test_verify(meter: Any, rows: int, tmp_path: Path, suffix: Format, threads: int) -> None:
    """Correct files, compared with regenerated rows."""
    data = compare.kept_dataset(rows)
    fg.write(data, tmp_path / "data", format=suffix)

    def verify() -> None:
        assert fg.verify(tmp_path / "data", threads=threads).ok

    meter("verify", f"{suffix}, {plural(threads)}", verify, "rows/s", rows=rows, rounds=ROUNDS)


@pytest.mark.parametrize("suffix", FORMATS)
def test_validate(meter: Any, rows: int, tmp_path: Path, suffix: Format) -> None:
    """Correct files, judged by counts, rules and statistics."""
    fg.write(compare.kept_dataset(rows), tmp_path / "data", format=suffix)

    def validate() -> None:
        assert fg.validate(tmp_path / "data", alpha=1e-9).passed

    meter("validate", suffix, validate, "rows/s", rows=rows, rounds=ROUNDS)


@pytest.mark.parametrize("cards", [None, 10_000], ids=["default", "10k cards"])
@pytest.mark.parametrize("power", [6, 8, pytest.param(9, marks=pytest.mark.slow)])
def test_plan(meter: Any, power: int, cards: int | None) -> None:
    """Exact counts for every window, and all tables that kernels read."""

    def plan() -> None:
        made = fg.Dataset(fg.Config(rows=10**power) if cards is None else fg.Config(rows=10**power, cards=cards)).plan
        tables = (made.payment_offsets, made.payment_rules, made.chain_rules, made.sequence_rules)
        assert all(len(table) for table in tables)

    name = f"10^{power} rows" + (f", {cards:,} cards" if cards else "")
    meter("plan", name, plan, "s", rows=10**power, rounds=3)
