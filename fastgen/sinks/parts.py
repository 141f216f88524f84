"""A directory in parts, which may be written on any machine and in any order; complete ones are not made again.

transactions/part-00001-of-00008.parquet, ...; credit_cards/..., profiles/...
parts/part-00001-of-00008.json   what part 1 holds, written when its tables are complete
manifest.json                    the whole dataset, written when the last part is complete
"""

import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from fastgen.description import differences
from fastgen.errors import InterruptedRunError, OutputExistsError
from fastgen.schema import TABLES
from fastgen.sinks import existing, manifest
from fastgen.sinks.encoder import Request
from fastgen.sinks.names import FOLDERS, MANIFEST, RECORDS, file_name, part_files, part_name
from fastgen.sinks.output import drop_abandoned, drop_unfinished, explained, folders_made, opened, replacing
from fastgen.sinks.targets import Target
from fastgen.sinks.writing import FileReport, WriteOptions, write_together

Described = dict[str, dict[str, Any]]
"""The contents of manifests and records, by their names in the directory."""
PATIENCE = 1.0
"""Seconds to wait for a description of parts before they count as other data: a part's record is written after its tables."""
NOTICE_SECONDS = 0.5
"""Seconds between looks at whether the run was interrupted."""
SHUTDOWN_SECONDS = 1.0
"""Seconds that a failing run waits for its threads: one that compiles kernels, for up to a minute, cannot be interrupted."""


def write_parts(whole: list[Request], of: int, numbers: range, options: WriteOptions) -> tuple[list[FileReport], int]:
    """Write parts of all tables in parallel, each complete or not at all.

    Args:
        whole: requests for the whole dataset. of: the number of parts. numbers: those to be written.

    Returns:
        The files that were written, and how many of the parts were already complete.

    Raises:
        OutputExistsError: the directory holds something else, and `overwrite` is False.
    """
    directory = _Directory(whole, of, options.target)
    others = directory.others(numbers, options.overwrite)
    # A run that writes only some of the parts leaves empty folders behind: another run may be about to fill them.
    with folders_made(options.target.path, *FOLDERS) if len(numbers) == of else nullcontext():
        directory.prepare(others)
        return _write(directory, numbers, directory.complete(numbers, others, options.overwrite), options)


def _write(directory: "_Directory", numbers: range, complete: set[int], options: WriteOptions) -> tuple[list[FileReport], int]:
    """Write the parts that are not in `complete`; see `write_parts`."""
    missing = [number for number in numbers if number not in complete]
    workers = max(1, min(options.threads, len(missing)))
    progress = _Shared(options.progress)
    shared = options._replace(overwrite=True, progress=progress)
    pool = ThreadPoolExecutor(workers, "fastgen-part")
    futures: list[Future[list[FileReport]]] = []
    try:
        for i, number in enumerate(missing):
            # Of 5 threads for 3 workers, the first two have 2; which one a later part gets makes no difference to its rows.
            threads = options.threads // workers + (i % workers < options.threads % workers)
            futures.append(pool.submit(directory.write, number, shared._replace(threads=threads)))
        # In turns: Python does not notice an interrupt that comes in the microseconds before a wait until that wait ends.
        while wait(futures, NOTICE_SECONDS, FIRST_EXCEPTION).not_done:
            for failed in (future for future in futures if future.done() and future.exception()):
                failed.result()
        files = [file for future in futures for file in future.result()]
    except BaseException:
        progress.stop()
        pool.shutdown(wait=False, cancel_futures=True)
        wait([future for future in futures if not future.cancelled()], SHUTDOWN_SECONDS)
        drop_unfinished({path for number in missing for path in directory.paths(number)})
        raise
    pool.shutdown()
    if directory.finish() and not options.overwrite:  # with `overwrite`, other machines may be rewriting complete parts
        drop_abandoned(options.target.path, FOLDERS, directory.own)
    return files, len(complete)


def prepare(whole: list[Request], of: int, target: Target, overwrite: bool) -> None:
    """Prepare a directory for parts that others will write; arguments and errors are those of `write_parts`."""
    directory = _Directory(whole, of, target)
    directory.prepare(directory.others(range(1, of + 1), overwrite))


def complete_parts(whole: list[Request], of: int, numbers: range, target: Target, overwrite: bool) -> set[int]:
    """The parts that `write_parts` would skip as complete; arguments and errors are the same, and nothing is changed."""
    directory = _Directory(whole, of, target)
    return directory.complete(numbers, directory.others(numbers, overwrite), overwrite)


