"""Tables as files: one table to a file or a stream, or all three and a manifest to a directory, whole or in parts.

A file appears under its final name only when it is complete. Rows are written while others are being made.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fastgen.arguments import thread_count
from fastgen.config import Config
from fastgen.dataset import Dataset, dataset_of
from fastgen.errors import OutputExistsError
from fastgen.layouts import Coordinates
from fastgen.sinks import existing, manifest
from fastgen.sinks.encoder import Request
from fastgen.sinks.jobs import Format, WriteJob, write_job
from fastgen.sinks.names import MANIFEST, file_name
from fastgen.sinks.output import explained, folders_made, opened, refuse_existing, refuse_missing_folder
from fastgen.sinks.parts import complete_parts, write_parts
from fastgen.sinks.targets import Target
from fastgen.sinks.writing import FileReport, WriteOptions, write_table, write_together


@dataclass(frozen=True)
class WriteReport:
    """What `write` did.

    Attributes:
        files: those that were written, ordered by part, then by table.
        seconds: how long it took.
        skipped: the number of parts that were already complete and were left as they are.
    """

    files: tuple[FileReport, ...]
    seconds: float
    skipped: int = 0

    @property
    def rows(self) -> int:
        """Rows in all these files."""
        return sum(file.rows for file in self.files)

    @property
    def size(self) -> int:
        """Bytes of all these files."""
        return sum(file.size for file in self.files)

    def as_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        totals = {"rows": self.rows, "size": self.size, "seconds": round(self.seconds, 3), "skipped": self.skipped}
        return totals | {"files": [asdict(file) for file in self.files]}


def write(
    data: Dataset | Config | None,
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

    A file gets its name only when it is complete, so a call that fails leaves no partial file behind.

    Args:
        data: a dataset or its configuration; None for the default dataset. A part of a dataset can be written to a file, not to a
            directory.
        output: a file (.parquet, .csv, .ndjson, .arrow; .csv.gz and the like), "-" for the standard
            output (CSV by default), or a directory, which is created if necessary.
        format: parquet, csv, ndjson or ipc; for the files of a directory (default: parquet), or a file whose name does not say it.
        table: for a file or a stream, which table (default: transactions).
        columns: for a file or a stream, which columns (default: all); they are written in the table's order.
        compression: parquet: zstd (default), snappy, lz4, gzip, none; csv, ndjson: none, gzip, zstd; ipc: none, zstd, lz4.
        coordinates: in csv and ndjson, "text" (a place's own digits, six decimals for a withdrawal) or "number".
        parts: the number of parts to cut the tables into, each a separate file; complete parts in a directory are kept.
        part: write only this part, 1 to `parts`.
        threads: how many make rows, at least 1 (default: one per processor). The bytes do not depend on it.
        overwrite: replace existing files; in a directory, those with the names that are to be written and those that its
            manifest and records name. A single file that a manifest names is not replaced.
        progress: called with the number of rows written since the last call; with `parts`, by the threads that write them, one at
            a time. An exception that it raises ends the run.

    Raises:
        OptionError: an option is not allowed; raised before any row is made.
        OutputExistsError: the output exists.
        OutputError: the output cannot be written; unfinished files are removed.

    Example:
        >>> from fastgen import Config
        >>> write(Dataset(Config(rows=1_000)), "thousand/", format="csv").rows
        1038
    """
    threads = thread_count(threads)
    job = write_job(
        dataset_of(data),
        output,
        format=format,
        table=table,
        columns=columns,
        compression=compression,
        coordinates=coordinates,
        parts=parts,
        part=part,
    )
    return run_job(job, threads=threads, overwrite=overwrite, progress=progress)


def run_job(
    job: WriteJob, *, threads: int, overwrite: bool = False, progress: Callable[[int], object] | None = None
) -> WriteReport:
    """Write what was requested; see `write`."""
    began = time.perf_counter()
    target, requests, parts, numbers = job
    options = WriteOptions(target, threads, overwrite, progress or (lambda _: None))
    skipped = 0
    if not target.directory:
        existing.refuse_described(Path(target.path))  # first, as `overwrite` would not help
        with opened(target.path, overwrite) as out:
            files = [write_table(out, requests[0], options)]
    elif parts is not None:
        files, skipped = write_parts(requests, parts, numbers, options)
    else:
        files = _write_directory(requests, options)
    return WriteReport(tuple(files), time.perf_counter() - began, skipped)


def preview_job(job: WriteJob, *, overwrite: bool = False) -> int:
    """Return how many parts `run_job` would find complete and skip; nothing is written.

    Raises:
        OutputError: existing files are in its way, or there is no directory for the file.
    """
    target, requests, parts, numbers = job
    if not target.directory:
        refuse_missing_folder(target.path)
        existing.refuse_described(Path(target.path))
        refuse_existing(target.path, overwrite)
        return 0
    with explained(target.path):
        root = Path(target.path)  # drops a final slash: with it, `lexists` would not find a file
        if os.path.lexists(root) and not root.is_dir():
            raise FileExistsError
    if parts is not None:
        return len(complete_parts(requests, parts, numbers, target, overwrite))
    _replaced([file_name(request.table, target) for request in requests], target, overwrite)
    return 0


def _replaced(names: list[str], target: Target, overwrite: bool) -> list[str]:
    """The files to remove from a directory once tables with these names are complete; refuses if any must stay."""
    root = Path(target.path)
    with explained(target.path):
        present, described = existing.parts(root), existing.descriptions(root)
    own = [MANIFEST, *names]
    replaced = [name for name in existing.files(described) if name not in own]
    existing.refuse_unknown(root, present, set(replaced))
    if present and not overwrite:
        raise OutputExistsError(f"{target.path} holds other data", hint="`overwrite` replaces them")
    for name in own:
        refuse_existing(os.path.join(target.path, name), overwrite)
    return replaced


def _write_directory(requests: list[Request], options: WriteOptions) -> list[FileReport]:
    """Write all tables and the manifest, and remove the tables of the dataset that they replace."""
    root = options.target.path
    names = [file_name(request.table, options.target) for request in requests]
    replaced = _replaced(names, options.target, options.overwrite)

    def describe(files: list[FileReport]) -> bytes:
        tables = {file.table: manifest.entry(file, root) for file in files}
        return manifest.encoded(manifest.identity(requests[0], options.target) | {"tables": tables})

    with folders_made(root):
        files = write_together(requests, names, MANIFEST, describe, options, replaced)
    existing.remove_folders(Path(root))
    return files
