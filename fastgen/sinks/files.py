"""Tables as files: one table to a file or a stream, or all three and a manifest to a directory.

A file appears under its final name only when it is complete. It is written while it is made.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from fastgen import __version__
from fastgen.dataset import Dataset, positive
from fastgen.digest import Digest
from fastgen.errors import OptionError
from fastgen.pipeline import in_order
from fastgen.schema import DATA_VERSION, TABLES
from fastgen.sinks.encoder import Encoder, Request
from fastgen.sinks.output import STDOUT, Counter, Descriptor, explained, is_special, opened
from fastgen.text import Coordinates

Format = Literal["parquet", "csv", "ndjson", "ipc"]
MANIFEST: Final = "manifest.json"


class FormatRules(NamedTuple):
    """A format: the ending of its files, what else is read as it, its compressions (the default first), who encodes it."""

    ending: str
    other_endings: tuple[str, ...]
    compressions: tuple[str, ...]
    module: str
    classes: tuple[str, str]
    arguments: tuple[str, ...] = ()


_TEXT = ("none", "gzip", "zstd")
_TEXT_CLASSES = ("TransactionTextFile", "HolderTextFile")
FORMATS: Final[dict[str, FormatRules]] = {
    "parquet": FormatRules(
        ".parquet",
        (".pq",),
        ("zstd", "snappy", "lz4", "gzip", "none"),
        "parquet_file",
        ("TransactionParquetFile", "HolderParquetFile"),
    ),
    "csv": FormatRules(".csv", (), _TEXT, "text_file", _TEXT_CLASSES, ("csv",)),
    "ndjson": FormatRules(".ndjson", (".jsonl",), _TEXT, "text_file", _TEXT_CLASSES, ("ndjson",)),
    "ipc": FormatRules(
        ".arrow", (".ipc", ".feather"), ("none", "zstd", "lz4"), "ipc_file", ("TransactionIpcFile", "HolderIpcFile")
    ),
}
COMPRESSED_ENDINGS: Final = {"gzip": ".gz", "zstd": ".zst"}
"""Of text formats, whose compression is outside the format."""


@dataclass(frozen=True)
class FileReport:
    """A table that was written: where, its columns, rows, bytes, and the digest of its content ("" if not asked for)."""

    path: str
    table: str
    columns: tuple[str, ...]
    rows: int
    size: int
    digest: str


@dataclass(frozen=True)
class WriteReport:
    """What `write` did: the files, and the seconds that it took."""

    files: tuple[FileReport, ...]
    seconds: float

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(file.rows for file in self.files)

    @property
    def size(self) -> int:
        """Bytes of all tables."""
        return sum(file.size for file in self.files)


class Target(NamedTuple):
    """What is to be written where; `directory` is set where all three tables go."""

    path: str
    directory: bool
    format: str
    compression: str


class _Run(NamedTuple):
    """How a call of `write` goes about it."""

    target: Target
    threads: int
    overwrite: bool
    progress: Callable[[int], object]


def resolve(output: str | os.PathLike[str], format: str | None = None, compression: str | None = None) -> Target:
    """Decide between file, directory and stream, and settle format and compression.

    "-" is the standard output. A path that is a directory, ends with a separator or has no suffix is a
    directory. A file's suffix says its format, and .gz or .zst behind it the compression of a text format.

    Raises:
        OptionError: an unknown format, suffix or compression, or a suffix that contradicts the format.
    """
    path = os.fspath(output)
    if not path:
        raise OptionError("output", path, "must be a directory, a file or -")
    if format is not None and format not in FORMATS:
        raise OptionError("format", format, f"must be one of {', '.join(FORMATS)}")
    special = path == STDOUT or is_special(path)
    name = os.path.basename(path)
    is_directory = not special and (os.path.isdir(path) or path.endswith(os.sep) or not os.path.splitext(name.lstrip("."))[1])
    if not special and not is_directory:
        format, compression = _from_name(name, format, compression)
    if format is None:
        format = "csv" if path == STDOUT else "parquet"
    allowed = FORMATS[format].compressions
    compression = compression or allowed[0]
    if compression not in allowed:
        raise OptionError("compression", compression, f"must be one of {', '.join(allowed)} for {format}")
    return Target(path, is_directory, format, compression)


def _from_name(name: str, format: str | None, compression: str | None) -> tuple[str, str | None]:
    stem = name
    for kind, ending in COMPRESSED_ENDINGS.items():
        if name.endswith(ending):
            stem = name.removesuffix(ending)
            if compression not in (None, kind):
                raise OptionError("compression", compression, f"must be {kind} for a file that ends with {ending}")
            compression = kind
    suffix = os.path.splitext(stem)[1]
    named = next((key for key, rules in FORMATS.items() if suffix in (rules.ending, *rules.other_endings)), None)
    if format is None and named is None:
        endings = ", ".join(rules.ending for rules in FORMATS.values())
        raise OptionError("output", name, f"must end with one of {endings}", hint="or give the format")
    if format is not None and named not in (None, format):
        raise OptionError("format", format, f"must be {named} for a file that ends with {suffix}")
    if stem != name and (format or named) in ("parquet", "ipc"):
        raise OptionError(
            "output", name, f"must not end so: {format or named} compresses inside the file", hint="give the compression"
        )
    chosen = format or named
    assert chosen is not None
    return chosen, compression


def write(
    data: Dataset,
    output: str | os.PathLike[str],
    *,
    format: Format | None = None,
    table: str | None = None,
    columns: Sequence[str] | None = None,
    compression: str | None = None,
    coordinates: Coordinates = "text",
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
    requests = _requests(data, target, table, columns, coordinates, digests=target.directory)
    run = _Run(target, threads, overwrite, progress or (lambda _: None))
    if target.directory:
        files = _write_directory(requests, run)
    else:
        with opened(target.path, overwrite) as out:
            files = [_write_table(out, requests[0], run)]
    return WriteReport(tuple(files), time.perf_counter() - began)


def estimate(
    data: Dataset,
    output: str | os.PathLike[str],
    *,
    format: Format | None = None,
    table: str | None = None,
    columns: Sequence[str] | None = None,
    compression: str | None = None,
    coordinates: Coordinates = "text",
) -> dict[str, int]:
    """The bytes that `write` would write, by file, judged from a piece of each table; nothing is written.

    Example:
        >>> from fastgen import Config
        >>> list(estimate(Dataset(Config(rows=1_000)), "cards.csv", table="credit_cards"))
        ['cards.csv']
    """
    target = resolve(output, format, compression)
    sizes = {}
    for request in _requests(data, target, table, columns, coordinates, digests=False):
        encoder = make_encoder(request, target.format)
        out = Counter()
        encoder.begin(out)
        # The largest of a few pieces: small ones have more than their share of headers and dictionaries.
        few = [encoder.items[len(encoder.items) * part // 8] for part in range(1, 8)]
        pieces = [piece for piece in map(encoder.encode, few) if piece.rows] or map(encoder.encode, encoder.items)
        piece = max(pieces, key=lambda piece: piece.rows)
        # Twice: with the first one may come what is written once, such as dictionaries.
        encoder.append(out, piece.content)
        first = out.size
        encoder.append(out, piece.content)
        path = os.path.join(target.path, file_name(request.table, target)) if target.directory else target.path
        sizes[path] = first + (out.size - first) * (data.count(request.table) - piece.rows) // piece.rows
    return sizes


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


def available_threads() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make_encoder(request: Request, format: str) -> Encoder:
    """The encoder of a table in a format; only the libraries of that format are loaded."""
    rules = FORMATS[format]
    of_transactions, of_cards = (getattr(import_module(f"fastgen.sinks.{rules.module}"), name) for name in rules.classes)
    encoder: Encoder = (of_transactions if request.table == "transactions" else of_cards)(request, *rules.arguments)
    return encoder


def file_name(table: str, target: Target) -> str:
    """The name of a table's file in a directory."""
    ending = FORMATS[target.format].ending
    return (
        table
        + ending
        + (COMPRESSED_ENDINGS[target.compression] if ending in (".csv", ".ndjson") and target.compression != "none" else "")
    )


