"""Outputs: files that appear under their names when complete, streams, and the errors of both."""

import io
import os
import re
import stat
import sys
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

from fastgen.errors import CLOSED_OUTPUT, CLOSED_PIPE, STANDARD_OUTPUT, OutputError, OutputExistsError

STDOUT: Final = "-"
PARTIAL: Final = re.compile(r"\.(.+)\.[0-9a-f]{16}\.partial")
"""Matches the temporary names of files that are being written."""
LONGEST: Final = 255
"""Bytes of a file's name, at most, on all common file systems."""
_partials: Final[dict[str, str]] = {}
"""Files that are still being written, and the paths that they will have."""
Buffer = Any
"""bytes, or anything else with the buffer protocol."""


class Out(Protocol):
    """Takes bytes, in order."""

    def write(self, data: Buffer, /) -> object:
        """Take all of the bytes."""


class ByteCounter(io.RawIOBase):
    """Counts the bytes written to it and discards them."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: Buffer, /) -> int:
        size = memoryview(data).nbytes
        self.size += size
        return size

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size


class Descriptor(ByteCounter):
    """A file descriptor; counts what it has written."""

    def __init__(self, descriptor: int, name: str) -> None:
        super().__init__()
        self.descriptor, self.name = descriptor, name

    def write(self, data: Buffer, /) -> int:
        view = memoryview(data).cast("B")
        size, done = view.nbytes, 0
        try:  # what `explained` does, without its overhead: it takes longer than writing to a pipe
            while done < size:
                done += os.write(self.descriptor, view[done:])
        except OSError as error:
            raise _explanation(self.name, error) from error
        self.size += size
        return size


@contextmanager
def opened(path: str, overwrite: bool) -> Iterator[Descriptor]:
    """Open the output for a path: "-" is the standard output; a file gets its name when the block succeeds.

    If the block fails, nothing is left behind, and a file that was there before is unchanged.

    Raises:
        OutputExistsError: the file exists and `overwrite` is False. OutputError: it cannot be written.
    """
    if path == STDOUT:
        yield Descriptor(_standard_output(), path)
    elif is_special(path):
        with _closing(os.O_WRONLY, path, path) as out:
            yield out
    else:
        refuse_existing(path, overwrite)
        target = os.path.realpath(path) if os.path.islink(path) else path  # a link stays one
        folder, name = os.path.split(target)
        partial = os.path.join(folder, _partial_name(name))
        _partials[partial] = path
        try:
            with _closing(os.O_WRONLY | os.O_CREAT | os.O_EXCL, partial, path) as out:
                with suppress(OSError, ImportError):  # some file systems have no locks
                    _lock(out.descriptor)
                with suppress(OSError):  # a replacement has the permissions of the file that it replaces
                    os.fchmod(out.descriptor, stat.S_IMODE(os.stat(path).st_mode))
                yield out
            _publish(partial, target, path, overwrite)
        except BaseException:
            with suppress(OSError):
                os.unlink(partial)
            raise
        finally:
            _partials.pop(partial, None)


def _partial_name(name: str) -> str:
    """A temporary name that no other file has, on any machine; names of nearly LONGEST bytes are cut."""
    ending = f".{os.urandom(8).hex()}.partial"
    return f".{os.fsdecode(os.fsencode(name)[: LONGEST - 1 - len(ending)])}{ending}"


def _publish(partial: str, target: str, path: str, overwrite: bool) -> None:
    """Give a complete file its name; unless files may be replaced, one that came in the meantime, as by another run, stays."""
    if not overwrite:
        try:
            os.link(partial, target)  # which fails if the name is taken
        except FileExistsError:
            raise _exists(path) from None
        except OSError:  # some file systems have no hard links
            refuse_existing(path, overwrite)
        else:
            with suppress(OSError):
                os.unlink(partial)
            return
    with explained(path):
        os.replace(partial, target)


def _exists(path: str) -> OutputExistsError:
    return OutputExistsError(f"{path} exists already", hint="`overwrite` replaces it")


def refuse_existing(path: str, overwrite: bool) -> None:
    """Refuse to overwrite a file unless that is allowed; streams and devices may always be written.

    Raises:
        OutputExistsError: the file exists and `overwrite` is False. OutputError: the path is a directory.
    """
    if path == STDOUT or not os.path.lexists(path) or is_special(path):
        return
    if not overwrite:
        raise _exists(path)
    if os.path.isdir(path):
        raise OutputError(f"{path} is a directory, and is not replaced by a file")


def refuse_missing_folder(path: str) -> None:
    """Refuse to write a file where there is no directory.

    Raises:
        OutputError: there is none.
    """
    with explained(path):
        os.stat(os.path.join(os.path.dirname(path) or os.curdir, ""))


def _standard_output() -> int:
    if sys.stdout is None:  # it was closed when Python started
        raise OutputError(CLOSED_OUTPUT)
    try:
        with explained(STDOUT):
            sys.stdout.flush()  # what was printed before comes first
        return sys.stdout.fileno()
    except (AttributeError, ValueError):  # in a notebook, while output is captured, or when it has been closed
        raise OutputError(f"{STANDARD_OUTPUT}: cannot be written: it is not a file") from None


def drop_unfinished(paths: Container[str] | None = None) -> None:
    """Remove unfinished files, those for `paths` or all, whose writers cannot be waited for; none of them will get its name."""
    for partial, path in list(_partials.items()):
        if paths is None or path in paths:
            with suppress(OSError):
                os.unlink(partial)


def drop_abandoned(root: str, folders: Iterable[str], own: re.Pattern[str]) -> None:
    """Remove unfinished files that killed processes left in folders of a directory, if their final names there match `own`.

    A file is locked while it is written, and the system releases the lock when the process ends, however it ends. On some file
    systems other machines do not see the lock: files that they may be writing must not match `own`.
    """
    for folder in folders:
        with suppress(OSError, ImportError):
            for name in os.listdir(os.path.join(root, folder)):
                named = PARTIAL.fullmatch(name)
                if named and own.fullmatch(os.path.join(folder, named[1])):
                    _remove_unlocked(os.path.join(root, folder, name))


def _remove_unlocked(path: str) -> None:
    with suppress(OSError):
        descriptor = os.open(path, os.O_WRONLY)
        try:
            _lock(descriptor)
            os.unlink(path)
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Lock a file until it is closed; OSError if another process holds the lock or the file cannot be locked."""
    import fcntl  # not on Windows

    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def folders_made(root: str, *names: str) -> Iterator[None]:
    """Create a directory and folders in it if they are missing; if the block fails, remove those created here that are empty."""
    made: list[str] = []
    try:
        for path in (root, *(os.path.join(root, name) for name in names)):
            with explained(root):
                made += _missing(path)  # the working directory may be gone
                os.makedirs(path, exist_ok=True)
        yield
    except BaseException:
        for folder in reversed(made):
            with suppress(OSError):
                os.rmdir(folder)
        raise


