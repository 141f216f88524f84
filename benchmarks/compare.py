"""Compare fastgen with the plain loop, DuckDB and Polars, and print the README's table.

A *measure* gives one reading per round, and the rounds of a group of measures are interleaved (A B C, A B C, ...).
A *figure* is the median of one measure, or the ratio of two, shown with its target. A missed target is no error:
this reports, it does not judge.

    python benchmarks/compare.py [--rows 2M] [--rounds 5] [--only 'parquet*'] [--json FILE]
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatch
from functools import cache
from importlib import metadata
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal, NamedTuple

import baseline
import rivals

import fastgen as fg

Reading = Callable[[int], float]
"""Takes one reading with the given number of rows."""
Samples = Mapping[str, list[float]]
"""Readings by measure, in the order of the rounds."""

SEED: Final = 7
LOOP_SHARE: Final = 100
"""The plain loop makes this many times fewer rows, as it would take minutes otherwise."""
LEAST_ROWS: Final = 10_000
LIBRARIES: Final = ("fastgen-payments", "numpy", "numba", "polars", "pyarrow", "duckdb", "Faker")
TIMES: Final = "\N{MULTIPLICATION SIGN}"

fresh_seeds = count(SEED + 1)


# How readings are taken: rates


def dataset(rows: int, cards: int | None = None, seed: int = SEED) -> fg.Dataset:
    """The default mix of rows; with `cards`, half withdrawals as well, and only the number of cards varies."""
    sizes: dict[str, Any] = {"rows": rows}
    if cards:
        sizes |= {"cards": cards, "atm": {"cards": max(1, rows // 2_000), "withdrawals": rows // 2}}
    return fg.Dataset(fg.Config(seed=seed, **sizes))


kept_dataset = cache(dataset)
kept_setup = cache(baseline.prepare)


def loop(rows: int) -> float:
    """The plain loop, over values prepared before."""
    setup = kept_setup(rows // LOOP_SHARE, SEED)
    begun = time.perf_counter()
    made = len(baseline.loop(setup))
    return made / (time.perf_counter() - begun)


def batches(threads: int, cards: int | None = None, *, new: bool = False) -> Reading:
    """All columns as frames, of a kept dataset or of a `new` one, whose plan and cards are made in the measured time."""

    def reading(rows: int) -> float:
        kept = None if new else kept_dataset(rows, cards)
        begun = time.perf_counter()
        data = dataset(rows, cards, next(fresh_seeds)) if kept is None else kept
        made = sum(frame.height for frame in data.batches(threads=threads))
        return made / (time.perf_counter() - begun)

    return reading


def written(format: Literal["parquet", "csv", "ndjson"], threads: int, compression: str | None = None) -> Reading:
    """A file of a new dataset in every round, so that the time includes its plan and its cards."""

    def reading(rows: int) -> float:
        def write(path: str) -> None:
            data = dataset(rows, seed=next(fresh_seeds))
            fg.write(data, path, format=format, compression=compression, threads=threads, overwrite=True)

        return rows / rivals.timed(format, write)

    return reading


kept_duckdb = cache(rivals.duckdb_copy)


@cache
def kept_polars(rows: int) -> dict[str, rivals.Rival]:
    """Polars' writers of the finished frame."""
    return {rival.name: rival for rival in rivals.polars_writers(kept_dataset(rows).transactions())}


def duckdb(suffix: str, compression: str = "auto") -> Reading:
    """DuckDB's `COPY` of a random query."""
    return lambda rows: rows / kept_duckdb(suffix, compression).run(rows)


def polars(name: str) -> Reading:
    """A Polars writer; making its frame is not timed."""
    return lambda rows: rows / kept_polars(rows)[f"polars-{name}"].run(rows)


# How readings are taken: whole processes

PEAK_UNIT: Final = 1 if sys.platform == "darwin" else 1024
"""Bytes in the unit of `ru_maxrss`."""
LAUNCHER: Final = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Prints the peak memory of a process. A process inherits the peak of the one that starts it, so this one must be small."""


@contextmanager
def command(*arguments: str, output: str = "") -> Iterator[tuple[list[str], Path]]:
    """A fastgen command line and an empty folder, to which `output` is written and which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="fastgen-bench-") as folder:
        destination = ["--output", str(Path(folder, output))] if output else []
        yield [sys.executable, "-m", "fastgen", *arguments, *destination], Path(folder)


