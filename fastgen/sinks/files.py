"""Tables as files: one table to a file or a stream, or all three and a manifest to a directory, whole or in parts.

A file appears under its final name only when it is complete. It is written while it is made.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fastgen.dataset import Dataset, positive
from fastgen.errors import OptionError, OutputExistsError
from fastgen.pipeline import available_threads
from fastgen.schema import TABLES
from fastgen.sinks import earlier, manifest
from fastgen.sinks.encoder import Request
from fastgen.sinks.formats import Target, file_name, make_encoder, resolve
from fastgen.sinks.output import Counter, explained, opened
from fastgen.sinks.parts import part_name, write_parts
from fastgen.sinks.tables import FileReport, Work, write_table, write_together
from fastgen.text import Coordinates

Format = Literal["parquet", "csv", "ndjson", "ipc"]


@dataclass(frozen=True)
class WriteReport:
    """What `write` did: the files, the seconds that it took, and parts that were there already."""

    files: tuple[FileReport, ...]
    seconds: float
    skipped: int = 0

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(file.rows for file in self.files)

    @property
    def size(self) -> int:
        """Bytes of all tables."""
        return sum(file.size for file in self.files)


def write(
    data: Dataset,
    output: str | os.PathLike[str],
    *,
    format: Format | None = None,
    table: str | None = None,
    columns: Sequence[str] | None = None,
    compression: str | None = None,
    coordinates: Coordinates = "text",
    parts: int | None = None,
    part: int | None = None,
    threads: int | None = None,
    overwrite: bool = False,
    progress: Callable[[int], object] | None = None,
) -> WriteReport:
    """Write one table to a file, or all three and a manifest to a directory, in flat memory.

    Args:
        output: a file (.parquet, .csv, .ndjson, .arrow; .csv.gz and the like), "-" for the standard
            output (CSV unless `format` says otherwise), or a directory, which is made if need be.
        format: of a directory's files (parquet unless given), or of a file whose name does not say it.
        table: for a file or a stream, which one; transactions unless given.
        columns: for a file or a stream, which columns, in the table's order; all unless given.
        compression: parquet: zstd (default), snappy, lz4, gzip, none; csv, ndjson: none, gzip, zstd; ipc: none, zstd, lz4.
        coordinates: in csv and ndjson, "text" (a place's own digits, six decimals for a withdrawal) or "number".
        parts: cut the tables into so many parts, each a file of its own; a directory's parts that are complete stay.
        part: write this one only, counted from 1.
        threads: how many make rows; as many as there are processors unless given. The bytes do not depend on it.
        overwrite: replace files that are there.
        progress: called with a number of rows whenever so many more have been written.

    Raises:
        OptionError: an option that is not allowed, before anything is made.
        OutputExistsError: the output is there.
        OutputError: it cannot be written; what was begun is removed.

    Example:
        >>> write(Dataset(Config(rows=1_000)), "out/", format="csv").rows  # doctest: +SKIP
        1038
    """
    began = time.perf_counter()
    target = resolve(output, format, compression)
    threads = available_threads() if threads is None else positive("threads", threads)
    numbers = _parts(data, target, parts, part)
    if parts is not None and not target.directory:
        data = data.part(numbers[0], parts)
    requests = _requests(data, target, table, columns, coordinates, digests=target.directory)
    work = Work(target, threads, overwrite, progress or (lambda _: None))
    skipped = 0
    if not target.directory:
        with opened(target.path, overwrite) as out:
            files = [write_table(out, requests[0], work)]
    elif parts is not None:
        files, skipped = write_parts(requests, parts, numbers, work)
    else:
        files = _write_directory(requests, work)
    return WriteReport(tuple(files), time.perf_counter() - began, skipped)


def _parts(data: Dataset, target: Target, parts: int | None, part: int | None) -> range:
    """The parts that are wanted, checked."""
    if parts is None:
        if part is not None:
            raise OptionError("part", part, "must come with `parts`")
        if data.is_part and target.directory:
            raise OptionError("output", target.path, "must be a file for a part of a dataset", hint="or give `parts` and `part`")
        return range(0)
    if part is None and not target.directory:
        raise OptionError("parts", parts, "must not be given without `part` for a file", hint="or name a directory")
    data.part(1 if part is None else part, parts)  # which refuses parts that there are not
    return range(1, parts + 1) if part is None else range(part, part + 1)


def estimate(
    data: Dataset,
    output: str | os.PathLike[str],
    *,
    format: Format | None = None,
    table: str | None = None,
    columns: Sequence[str] | None = None,
    compression: str | None = None,
    coordinates: Coordinates = "text",
    parts: int | None = None,
    part: int | None = None,
) -> dict[str, int]:
    """The bytes that `write` would write, by file, judged from a few pieces of each table; nothing is written.

    All parts of a table count as one file, whose name has a star for their numbers.

    Example:
        >>> from fastgen import Config
        >>> list(estimate(Dataset(Config(rows=1_000)), "cards.csv", table="credit_cards"))
        ['cards.csv']
    """
    target = resolve(output, format, compression)
    _parts(data, target, parts, part)
    data = data if part is None or parts is None else data.part(part, parts)
    sizes = {}
    for request in _requests(data, target, table, columns, coordinates, digests=False):
        encoder = make_encoder(request, target.format)
        out = Counter()
        encoder.begin(out)
        few = [encoder.items[len(encoder.items) * part // 8] for part in range(1, 8)]
        pieces = [piece for item in few for piece in encoder.encode(item) if piece.rows] or [
            piece for item in encoder.items for piece in encoder.encode(item)
        ]
        largest = max(pieces, key=lambda piece: piece.rows)
        # Once more than counts: with the first piece may come what is written once, such as dictionaries.
        encoder.append(out, largest.content)
        first = out.size
        for piece in pieces:
            encoder.append(out, piece.content)
        growth = (out.size - first) / sum(piece.rows for piece in pieces)
        path = os.path.join(target.path, _name(request.table, target, parts, part)) if target.directory else target.path
        rows = data.expected_rows(request.table)
        sizes[path] = first + round(growth * (rows - largest.rows))
    return sizes


def _name(table: str, target: Target, parts: int | None, part: int | None) -> str:
    """The file of a table in a directory, or those of its parts."""
    if parts is None:
        return file_name(table, target)
    stem = part_name(part, parts) if part else f"part-*-of-{parts:05}"
    return os.path.join(table, stem + file_name("", target))


def rows_to_write(
    data: Dataset,
    output: str | os.PathLike[str],
    *,
    format: Format | None = None,
    table: str | None = None,
    columns: Sequence[str] | None = None,
    compression: str | None = None,
    coordinates: Coordinates = "text",
) -> int:
    """The rows that `write` would write, of all tables; of a part, about how many. Options are checked before anything is counted.

    Example:
        >>> from fastgen import Config
        >>> rows_to_write(Dataset(Config(rows=1_000)), "out/")
        1038
    """
    requests = _requests(data, resolve(output, format, compression), table, columns, coordinates, digests=False)
    return sum(data.expected_rows(request.table) for request in requests)


def _requests(
    data: Dataset, target: Target, table: str | None, columns: Sequence[str] | None, coordinates: Coordinates, digests: bool
) -> list[Request]:
    """What is to be encoded for a target, checked."""
    if coordinates not in ("text", "number"):
        raise OptionError("coordinates", coordinates, "must be text or number")
    if target.directory and (table is not None or columns is not None):
        field, value = ("table", table) if table is not None else ("columns", ",".join(columns or ()))
        raise OptionError(field, value, "must not be given for a directory, which gets all tables whole", hint="name a file")
    names = list(TABLES) if target.directory else [table or "transactions"]
    return [Request(data, name, data.columns(name, columns), target.compression, coordinates, digests) for name in names]


def _write_directory(requests: list[Request], work: Work) -> list[FileReport]:
    """All tables and the manifest. Tables of the one that it replaces go."""
    root = work.target.path
    with explained(root):
        os.makedirs(root, exist_ok=True)
    names = [file_name(request.table, work.target) for request in requests]
    described = earlier.descriptions(Path(root))
    if earlier.parts(Path(root)) and not work.overwrite:
        raise OutputExistsError(f"{root} holds other data", hint="--overwrite replaces them")
    replaced = earlier.files(described).difference(names, [manifest.MANIFEST])
    earlier.refuse_unknown(Path(root), replaced)

    def describe(files: list[FileReport]) -> bytes:
        tables = {file.table: manifest.entry(file, root) for file in files}
        return manifest.encoded(manifest.identity(requests[0], work.target) | {"tables": tables})

    files = write_together(requests, names, manifest.MANIFEST, describe, work)
    earlier.remove(Path(root), replaced)
    earlier.remove_folders(Path(root))
    return files
