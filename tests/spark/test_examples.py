"""The documentation's examples for Spark, which tests/test_docs.py does not run, as they need a session."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fastgen import Config, Dataset

from .conftest import examples, require_pyspark

require_pyspark()


def test_examples(spark: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They run in order and share their names. They leave behind what the text says."""
    names: dict[str, Any] = {}
    for block in examples(kafka=False):
        exec(in_folder(block, tmp_path), names)
    assert names["spark"] is spark
    assert names["holders"].rdd.getNumPartitions() == 2
    data = Dataset(Config(rows=200_000, seed=7))
    spent = pl.read_parquet(tmp_path / "spent" / "*.parquet")
    assert spent["sum(amount)"].sum() == pytest.approx(data.transactions(["amount"])["amount"].sum())
    arrived = spark.read.parquet(str(tmp_path / "arrived"))
    assert (arrived.count(), arrived.select("tid").distinct().count()) == (200_000, 200_000)
    assert capsys.readouterr().out == "12 200000\n"
    assert len(list((tmp_path / "files" / "transactions").iterdir())) == 4


def in_folder(block: str, folder: Path) -> str:
    """Make paths absolute, as Spark does not follow the process to another working directory."""
    for name in ("spent", "arrived", "progress", "files"):
        block = block.replace(f'"{name}', f'"{folder / name}')
    return block
