"""Compiling on a first run: it is announced and timed, and two processes share it, as one keeps no more than one processor busy.

Each process compiles what it calls. The one that runs makes the plan, a digest of no rows and the first events; its partner, whose
program this module is, makes a few rows and writes them in the same format. What the other one has compiled is found on disk then.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any

from fastgen.cli.common import collect_seldom, say
from fastgen.cli.stopping import clearing_away

if TYPE_CHECKING:
    from subprocess import Popen

    from fastgen.dataset import Dataset
    from fastgen.plan import Plan

COMPILING = "numba:compile"
"""Numba's name for the event; kernels that it finds on disk are none."""
SAMPLE_ROWS = 1_000


class Compiling:
    """Knows whether this run compiles, and has a partner for it."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = self._told = quiet
        self._format: str | None = None
        self._partner: Popen[bytes] | None = None
        self._waited = 0.0

    def begin(self) -> None:
        """A kernel is about to be compiled: say so, once, and start the partner if there is to be one."""
        if not self._told:
            self._told = True
            say(f"compiling kernels for this machine{_later_runs()}")
        if self._format:
            format, self._format = self._format, None
            with suppress(OSError):  # alone it takes longer
                self._start_partner(format)

    def _start_partner(self, format: str) -> None:
        from subprocess import DEVNULL, Popen
        from tempfile import TemporaryDirectory

        self._folder = TemporaryDirectory(prefix="fastgen-")  # removed by this process, as the other one may be killed
        program = [sys.executable, "-P", "-m", __name__]  # -P: no module of the directory that it is called in
        argv = [*program, format, self._folder.name]
        self._partner = Popen(argv, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)

    def share(self, data: "Dataset", format: str) -> None:
        """Have all compiled that transactions in a format need, a part of it by a partner; nothing if the plan needs no compiling.

        Nothing is lost if the partner fails: kernels that are not there are compiled when they are called.
        """
        from fastgen.kernels import jit

        with clearing_away():  # a partner that outlives this process, if it is stopped, is one that nobody waits for
            self._format = format if jit.is_kept else None
            _ = data.plan.payment_offsets
            self._format = None
            if self._partner:
                use_kernels(data.plan)
                self._wait(self._partner)

    def _wait(self, partner: "Popen[bytes]") -> None:
        """Wait for the partner, whose compiling counts as this process's own."""
        began = perf_counter()
        partner.wait()
        self._waited += perf_counter() - began

    def took(self, seconds: float) -> None:
        """Say how long kernels were compiled, here for so many seconds."""
        if not self._quiet:
            say(f"compiling took {seconds + self._waited:.1f} s")

    def end(self) -> None:
        """Whatever happened, no partner is left behind."""
        if self._partner:
            self._partner.kill()
            self._partner.wait()
            self._folder.cleanup()


@contextmanager
def compiling_announced(quiet: bool) -> Iterator[Compiling]:
    """Say it once if kernels have to be compiled, which takes seconds, and how many in the end, if all went well.

    What is yielded can share the work with another process.
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
    """Without the linear algebra that numba takes from SciPy, where there is one: it loads for 0.2 s, and no kernel uses it."""
    name = "scipy.linalg.cython_blas"
    if name not in sys.modules:
        sys.modules[name] = None  # type: ignore[assignment]  # how Python marks a module that is not to be found
        import numba.np.arraymath  # noqa: F401  # asks for it, once

        del sys.modules[name]


def _later_runs() -> str:
    """What compiling means for the runs that follow."""
    from fastgen.kernels import jit

    if jit.is_kept:
        return ", once for each kind of work; later runs of the same kind start at once"
    return "; every run does so anew, as no folder for them can be written (set NUMBA_CACHE_DIR to one that can)"


def use_kernels(plan: "Plan") -> None:
    """Compile what a run does not leave to its partner: digests, before the partner comes to them, and events."""
    from fastgen.digest import HolderDigests, TransactionDigests
    from fastgen.schema import CREDIT_CARDS, PROFILES, TRANSACTIONS
    from fastgen.windows import NO_DIGESTS, Worker

    worker = Worker(plan)
    worker.compile_first()
    TransactionDigests(plan, TRANSACTIONS.names).of(worker.rows, NO_DIGESTS)
    worker.count(0)
    for table in (CREDIT_CARDS, PROFILES):
        HolderDigests(plan, table.name, table.names).of(range(1))


def write_sample(format: Any, folder: str) -> None:
    """Compile what makes rows, and what writes them, by writing some; nothing that the plan of a usual dataset needs."""
    import numpy as np

    from fastgen import Dataset, load_config, write

    data = Dataset(load_config(rows=SAMPLE_ROWS, fraud={"ratio": 0}, atm={"cards": 0}))
    plan = data.plan
    # Made by hand, as the kernels that count are for the other process to compile.
    plan.payment_offsets = np.minimum(np.arange(plan.grid.groups * plan.grid.windows + 1), 1) * plan.payments
    write(data, folder, format=format, threads=1)


if __name__ == "__main__":
    collect_seldom()
    write_sample(*sys.argv[1:])
    os._exit(0)  # somebody waits
