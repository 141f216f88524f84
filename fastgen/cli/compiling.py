"""Compiling on a first run: it is announced, timed and shared with a partner, a process that runs this module."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any

from fastgen.cli.common import collect_seldom, say
from fastgen.cli.stopping import cleanup_block

if TYPE_CHECKING:
    from subprocess import Popen
    from tempfile import TemporaryDirectory

    from fastgen.dataset import Dataset

COMPILING = "numba:compile"
"""Numba's event for compiling; loading a kernel from disk does not cause it."""


class Compiling:
    """The compiling of a run, and the partner that shares it."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = self._is_announced = quiet
        self._format: str | None = None
        self._partner: Popen[bytes] | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self._waited = 0.0

    def begin(self) -> None:
        """Say, once, that kernels are being compiled, and start the partner if there is to be one."""
        if not self._is_announced:
            self._is_announced = True
            say(f"compiling kernels for this machine{_later_runs()}")
        if self._format:
            format, self._format = self._format, None
            with suppress(OSError):  # without a partner it only takes longer
                self._start_partner(format)

    def _start_partner(self, format: str) -> None:
        from subprocess import DEVNULL, Popen
        from tempfile import TemporaryDirectory

        self._folder = TemporaryDirectory(prefix="fastgen-")  # removed by this process, as the partner may be killed
        program = [sys.executable, "-P", "-m", __name__]  # -P: no modules from the working directory
        argv = [*program, format, self._folder.name]
        self._partner = Popen(argv, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)

    def share(self, data: "Dataset", format: str) -> None:
        """Compile all that transactions in a format need, some of it in a partner; nothing if the plan needs no compiling.

        Nothing is lost if the partner fails: missing kernels are compiled when they are called.
        """
        from fastgen.kernels import jit

        with cleanup_block():  # a signal must not end this process without its partner
            self._format = format if jit.is_kept else None
            _ = data.plan.payment_offsets
            self._format = None
            if self._partner:
                from fastgen.compiling import compile_first_half

                compile_first_half(data.plan)
                self._wait(self._partner)

    def _wait(self, partner: "Popen[bytes]") -> None:
        """Wait for the partner; the time counts as compiling."""
        began = perf_counter()
        partner.wait()
        self._waited += perf_counter() - began

    def took(self, seconds: float) -> None:
        """Say how long compiling took: `seconds` in this process, and the time waited for the partner."""
        if not self._quiet:
            say(f"compiling took {seconds + self._waited:.1f} s")

    def end(self) -> None:
        """End the partner if it is still running, and remove its files, also those of one that could not be started."""
        if self._partner:
            self._partner.kill()
            self._partner.wait()
        if self._folder:
            self._folder.cleanup()


@contextmanager
def compiling_announced(quiet: bool) -> Iterator[Compiling]:
    """If kernels have to be compiled, say so once, and at the end, if all went well, how many seconds it took.

    Yields the `Compiling`, which can share the work with another process.
    """
    _import_numba()
    from numba.core import event

    compiling = Compiling(quiet)

    class Listener(event.Listener):  # type: ignore[misc]  # numba has no types
        def on_start(self, _: object) -> None:
            compiling.begin()

        def on_end(self, _: object) -> None: ...

    with event.install_timer(COMPILING, compiling.took), event.install_listener(COMPILING, Listener()):
        try:
            yield compiling
        finally:
            compiling.end()


def _import_numba() -> None:
    """Import Numba without SciPy's linear algebra, if installed: it takes 0.2 s to load, and no kernel uses it."""
    name = "scipy.linalg.cython_blas"
    if name not in sys.modules:
        sys.modules[name] = None  # type: ignore[assignment]  # marks a module that cannot be imported
        import numba.np.arraymath  # noqa: F401  # tries to import it, once

        del sys.modules[name]


def _later_runs() -> str:
    """What compiling means for later runs, as the end of a message."""
    from fastgen.kernels import jit

    if jit.is_kept:
        return ", once for each kind of work; later runs of the same kind start at once"
    return "; every run does so again, as no folder for them is writable (set NUMBA_CACHE_DIR to one that is)"


if __name__ == "__main__":
    collect_seldom()
    from fastgen.compiling import compile_second_half

    format: Any
    format, folder = sys.argv[1:]
    compile_second_half(format, folder)
    os._exit(0)  # saves the interpreter's shutdown: the main process is waiting
