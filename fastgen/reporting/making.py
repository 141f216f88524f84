"""`report`: from stored tables to a page."""

import os
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import PurePath
from typing import NamedTuple

from fastgen.errors import OptionError, missing
from fastgen.paths import local_path
from fastgen.reporting.facts import TRANSACTIONS, gather
from fastgen.sinks.output import opened
from fastgen.stored import open_stored

NEEDED = ("altair", "vl_convert", "jinja2")


class ReportSummary(NamedTuple):
    """What `report` did.

    Attributes:
        rows: transactions that the page is about.
        frauds: those among them that are labelled as fraud.
        size: bytes of the page.
        seconds: how long it took.
    """

    rows: int
    frauds: int
    size: int
    seconds: float


def report(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    progress: Callable[[int], object] | None = None,
) -> ReportSummary:
    """Make a page that shows what a dataset is: one HTML file that needs no network and no script.

    The transactions are read twice, in memory that grows with the number of cards but not of rows.

    Args:
        path: what to report on: a directory with tables, with or without a manifest, or a file of transactions.
        output: the page, whose name ends in .html or has no ending, or "-" for the standard output.
        overwrite: replace a page that is there.
        progress: called with a number of rows whenever so many more have been read; in all, each is read twice.

    Raises:
        OptionError: the page's name has the ending of something else.
        InputError: there are no transactions, or they cannot be read.
        OutputExistsError: the page is there.
        OutputError: it cannot be written.
        FastgenError: a library that draws is not installed; all of them are the extra `report` of the package.

    Example:
        >>> from fastgen import Config, Dataset, write
        >>> _ = write(Dataset(Config(rows=10_000)), "reported/")
        >>> report("reported/", "reported.html").rows
        10000
    """
    began = time.perf_counter()
    file = local_path("output", output, "must be a file")
    if PurePath(file).suffix.lower() not in ("", ".html", ".htm") or file.endswith(os.sep) or os.path.isdir(file):
        raise OptionError("output", file, "must be a file that ends with .html: a report is a page")
    if absent := [name for name in NEEDED if find_spec(name) is None]:
        raise missing(absent[0], "which a report is made with", "report")
    from fastgen.reporting.page import page

    stored = open_stored(path)
    with opened(file, overwrite) as out:
        facts = gather(stored, progress or (lambda _: None))
        out.write(page(facts).encode())
        size = out.size
    return ReportSummary(facts.survey.rows, facts.frauds, size, time.perf_counter() - began)


def rows_to_read(path: str | os.PathLike[str]) -> int | None:
    """The rows that `report` will read of transactions, each twice; None where no manifest says how many there are.

    Raises:
        InputError: as `report` does.
    """
    rows = open_stored(path).description.table(TRANSACTIONS).get("rows")
    return 2 * rows if isinstance(rows, int) else None
