"""Tables read back in flat memory, whoever wrote them: a directory with or without a manifest, or a single file."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fastgen.arguments import check_table, positive
from fastgen.config import Config
from fastgen.description import Description
from fastgen.errors import ConfigError, InputError, OptionError, did_you_mean
from fastgen.paths import local_path
from fastgen.reading.binary import IpcReader, ParquetReader
from fastgen.reading.pieces import REFUSALS, Damage, Reader, ReadRows, message_of, readable
from fastgen.reading.text import CsvReader, NdjsonReader
from fastgen.reading.typed import typed
from fastgen.schema import TABLES, TRANSACTIONS
from fastgen.sinks.formats import FORMATS, parse_name
from fastgen.sinks.manifest import joined, read
from fastgen.sinks.names import MANIFEST, PART_FILE, RECORDS

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
                f"{path}: has no column {missing[0]}: its columns are {_printable(reader.columns)}",
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


def open_stored(path: str | os.PathLike[str], table: str | None = None) -> Stored:
    """Find the tables in a directory or file, their format, and what a manifest says about them.

    Args:
        path: a directory with tables (`transactions.parquet`, or parts of any name in `transactions/`), a directory with files
            of a single table, or a file, whoever wrote it. table: this table only; for a file, the table that it holds.

    Raises:
        InputError: nothing is there, there is no table, or files cannot be read. OptionError: an unknown table, or not a path.
    """
    root = Path(local_path("path", path, "must be a directory or a file"))
    if table is not None:
        check_table(table)
    with readable(root):
        root.stat()
    if not root.is_dir():
        return _file(root, table)
    description, parts = _described(root)
    found = {name: files for name in TABLES if (files := _files_of(root, name))}
    requested = {name: files for name, files in found.items() if table in (None, name)}
    if not requested and not found:
        files = _tables_in(root)
        requested = {table or _table_of(files): files} if files else {}
    if not requested:
        names = [table] if table else list(TABLES)
        raise InputError(f"{root}: holds no {' and no '.join(names)} in a format that fastgen writes")
    format = _format_of(root, requested, description)
    kept = {
        name: own
        for name, files in requested.items()
        if (own := [file for file in files if parse_name(file.name).format == format])
    }
    not_requested = {name: files for name, files in found.items() if name not in requested}
    others = {*_tables_in(root), *chain(*requested.values())}.difference(*kept.values(), *not_requested.values())
    if not description:  # the files should be the whole dataset that the first of them says it is from
        origin = next(filter(None, (_origin(files[0], format) for files in kept.values())), None)
        description = Description(Description(origin).without("parts", "part"), "metadata")
    return Stored(root, description, format, kept, parts, sorted(others))


def described_by(path: Path) -> Stored:
    """Read a manifest, given as a file or by its directory, without the files that it describes.

    Raises:
        InputError: there is none.
    """
    with readable(path):
        path.stat()
    description, parts = _described(path) if path.is_dir() else (Description(_read_manifest(path)), None)
    if not description:
        raise InputError(f"{path}: has no {MANIFEST}")
    return Stored(path, description, "", {}, parts)


def _file(path: Path, table: str | None) -> Stored:
    format = parse_name(path.name).format
    if format is None:
        endings = ", ".join(rules.ending for rules in FORMATS.values())
        raise InputError(f"{path}: its name must end with one of {endings}, or .csv.gz and the like, to be read")
    if table is not None:
        _refuse_other(path, format, table)
    own = _origin(path, format)
    description = Description(own, "metadata") if own else Description(_origin_beside(path))
    part = description.get("part")
    return Stored(path, description, format, {table or _table_of([path]): [path]}, None if part is None else (part,))


def _refuse_other(path: Path, format: str, table: str) -> None:
    """Refuse a file whose columns are those of another table."""
    columns: tuple[str, ...] = ()
    with suppress(InputError):
        columns = READERS[format](path).columns
    known = _known(columns)
    likeliest = max(known, key=lambda name: known[name])
    if known[likeliest] > known[table]:
        raise InputError(f"{path}: holds {likeliest}, by its columns, and not {table}")


def _origin(path: Path, format: str) -> dict[str, Any] | None:
    """The origin in a file's metadata; None if the file cannot be read, which is reported when its rows are read."""
    with suppress(InputError):
        return READERS[format](path).origin
    return None


