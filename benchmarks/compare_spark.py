"""Rows a second out of Apache Spark: fastgen's data source and dbldatagen, in turn, on the same Spark in one run.

    pip install dbldatagen jmespath pandas pyparsing
    python benchmarks/compare_spark.py [--rows 4M] [--rounds 5] [--folder /dev/shm] [--way NAME]... [--output NAME]...

Each way makes the given number of rows of ten columns. Spark writes them to Parquet on a RAM disk, with its default settings
and then without dictionaries, or drops them (format `noop`), which measures making the rows alone. dbldatagen's columns are of
the same kinds as ours: a hash as id, a time, a card number of 16 digits, a category with weights, an amount, two coordinates,
a city, a country, a label. "ready rows" are rows of ours that Spark holds in memory before the clock starts: no source can be
faster into Spark's Parquet. "fastgen.spark.write" leaves files to fastgen's own encoders, with all defaults: zstd where Spark uses
snappy, a digest of the content, card tables and a manifest. Figures are medians of rounds, after one that does not count. By
default all ways and outputs are measured.
dbldatagen does not declare all the packages that it imports; the first line above installs the missing ones.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame, SparkSession

from fastgen import Config, Dataset
from fastgen.config_text import parse_count
from fastgen.spark import FastgenSource, write

if TYPE_CHECKING:
    dbldatagen: Any = None
else:
    import dbldatagen

CORES = 2
ROWS_IN_PART = 1_000_000
CITIES = 161
OUTPUTS = {
    "Parquet": {},
    "Parquet without dictionaries": {"parquet.enable.dictionary": "false"},
    "dropped": None,
}
"""What Spark does with the rows: options of its Parquet writer, or None to drop them."""

DBLDATAGEN, READY, BY_EXECUTORS = "dbldatagen", "ready rows", "fastgen.spark.write"
WAYS = ("fastgen", DBLDATAGEN, "dbldatagen, card number by a template", READY, BY_EXECUTORS)


def start() -> SparkSession:
    """Start Spark inside this process."""
    settings: dict[str, Any] = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.driver.memory": "6g"}
    session = SparkSession.builder.master(f"local[{CORES}]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    session.dataSource.register(FastgenSource)
    return session


def of_fastgen(session: SparkSession, rows: int) -> DataFrame:
    """Our source, with default options."""
    return session.read.format("fastgen").option("rows", rows).load()


def of_dbldatagen(session: SparkSession, rows: int, template: bool) -> DataFrame:
    """The same ten kinds of columns; the card number from a template, for Spark a Python function, or from a number."""
    categories = Config().categories
    spec = dbldatagen.DataGenerator(session, rows=rows, partitions=max(CORES, rows // ROWS_IN_PART))
    spec = spec.withColumn("tid", "string", expr="md5(cast(id as string))")
    times = {"begin": "2022-01-01 00:00:00", "end": "2022-02-28 23:59:59", "interval": "1 second"}
    spec = spec.withColumn("datetime", "timestamp", random=True, **times)
    if template:
        spec = spec.withColumn("cc_num", "string", template="4ddddddddddddddd", random=True)
    else:
        spec = spec.withColumn("card", "long", minValue=4 * 10**15, maxValue=5 * 10**15 - 1, random=True, omit=True)
        spec = spec.withColumn("cc_num", "string", expr="cast(card as string)", baseColumn="card")
    weights = [round(1000 * float(category.share)) for category in categories]
    names = [category.name for category in categories]
    spec = spec.withColumn("category", "string", values=names, weights=weights, random=True)
    for name, low, high, step in (("amount", 0.01, 30_000, 0.01), ("latitude", 25, 49, 1e-5), ("longitude", -124, -67, 1e-5)):
        spec = spec.withColumn(name, "double", minValue=low, maxValue=high, step=step, random=True)
    spec = spec.withColumn("city", "string", values=[f"City {number}" for number in range(CITIES)], random=True)
    spec = spec.withColumn("country", "string", values=["US", "GM"], weights=[99, 1], random=True)
    frame: DataFrame = spec.withColumn("fraud_label", "byte", values=[0, 1], weights=[399, 1], random=True).build()
    return frame


def seconds(frame: DataFrame, folder: Path, options: dict[str, str] | None) -> float:
    """The seconds that an output takes."""
    began = time.perf_counter()
    if options is None:
        frame.write.format("noop").mode("overwrite").save()
    else:
        frame.write.options(**options).parquet(str(folder / "rows"), mode="overwrite")
    return time.perf_counter() - began


def seconds_by_executors(session: SparkSession, rows: int, folder: Path) -> float:
    """The seconds that `fastgen.spark.write` takes."""
    output = str(folder / "parts")
    took = write(Dataset(Config(rows=rows)), output, session=session).seconds
    assert session.read.parquet(f"{output}/transactions").count() == rows
    shutil.rmtree(output)
    return took


def frames(session: SparkSession, rows: int, ways: list[str]) -> dict[str, Callable[[], DataFrame]]:
    """A function for each way that makes a DataFrame."""
    ready = of_fastgen(session, rows)
    if READY in ways:
        ready.cache().count()
    makers = (
        lambda: of_fastgen(session, rows),
        lambda: of_dbldatagen(session, rows, template=False),
        lambda: of_dbldatagen(session, rows, template=True),
        lambda: ready,
    )
    return {name: make for name, make in zip(WAYS, makers, strict=False) if name in ways}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=parse_count, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", default="/dev/shm")
    parser.add_argument("--way", action="append", choices=WAYS, help="this one, and dbldatagen; may be repeated")
    parser.add_argument("--output", action="append", choices=OUTPUTS, help="this one; may be repeated")
    arguments = parser.parse_args()
    ways = [name for name in WAYS if name in (arguments.way or WAYS) or name == DBLDATAGEN]
    outputs = {name: options for name, options in OUTPUTS.items() if name in (arguments.output or OUTPUTS)}
    folder = Path(mkdtemp(dir=arguments.folder))
    session = start()
    found: dict[tuple[str, str], list[float]] = {}
    try:
        makers = frames(session, arguments.rows, ways)
        for number in range(arguments.rounds + 1):
            took = {
                (name, output): seconds(make(), folder, options)
                for output, options in outputs.items()
                for name, make in makers.items()
            }
            if BY_EXECUTORS in ways and "Parquet" in outputs:
                took[BY_EXECUTORS, "Parquet"] = seconds_by_executors(session, arguments.rows, folder)
            for key, time_taken in took.items():
                print(f"round {number} {key[0]:40} {key[1]:30} {arguments.rows / time_taken:12,.0f} rows/s", file=sys.stderr)
                if number:
                    found.setdefault(key, []).append(arguments.rows / time_taken)
    finally:
        session.stop()
        shutil.rmtree(folder)
    print_table(ways, list(outputs), {key: median(rates) for key, rates in found.items()})


def print_table(names: list[str], outputs: list[str], rates: dict[tuple[str, str], float]) -> None:
    """Print rows a second, and the ratio to dbldatagen's."""
    print("| way |", " | ".join(outputs), "|\n|---|" + "---|" * len(outputs))
    for name in names:
        cells = [
            f"{rates[name, output]:,.0f}, {rates[name, output] / rates[DBLDATAGEN, output]:.1f} ×"
            if (name, output) in rates
            else ""
            for output in outputs
        ]
        print(f"| {name} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