def seconds(argv: list[str], **environment: str) -> float:
    """How long a process takes, with bytecode on disk as for any installed package, even if this environment forbids that."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    subprocess.run(argv, env=inherited | environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def show_help(_: int) -> float:
    """`--help`."""
    with command("--help") as (argv, _folder):
        return seconds(argv)


def default_run(_: int) -> float:
    """The default dataset, three tables and a manifest, with kernels compiled before."""
    with command("generate", "--format", "parquet", "--quiet", output="tables") as (argv, _folder):
        return seconds(argv)


def first_run(_: int) -> float:
    """The same with nothing compiled yet."""
    with command("generate", "--format", "parquet", "--quiet", output="tables") as (argv, folder):
        return seconds(argv, NUMBA_CACHE_DIR=str(folder / "cache"))


def peak(millions: int, cards: int | None = None) -> Reading:
    """Peak resident memory in MB of writing a Parquet file with 2 threads, optionally with a fixed number of cards."""
    rows = millions * 1_000_000
    options = ["--rows", str(rows), "--threads", "2"]
    if cards:
        for setting in (f"cards={cards}", "atm.cards=1000", f"atm.withdrawals={rows // 2}"):
            options += ["--set", setting]

    def reading(_: int) -> float:
        with command("generate", *options, "--quiet", output="rows.parquet") as (argv, _folder):
            launched = [sys.executable, "-c", LAUNCHER, *argv]
            stdout = subprocess.run(launched, check=True, stdout=subprocess.PIPE).stdout
        return int(stdout) * PEAK_UNIT / 1e6

    return reading


# What is measured


class Measure(NamedTuple):
    """One quantity to take readings of."""

    name: str
    what: str
    reading: Reading


class Group(NamedTuple):
    """Measures whose rounds are interleaved."""

    unit: Literal["rows/s", "s", "MB"]
    measures: tuple[Measure, ...]
    warm: bool = True  # whether there is a round beforehand that does not count
    most: int = 99  # limit of rounds, for slow measures


GROUPS: Final = (
    Group(
        "rows/s",
        (
            Measure("loop", f"plain loop, {LOOP_SHARE} times fewer rows", loop),
            Measure("batches-1", "frames of all columns, 1 thread", batches(1)),
            Measure("batches-2", "frames of all columns, 2 threads", batches(2)),
            Measure("cards-10k", "the same with 10 k cards, 1 thread", batches(1, 10_000)),
            Measure("cards-1M", "the same with 1 M cards, 1 thread", batches(1, 1_000_000)),
            Measure("new-10k", "10 k cards, and making them", batches(1, 10_000, new=True)),
            Measure("new-1M", "1 M cards, and making them", batches(1, 1_000_000, new=True)),
            Measure("csv-1", "CSV to the null device, 1 thread", written("csv", 1)),
            Measure("duckdb-csv", "DuckDB, CSV to the null device, 1 thread", duckdb("csv")),
            Measure("gzip-1", "CSV compressed by gzip to the null device, 1 thread", written("csv", 1, "gzip")),
            Measure("duckdb-gzip", "DuckDB, CSV compressed by gzip to the null device, 1 thread", duckdb("csv", "gzip")),
            Measure("polars-csv", "Polars, CSV of a frame, all threads", polars("csv")),
            Measure("ndjson-1", "NDJSON to the null device, 1 thread", written("ndjson", 1)),
            Measure("duckdb-ndjson", "DuckDB, NDJSON to the null device, 1 thread", duckdb("ndjson")),
            Measure("polars-ndjson", "Polars, NDJSON of a frame, all threads", polars("ndjson")),
            Measure("parquet-1", "Parquet to a RAM disk, 1 thread", written("parquet", 1)),
            Measure("parquet-2", "Parquet to a RAM disk, 2 threads", written("parquet", 2)),
            Measure("duckdb-parquet", "DuckDB, snappy Parquet to a RAM disk, 1 thread", duckdb("parquet")),
            Measure("polars-snappy", "Polars, snappy Parquet of a frame, all threads", polars("snappy")),
            Measure("polars-zstd", "Polars, zstd Parquet of a frame, all threads", polars("zstd")),
        ),
    ),
    Group(
        "s",
        (
            Measure("help", "`fastgen --help`", show_help),
            Measure("default", "default dataset to Parquet", default_run),
        ),
    ),
    Group("s", (Measure("first", "default dataset to Parquet, nothing compiled", first_run),), warm=False, most=3),
    Group(
        "MB",
        (
            Measure("peak-1M", "peak memory of 1 M rows", peak(1)),
            Measure("peak-10M", "peak memory of 10 M rows", peak(10)),
            Measure("peak-50M", "peak memory of 50 M rows", peak(50)),
            Measure("same-1M", "peak memory of 1 M rows, 100 k cards", peak(1, 100_000)),
            Measure("same-10M", "peak memory of 10 M rows, 100 k cards", peak(10, 100_000)),
            Measure("same-50M", "peak memory of 50 M rows, 100 k cards", peak(50, 100_000)),
        ),
        warm=False,
        most=3,
    ),
)
UNITS: Final = {measure.name: group.unit for group in GROUPS for measure in group.measures}


# Targets


class Figure(NamedTuple):
    """A line of the table: a measure, or its ratio to another of its group."""

    name: str
    what: str
    target: str
    of: str
    against: str = ""

    @property
    def measures(self) -> set[str]:
        """The measures that the figure needs."""
        return {self.of, self.against} - {""}

    def value(self, samples: Samples) -> float:
        """The figure's value, from medians."""
        return median(samples[self.of]) / (median(samples[self.against]) if self.against else 1)

    def pairs(self, samples: Samples) -> float:
        """The median of the ratios of each round; only for figures that are a ratio."""
        return median(one / other for one, other in zip(samples[self.of], samples[self.against], strict=True))

    def met(self, samples: Samples) -> bool | None:
        """Whether the target is reached, if there is one."""
        if not self.target:
            return None
        side, bound = self.target.split()
        value = self.value(samples)
        return value >= float(bound) if side == ">=" else value <= float(bound)


