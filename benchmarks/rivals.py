"""Other tools at the same task: DuckDB makes and writes rows, Polars writes them.

Each rival has a name and `run(rows)`, which returns the seconds it took. Text goes to
the null device, Parquet to a new file on a RAM disk, or in the directory for temporary
files if there is no RAM disk.

    python benchmarks/rivals.py [ROWS]
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl
from baseline import CATEGORIES
from faker.providers.geo import Provider

RAM_DISK = Path("/dev/shm")
ROOM = 2_000_000_000
"""Bytes that must be free on the RAM disk; in containers it is often tiny."""


class Rival(NamedTuple):
    """A tool with one output format."""

    name: str
    run: Callable[[int], float]


@contextmanager
def target(suffix: str) -> Iterator[str]:
    """Where to write: a new Parquet file, on the RAM disk if there is space, or the null device."""
    if suffix != "parquet":
        yield os.devnull
        return
    ram = RAM_DISK if RAM_DISK.is_dir() and shutil.disk_usage(RAM_DISK).free > ROOM else None
    with tempfile.TemporaryDirectory(prefix="fastgen-bench-", dir=ram) as folder:
        yield str(Path(folder, f"rows.{suffix}"))


def timed(suffix: str, write: Callable[[str], object]) -> float:
    """The seconds that `write(path)` takes, without the removal of the file."""
    with target(suffix) as path:
        begun = time.perf_counter()
        write(path)
        return time.perf_counter() - begun


def random_query(rows: int) -> str:
    """SQL for rows with the columns, types and look of a transactions table."""
    places = [place for place in Provider.land_coords if place[3] == "US"]
    categories = [kind.name for kind in CATEGORIES] + ["Cash Withdrawal"]
    cities = [place[2] for place in places]
    return f"""
        SELECT
            md5(uuid()::VARCHAR) AS tid,
            TIMESTAMP '2022-01-01' + to_seconds(floor(random() * 5097600)) AS datetime,
            (4000000000000000 + floor(random() * 10000)::BIGINT)::VARCHAR AS cc_num,
            {_pick(categories)} AS category,
            round(random() * 1000, 2) AS amount,
            round(25 + random() * 24, 5) AS latitude,
            round(-124 + random() * 57, 5) AS longitude,
            {_pick(cities)} AS city,
            'US' AS country,
            (random() < 0.0025)::TINYINT AS fraud_label
        FROM range({rows})
    """


def _pick(words: Iterable[str]) -> str:
    """SQL that draws one of these words."""
    quoted = ["'" + word.replace("'", "''") + "'" for word in words]
    return f"[{', '.join(quoted)}][1 + floor(random() * {len(quoted)})::INTEGER]"


def duckdb_copy(suffix: str, compression: str = "auto") -> Rival:
    """DuckDB's `COPY` of the random query: one thread, all other settings at their defaults, text compressed if wanted."""
    session = duckdb.connect(config={"threads": 1})
    options = f"FORMAT {'json' if suffix == 'ndjson' else suffix}"
    if suffix != "parquet":
        options += f", COMPRESSION {compression}"

    def run(rows: int) -> float:
        query = random_query(rows)
        return timed(suffix, lambda path: session.execute(f"COPY ({query}) TO '{path}' ({options})"))

    return Rival(f"duckdb-{suffix}", run)


def polars_writers(frame: pl.DataFrame) -> list[Rival]:
    """Polars' writers for a finished frame; they use all of Polars' threads."""

    def rival(name: str, suffix: str, write: Callable[..., object]) -> Rival:
        return Rival(f"polars-{name}", lambda rows: timed(suffix, partial(write, frame.head(rows))))

    return [
        rival("csv", "csv", pl.DataFrame.write_csv),
        rival("ndjson", "ndjson", pl.DataFrame.write_ndjson),
        rival("snappy", "parquet", partial(pl.DataFrame.write_parquet, compression="snappy")),
        rival("zstd", "parquet", partial(pl.DataFrame.write_parquet, compression="zstd")),
    ]


def main() -> None:
    """Print the rate of each rival; Polars gets a frame of DuckDB's rows."""
    parser = argparse.ArgumentParser(description="Time DuckDB and Polars alone.")
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    rivals = [duckdb_copy(suffix) for suffix in ("parquet", "csv", "ndjson")]
    rivals += polars_writers(pl.read_database(random_query(rows), duckdb.connect()))
    for rival in rivals:
        print(f"{rival.name:<22}{rows / rival.run(rows):>12,.0f} rows/s")


if __name__ == "__main__":
    main()