def _missing(path: str) -> list[str]:
    """The directories that have to be created for this path, outermost first."""
    missing = []
    path = os.path.abspath(path)
    while not os.path.lexists(path):
        missing.append(path)
        path = os.path.dirname(path)
    return missing[::-1]


@contextmanager
def replacing(root: str, names: Iterable[str]) -> Iterator[None]:
    """Remove these files of a directory when the block succeeds."""
    yield
    with explained(root):
        for name in names:
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(root, name))


def is_special(path: str) -> bool:
    """Whether a path exists and is neither a regular file nor a directory: a device or a pipe."""
    if path == STDOUT or not os.path.exists(path):
        return False
    mode = os.stat(path).st_mode
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


@contextmanager
def _closing(flags: int, path: str, name: str) -> Iterator[Descriptor]:
    with explained(name):
        descriptor = os.open(path, flags, 0o666)
    try:
        yield Descriptor(descriptor, name)
    finally:
        with explained(name):  # some file systems, such as NFS, report a full disk only here
            os.close(descriptor)


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turn an OSError into an OutputError of one line that names the output."""
    try:
        yield
    except OSError as error:
        raise _explanation(path, error) from error


def _explanation(path: str, error: OSError) -> OutputError:
    path = STANDARD_OUTPUT if path == STDOUT else path
    match error:
        case BrokenPipeError():
            return OutputError(f"{path}: {CLOSED_PIPE}")
        case FileExistsError() if not os.path.exists(path.rstrip(os.sep)):
            return OutputError(f"{path}: cannot be written: it is a link to something that is not there")
        case FileExistsError():
            return OutputError(f"{path} is a file, not a directory", hint="a file to write ends with its format, such as .csv")
        case FileNotFoundError() if not os.path.isdir(folder := os.path.dirname(path.rstrip(os.sep)) or os.curdir):
            return OutputError(f"{path}: cannot be written: there is no directory {folder}")
    return OutputError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}")