def _origin_beside(path: Path) -> dict[str, Any]:
    """What the manifest in a file's directory, or in the one above, says about the file; empty if none names it."""
    path = path.absolute()
    for root in (path.parent, path.parent.parent):
        manifest = Description(read(root / MANIFEST))
        for table in TABLES:
            names = [entry.get("file") for entry in manifest.entries(table)]
            if (name := path.relative_to(root).as_posix()) in names:
                about = manifest.without("tables")
                return about | {"part": names.index(name) + 1} if "parts" in about else about
    return {}


def _described(root: Path) -> tuple[Description, tuple[int, ...] | None]:
    """The manifest; while it is missing, the records of the parts that are complete, joined, and the numbers of these parts."""
    if (root / MANIFEST).exists():
        return Description(_read_manifest(root / MANIFEST)), None
    records = [_read_manifest(path) for path in sorted((root / RECORDS).glob("*.json")) if PART_FILE.fullmatch(path.name)]
    if not records:
        return Description(), None
    if any(
        not isinstance(record.get("part"), int) or record.get("fingerprint") != records[0].get("fingerprint") for record in records
    ):
        raise InputError(f"{root / RECORDS}: the records of its parts are not of one dataset")
    records.sort(key=lambda record: int(record["part"]))
    try:
        tables = {name: joined([record["tables"][name] for record in records]) for name in TABLES}
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{root / RECORDS}: the records of its parts do not describe all tables") from None
    return Description({**records[0], "tables": tables}), tuple(record["part"] for record in records)


def _read_manifest(path: Path) -> dict[str, Any]:
    with readable(path, "manifest"):
        content = json.loads(path.read_bytes())
    if not isinstance(content, dict) or not isinstance(content.get("tables"), dict):
        raise InputError(f"{path}: is no manifest of fastgen: it names no tables")
    return content


def _files_of(root: Path, table: str) -> list[Path]:
    """The files of a table, found by the names that fastgen gives to single files and folders of parts."""
    named = [path for path in root.glob(f"{table}*") if path.name.partition(".")[0] == table]
    return sorted(
        file for path in named for file in (_tables_in(path) if path.is_dir() else [path] if parse_name(path.name).format else [])
    )


def _tables_in(folder: Path) -> list[Path]:
    """The files in a folder that may hold tables, without hidden ones, such as those of a run in progress."""
    visible = (path for path in folder.iterdir() if not path.name.startswith((".", "_")))
    return sorted(path for path in visible if parse_name(path.name).format and path.is_file())


def _table_of(files: Sequence[Path]) -> str:
    """The table in the files, by the columns of the first that has any; if none has, by the first one's name, or transactions."""
    path, names = next(((file, columns) for file in files if (columns := _columns_of(file))), (files[0], ()))
    if not names and parse_name(path.name).format == "ndjson":  # a complete file without rows
        return next((name for name in TABLES if path.name.startswith(name)), TRANSACTIONS.name)
    known = _known(names)
    likeliest = max(known, key=lambda name: (known[name], path.name.startswith(name), -len(TABLES[name].names)))
    if not known[likeliest]:
        raise InputError(f"{path}: holds no table of fastgen: its columns are {_printable(sorted(names)) or 'none'}")
    return likeliest


def _known(columns: Sequence[str]) -> dict[str, int]:
    """How many of the columns each table has."""
    return {name: len(set(columns).intersection(table.names)) for name, table in TABLES.items()}


def _printable(names: Sequence[str]) -> str:
    """Column names as a printable line of limited length; they come from a file and may be anything."""
    line = "".join(each if each.isprintable() else "?" for each in ", ".join(names))
    return line if len(line) <= SHOWN else line[: SHOWN - 3] + "..."


def _columns_of(path: Path) -> tuple[str, ...]:
    """The columns of a file that may hold any table."""
    format = parse_name(path.name).format
    assert format is not None
    return READERS[format](path).columns


def _format_of(root: Path, tables: dict[str, list[Path]], description: Description) -> str:
    """The format of the files: the one that the manifest names, if any file has it, or the only one."""
    formats = sorted({str(parse_name(file.name).format) for files in tables.values() for file in files})
    format = description.get("format")
    if format in formats:
        return str(format)
    if len(formats) > 1:
        raise InputError(f"{root}: holds tables in several formats, {' and '.join(formats)}", hint="name one of the files")
    return formats[0]
