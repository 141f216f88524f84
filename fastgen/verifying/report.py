"""What a comparison found, for people and programs to read."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

Kind = Literal["altered", "missing", "truncated", "doubled", "foreign", "out of order"]
KINDS: Final[tuple[Kind, ...]] = ("missing", "truncated", "doubled", "foreign", "altered", "out of order")
"""What can be wrong with a row: it is not there; nor is any row after it, as the file ends early; it is there again; the
configuration does not make it; it has other values than were made; it is not where it should be."""


@dataclass(frozen=True)
class Difference:
    """A row that is not as expected, or several consecutive missing rows.

    `str` gives it as one line.

    Attributes:
        kind: what is wrong, as in `TableCounts`.
        table: the table, or the partition of a topic.
        where: the file; empty for a topic.
        row: its number there, from 1, or its offset in a topic; for a missing row, the number that it would have.
        column: the column that differs, in an altered row that can be read.
        expected: the value expected in that column; without a column, the whole expected row, if there is one.
        found: the same for what was found.
        unit: what `row` counts.
        rows: how many rows are missing from there on.
    """

    kind: Kind
    table: str
    where: str
    row: int
    column: str | None = None
    expected: str | None = None
    found: str | None = None
    unit: Literal["row", "offset"] = "row"
    rows: int = 1

    def __str__(self) -> str:
        place = [self.where] if self.where else []
        kind, first = (self.kind, "") if self.rows == 1 else (f"{self.rows:,} rows {self.kind}", "the first ")
        texts = [f"{self.table}: {', '.join([*place, f'{self.unit} {self.row:,}'])}: {kind}"]
        texts += [f"column {self.column}"] if self.column else []
        texts += [f"{first}expected {self.expected}"] if self.expected is not None else []
        texts += [f"found {self.found}"] if self.found is not None else []
        return ", ".join(texts)


@dataclass
class FileCounts:
    """What a file holds.

    Attributes:
        where: the file.
        found: rows that it has.
        same: rows that are as expected.
        doubled: rows that are there again.
        foreign: rows that the configuration does not make.
        altered: rows with other values than were made.
        parts: the parts that it holds rows of, counted from 0 among those compared.
    """

    where: str
    found: int = 0
    same: int = 0
    doubled: int = 0
    foreign: int = 0
    altered: int = 0
    parts: list[int] = field(default_factory=list)


@dataclass
class TableCounts:
    """How many rows of a table are expected and found, and how many are wrong in which way.

    Attributes:
        table: the table, or the partition of a topic.
        rows: the number of expected rows.
        found: the number of rows found.
        same: rows that are as expected.
        missing: rows that are not there.
        truncated: rows that are not there because their file ends early.
        doubled: rows that are there again.
        foreign: rows that the configuration does not make.
        altered: rows with other values than were made.
        out_of_order: rows that are not where they should be.
        unreadable: altered rows without any readable value, such as a cut line; `columns` does not count them.
        columns: for each column, in how many altered rows it differs.
        absent: expected columns that not all files have; rows were compared without them.
        stopped: why counting ended early, if it did; the counts are then of the rows up to there.
        files: what each file holds.
    """

    table: str
    rows: int
    found: int = 0
    same: int = 0
    missing: int = 0
    truncated: int = 0
    doubled: int = 0
    foreign: int = 0
    altered: int = 0
    out_of_order: int = 0
    unreadable: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    stopped: str | None = None
    files: list[FileCounts] = field(default_factory=list)

    def counts(self) -> Iterator[tuple[Kind, int]]:
        """Yield each kind of wrong rows that there are, and how many."""
        for kind in KINDS:
            if count := int(getattr(self, kind.replace(" ", "_"))):
                yield kind, count

    @property
    def ok(self) -> bool:
        """Whether all rows are there, once, in order, with all columns, and no others."""
        return self.stopped is None and not self.absent and not any(self.counts()) and self.same == self.found


@dataclass(frozen=True)
class VerifyReport:
    """What `verify` or `verify_topic` found.

    Attributes:
        path: the path of the files, or the topic.
        fingerprint: that of the dataset they were compared with.
        seed: that of its configuration.
        tables: counts of each table, or of each partition.
        problems: what is wrong besides rows, such as missing files.
        notes: what is worth knowing, but not wrong.
        differences: the first wrong rows of each kind, in the order of the files.
        seconds: how long it took.
    """

    path: str
    fingerprint: str
    seed: int
    tables: tuple[TableCounts, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    differences: tuple[Difference, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the data are what the configuration makes, and all that describes them is true."""
        return not self.problems and all(table.ok for table in self.tables)

    @property
    def rows(self) -> int:
        """The number of rows found."""
        return sum(table.found for table in self.tables)

    @property
    def wrong(self) -> str:
        """What is wrong, in a few words; empty if nothing is."""
        return "; ".join([*self._rows_and_stop(), *self.problems[:1]])

    @property
    def wrong_in_numbers(self) -> str:
        """The same for readers who have already seen the problems, which are only counted."""
        problems = len(self.problems)
        return "; ".join([*self._rows_and_stop(), *([f"{problems:,} problem{'s' * (problems > 1)}"] if problems else [])])

    def _rows_and_stop(self) -> list[str]:
        counts: Counter[Kind] = Counter()
        for table in self.tables:
            counts.update(dict(table.counts()))
        texts = [f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind]]
        stopped = next((table.stopped for table in self.tables if table.stopped), None)
        rows = [", ".join(texts) + (" row" if counts.total() == 1 else " rows")] if texts else []
        return [*rows, *([stopped] if stopped else [])]

    @property
    def first(self) -> Difference | None:
        """The first difference, if there is one."""
        return next(iter(self.differences), None)

    def as_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {"ok": self.ok, **asdict(self)}
