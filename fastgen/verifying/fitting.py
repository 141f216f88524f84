"""The columns by which files can be compared: those that all of them have; missing and additional ones are reported."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from fastgen.errors import InputError, nearest
from fastgen.schema import TABLES
from fastgen.stored import Stored


class Fit(NamedTuple):
    """Columns of a table's files.

    shared: those to compare, in the table's order. absent: those that any file lacks. unknown: what files that lack nothing have
    besides those of the table. problems: what each of the other files lacks.
    """

    shared: tuple[str, ...]
    absent: list[str]
    unknown: list[str]
    problems: list[str]


def fitting(stored: Stored, table: str, expected: tuple[str, ...], name: Callable[[Path], str]) -> Fit:
    """Find the columns that all files have; their order does not matter, since each has a name.

    A file that would leave less than half of the columns is not considered one of this table, and does not count here; nor does
    one that cannot be read. Both are found when their rows are looked for.

    Args:
        expected: the expected columns. name: names a file in the report.
    """
    absent: set[str] = set()
    unknown: dict[str, None] = {}
    files: dict[str, list[str]] = {}
    for path in stored.tables.get(table, []):
        try:
            present = stored.reader(path).columns
        except InputError:
            continue
        lacking = [column for column in expected if column not in present]
        others = [column for column in present if column not in TABLES[table].names]
        renamed = [column for column in TABLES[table].names if column not in present and nearest(column, others)]
        if not lacking and renamed:  # the file may have any columns
            files.setdefault(_described(renamed, others), []).append(name(path))
        elif not lacking:
            unknown |= dict.fromkeys(others)
        elif 2 * len(absent.union(lacking)) <= len(expected):
            absent.update(lacking)
            files.setdefault(_described(lacking, others), []).append(name(path))
    shared = tuple(column for column in expected if column not in absent)
    problems = [f"{_several(names)}: {text}" for text, names in files.items()]
    return Fit(shared, [column for column in expected if column in absent], list(unknown), problems)


def _described(lacking: Sequence[str], unknown: Sequence[str]) -> str:
    """What a file lacks, and the name under which it may be there."""
    text = f"has no {_columns(lacking)}"
    if not unknown:
        return text
    if len(lacking) == len(unknown) == 1:
        guesses = [(lacking[0], unknown[0])]
    else:
        guesses = [(column, near) for column in lacking if (near := nearest(column, unknown)) is not None]
    hint = f" (was {' and '.join(f'{old} renamed to {new}' for old, new in guesses)}?)" if guesses else ""
    return f"{text}, and has the unknown {_columns(unknown)}{hint}"


def _columns(names: Sequence[str]) -> str:
    return f"column{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _several(names: Sequence[str]) -> str:
    more = len(names) - 1
    return f"{names[0]} and {more:,} more file{'s' * (more > 1)}" if more else names[0]
