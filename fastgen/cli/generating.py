"""`fastgen generate`: the dataset as files."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from fastgen.cli.common import WHOLE, announce, compiling_announced, data_options, human_size, read_config, say
from fastgen.errors import InterruptedRunError

if TYPE_CHECKING:
    from fastgen.dataset import Dataset
    from fastgen.sinks.files import WriteReport


@click.command(
    epilog="""\b
Examples:
  fastgen generate --output data/
  fastgen generate --rows 10M --seed 7 --output payments.parquet
  fastgen generate --rows 1B --parts 1000 --part 7 --output big/
  fastgen generate --rows 1M --format ndjson --output - | head -3
"""
)
@data_options
@click.option("--output", "-o", required=True, metavar="DIR|FILE|-", help="A directory for all tables, a file or - for one.")
@click.option("--format", "kind", metavar="NAME", help="parquet, csv, ndjson or ipc; a file's suffix says it too.")
@click.option(
    "--compression",
    metavar="NAME",
    help="parquet: zstd, snappy, lz4, gzip, none; csv, ndjson: none, gzip, zstd; ipc: none, zstd, lz4.",
)
@click.option("--table", metavar="NAME", help="For a file: transactions (unless said), credit_cards or profiles.")
@click.option("--columns", metavar="A,B,...", help="For a file: these columns only.")
@click.option(
    "--coordinates", metavar="text|number", default="text", show_default=True, help="Latitudes and longitudes in csv and ndjson."
)
@click.option("--parts", type=WHOLE, metavar="N", help="Cut the tables into N parts; those that are complete are not made again.")
@click.option("--part", type=WHOLE, metavar="I", help="With --parts: this part only.")
@click.option("--threads", type=WHOLE, metavar="N", help="Threads that make rows; all processors unless said.")
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@click.option("--dry-run", is_flag=True, help="Print the plan and the estimated size; write nothing.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
def generate(
    path: str | None,
    rows: str | None,
    scale: float | None,
    seed: int | None,
    settings: tuple[str, ...],
    output: str,
    kind: Any,
    compression: str | None,
    table: str | None,
    columns: str | None,
    coordinates: Any,
    parts: int | None,
    part: int | None,
    threads: int | None,
    overwrite: bool,
    dry_run: bool,
    quiet: bool,
    no_progress: bool,
) -> None:
    """Write the dataset to files, or one table to a file or the standard output."""
    config = read_config(path, rows, scale, seed, settings)
    with compiling_announced(quiet):
        from fastgen.dataset import Dataset
        from fastgen.sinks.files import estimate, write

        data = Dataset(config)
        wanted = data if part is None or parts is None else data.part(part, parts)
        options: dict[str, Any] = {
            "format": kind,
            "table": table,
            "columns": None if columns is None else [name.strip() for name in columns.split(",")],
            "compression": compression,
            "coordinates": coordinates,
        }
        if dry_run:
            click.echo(plan_text(data, estimate(data, output, **options)))
            return
        if not quiet:
            announce(data)
        with progress_bar(wanted.expected_rows, shown=not quiet and not no_progress and sys.stderr.isatty()) as advance:
            try:
                options |= {"parts": parts, "part": part, "threads": threads, "overwrite": overwrite}
                report = write(data, output, progress=advance, **options)
            except InterruptedRunError as error:
                raise type(error)(f"{error.message}; unfinished files were removed") from None
    if not quiet:
        say(summary(data, output, report))


def summary(data: "Dataset", output: str, report: "WriteReport") -> str:
    """What was done, in one line."""
    counts: dict[str, int] = {}
    for file in report.files:
        counts[file.table] = counts.get(file.table, 0) + file.rows
    tables = ", ".join(f"{rows:,} {table}" for table, rows in counts.items()) or "nothing"
    there = f" ({report.skipped:,} parts were there)" if report.skipped else ""
    took = f"{report.seconds:.2f} s, {report.rows / max(report.seconds, 1e-9):,.0f} rows/s"
    return f"{tables} to {output}{there}: {human_size(report.size)} in {took}, seed {data.config.seed}"


def plan_text(data: "Dataset", sizes: dict[str, int]) -> str:
    """The plan as lines of names and numbers."""
    lines = [f"seed                 {data.config.seed}", f"fingerprint          {data.fingerprint}"]
    lines += [f"{name:20} {count:,}" for name, count in data.plan.counts.items()]
    lines += [f"{name:20} about {human_size(size)}" for name, size in sizes.items()]
    return "\n".join(lines)


@contextmanager
def progress_bar(rows: int | None, shown: bool) -> Iterator[Callable[[int], object]]:
    """A bar on the terminal, of so many rows or without end; gives the function that moves it on."""
    if not shown:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.completed:,.0f} rows")
    with Progress(
        BarColumn(), TaskProgressColumn(), rate, TimeRemainingColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task("rows", total=rows)
        yield lambda rows: bar.advance(task, rows)