def _write_table(out: Descriptor, request: Request, run: _Run) -> FileReport:
    """One table to an open output, made by threads."""
    with explained(out.name):
        encoder = make_encoder(request, run.target.format)
        digest = Digest()
        encoder.begin(out)
        for piece in in_order(encoder.encode, encoder.items, run.threads):
            encoder.append(out, piece.content)
            digest.add(piece.rows, piece.digest)
            run.progress(piece.rows)
        encoder.end(out)
    return FileReport(out.name, request.table, request.names, digest.rows, out.size, digest.text if request.digests else "")


def _write_directory(requests: list[Request], run: _Run) -> list[FileReport]:
    """All tables and the manifest; they get their names together, the manifest last. Tables of the one that it replaces go."""
    root = run.target.path
    with explained(root):
        os.makedirs(root, exist_ok=True)
    names = [MANIFEST, *(file_name(request.table, run.target) for request in reversed(requests))]
    replaced = _tables_in(root) - set(names)
    with ExitStack() as stack:
        described, *outs = [stack.enter_context(opened(os.path.join(root, name), run.overwrite)) for name in names]
        files = [_write_table(out, request, run) for out, request in zip(reversed(outs), requests, strict=True)]
        text = json.dumps(manifest_content(requests[0], run.target, files), indent=2)
        with explained(described.name):
            described.write(text.encode() + b"\n")
    for name in replaced:
        with explained(root), suppress(FileNotFoundError):
            os.unlink(os.path.join(root, name))
    return files


def _tables_in(root: str) -> set[str]:
    """The files of tables that a directory's manifest names; none where there is no manifest of ours."""
    try:
        tables = json.loads(Path(root, MANIFEST).read_bytes())["tables"]
        return {Path(tables[name]["file"]).name for name in TABLES if Path(tables[name]["file"]).name.startswith(f"{name}.")}
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return set()


def manifest_content(request: Request, target: Target, files: list[FileReport]) -> dict[str, Any]:
    """What manifest.json says: everything needed to make the same data again, and to recognize them."""
    data, plan = request.data, request.data.plan
    return {
        "fastgen": __version__,
        "data_version": DATA_VERSION,
        "fingerprint": data.fingerprint,
        "seed": data.config.seed,
        "config": data.config.model_dump(mode="json", exclude_none=True),
        "vocabularies": {"faker": plan.pools.faker, "digest": plan.pools.digest},
        "format": target.format,
        "compression": target.compression,
        "coordinates": request.coordinates,
        "counts": plan.counts,
        "tables": {
            file.table: {
                "file": Path(file.path).name,
                "columns": list(file.columns),
                "rows": file.rows,
                "bytes": file.size,
                "digest": file.digest,
            }
            for file in files
        },
    }
