"""`fastgen generate`: the dataset as files."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from fastgen.cli import completing
from fastgen.cli.commands import PATH, Command, examples, in_flags, section
from fastgen.cli.common import (
    WHOLE,
    DataOptions,
    announce,
    counted,
    data_options,
    human_size,
    is_interactive,
    say,
)
from fastgen.cli.compiling import compiling_announced
from fastgen.cli.progress import rows_bar
from fastgen.errors import NOT_GIVEN, STANDARD_OUTPUT, InterruptedRunError, OptionError, OutputError

if TYPE_CHECKING:
    from fastgen.dataset import Dataset
    from fastgen.sinks.files import WriteReport
    from fastgen.sinks.jobs import WriteJob


into, run = section("The output"), section("The run")


@click.command(
    cls=Command,
    epilog=examples(
        "fastgen generate --output data/",
        "fastgen generate --rows 10M --seed 7 --output payments.parquet",
        "fastgen generate --rows 1B --parts 1000 --part 7 --output big/",
        "fastgen generate --rows 1M --format ndjson --output - | head -3",
    ),
)
@data_options
@into(
    "--output",
    "-o",
    required=True,
    type=PATH,
    metavar="DIR|FILE|-",
    help="A directory for all tables, or a file or - for one table.",
)
@into(
    "--format",
    "kind",
    metavar="NAME",
    shell_complete=completing.formats,
    help="parquet, csv, ndjson or ipc; by default from a file's suffix.",
)
@into(
    "--compression",
    metavar="NAME",
    shell_complete=completing.compressions,
    help="parquet: zstd, snappy, lz4, gzip, none; csv, ndjson: none, gzip, zstd; ipc: none, zstd, lz4.",
)
@into(
    "--table",
    metavar="NAME",
    shell_complete=completing.tables,
    help="For a file: transactions (default), credit_cards or profiles.",
)
@into("--columns", metavar="A,B,...", shell_complete=completing.columns, help="For a file: only these columns.")
@into(
    "--coordinates",
    metavar="text|number",
    default="text",
    show_default=True,
    shell_complete=completing.words("text", "number"),
    help="Form of latitudes and longitudes in csv and ndjson.",
)
@into("--parts", type=WHOLE, metavar="N", help="Split the tables into N parts; complete parts are not made again.")
@into("--part", type=WHOLE, metavar="I", help="With --parts: only this part.")
@run("--threads", type=WHOLE, metavar="N", help="Threads that make rows; by default one per processor.")
@into("--overwrite", is_flag=True, help="Replace existing files.")
@run("--dry-run", is_flag=True, help="Print the plan and the estimated size; write nothing.")
@run("--json", "as_json", is_flag=True, help="Print the summary, or the plan, as JSON, to the standard output.")
@run("--quiet", "-q", is_flag=True, help="Print nothing but errors, and what --dry-run or --json prints.")
@run("--no-progress", is_flag=True, help="No progress bar.")
def generate(
    described: DataOptions,
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
    as_json: bool,
    quiet: bool,
    no_progress: bool,
) -> None:
    """Write the dataset, or one table of it.

    All tables go to a directory; one table goes to a file or the standard output.
    """
    config = described.config()
    with compiling_announced(quiet) as compiling:
        from fastgen.arguments import thread_count
        from fastgen.dataset import Dataset
        from fastgen.sinks.files import run_job
        from fastgen.sinks.jobs import write_job

        workers = thread_count(threads)  # before anything is counted
        data = Dataset(config)
        job = write_job(
            data,
            output,
            format=kind,
            table=table,
            columns=None if columns is None else [name.strip() for name in columns.split(",")],
            compression=compression,
            coordinates=coordinates,
            parts=parts,
            part=part,
        )
        if dry_run:
            plan = plan_of(job)
            click.echo(json.dumps(plan) if as_json else plan_text(plan))
            if not quiet:
                announce(data)
                say_existing(job, overwrite)
            return
        if as_json and job.target.path == "-":
            raise OptionError("json", NOT_GIVEN, "must not be given with `output` -, which is where the rows go")
        rows_on_terminal = job.target.path == "-" and sys.stdout.isatty()
        if rows_on_terminal and job.target.is_binary:
            raise OptionError(
                "output", "-", "must not be a terminal for binary data", hint="> writes them to a file, | to a program"
            )
        if workers > 1 and any(request.table == "transactions" for request in job.requests):
            compiling.share(data, job.target.format)
        total = job.rows
        if not quiet:
            announce(data)
        shown = is_interactive(quiet, no_progress) and not rows_on_terminal  # a bar would run into them
        with rows_bar(total, shown) as advance:
            try:
                report = run_job(job, threads=workers, overwrite=overwrite, progress=advance)
            except InterruptedRunError as error:
                if job.target.is_stream:
                    raise
                hint = "the same command makes the parts that are missing" if parts and part is None else None
                raise type(error)(f"{error.message}; unfinished files were removed", hint=hint) from None
    if as_json:
        click.echo(json.dumps(report.as_dict() | {"seed": data.config.seed}))
    elif not quiet:
        say(summary(data, output, report))


def summary(data: "Dataset", output: str, report: "WriteReport") -> str:
    """What was done, in one line."""
    counts: dict[str, int] = {}
    for file in report.files:
        counts[file.table] = counts.get(file.table, 0) + file.rows
    skipped = f"{counted(report.skipped, 'parts')} {'was' if report.skipped == 1 else 'were'} there" if report.skipped else ""
    if not report.files:
        return f"nothing to make in {output}: {skipped} already, seed {data.config.seed}"
    tables = ", ".join(counted(rows, table) for table, rows in counts.items())
    skipped = f" ({skipped})" if skipped else ""
    took = f"{report.seconds:.2f} s, {report.rows / max(report.seconds, 1e-9):,.0f} rows/s"
    target = STANDARD_OUTPUT if output == "-" else output
    return f"{tables} to {target}{skipped}: {human_size(report.size)} in {took}, seed {data.config.seed}"


def plan_of(job: "WriteJob") -> dict[str, Any]:
    """The seed, the fingerprint, the counts of the whole dataset, for a part about how many rows it has, and estimated sizes."""
    from fastgen.sinks.estimates import estimate

    data = job.selected[0].data
    plan = {"seed": data.config.seed, "fingerprint": data.fingerprint, "counts": data.plan.counts}
    return plan | ({"part": data.expected_rows()} if data.is_part else {}) | {"sizes": estimate(job)}


def plan_text(plan: dict[str, Any]) -> str:
    """A plan as lines of names and numbers."""
    lines = [f"{name:20} {plan[name]}" for name in ("seed", "fingerprint")]
    lines += [f"{name:20} {count:,}" for name, count in plan["counts"].items()]
    lines += [f"of these, this part  about {counted(plan['part'], 'transactions')}"] if "part" in plan else []
    lines += [f"{name:20} about {human_size(size)}" for name, size in plan["sizes"].items()]
    return "\n".join(lines)


def say_existing(job: "WriteJob", overwrite: bool) -> None:
    """Say what a run would not write because it exists already."""
    from fastgen.sinks.files import preview_job

    try:
        existing = preview_job(job, overwrite=overwrite)
    except OutputError as error:
        reason = in_flags(str(error), click.get_current_context().command)
        say(f"note: a run would be refused: {reason}")
    else:
        if existing:
            say(f"note: {counted(existing, 'parts')} {'is' if existing == 1 else 'are'} there, and would not be made again")
