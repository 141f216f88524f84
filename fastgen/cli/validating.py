"""`fastgen validate`: the statistics of data, held against a configuration."""

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from fastgen.cli.commands import Command, examples, section
from fastgen.cli.common import REAL, compiling_announced, data_options, is_interactive, read_config, say
from fastgen.cli.progress import rows_bar
from fastgen.errors import DifferenceError

if TYPE_CHECKING:
    from rich.table import Table

    from fastgen.validation.report import Check, ValidationReport

WIDE = 180
"""Characters of a line that nobody looks at on a terminal."""
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
@click.argument("target", type=click.Path(), metavar="DIR|FILE")
@data_options
@run("--alpha", type=REAL, default=0.001, show_default=True, metavar="P", help="Probability that good data fail a test.")
@run("--json", "as_json", is_flag=True, help="The report as JSON.")
@run("--quiet", "-q", is_flag=True, help="Print only what failed.")
@run("--no-progress", is_flag=True, help="No progress bar.")
def validate(
    target: str,
    path: str | None,
    rows: str | None,
    scale: float | None,
    seed: int | None,
    settings: tuple[str, ...],
    alpha: float,
    as_json: bool,
    quiet: bool,
    no_progress: bool,
) -> None:
    """Judge data by counts, rules and statistics.

    The rows may come from anywhere: nothing is made anew to compare with. They should be as manifest.json says, as the options say
    if there are any, or as the default configuration says. Ends with 0 if all checks pass, and with 1 if not.
    """
    told = bool(settings) or any(value is not None for value in (path, rows, scale, seed))
    config = read_config(path, rows, scale, seed, settings) if told else None
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
        say(f"{summary(report)}; {report.rows:,} rows in {report.seconds:.2f} s")


def summary(report: "ValidationReport") -> str:
    """The verdict in one line."""
    made = [check for check in report.checks if check.verdict != "skipped"]
    told = f"{len(report.failed)} of {len(made)} checks failed" if report.failed else f"all {len(made)} checks passed"
    return f"{report.source}: {told}"


def failures(report: "ValidationReport") -> Iterator[str]:
    """A line for each check that failed."""
    for check in report.failed:
        probability = f", p = {check.p:.2g}" if check.p is not None else ""
        example = f"; {check.example}" if check.example else ""
        yield f"{check.group}, {check.name}: {check.value}{probability}, expected {check.expected}{example}"


def show(report: "ValidationReport") -> None:
    """The table, what failed, and what the verdicts rest on."""
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
    console.print(table(report.checks))
    for line in failures(report):
        console.print(f"failed: {line}", markup=False, soft_wrap=True)
    for note in report.notes:
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    told = f"{report.tests} tests: good data fail any of them with probability {report.alpha:g} (Holm-Bonferroni)"
    console.print(f"The configuration is {report.configuration}. {told}; rules and counts are exact.", markup=False)


def table(checks: "tuple[Check, ...]") -> "Table":
    """A row for each check."""
    from rich import box
    from rich.table import Column, Table
    from rich.text import Text

    fixed = [Column(name, width=width) for name, width in (("test", 10), ("p or most", 11), ("verdict", 7))]
    folded = [Column(name, overflow="fold") for name in ("check", "value", "expected")]
    made = Table(*folded, *fixed, box=box.SIMPLE_HEAD, pad_edge=False)
    group = None
    for check in checks:
        if check.group != group:
            group = check.group
            made.add_row(Text(group, "bold"))
        tolerance = f"p = {check.p:.2g}" if check.p is not None else "" if check.tolerance is None else f"{check.tolerance:,}"
        verdict = Text(check.verdict, COLOURS[check.verdict])
        cells = (f"  {check.name}", check.value or check.note or "", check.expected, SHORT.get(check.test, check.test), tolerance)
        made.add_row(*map(Text, cells), verdict)
    return made