FIGURES: Final = (
    Figure("batches", "`batches()`, all columns, 1 thread, over the plain loop", ">= 700", "batches-1", "loop"),
    Figure("threads", "2 threads over 1", ">= 1.7", "batches-2", "batches-1"),
    Figure("csv", "CSV, 1 thread, over DuckDB", ">= 15", "csv-1", "duckdb-csv"),
    Figure("csv-polars", "CSV, 1 thread, over Polars' writer", "", "csv-1", "polars-csv"),
    Figure("gzip", "CSV compressed by gzip, 1 thread, over DuckDB", "", "gzip-1", "duckdb-gzip"),
    Figure("ndjson", "NDJSON, 1 thread, over DuckDB", ">= 15", "ndjson-1", "duckdb-ndjson"),
    Figure("ndjson-polars", "NDJSON, 1 thread, over Polars' writer", "", "ndjson-1", "polars-ndjson"),
    Figure("parquet-1", "Parquet, 1 thread, over DuckDB", ">= 5", "parquet-1", "duckdb-parquet"),
    Figure("parquet-2", "Parquet, 2 threads, over DuckDB", ">= 8", "parquet-2", "duckdb-parquet"),
    Figure("parquet-snappy", "Parquet, 2 threads, over Polars' snappy writer", "", "parquet-2", "polars-snappy"),
    Figure("parquet-zstd", "Parquet, 2 threads, over Polars' zstd writer", "", "parquet-2", "polars-zstd"),
    Figure("memory-1M", "peak memory, 1 M rows to a file", "", "peak-1M"),
    Figure("memory-10M", "peak memory, 10 M rows to a file", "", "peak-10M"),
    Figure("memory-50M", "peak memory, 50 M rows to a file", "<= 400", "peak-50M"),
    Figure("memory-flat", "peak memory, 50 M rows over 10 M, both 100 k cards", "<= 1.1", "same-50M", "same-10M"),
    Figure("memory-small", "peak memory, 50 M rows over 1 M, both 100 k cards", "", "same-50M", "same-1M"),
    Figure("cards", "time per row with 1 M cards over 10 k", "<= 1.5", "cards-10k", "cards-1M"),
    Figure("cards-new", "the same with the making of the cards", "", "new-10k", "new-1M"),
    Figure("help", "`fastgen --help`", "<= 0.15", "help"),
    Figure("default", "default dataset to Parquet, later runs", "<= 1.5", "default"),
    Figure("first", "default dataset to Parquet, first run ever", "<= 15", "first"),
)


# The run


