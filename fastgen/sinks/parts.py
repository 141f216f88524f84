"""A directory in parts: any of them, on any machine, in any order; those that are complete are not made again.

transactions/part-00001-of-00008.parquet, ...; credit_cards/..., profiles/...
parts/part-00001-of-00008.json   what part 1 holds, written when its tables are complete
manifest.json                    the whole, written when the last part is complete
"""

import os
import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from fastgen.errors import InterruptedRunError, OutputExistsError
from fastgen.schema import TABLES
from fastgen.sinks import manifest
from fastgen.sinks.encoder import Request
from fastgen.sinks.formats import Target, file_name
from fastgen.sinks.output import explained, opened
from fastgen.sinks.tables import FileReport, Work, write_together

RECORDS: Final = "parts"
OWN_NAME: Final = re.compile(r"part-\d+-of-\d+\.\w+(\.\w+)?")


def part_name(number: int, of: int) -> str:
    """What a part's files are called, but for their ending.

    Example:
        >>> part_name(7, 1_000)
        'part-00007-of-01000'
    """
    return f"part-{number:05}-of-{of:05}"


def write_parts(whole: list[Request], of: int, numbers: Iterable[int], work: Work) -> tuple[list[FileReport], int]:
    """Write parts of all tables side by side, each complete or absent.

    Args:
        whole: what is to be encoded, of the whole dataset. of: how many parts there are. numbers: those to be written.

    Returns:
        What was written, and how many of the parts were there and are as they should be.

    Raises:
        OutputExistsError: the directory holds something else, and it is not to be overwritten.
    """
    directory = _Directory(whole, of, work.target)
    directory.prepare(work.overwrite)
    there = set() if work.overwrite else {number for number in numbers if directory.is_complete(number)}
    wanted = [number for number in numbers if number not in there]
    workers = max(1, min(work.threads, len(wanted)))
    progress = _Shared(work.progress)
    each = work._replace(threads=work.threads // workers, overwrite=True, progress=progress)
    files: list[FileReport] = []
    with ThreadPoolExecutor(workers, "fastgen-part") as pool:
        jobs = [pool.submit(directory.write, number, each) for number in wanted]
        try:
            for job in jobs:
                files += job.result()
        except BaseException:
            progress.stop()
            pool.shutdown(cancel_futures=True)
            raise
    directory.finish()
    return files, len(there)


def files_of_parts(root: Path) -> list[str]:
    """The records and files of parts that a directory holds, relative to it."""
    folders = [name for name in (RECORDS, *TABLES) if (root / name).is_dir()]
    return [f"{folder}/{name}" for folder in folders for name in os.listdir(root / folder) if OWN_NAME.fullmatch(name)]


class _Shared:
    """Progress of several threads, which stops them when the run is to end."""

    def __init__(self, progress: Callable[[int], object]) -> None:
        self._progress, self._lock, self._stopped = progress, threading.Lock(), False

    def __call__(self, rows: int) -> None:
        with self._lock:
            if self._stopped:
                raise InterruptedRunError("another part failed")
            self._progress(rows)

    def stop(self) -> None:
        self._stopped = True


class _Directory:
    """A directory with parts of a dataset."""

    def __init__(self, whole: list[Request], of: int, target: Target) -> None:
        self._whole, self._of, self._target = whole, of, target
        self._root = Path(target.path)
        self._identity = manifest.identity(whole[0], target) | {"parts": of}

    def _record(self, number: int) -> Path:
        return self._root / RECORDS / f"{part_name(number, self._of)}.json"

    def prepare(self, overwrite: bool) -> None:
        """Make the directories, empty of other data."""
        with explained(self._target.path):
            for name in (RECORDS, *TABLES):
                os.makedirs(self._root / name, exist_ok=True)
            others = self._others()
            if others and not overwrite:
                raise OutputExistsError(f"{self._target.path} holds other data", hint="--overwrite replaces them")
            for name in others:
                with suppress(FileNotFoundError):
                    os.unlink(self._root / name)

    def _others(self) -> list[str]:
        """Files of other data; parts without a record, as an interrupted run leaves them, count as ours if there is one."""
        of_parts = files_of_parts(self._root)
        described = [name for name in of_parts if name.startswith(RECORDS)]
        described += [manifest.MANIFEST] if (self._root / manifest.MANIFEST).exists() else []
        if described and all(self._is_ours(manifest.read(self._root / name)) for name in described):
            return []
        return sorted({*of_parts, *described, *manifest.files_in(manifest.read(self._root / manifest.MANIFEST))})

    def _is_ours(self, described: dict[str, Any]) -> bool:
        same = {name for name in self._identity if name != "fastgen"}
        return all(described.get(name) == self._identity[name] for name in same)

    def is_complete(self, number: int) -> bool:
        """Whether a part is there, as its record says."""
        tables = manifest.read(self._record(number)).get("tables", {})
        sizes = {each["file"]: each["bytes"] for each in tables.values()}
        return len(sizes) == len(self._whole) and all(_size(self._root / name) == size for name, size in sizes.items())

    def write(self, number: int, work: Work) -> list[FileReport]:
        """Write the tables of a part, then its record."""
        root, stem = self._target.path, part_name(number, self._of)
        requests = [request._replace(data=request.data.part(number, self._of)) for request in self._whole]
        names = [f"{request.table}/{stem}{file_name('', self._target)}" for request in requests]

        def describe(files: list[FileReport]) -> bytes:
            tables = {file.table: manifest.entry(file, root) for file in files}
            return manifest.encoded(self._identity | {"part": number, "tables": tables})

        return write_together(requests, names, f"{RECORDS}/{stem}.json", describe, work)

    def finish(self) -> None:
        """Describe the whole, if all parts are there."""
        records = [manifest.read(self._record(number)) for number in range(1, self._of + 1) if self._record(number).exists()]
        if len(records) < self._of:
            return
        tables = {table: manifest.joined([record["tables"][table] for record in records]) for table in TABLES}
        with opened(str(self._root / manifest.MANIFEST), overwrite=True) as out:
            out.write(manifest.encoded(self._identity | {"tables": tables}))


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
