"""Pure: one configuration makes the same rows, however they are made and wherever they go."""

import hashlib
import json
import os
import pickle
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_configs import configs

from fastgen import Config, Dataset, write
from fastgen.frames import Stock, TransactionFrames
from fastgen.workers import RowSource

COLUMNS = ("tid", "datetime", "cc_num", "category", "amount", "latitude", "longitude", "city", "country", "fraud_label")
# Several groups in a day of payments, and many after it that hold only withdrawals.
DENSE: dict[str, Any] = {"rows": 250_000, "seed": 3, "end": "2022-01-02 12:34:56", "fraud": {"ratio": 0.02}}


@pytest.fixture(scope="module")
def data() -> Dataset:
    return Dataset(Config(**DENSE))


@pytest.fixture(scope="module")
def whole(data: Dataset) -> pl.DataFrame:
    """The frame that all others must equal."""
    assert len(data.groups) > 20
    return data.transactions()


def joined(frames: Iterator[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames, rechunk=False)


def in_table_order(names: Sequence[str]) -> list[str]:
    return [name for name in COLUMNS if name in names]


def assert_same(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert found.schema == expected.schema
    assert found.equals(expected)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads(data: Dataset, whole: pl.DataFrame, threads: int) -> None:
    assert_same(data.transactions(threads=threads), whole)


@pytest.mark.parametrize(("batch_rows", "threads"), [(999, 1), (70_001, 2), (10**9, 3)])
def test_batch_sizes(data: Dataset, whole: pl.DataFrame, batch_rows: int, threads: int) -> None:
    frames = list(data.batches(batch_rows=batch_rows, threads=threads))
    assert_same(joined(iter(frames)), whole)
    assert all(frame.height == batch_rows for frame in frames[:-1])
    assert 0 < frames[-1].height <= batch_rows


@pytest.mark.parametrize("name", COLUMNS)
def test_each_column_by_itself(data: Dataset, whole: pl.DataFrame, name: str) -> None:
    assert_same(data.transactions([name], threads=2), whole.select(name))


@pytest.mark.parametrize(
    "names",
    [
        COLUMNS[::-1],
        ("fraud_label", "tid"),
        ("longitude", "amount", "latitude"),
        ("country", "datetime", "cc_num", "city", "category"),
    ],
    ids=",".join,
)
def test_columns_asked_for_in_any_order(data: Dataset, whole: pl.DataFrame, names: Sequence[str]) -> None:
    """They are returned in the table's order."""
    assert_same(joined(data.batches(names, threads=2)), whole.select(in_table_order(names)))


def test_pieces_in_any_order(data: Dataset, whole: pl.DataFrame) -> None:
    """One worker makes pieces of several sizes, in random order: nothing is left over from one to the next."""
    frames, source = TransactionFrames(Stock(data.plan), COLUMNS), RowSource(data.plan, COLUMNS)
    threes = [range(first, min(first + 3, data.groups.stop)) for first in data.groups[::3]]
    spans = [*threes, *(range(group, group + 1) for group in data.groups[:5])]
    order = random.Random(5).sample(range(len(spans)), len(spans))
    made = {i: frames.frame(source.worker, spans[i]) for i in order}
    assert_same(joined(made[i] for i in range(len(threes))), whole)
    first = joined(made[i] for i in range(len(threes), len(spans)))
    assert_same(first, whole.head(first.height))


def test_the_same_dataset_again(data: Dataset, whole: pl.DataFrame) -> None:
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    assert_same(Dataset(Config(**DENSE)).transactions(), whole)
    assert_same(data.transactions(), whole)


def test_pickled(data: Dataset, whole: pl.DataFrame) -> None:
    copy = pickle.loads(pickle.dumps(data))
    assert copy.config == data.config
    assert copy.fingerprint == data.fingerprint
    assert_same(copy.transactions(), whole)
    assert len(pickle.dumps(data)) < 10_000  # the settings, not the plan


def test_another_process_with_other_surroundings(tmp_path: Path) -> None:
    """A pickled dataset in a process with another hash seed, time zone, locale and directory."""
    data = Dataset(Config(rows=3_000, seed=5))
    code = (
        "import pickle, sys; import fastgen; data = pickle.load(sys.stdin.buffer);"
        "fastgen.write(data, '-', format='ndjson', threads=3); fastgen.write(data, '-', table='profiles', format='ndjson')"
    )
    root = Path(__file__).parents[2]
    around = os.environ | {"PYTHONHASHSEED": "12345", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONPATH": str(root)}
    run = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(data), env=around, cwd=tmp_path, stdout=subprocess.PIPE, check=True
    )
    here = b""
    for table in ("transactions", "profiles"):
        write(data, tmp_path / f"{table}.ndjson", table=table)
        here += (tmp_path / f"{table}.ndjson").read_bytes()
    assert hashlib.sha256(run.stdout).digest() == hashlib.sha256(here).digest()


def test_all_sinks_write_rows_of_the_same_content(tmp_path: Path, data: Dataset) -> None:
    """The digests in the manifests do not depend on format, compression, coordinates or threads."""
    ways: list[dict[str, Any]] = [
        {"format": "parquet", "threads": 1},
        {"format": "parquet", "threads": 3, "compression": "snappy"},
        {"format": "csv", "threads": 2},
        {"format": "ndjson", "threads": 1, "coordinates": "number"},
        {"format": "ipc", "threads": 2},
    ]
    found = []
    for number, way in enumerate(ways):
        report = write(data, tmp_path / str(number), **way)
        found.append([(file.table, file.rows, file.digest) for file in report.files])
    assert found == [found[0]] * len(ways)
    assert [rows for _, rows, _ in found[0]] == [250_000, data.plan.cards, data.plan.cards]
    assert len({digest for _, _, digest in found[0]}) == 3


def test_another_seed_makes_other_rows(tmp_path: Path) -> None:
    digests = [write(Dataset(Config(rows=1_000, seed=seed)), tmp_path / str(seed)).files for seed in (1, 2)]
    assert all(one.digest != other.digest for one, other in zip(*digests, strict=True))


@pytest.mark.parametrize("seed", [0, 2**63 - 1, 2**63, 2**64 - 1])
def test_every_seed_will_do(seed: int) -> None:
    rows = Dataset(Config(rows=300, seed=seed)).transactions()
    assert rows.height == 300
    assert rows["tid"].n_unique() == 300


@given(configs(), st.permutations(COLUMNS), st.integers(1, 10), st.integers(1, 400), st.integers(1, 3))
@settings(deadline=None, max_examples=40, derandomize=True)
def test_any_small_configuration(config: Config, order: list[str], columns: int, batch_rows: int, threads: int) -> None:
    """The columns, the batch size and the number of threads make no difference, whatever the configuration."""
    rows = Dataset(config).transactions()
    names = order[:columns]
    found = joined(Dataset(config).batches(names, batch_rows=batch_rows, threads=threads))
    assert_same(found, rows.select(in_table_order(names)))


@given(configs(400))
@settings(deadline=None, max_examples=20, derandomize=True)
def test_any_small_configuration_in_every_format(config: Config) -> None:
    """Readers return the rows of the frame, whatever the names and numbers are."""
    data = Dataset(config)
    rows = data.transactions()
    with tempfile.TemporaryDirectory() as folder:
        for format in ("parquet", "ipc", "ndjson"):
            write(data, f"{folder}/{format}", format=format, coordinates="number")
        for found in (pl.read_parquet(f"{folder}/parquet/transactions.parquet"), pl.read_ipc(f"{folder}/ipc/transactions.arrow")):
            assert found.select(rows.columns).cast(dict(rows.schema)).equals(rows)
        lines = Path(f"{folder}/ndjson/transactions.ndjson").read_text().splitlines()
        assert pl.read_parquet(f"{folder}/parquet/profiles.parquet")["cc_num"].to_list() == data.profiles()["cc_num"].to_list()
    assert [json.loads(line) for line in lines] == [row | {"datetime": str(row["datetime"])} for row in rows.iter_rows(named=True)]
