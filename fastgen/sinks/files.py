"""Tables as files: one table to a file or a stream, or all three and a manifest to a directory, whole or in parts.

A file appears under its final name only when it is complete. It is written while it is made.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastgen.config import Config
from fastgen.dataset import Dataset, dataset_of, thread_count
from fastgen.errors import OutputExistsError
from fastgen.sinks import earlier, manifest
from fastgen.sinks.encoder import Request
from fastgen.sinks.formats import Target, file_name
from fastgen.sinks.output import explained, folders_made, opened, refuse_existing
from fastgen.sinks.parts import complete_parts, write_parts
from fastgen.sinks.tables import FileReport, Work, write_table, write_together
from fastgen.sinks.wanted import Format, Wanted, wanted
from fastgen.text import Coordinates


@dataclass(frozen=True)
class WriteReport:
    """What `write` did.

    Attributes:
        files: those that were written: part by part, and of each part table by table.
        seconds: how long it took.
        skipped: how many parts were complete already, and were not made again.
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

    Every file gets its name when it is complete, so that a call that fails leaves no half file behind.

    Args:
        data: a dataset, or the configuration of one; the default dataset for None. A part of one can be written to a file, not to a
            directory.
        output: a file (.parquet, .csv, .ndjson, .arrow; .csv.gz and the like), "-" for the standard
            output (CSV unless `format` says otherwise), or a directory, which is made if need be.
        format: of a directory's files (parquet unless given), or of a file whose name does not say it: parquet, csv, ndjson, ipc.
        table: for a file or a stream, which one; transactions unless given.
        columns: for a file or a stream, which columns, in the table's order; all unless given.
        compression: parquet: zstd (default), snappy, lz4, gzip, none; csv, ndjson: none, gzip, zstd; ipc: none, zstd, lz4.
        coordinates: in csv and ndjson, "text" (a place's own digits, six decimals for a withdrawal) or "number".
        parts: cut the tables into so many parts, each a file of its own; a directory's parts that are complete stay.
        part: write this one only, 1 to `parts`.
        threads: how many make rows, at least 1; as many as there are processors unless given. The bytes do not depend on it.
        overwrite: replace files that are there; in a directory, those with the names that are to be written and those that its
            manifest and records name.
        progress: called with a number of rows whenever so many more have been written.

    Raises:
        OptionError: an option that is not allowed, before anything is made.
        OutputExistsError: the output is there.
        OutputError: it cannot be written; what was begun is removed.

    Example:
        >>> from fastgen import Config
        >>> write(Dataset(Config(rows=1_000)), "thousand/", format="csv").rows
        1038
    """
    threads = thread_count(threads)
    work = wanted(
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
    return carry_out(work, threads=threads, overwrite=overwrite, progress=progress)


def carry_out(
    work: Wanted, *, threads: int, overwrite: bool = False, progress: Callable[[int], object] | None = None
) -> WriteReport:
    """Write what is wanted; see `write`."""
    began = time.perf_counter()
    target, requests, parts, numbers = work
    how = Work(target, threads, overwrite, progress or (lambda _: None))
    skipped = 0
    if not target.directory:
        with opened(target.path, overwrite) as out:
            files = [write_table(out, requests[0], how)]
    elif parts is not None:
        files, skipped = write_parts(requests, parts, numbers, how)
    else:
        files = _write_directory(requests, how)
    return WriteReport(tuple(files), time.perf_counter() - began, skipped)


def foresee(work: Wanted, *, overwrite: bool = False) -> int:
    """How many parts `carry_out` would find complete, and not make again; nothing is written.

    Raises:
        OutputError: what is there by now is in its way.
    """
    target, requests, parts, numbers = work
    if not target.directory:
        refuse_existing(target.path, overwrite)
        return 0
    with explained(target.path):
        root = Path(target.path)  # without a slash at its end, behind which a file is not to be seen
        if os.path.lexists(root) and not root.is_dir():
            raise FileExistsError
    if parts is not None:
        return len(complete_parts(requests, parts, numbers, target, overwrite))
    _replaced([file_name(request.table, target) for request in requests], target, overwrite)
    return 0


def _replaced(names: list[str], target: Target, overwrite: bool) -> list[str]:
    """What a directory has that goes when tables of these names are complete; refuses what must stay."""
    root = Path(target.path)
    with explained(target.path):
        there, described = earlier.parts(root), earlier.descriptions(root)
    if there and not overwrite:
        raise OutputExistsError(f"{target.path} holds other data", hint="`overwrite` replaces them")
    own = [manifest.MANIFEST, *names]
    for name in own:
        refuse_existing(os.path.join(target.path, name), overwrite)
    replaced = [name for name in earlier.files(described) if name not in own]
    earlier.refuse_unknown(root, there, set(replaced))
    return replaced


def _write_directory(requests: list[Request], work: Work) -> list[FileReport]:
    """All tables and the manifest. Tables of the one that it replaces go."""
    root = work.target.path
    names = [file_name(request.table, work.target) for request in requests]
    replaced = _replaced(names, work.target, work.overwrite)

    def describe(files: list[FileReport]) -> bytes:
        tables = {file.table: manifest.entry(file, root) for file in files}
        return manifest.encoded(manifest.identity(requests[0], work.target) | {"tables": tables})

    with folders_made(root):
        files = write_together(requests, names, manifest.MANIFEST, describe, work, replaced)
    earlier.remove_folders(Path(root))
    return files
