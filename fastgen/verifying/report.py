"""What a check found, to be read by people and programs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

Kind = Literal["altered", "missing", "truncated", "doubled", "foreign", "out of order"]
KINDS: Final[tuple[Kind, ...]] = ("missing", "truncated", "doubled", "foreign", "altered", "out of order")
"""What can be wrong with a row: it is not there; it is behind where its file ends; it is there again; the configuration makes no
such row; it is not as it was made; it is not where it should be."""


@dataclass(frozen=True)
class Difference:
    """A row that is not as it should be, or several of them that are missing one behind the other.

    `str` makes a line of it.

    Attributes:
        kind: what is wrong, as it is called in `TableCounts`.
        table: which one, or of a topic the partition.
        where: the file, if there are any.
        row: its number there, from 1, or in a topic its offset; of one that is missing, the number that it would have.
        column: of an altered row that can be read, the first that differs.
        expected: the value of that column; without one the whole row, where there is one.
        found: the same of what is there.
        unit: what `row` counts.
        rows: how many are missing from there on.
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
        told = [f"{self.table}: {', '.join([*place, f'{self.unit} {self.row:,}'])}: {kind}"]
        told += [f"column {self.column}"] if self.column else []
        told += [f"{first}expected {self.expected}"] if self.expected is not None else []
        told += [f"found {self.found}"] if self.found is not None else []
        return ", ".join(told)


@dataclass
class FileCounts:
    """What a file holds.

    Attributes:
        where: the file.
        found: rows that it has.
        same: how many of them are as they should be.
        doubled: there again.
        foreign: such as the configuration does not make.
        altered: not as they were made.
        parts: which parts it holds rows of, counted from 0 among those that were compared.
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
    """How many rows of a table there should be and are, and what is wrong with how many.

    Attributes:
        table: which one, or of a topic the partition.
        rows: how many there should be.
        found: how many there are.
        same: rows that are there, as they should be.
        missing: not there.
        truncated: behind where their file ends.
        doubled: there again.
        foreign: such as the configuration does not make.
        altered: not as they were made.
        out_of_order: not where they should be.
        unreadable: altered ones without a value that can be read, as of a line that is cut; they are in no column's number.
        columns: of altered rows, how many have another value in which column.
        absent: columns that should be there, and are not in all files; rows were compared without them.
        stopped: why counting ended early; the counts are then of the rows up to there.
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
        """What is wrong with any rows, and how many."""
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
        path: of the files, or the topic.
        fingerprint: that of the dataset they were compared with.
        seed: that of its configuration.
        tables: counts of each table, or of each partition.
        problems: what is wrong beside rows, such as files that are not there.
        notes: what is worth knowing, but not wrong.
        differences: the first rows of each kind that are not as they should be, in the order of the files.
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
        """Rows that were found."""
        return sum(table.found for table in self.tables)

    @property
    def wrong(self) -> str:
        """What is wrong, in a few words; nothing where all is well."""
        return "; ".join([*self._rows_and_stop(), *self.problems[:1]])

    @property
    def wrong_in_numbers(self) -> str:
        """The same for who has read the problems already."""
        problems = len(self.problems)
        return "; ".join([*self._rows_and_stop(), *([f"{problems:,} problem{'s' * (problems > 1)}"] if problems else [])])

    def _rows_and_stop(self) -> list[str]:
        counts: Counter[Kind] = Counter()
        for table in self.tables:
            counts.update(dict(table.counts()))
        told = [f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind]]
        stopped = next((table.stopped for table in self.tables if table.stopped), None)
        rows = [", ".join(told) + (" row" if counts.total() == 1 else " rows")] if told else []
        return [*rows, *([stopped] if stopped else [])]

    @property
    def first(self) -> Difference | None:
        """The first row that is not as it should be."""
        return next(iter(self.differences), None)

    def as_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {"ok": self.ok, **asdict(self)}
