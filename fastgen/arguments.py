"""Checks of arguments that several functions have: each raises an OptionError of one line before any work starts."""

from collections.abc import Sequence
from numbers import Integral
from typing import Final

from fastgen.errors import OptionError, did_you_mean
from fastgen.pipeline import available_threads
from fastgen.schema import TABLES

MOST_THREADS: Final = 1_024


def positive(name: str, value: object) -> int:
    """Return the value if it is a whole number above zero; raise OptionError otherwise."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise OptionError(name, value, "must be a whole number of at least 1")
    return int(value)


def thread_count(threads: int | None) -> int:
    """Return the number of threads of a run: as given, or one for each processor that the process may use.

    Raises:
        OptionError: it is not a whole number from 1 to MOST_THREADS.
    """
    if threads is None:
        return available_threads()
    if positive("threads", threads) > MOST_THREADS:
        raise OptionError("threads", threads, f"must be at most {MOST_THREADS:,}")
    return int(threads)


def check_columns(table: str, columns: object) -> None:
    """Raise OptionError for unknown or repeated columns, or an empty list."""
    names = TABLES[table].names
    if not isinstance(columns, Sequence) or isinstance(columns, str) or not all(isinstance(name, str) for name in columns):
        raise OptionError("columns", columns, f"must be a list of names among {', '.join(names)}")
    for name in columns:
        if name not in names:
            raise OptionError("columns", name, f"must be among {', '.join(names)}", hint=did_you_mean(name, names))
    if len(set(columns)) != len(columns) or not columns:
        raise OptionError("columns", ",".join(columns), "must name each column once, and at least one")


def check_table(table: str) -> str:
    """Return the name of a table; raise OptionError if there is no such table."""
    if str(table) not in TABLES:
        raise OptionError("table", table, f"must be one of {', '.join(TABLES)}", hint=did_you_mean(table, TABLES))
    return table


def check_coordinates(coordinates: str) -> None:
    """Raise OptionError unless this is a form of coordinates."""
    if coordinates not in ("text", "number"):
        raise OptionError("coordinates", coordinates, "must be text or number")
