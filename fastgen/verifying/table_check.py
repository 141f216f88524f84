"""One table: its files, whatever their names, compared with the expected rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fastgen.digest import Digest
from fastgen.errors import InputError
from fastgen.reading.pieces import Damage
from fastgen.reading.text import TextReader
from fastgen.stored import Stored
from fastgen.verifying.aligning import Aligner
from fastgen.verifying.chunks import UNKNOWN
from fastgen.verifying.cursors import Cursor, FrameCursor, TextCursor
from fastgen.verifying.expected import Expected
from fastgen.verifying.log import Log
from fastgen.verifying.missing import count_missing
from fastgen.verifying.report import Difference, TableCounts


@dataclass
class Checked:
    """What was found out about a table.

    digests: of the expected rows, by part; none if counting was stopped.
    """

    counts: TableCounts
    differences: list[Difference]
    digests: list[Digest]
    problems: list[str] = field(default_factory=list)


class TableCheck:
    """Compares the files of a table with its rows.

    Args:
        rows: how many are expected, about. name: names a file in the report.
    """

    def __init__(self, stored: Stored, expected: Expected, rows: int, name: Callable[[Path], str]) -> None:
        self._stored, self._expected, self._name = stored, expected, name
        self._log = Log(expected.table, rows, expected.columns)
        self._problems: list[str] = []
        self._opened: list[tuple[str, Cursor]] = []

    def run(self, progress: Callable[[int], object]) -> Checked:
        """Run the comparison; progress is called with numbers of rows."""
        expected = self._expected
        aligner = Aligner(expected, self._cursors(), self._log)
        digests = [Digest() for _ in np.unique(expected.parts)]
        for chunk in expected.sequence():
            aligner.step(chunk)
            if aligner.stopped:
                break
            digests[expected.parts[chunk.number]].add(chunk.rows, chunk.digest)
            progress(chunk.rows)
        aligner.finish()
        counts = self._log.counts
        counts.stopped = aligner.stopped
        if counts.stopped:
            digests = []
        else:
            counts.rows = sum(digest.rows for digest in digests)
            count_missing(aligner, expected, self._log)
        for name, cursor in self._opened:
            self._problems += [f"{name}: {_rows_of(damage)} cannot be read: {damage.reason}" for damage in cursor.damages]
        return Checked(self._log.finish(), self._log.differences, digests, self._problems)

    def _cursors(self) -> Iterator[tuple[str, Cursor]]:
        """Yield the files in the order of their contents; one that cannot be read is a problem."""
        for path in self._ordered():
            cursor = self._cursor(path)
            self._opened.append((self._name(path), cursor))
            yield self._name(path), cursor

    def _cursor(self, path: Path) -> Cursor:
        table, columns = self._expected.table, self._expected.columns
        reader = self._stored.reader(path)
        if isinstance(reader, TextReader):
            return TextCursor(reader, table, columns)
        return FrameCursor(self._stored.pieces(table, path, columns), table, columns)

    def _ordered(self) -> list[Path]:
        readable = []
        for path in self._stored.tables.get(self._expected.table, []):
            try:
                head = self._stored.head(self._expected.table, path, self._expected.columns)
            except InputError as error:
                self._problems.append(str(error))
                continue
            at = self._expected.order(head) if self._expected.keyed else UNKNOWN
            readable.append((at == UNKNOWN and self._expected.keyed, at, path))
        return [path for _, _, path in sorted(readable)]


def _rows_of(damage: Damage) -> str:
    if damage.rows is None:
        return f"rows from {damage.first + 1:,} on"
    return f"rows {damage.first + 1:,} to {damage.first + damage.rows:,}"
