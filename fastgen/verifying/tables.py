"""One table: its files, whatever they are called, beside its rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fastgen.digest import Digest
from fastgen.errors import InputError
from fastgen.reading.pieces import Damage
from fastgen.reading.text import TextFile
from fastgen.schema import TABLES
from fastgen.stored import Stored
from fastgen.verifying.aligning import Aligner
from fastgen.verifying.cursors import Cursor, FrameCursor, TextCursor
from fastgen.verifying.expected import UNKNOWN, Expected
from fastgen.verifying.log import Log, as_line
from fastgen.verifying.order import MASK, SHIFT, place
from fastgen.verifying.report import Difference, Kind, TableCounts


@dataclass
class Checked:
    """What was found out about a table.

    digests: of the rows that there should be, by part; none where counting was stopped. more: columns that the table has not.
    """

    counts: TableCounts
    differences: list[Difference]
    digests: list[Digest]
    more: list[str]
    problems: list[str] = field(default_factory=list)


class TableCheck:
    """Compares the files of a table with its rows.

    Args:
        rows: how many there should be. name: how a file is called in the report.
    """

    def __init__(self, stored: Stored, expected: Expected, rows: int, name: Callable[[Path], str]) -> None:
        self._stored, self._expected, self._name = stored, expected, name
        self._log = Log(expected.table, rows)
        self._problems: list[str] = []
        self._opened: list[tuple[str, Cursor]] = []
        self._more: dict[str, None] = {}

    def run(self, progress: Callable[[int], object]) -> Checked:
        """Do it; progress is called with numbers of rows."""
        expected = self._expected
        aligner = Aligner(expected, self._cursors(), self._log)
        digests = [Digest() for _ in range(int(expected.parts[-1]) + 1)]
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
            self._count_missing(aligner)
        for name, cursor in self._opened:
            self._problems += [f"{name}: {_rows_of(damage)} cannot be read: {damage.reason}" for damage in cursor.damages]
        if not counts.out_of_order:  # what seemed to be came once more at its place
            self._log.forget("out of order")
        return Checked(self._log.finish(), self._log.differences, digests, list(self._more), self._problems)

    def _cursors(self) -> Iterator[tuple[str, Cursor]]:
        """The files in the order of what they hold; one that cannot be read is a problem."""
        for path in self._ordered():
            cursor = self._cursor(path)
            self._opened.append((self._name(path), cursor))
            yield self._name(path), cursor

    def _cursor(self, path: Path) -> Cursor:
        table, columns = self._expected.table, self._expected.columns
        reader = self._stored.reader(path)
        self._more |= dict.fromkeys(name for name in reader.columns if name not in TABLES[table].names)
        if isinstance(reader, TextFile):
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

    def _count_missing(self, aligner: Aligner) -> None:
        """Rows that were not met: at the end of a part, behind others that were, they are cut off."""
        seen, parts, counts = aligner.seen, self._expected.parts, self._log.counts
        cut: dict[int, int] = {}  # where each part ends, as far as its rows were met
        for chunk in reversed(range(parts.size)):
            if int(parts[chunk]) not in cut and (length := seen.length(chunk)):
                cut[int(parts[chunk])] = place(chunk, length)
        for chunk in range(parts.size):
            ends = cut.get(int(parts[chunk]))
            if ends is not None and chunk >= ends >> SHIFT:
                counts.truncated += seen.rows(chunk) - (ends & MASK if chunk == ends >> SHIFT else 0)
        counts.missing = counts.rows - seen.count - counts.truncated
        counts.out_of_order = counts.same - aligner.kept
        self._show_missing(aligner, cut)

    def _show_missing(self, aligner: Aligner, cut: dict[int, int]) -> None:
        """Show the first rows that are missing at each place where some may be."""
        log, shown = self._log, set[int]()
        for gap in aligner.gaps:
            first = aligner.first_missing(gap.start, gap.stop)
            if first is None or first in shown:
                continue
            shown.add(first)
            chunk, number = first >> SHIFT, first & MASK
            ends = cut.get(int(self._expected.parts[chunk]))
            kind: Kind = "truncated" if ends is not None and first >= ends else "missing"
            log.show(kind, gap.row, expected=as_line(self._expected.frame(chunk), number), file=gap.file)


def _rows_of(damage: Damage) -> str:
    if damage.rows is None:
        return f"rows from {damage.first + 1:,} on"
    return f"rows {damage.first + 1:,} to {damage.first + damage.rows:,}"