class _Shared:
    """Merges the progress of several threads, and stops them when the run has to end."""

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
    """A directory with parts of a dataset.

    Attributes:
        own: matches the names, relative to it, of the files that these parts have.
    """

    def __init__(self, whole: list[Request], of: int, target: Target) -> None:
        self._whole, self._of, self._target = whole, of, target
        self._root = Path(target.path)
        self._identity = manifest.identity(whole[0], target) | {"parts": of}
        self.own = part_files(of, target)

    def _record(self, number: int) -> str:
        """The name of a part's record, relative to the directory."""
        return f"{RECORDS}/{part_name(number, self._of)}.json"

    def others(self, numbers: range, overwrite: bool) -> Described:
        """The descriptions of other data in the directory; refuses a directory with data that may not be replaced.

        Args:
            numbers: the parts to be written, whose records are checked.
        """
        present, described = self._found(numbers, overwrite)
        others = {name: content for name, content in described.items() if not self._is_ours(content)}
        own = {name for name in present if self.own.fullmatch(name)}
        existing.refuse_unknown(self._root, present, own.union(existing.files(described)))
        if not overwrite and others:
            message = f"{self._target.path} holds other data{self._difference(next(iter(others.values())))}"
            raise OutputExistsError(message, hint="`overwrite` replaces them")
        if not overwrite and present and not described:
            message = f"{self._target.path} has files that no record of a part describes, such as {present[0]}"
            raise OutputExistsError(message, hint="`overwrite` replaces them")
        return others

    def prepare(self, others: Described) -> None:
        """Create the directories. Other data stay until the parts are complete."""
        with explained(self._target.path):
            for name in FOLDERS:
                os.makedirs(self._root / name, exist_ok=True)
        replaced = manifest.files_in(others.get(MANIFEST, {}))
        if any(self.own.fullmatch(name) for name in replaced):
            with explained(self._target.path), suppress(FileNotFoundError):
                os.unlink(self._root / MANIFEST)  # before its files are replaced; records still describe each part

    def complete(self, numbers: Iterable[int], others: Described, overwrite: bool) -> set[int]:
        """The parts that are complete and kept; none if they are to be overwritten and the directory has no other data."""
        return {number for number in numbers if self.is_complete(number)} if others or not overwrite else set()

    def _found(self, numbers: range, overwrite: bool) -> tuple[list[str], Described]:
        """The part files in the directory and what describes them; if nothing does yet, waits for another run to write it."""
        until = time.monotonic() + PATIENCE
        while True:
            with explained(self._target.path):
                present = existing.parts(self._root)
                described = existing.descriptions(self._root, () if overwrite else self._records_left_out(present, numbers))
            if overwrite or described or not present or time.monotonic() > until:
                return present, described
            time.sleep(PATIENCE / 20)

    def _records_left_out(self, present: list[str], numbers: range) -> set[str]:
        """The records of parts that are not in `numbers`, but for one: to read thousands of them for each part takes long."""
        own = sorted(name for name in present if name.startswith(f"{RECORDS}/") and self.own.fullmatch(name))
        return set(own[1:]).difference(map(self._record, numbers))

    def _is_ours(self, described: dict[str, Any]) -> bool:
        same = {name for name in self._identity if name != "fastgen"}
        return all(described.get(name) == self._identity[name] for name in same)

    def _difference(self, other: dict[str, Any]) -> str:
        """What a description of other data says that is not so here, as the end of a message."""

        def stated(about: dict[str, Any]) -> dict[str, Any]:
            names = "data_version", "vocabularies", "format", "compression", "coordinates", "parts"
            settings = about.get("config")
            given = settings if isinstance(settings, dict) else {}
            return given | {name: about[name] for name in names if about.get(name) is not None}

        shown = "; ".join(differences(stated(other), stated(self._identity)))
        return shown and f": {shown}"

    def _describes(self, record: dict[str, Any], number: int) -> bool:
        """Whether this is the complete record of this part, and not of another one, or damaged."""
        if not self._is_ours(record) or record.get("part") != number:
            return False
        files = zip(self._whole, self._files(number), strict=True)
        return all(manifest.is_entry(record["tables"].get(request.table), file, request.names) for request, file in files)

    def is_complete(self, number: int) -> bool:
        """Whether a part is complete: its record describes it, and its files have the sizes that the record gives."""
        record = manifest.read(self._root / self._record(number))
        return self._describes(record, number) and all(
            _size(self._root / entry["file"]) == entry["bytes"]
            for entry in (record["tables"][request.table] for request in self._whole)
        )

    def _files(self, number: int) -> list[str]:
        """The names of a part's files, relative to the directory."""
        return [f"{request.table}/{part_name(number, self._of)}{file_name('', self._target)}" for request in self._whole]

    def paths(self, number: int) -> list[str]:
        """The paths of a part's files and its record."""
        return [os.path.join(self._target.path, name) for name in (*self._files(number), self._record(number))]

    def write(self, number: int, options: WriteOptions) -> list[FileReport]:
        """Write the tables of a part, then its record. Files that the record named before are removed."""
        root, names = self._target.path, self._files(number)
        requests = [request._replace(data=request.data.part(number, self._of)) for request in self._whole]
        before = manifest.files_in(manifest.read(self._root / self._record(number)))
        stem = f"{part_name(number, self._of)}."  # a damaged record may name the files of other parts
        replaced = {name for name in before.difference(names) if Path(name).name.startswith(stem)}

        def describe(files: list[FileReport]) -> bytes:
            tables = {file.table: manifest.entry(file, root) for file in files}
            return manifest.encoded(self._identity | {"part": number, "tables": tables})

        return write_together(requests, names, self._record(number), describe, options, replaced)

    def finish(self) -> bool:
        """If all parts are complete, write the manifest, remove the remaining files of other data and return True."""
        names = [self._record(number) for number in range(1, self._of + 1)]
        with explained(self._target.path):
            if not set(names).issubset(existing.parts(self._root)):  # not worth reading them: there may be thousands
                return False
            described = existing.descriptions(self._root)
        records = [described.get(name, {}) for name in names]
        if not all(self._describes(record, number) for number, record in enumerate(records, 1)):
            return False
        tables = {table: manifest.joined([record["tables"][table] for record in records]) for table in TABLES}
        others = [name for name in existing.files(described) if not self.own.fullmatch(name)]
        with opened(str(self._root / MANIFEST), overwrite=True) as out, replacing(self._target.path, others):
            out.write(manifest.encoded(self._identity | {"tables": tables}))
        return True


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
