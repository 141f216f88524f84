"""`fastgen verify`: files compared with what their configuration makes."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from fastgen.cli.common import WHOLE, compiling_announced, data_options, read_config, rows_bar, say
from fastgen.errors import DifferenceError, OptionError

SHOWN = 10
"""Differences that are printed; the JSON has more."""

if TYPE_CHECKING:
    from fastgen.verifying.report import TableCounts, VerifyReport


@click.command(
    epilog="""\b
Examples:
  fastgen verify data/
  fastgen verify payments.parquet --rows 10M --seed 7
  fastgen verify data/ --json | jq .ok
"""
)
@click.argument("target", type=click.Path(), metavar="DIR|FILE")
@data_options
@click.option("--table", metavar="NAME", help="This table only; of a file, which one it is.")
@click.option("--parts", type=WHOLE, metavar="N", help="With --part, for a file: of how many parts it is one.")
@click.option("--part", type=WHOLE, metavar="I", help="With --parts: which one it is.")
@click.option("--threads", type=WHOLE, metavar="N", help="Threads that make rows; all processors unless said.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
def verify(
    target: str,
    path: str | None,
    rows: str | None,
    scale: float | None,
    seed: int | None,
    settings: tuple[str, ...],
    table: str | None,
    parts: int | None,
    part: int | None,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    no_progress: bool,
) -> None:
    """Compare files with what their configuration makes, row by row.

    The configuration is that of manifest.json, or what the options say. Ends with 0 if all rows are there and as they should
    be, and with 1 if not.
    """
    given = bool(settings) or any(value is not None for value in (path, rows, scale, seed))
    if not given and (parts, part) != (None, None):
        raise OptionError("part", part, "must come with what the data are", hint="--config, --rows, --seed or --set")
    config = read_config(path, rows, scale, seed, settings) if given else None
    with compiling_announced(quiet):
        from fastgen.dataset import Dataset
        from fastgen.verifying.checking import verify as check

        data = None if config is None else Dataset(config)
        if data is not None and (parts, part) != (None, None):
            data = data.part(1 if part is None else part, 1 if parts is None else parts)
        with rows_bar(shown=not quiet and not no_progress) as bar:
            report = check(target, data, table=table, threads=threads, progress=bar.show)
    if as_json:
        click.echo(json.dumps(report.as_dict()))
    elif not quiet:
        click.echo("\n".join(told(report)))
    if not report.ok:
        raise DifferenceError(f"{target} does not hold what its configuration makes")
    if not quiet:
        say(f"{target} holds what its configuration makes: {speed(report)}")


def speed(report: "VerifyReport") -> str:
    """How many rows were compared, and how fast."""
    return (
        f"{report.rows:,} rows in {report.seconds:.2f} s, {report.rows / max(report.seconds, 1e-9):,.0f} rows/s, seed {report.seed}"
    )


def told(report: "VerifyReport") -> Iterator[str]:
    """The report as lines, the first difference foremost."""
    yield from (f"{table.table}: {', '.join(counts(table))}" for table in report.tables)
    yield from (f"problem: {problem}" for problem in report.problems)
    yield from (f"note: {note}" for note in report.notes)
    for number, difference in enumerate(report.differences):
        if number == 0:
            yield f"first difference: {difference}"
        elif number < SHOWN:
            yield f"another: {difference}"


def counts(table: "TableCounts") -> Iterator[str]:
    """How many rows a table has of which kind."""
    yield f"{table.same:,} of {table.rows:,} rows are as they should be"
    for kind, count in table.counts():
        columns = f" ({', '.join(f'{name} {rows:,}' for name, rows in table.columns.items())})" if kind == "altered" else ""
        yield f"{count:,} {kind}{columns}"
    if table.stopped:
        yield f"stopped: {table.stopped}"
