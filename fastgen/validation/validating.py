"""`validate`: the statistics of data, compared with a configuration."""

import os
import time
from collections.abc import Callable
from importlib.util import find_spec
from numbers import Real
from typing import TYPE_CHECKING, Final

from fastgen.arguments import thread_count
from fastgen.config import Config
from fastgen.dataset import Dataset, dataset_of
from fastgen.errors import NOT_GIVEN, InputError, OptionError, missing
from fastgen.finding import open_stored
from fastgen.paths import local_path
from fastgen.pools import load_pools
from fastgen.schema import TABLES
from fastgen.stored import Stored
from fastgen.validation.report import ValidationReport

if TYPE_CHECKING:
    from fastgen.validation.tables import Tables

ALPHA: Final = 0.001


def validate(
    source: "str | os.PathLike[str] | Stored | Dataset | Config",
    data: Dataset | Config | None = None,
    *,
    alpha: float = ALPHA,
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> ValidationReport:
    """Judge data by their statistics: counts and rules exactly, distributions by tests that together err with probability `alpha`.

    Rows are not regenerated for comparison, so they may come from anywhere. Memory is flat, but for a few bytes per card.

    Args:
        source: a directory or file of tables; or a dataset or its configuration: its rows are made on the fly.
        data: what they should be, as a dataset or its configuration; default: what their manifest or metadata says, or the
            default configuration if there is neither.
        alpha: the probability that data as configured fail any of the statistical tests; above 0 and below 1.
        threads: how many make a dataset's rows, at least 1; default: one per processor. Files are read by one.
        progress: called with the number of transactions judged since the last call.

    Returns:
        The report, whose `passed` says whether no check failed; failed checks raise nothing.

    Raises:
        InputError: the data cannot be read, or are only some parts of a dataset.
        OptionError: `alpha` is not a probability, `threads` is not allowed, or a dataset is only a part of one.
        ConfigError: `data` is neither a Dataset nor a Config.
        FastgenError: SciPy is not installed; it comes with the package's extra `validate`.

    Example:
        >>> validate(Dataset(Config(rows=20_000))).passed
        True
    """
    if find_spec("scipy") is None:
        raise missing("scipy", "which judging data needs", "validate")
    level = _probability(alpha)
    workers = thread_count(threads)
    given = None if data is None else _whole("data", dataset_of(data)).config
    from fastgen.validation.examination import examine
    from fastgen.validation.statistics.checks import with_verdicts
    from fastgen.validation.tables import MadeTables

    began = time.perf_counter()
    tables: Tables
    own: Config | None
    if isinstance(source, Dataset | Config):
        dataset = _whole("source", dataset_of(source))
        name, tables, own, notes = "a dataset", MadeTables(dataset, workers), dataset.config, []
    else:
        allowed = "must be a directory, a file, a Dataset or a Config"
        stored = source if isinstance(source, Stored) else open_stored(local_path("source", source, allowed))
        _refuse_parts(stored)
        name, tables, own, notes = str(stored.path), stored, stored.config(), _notes(stored, given)
    config = next((each for each in (given, own) if each is not None), Config())
    examination = examine(tables, config, progress)
    checks = with_verdicts(examination.checks, level)
    return ValidationReport(
        source=name,
        configuration="the default" if config not in (given, own) else "given" if config is given else "of the data",
        rows=examination.rows,
        alpha=level,
        tests=sum(check.p is not None for check in checks),
        checks=checks,
        notes=(*notes, *examination.notes),
        seconds=time.perf_counter() - began,
    )


def _whole(field: str, data: Dataset) -> Dataset:
    if data.is_part:
        raise OptionError(field, NOT_GIVEN, "must be a whole dataset: the statistics of a part are not those that are configured")
    return data


def _refuse_parts(stored: Stored) -> None:
    """Refuse files that are said to be parts of a dataset, unless all of them are there."""
    of = stored.description.get("parts")
    if stored.parts and len(stored.parts) != of:
        verb = "is" if len(stored.parts) == 1 else "are"
        raise _too_few(stored, f"only {len(stored.parts):,} of {of} parts {verb} there")
    for table in stored.tables:
        absent = stored.absent(table)
        if 0 < len(absent) < len(stored.description.entries(table)):
            raise _too_few(stored, f"{absent[0]}, which the manifest names, is not there")


def _too_few(stored: Stored, reason: str) -> InputError:
    return InputError(
        f"{stored.path}: {reason}, and the statistics of a part are not those that are configured", hint="verify compares parts"
    )


def _probability(alpha: object) -> float:
    if isinstance(alpha, bool) or not isinstance(alpha, Real) or not 0 < float(alpha) < 1:
        raise OptionError("alpha", alpha, f"must be a number above 0 and below 1, such as {ALPHA}")
    return float(alpha)


def _notes(stored: Stored, config: Config | None) -> list[str]:
    """Notes on what verdicts may depend on: another configuration, word lists, files left out, tables that are not there."""
    get, pools, notes = stored.description.get, load_pools(), list[str]()
    if config is not None and (note := stored.other_config(config)):
        notes.append(note)
    if get("vocabularies") and get("vocabularies", "digest") != pools.digest:
        faker = get("vocabularies", "faker") or "another one"
        notes.append(f"names and places are judged by the lists of Faker {pools.faker}; the data have those of {faker}")
    if note := stored.unread_files_note():
        notes.append(note)
    absent = [name for table in TABLES if table not in stored.tables for name in stored.absent(table)]
    if absent:
        notes.append(f"{absent[0]}, which the manifest names, is not there")
    return notes
