"""`verify`: files compared with what their configuration makes."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from fastgen.arguments import thread_count
from fastgen.config import Config
from fastgen.dataset import Dataset, dataset_of
from fastgen.errors import NOT_GIVEN, OptionError
from fastgen.finding import open_stored
from fastgen.schema import TABLES
from fastgen.stored import Stored
from fastgen.verifying import manifests
from fastgen.verifying.expected import Expected
from fastgen.verifying.fitting import fitting
from fastgen.verifying.report import FileCounts, VerifyReport
from fastgen.verifying.table_check import Checked, TableCheck
from fastgen.verifying.texts import written_as


def verify(
    path: str | os.PathLike[str],
    data: Dataset | Config | None = None,
    *,
    table: str | None = None,
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> VerifyReport:
    """Compare files with what their configuration makes: row by row, in flat memory.

    The rows are regenerated; nothing that a file's name, its metadata or the manifest says of its content is taken on trust.

    Args:
        path: a directory, with or without a manifest, or a file, of any format that fastgen writes.
        data: what the files should hold; default: what the manifest or the files' metadata describe. A part of a dataset is what
            one file holds.
        table: compare this table only; for a file, the table that it holds (default: determined by its columns).
        threads: how many make rows, at least 1; default: one per processor.
        progress: called with the number of rows compared since the last call.

    Returns:
        The report, whose `ok` says whether everything is as expected; differences raise nothing.

    Raises:
        InputError: there is nothing to compare, or the rows cannot be regenerated here.
        OptionError: nothing says what the files should hold, or `table` or `threads` is not allowed.

    Example:
        >>> from fastgen import write
        >>> _ = write(Dataset(Config(rows=1_000)), "compared/")
        >>> verify("compared/").ok
        True
    """
    began = time.perf_counter()
    comparison = _comparison(path, data, table)
    workers = thread_count(threads)
    check = _Check(comparison, workers, progress or (lambda _: None))
    checked = check.run()
    return VerifyReport(
        path=str(path),
        fingerprint=comparison.data.fingerprint,
        seed=comparison.data.config.seed,
        tables=tuple(each.counts for each in checked),
        problems=(*comparison.problems, *(problem for each in checked for problem in each.problems)),
        notes=tuple(check.notes),
        differences=tuple(difference for each in checked for difference in each.differences),
        seconds=time.perf_counter() - began,
    )


def rows_to_compare(path: str | os.PathLike[str], data: Dataset | Config | None = None, *, table: str | None = None) -> int:
    """Estimate how many rows `verify` makes to compare files with; raises what `verify` does."""
    comparison = _comparison(path, data, table)
    return sum(map(comparison.rows, comparison.tables))


class _Comparison(NamedTuple):
    """What to compare with what.

    data: the whole that the files should hold, or a part. parts: those to compare with. is_listed: whether there is a manifest
    that should be true of each file. tables: those to compare. problems: what is already known to be wrong.
    """

    stored: Stored
    data: Dataset
    parts: list[Dataset]
    is_listed: bool
    tables: list[str]
    problems: list[str]

    def rows(self, table: str) -> int:
        """How many rows a table should have, for parts approximately."""
        return sum(part.expected_rows(table) for part in self.parts)


def _comparison(path: str | os.PathLike[str], data: Dataset | Config | None, table: str | None) -> _Comparison:
    stored = open_stored(path, table)
    other = None
    if data is not None:
        dataset = dataset_of(data)
        other = stored.other_config(dataset.config)
    elif stored.description:
        dataset = manifests.data_of(stored)
    else:
        raise OptionError(
            "data",
            NOT_GIVEN,
            f"must be given: no manifest says what {stored.path} holds",
            hint="the configuration of its data, such as `rows` and `seed`; `scale` 1 is the default",
        )
    if dataset.is_part and stored.description.lists_files and stored.parts is None:
        raise OptionError("part", dataset.share.number, f"must not be given: {stored.path} has the manifest of a whole dataset")
    # Given data take precedence over what is said of parts: if they are a whole dataset, all of it should be there.
    by_parts = not dataset.is_part and (data is None or stored.parts is None)
    parts = manifests.parts_of(stored, dataset) if by_parts else [dataset]
    if by_parts and stored.description.lists_files and stored.parts is not None:
        stored = stored.only_listed()
    # Tables that are there count even if a manifest leaves them out, and those that it names should be there.
    present = [name for name in TABLES if name in stored.tables or stored.description.table(name)]
    tables = [name for name in present if table in (None, name)]
    problems = [other] if other else list(manifests.disagreements(stored, dataset)) if stored.description else []
    if stored.is_dataset and not stored.description.lists_files and table is None:
        problems += [f"{name} is not there" for name in TABLES if name not in present]
    return _Comparison(stored, dataset, parts, by_parts and stored.description.lists_files and not other, tables, problems)


class _Check:
    """Compares all tables of one run."""

    def __init__(self, comparison: _Comparison, threads: int, progress: Callable[[int], object]) -> None:
        self._comparison, self._stored, self._threads, self._progress = comparison, comparison.stored, threads, progress
        note = self._stored.unread_files_note()
        self.notes = [note] if note else []
        if self._stored.parts and self._comparison.parts != [self._comparison.data]:
            self.notes.append(self._parts_note(self._stored.parts, self._stored.description.get("parts")))

    def _parts_note(self, present: Sequence[int], of: object) -> str:
        """A note about parts that are described one by one."""
        if len(present) == of:
            return "all parts have their records, but there is no manifest: repeat the run that wrote them to write it"
        return f"only {self._named(range(len(present)))} of {of} {'is' if len(present) == 1 else 'are'} described, and compared"

    def run(self) -> list[Checked]:
        """Compare the tables."""
        return [self._table(name) for name in self._comparison.tables]

    def _table(self, table: str) -> Checked:
        fit = fitting(self._stored, table, manifests.columns_of(self._stored, table), self._name)
        expected = Expected(self._comparison.parts, table, fit.shared, written_as(self._stored, table), self._threads)
        checked = TableCheck(self._stored, expected, self._comparison.rows(table), self._name).run(self._progress)
        checked.counts.absent = fit.absent
        checked.problems[:0] = fit.problems
        if self._comparison.is_listed:
            if checked.digests:
                checked.problems += manifests.wrong_entries(self._stored, table, checked.digests, whole=not fit.absent)
            checked.problems += self._absent(table, checked)
        self.notes += self._unlike(table, checked)
        if fit.unknown:
            unknown = ", ".join(name or repr(name) for name in fit.unknown)
            self.notes.append(f"{table}: columns that no configuration makes were not compared: {unknown}")
        return checked

    def _name(self, path: Path) -> str:
        return path.relative_to(self._stored.path).as_posix() if path != self._stored.path else path.name

    def _number(self, part: int) -> int:
        """The number of a part, by its position among those compared."""
        return self._stored.parts[part] if self._stored.parts else part + 1

    def _absent(self, table: str, checked: Checked) -> Iterator[str]:
        """Yield the files that the manifest names and that are not there; if their rows are elsewhere, note where instead."""
        absent = self._stored.absent(table)
        for part, entry in enumerate(self._stored.description.entries(table)):
            name = str(entry.get("file"))
            if name not in absent:
                continue
            others = [file.where for file in checked.counts.files if part in file.parts and file.same]
            if others:
                self.notes.append(f"{name} is not there; rows of it are in {' and '.join(others)}")
            else:
                yield f"{name} is not there"

    def _unlike(self, table: str, checked: Checked) -> Iterator[str]:
        """Yield notes on files that hold something else than their names, or the manifest, say."""
        entries = self._stored.description.entries(table)
        part_of = {str(entry.get("file")): part for part, entry in enumerate(entries)}
        for file in checked.counts.files:
            if file.found and file.foreign == file.found:
                yield f"{file.where} holds no row of these data"
            elif self._comparison.is_listed and file.where not in part_of:
                yield f"{file.where} is not named in the manifest: it holds {self._held(file)}"
            elif self._comparison.is_listed and file.parts and len(entries) > 1 and part_of.get(file.where) not in file.parts:
                yield f"{file.where} holds rows of {self._named(file.parts)}, not of {self._named([part_of[file.where]])}"

    def _held(self, file: FileCounts) -> str:
        """What a file that the manifest does not name holds."""
        if not file.found:
            return "no rows"
        if not file.parts:
            return f"{file.found:,} rows, none of them as it should be"
        of = f" of {self._named(file.parts)}" if len(self._comparison.parts) > 1 else ""
        return f"{file.found:,} rows{of}{', all of them rows that are there already' if file.doubled == file.found else ''}"

    def _named(self, parts: Sequence[int]) -> str:
        """Parts by their numbers."""
        return f"part{'s' * (len(parts) > 1)} {' and '.join(str(self._number(part)) for part in parts)}"
