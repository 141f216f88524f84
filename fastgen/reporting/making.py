"""`report`: from stored tables to a page."""

import os
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import PurePath
from typing import NamedTuple

from fastgen.errors import FastgenError, OptionError, missing
from fastgen.finding import open_stored
from fastgen.paths import local_path
from fastgen.reporting.facts import gather
from fastgen.schema import TRANSACTIONS
from fastgen.sinks.output import opened

NEEDED = ("altair", "vl_convert", "jinja2")


class ReportSummary(NamedTuple):
    """What `report` did.

    Attributes:
        rows: number of transactions.
        frauds: how many of them are labelled as fraud.
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
    """Make a page that describes a dataset: one HTML file that needs no network and no script.

    The transactions are read twice. Memory grows with the number of cards, not with the number of rows.

    Args:
        path: a directory of tables, with or without a manifest, or a file of transactions.
        output: the file of the page, whose name ends in .html or .htm or has no suffix, or "-" for the standard output.
        overwrite: replace an existing page.
        progress: called with the number of rows read since the last call; every row is read twice.

    Raises:
        OptionError: `output` is a directory, or has another suffix.
        InputError: there are no transactions, or they cannot be read.
        OutputExistsError: the page exists already.
        OutputError: the page cannot be written.
        FastgenError: a drawing library is not installed (the extra `report` of the package installs all of them), or fails.

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
    if sys.flags.optimize > 1:
        raise FastgenError(
            "a report cannot be made without docstrings, which Altair reads", hint="leave out -OO or PYTHONOPTIMIZE=2"
        )
    from fastgen.reporting.page import page

    stored = open_stored(path)
    with opened(file, overwrite) as out:
        facts = gather(stored, progress or (lambda _: None))
        out.write(page(facts).encode())
        size = out.size
    return ReportSummary(facts.survey.rows, facts.frauds, size, time.perf_counter() - began)


def rows_to_read(path: str | os.PathLike[str]) -> int | None:
    """The number of rows that `report` will read, counting each of its two passes; None if no manifest gives it.

    Raises:
        InputError: the tables cannot be read.
    """
    rows = open_stored(path).description.table(TRANSACTIONS.name).get("rows")
    return 2 * rows if isinstance(rows, int) else None
