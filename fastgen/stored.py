"""Tables read back from files in flat memory, whoever wrote them."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastgen.arguments import positive
from fastgen.config import Config
from fastgen.description import Description, differences
from fastgen.errors import ConfigError, InputError, OptionError, did_you_mean
from fastgen.reading.binary import IpcReader, ParquetReader
from fastgen.reading.pieces import REFUSALS, Damage, Reader, ReadRows, message_of
from fastgen.reading.text import CsvReader, NdjsonReader
from fastgen.reading.typed import typed
from fastgen.schema import TABLES

if TYPE_CHECKING:
    import polars as pl

READERS: Final[dict[str, Callable[[Path], Reader]]] = {
    "parquet": ParquetReader,
    "csv": CsvReader,
    "ndjson": NdjsonReader,
    "ipc": IpcReader,
}
BATCH_ROWS: Final = 131_072
NAMED: Final = 3
"""The most files that a note names."""
SHOWN: Final = 300
"""The most characters of the columns that an error lists."""


class Stored:
    """Tables as files.

    Args:
        path: the directory or file. description: its manifest, or the metadata of a file. format: of all files.
        tables: the files of each table, by name; tables without files are left out. parts: the numbers of the described
            parts, if they are not the whole. others: further files that may hold tables.

    Example:
        >>> import tempfile
        >>> from fastgen import Dataset, write
        >>> from fastgen.finding import open_stored
        >>> _ = write(Dataset(Config(rows=1_000)), folder := tempfile.mkdtemp(), format="csv")
        >>> stored = open_stored(folder)
        >>> stored.columns("credit_cards"), sum(frame.height for frame in stored.batches("transactions", ["amount"]))
        (('cc_num', 'provider', 'expires'), 1000)
    """

    def __init__(
        self,
        path: Path,
        description: Description,
        format: str,
        tables: dict[str, list[Path]],
        parts: tuple[int, ...] | None = None,
        others: Sequence[Path] = (),
    ) -> None:
        self.path, self.description, self.format, self.tables, self.parts = path, description, format, tables, parts
        self._others = others
        self._readers: dict[Path, Reader] = {}

    @property
    def is_dataset(self) -> bool:
        """Whether it is a directory in which tables have their names, and not one of a single table's files."""
        named = ((table, path.relative_to(self.path).parts[0]) for table, files in self.tables.items() for path in files)
        return self.path.is_dir() and any(name.partition(".")[0] == table for table, name in named)

    def config(self) -> Config | None:
        """The configuration of the data in the manifest or the file's metadata; None if there is neither.

        Raises:
            InputError: they contain no valid configuration.
        """
        if not self.description:
            return None
        settings = self.description.get("config")
        try:
            if not isinstance(settings, dict):
                raise ConfigError("config", settings, "must be all settings")
            return Config(**settings)
        except (ConfigError, TypeError) as error:
            raise InputError(f"{self.path}: the configuration in its {self.description.source} is not valid: {error}") from None

    def other_config(self, config: Config) -> str | None:
        """The settings in which the data's configuration differs from a given one, in words; None if it does not.

        Raises:
            InputError: as for `config`.
        """
        recorded = self.config()
        if recorded is None or recorded.settings_digest == config.settings_digest:
            return None
        theirs, own = (each.model_dump(mode="json", exclude_none=True) for each in (recorded, config))
        shown = differences(theirs, own)
        return f"the {self.description.source} describes other data than the options: {'; '.join(shown)}"

    def only_listed(self) -> "Stored":
        """A copy without the files that are not described, such as those of parts that have no record yet."""
        listed = {str(entry.get("file")) for table in self.tables for entry in self.description.entries(table)}
        tables: dict[str, list[Path]] = {}
        others = list(self._others)
        for table, files in self.tables.items():
            for file in files:
                is_listed = file.relative_to(self.path).as_posix() in listed
                (tables.setdefault(table, []) if is_listed else others).append(file)
        return Stored(self.path, self.description, self.format, tables, self.parts, others)

    def absent(self, table: str) -> list[str]:
        """The files of a table that the manifest names and that are not there."""
        names = [str(entry.get("file")) for entry in self.description.entries(table)]
        return [name for name in names if not os.path.exists(self.path / name)]  # False for what cannot be a path

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table that its files have, in the table's order.

        Raises:
            InputError: a file cannot be read. OptionError: the table is not there.
        """
        present = next((columns for path in self._files(table) if (columns := self.reader(path).columns)), TABLES[table].names)
        return tuple(name for name in TABLES[table].names if name in present)

    def batches(self, table: str, columns: Sequence[str] | None = None, rows: int = BATCH_ROWS) -> Iterator["pl.DataFrame"]:
        """Yield the rows of a table, file by file, in flat memory, with the same types for all formats.

        Texts are String, `datetime` Datetime("us"), `birthdate` Date, `amount`, `latitude` and `longitude` Float64, however they
        are written, and `fraud_label` Int8. A value that does not fit its column is null; so are all values of a line that is
        not a row.

        Args:
            columns: which ones, in this order (default: all that the files have). rows: the most rows of a frame.

        Raises:
            InputError: a file cannot be read, or lacks a column. OptionError: the table is not there.
        """
        names = self.columns(table) if columns is None else tuple(columns)
        for path in self._files(table):
            for piece in self.pieces(table, path, names, positive("rows", rows)):
                if isinstance(piece, Damage):
                    where = (
                        f"rows from {piece.first + 1:,} on" if piece.rows is None else f"row {piece.first + 1:,} and those after it"
                    )
                    raise InputError(f"{path}: {where} cannot be read: {piece.reason}")
                yield piece.frame

    def pieces(self, table: str, path: Path, columns: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[ReadRows | Damage]:
        """The rows of one file, typed as by `batches`. Unreadable rows come as `Damage`; the rest follows where possible."""
        for piece in self._reading(table, path, columns).pieces(columns, rows):
            yield piece if isinstance(piece, Damage) else ReadRows(piece.first, _typed(table, path, piece.frame))

    def head(self, table: str, path: Path, columns: Sequence[str]) -> "pl.DataFrame":
        """Some of the first rows of one file, typed as by `batches`; none if they cannot be read."""
        return _typed(table, path, self._reading(table, path, columns).head(columns))

    def unread_files_note(self) -> str | None:
        """A note about files that may hold tables but are not read; None if there are none."""
        if not self._others:
            return None
        names = [path.relative_to(self.path).as_posix() for path in self._others]
        listed = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
        verbs, plural = (("is", "was"), "") if len(names) == 1 else (("are", "were"), "s")
        if self.parts is not None:
            why = "not named in the record of a part"
        else:
            why = "not named in the manifest" if self.description.lists_files else f"not named like a table's file{plural}"
        return f"{listed} {verbs[0]} {why}, and {verbs[1]} not looked at"

    def _reading(self, table: str, path: Path, columns: Sequence[str]) -> Reader:
        """The reader of a file; refuses a file without these columns."""
        reader = self.reader(path)
        missing = [name for name in columns if name not in reader.columns] if reader.columns else []
        if missing:
            raise InputError(
                f"{path}: has no column {missing[0]}: its columns are {printable(reader.columns)}",
                hint=did_you_mean(missing[0], [name for name in reader.columns if name not in TABLES[table].names]),
            )
        return reader

    def reader(self, path: Path) -> Reader:
        """The reader of a file."""
        if path not in self._readers:
            self._readers[path] = READERS[self.format](path)
        return self._readers[path]

    def _files(self, table: str) -> list[Path]:
        if table not in self.tables:
            allowed = f"must be one of {', '.join(self.tables)}, the tables in {self.path}"
            raise OptionError("table", table, allowed, hint=did_you_mean(table, self.tables))
        return self.tables[table]


def _typed(table: str, path: Path, frame: "pl.DataFrame") -> "pl.DataFrame":
    try:
        return typed(table, frame)
    except REFUSALS as error:
        raise InputError(f"{path}: a column is of another type: {message_of(error)}") from None


def printable(names: Sequence[str]) -> str:
    """Column names as a printable line of limited length; they come from a file and may be anything."""
    line = "".join(each if each.isprintable() else "?" for each in ", ".join(names))
    return line if len(line) <= SHOWN else line[: SHOWN - 3] + "..."