def run(figures: list[Figure], rows: int, rounds: int) -> dict[str, list[float]]:
    """Take all readings that the figures need, round by round."""
    needed = set[str]().union(*(figure.measures for figure in figures))
    samples: dict[str, list[float]] = {}
    for group in GROUPS:
        measures = [measure for measure in group.measures if measure.name in needed]
        samples |= {measure.name: [] for measure in measures}
        first = 0 if group.warm else 1
        for number in range(first, min(rounds, group.most) + 1):
            for measure in measures:
                reading = measure.reading(rows)
                print(f"round {number}  {measure.name:<16}{shown(reading, group.unit)}", file=sys.stderr, flush=True)
                if number:
                    samples[measure.name].append(reading)
    return samples


def machine() -> dict[str, str]:
    """What the benchmarks ran on: processor, system, versions."""
    versions = {name: version(name) for name in LIBRARIES}
    return {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "system": platform.platform(),
        "Python": platform.python_version(),
    } | versions


def processor() -> str:
    """The processor's name, as far as the system reports it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def version(name: str) -> str:
    """A library's version, if it is installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


# The report


def shown(value: float, unit: str) -> str:
    """A value as readable text.

    >>> shown(12_345_678, "rows/s"), shown(2.5, "s"), shown(385.2, "MB")
    ('12.35 M rows/s', '2.5 s', '385 MB')
    """
    if unit == "rows/s":
        return f"{value / 1e6:.2f} M rows/s" if value >= 1e6 else f"{value / 1e3:.1f} k rows/s"
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def table(figures: list[Figure], samples: Samples) -> Iterator[str]:
    """The figures as Markdown."""
    yield "| figure | | target | reached | | from |"
    yield "|---|---|---|---|---|---|"
    for figure in figures:
        unit = TIMES if figure.against else UNITS[figure.of]
        reached, source = shown(figure.value(samples), unit), ""
        if figure.against:
            reached += f" ({shown(figure.pairs(samples), unit)} by pairs)"
            source = " against ".join(shown(median(samples[name]), UNITS[name]) for name in (figure.of, figure.against))
        target = f"{figure.target} {unit}" if figure.target else ""
        met = {True: "yes", False: "no", None: ""}[figure.met(samples)]
        yield f"| {figure.name} | {figure.what} | {target} | {reached} | {met} | {source} |"


def readings(samples: Samples) -> Iterator[str]:
    """The measures as Markdown."""
    yield "| measure | | median | least | most | rounds |"
    yield "|---|---|---|---|---|---|"
    for group in GROUPS:
        for name, what, _ in group.measures:
            if values := samples.get(name):
                least, middle, most = (shown(value, group.unit) for value in (min(values), median(values), max(values)))
                yield f"| {name} | {what} | {middle} | {least} | {most} | {len(values)} |"


def many(text: str) -> int:
    """A number of rows such as `2M`, `500k` or `1000`.

    >>> many("2M"), many("500k"), many("1000")
    (2000000, 500000, 1000)
    """
    digits, factor = (text[:-1], {"k": 10**3, "M": 10**6}[text[-1]]) if text[-1:] in {"k", "M"} else (text, 1)
    return int(digits) * factor


def chosen(patterns: list[str]) -> list[Figure]:
    """The figures whose names match one of the patterns; all of them if there is no pattern."""
    return [figure for figure in FIGURES if not patterns or any(fnmatch(figure.name, pattern) for pattern in patterns)]


def main() -> None:
    """Take the readings and print the tables."""
    parser = argparse.ArgumentParser(description="Measure fastgen beside other ways to make the same rows.")
    parser.add_argument("--rows", type=many, default=2_000_000, help="rows of a reading, such as 2M")
    parser.add_argument("--rounds", type=int, default=5, help="readings of each measure")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="figures to measure; may hold * and be repeated"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all readings in a file")
    options = parser.parse_args()
    if options.rows < LEAST_ROWS or options.rounds < 1:
        parser.error(f"at least {LEAST_ROWS:,} rows and 1 round")
    figures = chosen(options.only)
    if not figures:
        parser.error("--only matches none of: " + ", ".join(figure.name for figure in FIGURES))

    samples = run(figures, options.rows, options.rounds)
    conditions = machine() | {"rows": f"{options.rows:,}", "rows of the plain loop": f"{options.rows // LOOP_SHARE:,}"}
    print(" · ".join(f"{name} {value}" for name, value in conditions.items()))
    print("", *table(figures, samples), "", *readings(samples), sep="\n")
    if options.json:
        values = {figure.name: figure.value(samples) for figure in figures}
        kept = {"conditions": conditions, "figures": values, "readings": samples}
        options.json.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
