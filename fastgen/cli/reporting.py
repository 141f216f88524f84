"""`fastgen report`: a dataset on one page."""

import click

from fastgen.cli.commands import PATH, Command, examples
from fastgen.cli.common import counted, human_size, is_interactive, say
from fastgen.cli.compiling import compiling_announced
from fastgen.cli.progress import rows_bar


@click.command(
    cls=Command,
    epilog=examples(
        "fastgen report data/ --output report.html",
        "fastgen report payments.csv.gz --output payments.html --overwrite",
    ),
)
@click.argument("path", type=PATH, metavar="DIR|FILE")
@click.option("--output", "-o", required=True, type=PATH, metavar="FILE|-", help="The page, or - for the standard output.")
@click.option("--overwrite", is_flag=True, help="Replace an existing page.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
def report(path: str, output: str, overwrite: bool, quiet: bool, no_progress: bool) -> None:
    """Make a page that describes a dataset.

    The page is one HTML file that opens without a network. DIR holds tables in any format, with or without a manifest; FILE holds
    transactions.
    """
    with compiling_announced(quiet):
        from fastgen.reporting.making import report as make
        from fastgen.reporting.making import rows_to_read

        shown = is_interactive(quiet, no_progress)
        with rows_bar(rows_to_read(path) if shown else None, shown) as advance:
            made = make(path, output, overwrite=overwrite, progress=advance)
    if not quiet:
        took = f"{made.seconds:.2f} s, {made.rows / max(made.seconds, 1e-9):,.0f} rows/s"
        shows = f"{counted(made.rows, 'transactions')} of {path}, {counted(made.frauds, 'frauds')} among them"
        say(f"{output} shows {shows}: {human_size(made.size)} in {took}")
