"""`fastgen validate`: the statistics of data, compared with a configuration."""

import json
import sys
from collections.abc import Iterator
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from fastgen.cli.commands import PATH, Command, examples, section
from fastgen.cli.common import REAL, DataOptions, counted, data_options, is_interactive, say
from fastgen.cli.compiling import compiling_announced
from fastgen.cli.progress import rows_bar
from fastgen.errors import DifferenceError

if TYPE_CHECKING:
    from rich.table import Table

    from fastgen.validation.report import Check, ValidationReport

COLUMNS = ("group", "check", "value", "expected", "test", "p or most", "verdict")
NARROW, MEDIUM, WIDE = 60, 72, 100
"""Columns of a terminal that has room for a table, for one with what is expected, and for all of its columns."""
SHORT = {"Kolmogorov-Smirnov": "KS"}
COLOURS = {"passed": "green", "failed": "bold red", "skipped": "dim"}


run = section("The run")


@click.command(
    cls=Command,
    epilog=examples(
        "fastgen validate data/",
        "fastgen validate payments.csv.gz --rows 10M",
        "fastgen validate others/ --config fastgen.toml --json",
    ),
)
@click.argument("target", type=PATH, metavar="DIR|FILE")
@data_options
@run("--alpha", type=REAL, default=0.001, show_default=True, metavar="P", help="Probability that good data fail any test.")
@run("--json", "as_json", is_flag=True, help="The report as JSON.")
@run("--quiet", "-q", is_flag=True, help="Print only what failed.")
@run("--no-progress", is_flag=True, help="No progress bar.")
def validate(
    target: str,
    described: DataOptions,
    alpha: float,
    as_json: bool,
    quiet: bool,
    no_progress: bool,
) -> None:
    """Judge data by counts, rules and statistics.

    The rows may come from anywhere: none are generated for comparison. They are judged by the configuration that the options
    describe, or else by the one in manifest.json or the file's metadata, or else by the default one. Exits with 0 if all checks
    pass, with 1 if not.
    """
    config = described.config() if described.are_given else None
    with compiling_announced(quiet):
        from fastgen.validation.validating import validate as judge

        shown = is_interactive(quiet, no_progress)
        with rows_bar(None, shown) as advance:
            report = judge(target, config, alpha=alpha, progress=advance)
    if as_json:
        click.echo(json.dumps(report.as_dict()))
    elif quiet:
        click.echo("".join(f"{line}\n" for line in failures(report)), nl=False)
    else:
        show(report)
    if not report.passed:
        hint = "if they are not meant to be the default data, say what they are with --rows, --set or --config"
        raise DifferenceError(summary(report), hint=hint if report.configuration == "the default" else None)
    if not quiet:
        read = f"; {counted(report.rows, 'rows')}" if report.rows else ""  # of transactions, which need not be there
        say(f"{summary(report)}{read} in {report.seconds:.2f} s")


def summary(report: "ValidationReport") -> str:
    """The verdict in one line."""
    skipped = sum(check.verdict == "skipped" for check in report.checks)
    made = len(report.checks) - skipped
    text = f"{len(report.failed)} of {made} checks failed" if report.failed else f"all {made} checks passed"
    return f"{report.source}: {text}" + (f", {skipped} were skipped" if skipped else "")


def failures(report: "ValidationReport") -> Iterator[str]:
    """A line for each check that failed."""
    for check in report.failed:
        probability = f", p = {check.p:.2g}" if check.p is not None else ""
        example = f"; {check.example}" if check.example else ""
        yield f"{check.group}, {check.name}: {check.value}{probability}, expected {check.expected}{example}"


def show(report: "ValidationReport") -> None:
    """Print all checks, what failed, and what the verdicts rest on: as a table on a terminal with room for it, else as lines."""
    tests = f"{counted(report.tests, 'tests')}: good data fail any of them with probability {report.alpha:g} (Holm-Bonferroni)"
    lines = [
        *(f"failed: {line}" for line in failures(report)),
        *(f"note: {note}" for note in report.notes),
        f"Configuration: {report.configuration}. {tests}; rules and counts are exact.",
    ]
    if sys.stdout.isatty() and (width := get_terminal_size().columns) >= NARROW:
        from rich.console import Console

        Console(highlight=False).print(table(report.checks, width))
        click.echo("\n".join(lines))
    else:
        click.echo("\n".join([*plain(report.checks), *lines]))


def cells(check: "Check") -> tuple[str, ...]:
    """The cells of a check, in the order of COLUMNS."""
    tolerance = f"p = {check.p:.2g}" if check.p is not None else "" if check.tolerance is None else f"{check.tolerance:,}"
    test = SHORT.get(check.test, check.test)
    return check.group, check.name, check.value or check.note or "", check.expected, test, tolerance, check.verdict


def plain(checks: "tuple[Check, ...]") -> Iterator[str]:
    """A line for each check, of any length, with its group; columns are two spaces apart."""
    rows = [COLUMNS, *map(cells, checks)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def table(checks: "tuple[Check, ...]", width: int) -> "Table":
    """A row for each check, under its group; without tests and their results, or what is expected, where there is no room."""
    from rich import box
    from rich.table import Column, Table
    from rich.text import Text

    folded = [Column(name, overflow="fold") for name in COLUMNS[2:4]]
    fixed = [Column(name, width=size) for name, size in zip(COLUMNS[4:6], (10, 11), strict=True)]
    room = 4 if width >= WIDE else 2 if width >= MEDIUM else 1
    shown = [*folded, *fixed][:room]
    made = Table(Column(COLUMNS[1], no_wrap=True), *shown, Column(COLUMNS[-1], width=7), box=box.SIMPLE_HEAD, pad_edge=False)
    group = None
    for check in checks:
        if check.group != group:
            group = check.group
            made.add_row(Text(group, "bold"))
        _, name, *others, verdict = cells(check)
        made.add_row(Text(f"  {name}"), *map(Text, others[:room]), Text(verdict, COLOURS[check.verdict]))
    return made
