"""Finding the tables in a directory or file, and what a manifest, records of parts or metadata say about them."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from fastgen.arguments import check_table
from fastgen.description import Description
from fastgen.errors import InputError
from fastgen.paths import local_path
from fastgen.reading.pieces import readable
from fastgen.schema import TABLES, TRANSACTIONS
from fastgen.sinks.formats import FORMATS, parse_name
from fastgen.sinks.manifest import joined, read
from fastgen.sinks.names import MANIFEST, PART_FILE, RECORDS
from fastgen.stored import READERS, Stored, printable


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
    with readable(root):
        if (root / MANIFEST).exists():
            return Description(_read_manifest(root / MANIFEST)), None
        beside = sorted((root / RECORDS).glob("*.json"))
    records = [_read_manifest(path) for path in beside if PART_FILE.fullmatch(path.name)]
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
    with readable(root):
        named = [path for path in root.iterdir() if path.name.partition(".")[0] == table]
    return sorted(
        file for path in named for file in (_tables_in(path) if path.is_dir() else [path] if parse_name(path.name).format else [])
    )


def _tables_in(folder: Path) -> list[Path]:
    """The files in a folder that may hold tables, without hidden ones, such as those of a run in progress."""
    with readable(folder):
        visible = [path for path in folder.iterdir() if not path.name.startswith((".", "_"))]
        return sorted(path for path in visible if parse_name(path.name).format and path.is_file())


def _table_of(files: Sequence[Path]) -> str:
    """The table in the files, by the columns of the first that has any; if none has, by the first one's name, or transactions."""
    path, names = next(((file, columns) for file in files if (columns := _columns_of(file))), (files[0], ()))
    if not names and parse_name(path.name).format == "ndjson":  # a complete file without rows
        return next((name for name in TABLES if path.name.startswith(name)), TRANSACTIONS.name)
    known = _known(names)
    likeliest = max(known, key=lambda name: (known[name], path.name.startswith(name), -len(TABLES[name].names)))
    if not known[likeliest]:
        raise InputError(f"{path}: holds no table of fastgen: its columns are {printable(sorted(names)) or 'none'}")
    return likeliest


def _known(columns: Sequence[str]) -> dict[str, int]:
    """How many of the columns each table has."""
    return {name: len(set(columns).intersection(table.names)) for name, table in TABLES.items()}


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
