"""Datasets larger than a machine: parts of a billion rows and more, and lazy queries that store nothing.

    python benchmarks/compare_scale.py [--rounds 3] [--queried 100M] [--sizes 10M,1B,10B] [--sink]

Every reading is taken in a separate process, in rounds of all readings, and medians are printed. Memory is the peak of the
process beyond what it held once kernels were compiled and libraries loaded. Cards are in the same proportion to rows as in
the default dataset, so 10 billion rows have 189 million cards.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median

import compare
import polars as pl

from fastgen import Config, Dataset, scan
from fastgen.config_text import parse_count

PART_ROWS = 5_000_000
FEW = 20_000_000
"""Rows, at most, for the rates of frames."""
MEGABYTE = 1e6
QUERIED = ["category", "amount"]
Reading = dict[str, float]


def peak() -> float:
    """The peak memory so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * compare.PEAK_UNIT / MEGABYTE


def timed(work: Callable[[], object]) -> float:
    """The seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def warm_up() -> float:
    """Load and compile everything, and return the peak memory after that."""
    data = Dataset(Config(rows=300_000))
    for _ in data.part(1, of=2).batches(threads=2):
        pass
    scan(data).filter(pl.col("datetime").dt.hour() == 3).group_by("category").agg(pl.col("amount").sum()).collect(
        engine="streaming"
    )
    return peak()


# Readings, each in a separate process


def read_part(rows: int) -> Reading:
    """The plan of a dataset, and one of its parts, a third of the way in."""
    before = warm_up()
    data = Dataset(Config(rows=rows))

    def prepare() -> None:
        plan = data.plan
        _ = plan.payment_rules, plan.payment_offsets, plan.chain_rules, plan.sequence_rules, plan.expected_rows

    seconds = timed(prepare)
    memory = peak() - before
    parts = max(1, min(data.plan.grid.groups, rows // PART_ROWS))
    part = data.part(max(1, parts // 3), of=parts)
    made = 0

    def make() -> None:
        nonlocal made
        made = sum(frame.height for frame in part.batches())

    took = median(timed(make) for _ in range(3))
    return {
        "plan s": seconds,
        "plan MB": memory,
        "cards": data.plan.cards,
        "parts": parts,
        "part rows": made,
        "part s": took,
        "rows/s": made / took,
        "ns/row": took / made * 1e9,
    }


def read_frames(rows: int, columns: Sequence[str] | None = None) -> Reading:
    """Making frames of all columns, or of some."""
    warm_up()
    data = Dataset(Config(rows=rows))
    took = timed(lambda: sum(frame.height for frame in data.batches(columns, threads=2)))
    return {"s": took, "rows/s": rows / took}


def grouped(rows: pl.LazyFrame) -> pl.DataFrame:
    """Run the query that is measured."""
    return rows.select(QUERIED).group_by("category").agg(pl.col("amount").sum()).collect(engine="streaming")


def read_query(rows: int) -> Reading:
    """A query of two columns, over the whole period and over a hundredth of it."""
    before = warm_up()
    data = Dataset(Config(rows=rows))
    whole = timed(lambda: grouped(scan(data, threads=2)))
    memory = peak()
    start, period = data.config.start, data.config.end - data.config.start
    low = start + period / 2
    narrow = pl.col("datetime").is_between(low, low + period / 100 - timedelta(seconds=1))
    part = median(timed(lambda: grouped(scan(data, threads=2).filter(narrow))) for _ in range(3))
    return {
        "s": whole,
        "rows/s": rows / whole,
        "filtered s": part,
        "times": whole / part,
        "peak MB": memory,
        "more MB": memory - before,
    }


def read_sink(rows: int) -> Reading:
    """All columns of a lazy frame to a Parquet file."""
    before = warm_up()
    with tempfile.TemporaryDirectory() as folder:
        took = timed(lambda: scan(Config(rows=rows), threads=2).sink_parquet(Path(folder, "rows.parquet")))
    return {"s": took, "rows/s": rows / took, "peak MB": peak(), "more MB": peak() - before}


READ: dict[str, Callable[[int], Reading]] = {
    "part": read_part,
    "all columns": read_frames,
    "two columns": partial(read_frames, columns=QUERIED),
    "query": read_query,
    "sink": read_sink,
}


# The rounds


def elsewhere(kind: str, rows: int) -> Reading:
    """Take a reading in a separate process."""
    argv = [sys.executable, __file__, "--read", kind, "--rows", str(rows)]
    reading: Reading = json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout)
    print(kind, rows, {name: round(value, 3) for name, value in reading.items()}, file=sys.stderr)
    return reading


def medians(readings: list[Reading]) -> Reading:
    """The median of each value."""
    return {name: median(reading[name] for reading in readings) for name in readings[0]}


def rows_of_table(name: str, reading: Reading) -> str:
    """A line of the table of parts."""
    plan = f"{reading['plan s']:.2f} s, {reading['plan MB']:,.0f} MB"
    part = f"{reading['part rows']:,.0f} of {reading['parts']:,.0f}: {reading['part s']:.2f} s"
    return f"| {name} | {reading['cards']:,.0f} | {plan} | {part} | {reading['rows/s'] / 1e6:.1f} M | {reading['ns/row']:.0f}"


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queried", type=parse_count, default=100_000_000, help="rows of the queries")
    parser.add_argument("--sizes", default="10M,1B,10B", help="rows of the datasets of which parts are made")
    parser.add_argument("--sink", action="store_true", help="sink the queried rows into a file too, which takes minutes and disk")
    parser.add_argument("--read", choices=list(READ), help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        print(json.dumps(READ[arguments.read](arguments.rows)))
        return
    sizes = [parse_count(text) for text in arguments.sizes.split(",")]
    few = min(FEW, arguments.queried)
    needed = [("part", rows) for rows in sizes] + [("all columns", few), ("two columns", few), ("query", arguments.queried)]
    needed += [("sink", arguments.queried // 5), ("sink", arguments.queried)] if arguments.sink else []
    rounds = [{each: elsewhere(*each) for each in needed} for _ in range(arguments.rounds)]
    found = {each: medians([one[each] for one in rounds]) for each in needed}
    print("| rows | cards | plan | a part | rows/s | ns a row | to the first |\n|---|---|---|---|---|---|---|")
    for rows in sizes:
        reading = found["part", rows]
        ratio = median(one["part", rows]["ns/row"] / one["part", sizes[0]]["ns/row"] for one in rounds)
        print(f"{rows_of_table(f'{rows:,}', reading)} | {ratio:.2f} |")
    every, two, query = found["all columns", few], found["two columns", few], found["query", arguments.queried]
    print(f"\n| {arguments.queried:,} rows, 2 threads | |\n|---|---|")
    print(f"| all columns | {every['rows/s'] / 1e6:.1f} M rows/s |")
    print(f"| two columns | {two['rows/s'] / 1e6:.1f} M rows/s, {two['rows/s'] / every['rows/s']:.2f} times as many |")
    print(f"| two columns, grouped | {query['rows/s'] / 1e6:.1f} M rows/s, {query['rows/s'] / every['rows/s']:.2f} times as many |")
    print(f"| peak memory of that query | {query['peak MB']:,.0f} MB |")
    print(f"| the same of a hundredth of the period | {query['filtered s']:.3f} s, {query['times']:.0f} times as fast |")
    for rows in (arguments.queried // 5, arguments.queried) if arguments.sink else ():
        sink = found["sink", rows]
        print(f"| {rows:,} rows, all columns, to a file | {sink['rows/s'] / 1e6:.1f} M rows/s, {sink['peak MB']:,.0f} MB |")


if __name__ == "__main__":
    main()
