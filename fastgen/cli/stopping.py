"""Ctrl-C, SIGTERM, a closed terminal: an exception where there is something to clear away, else the end of the process at once.

An exception that comes at any moment is not to be relied on: whoever imports a module in a `try`, or calls a destructor, may
swallow it. Between the start and the first output nothing is lost with the process, and so none is raised there; later it is
raised until something deals with it.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from fastgen.errors import InterruptedRunError, TerminatedRunError

if TYPE_CHECKING:
    from types import FrameType

Leave = Callable[[int, str], object]
"""Ends the process with an exit code and a line."""

KINDS: Final = {
    signal.SIGINT: (InterruptedRunError, "interrupted"),
    signal.SIGTERM: (TerminatedRunError, "terminated"),
    signal.SIGHUP: (TerminatedRunError, "terminated, as its terminal was closed"),
}
PATIENCE: Final = 1.0
"""Seconds after a signal within which another one is no news; later it says that clearing away takes too long."""
AGAIN: Final = 0.05
"""Seconds between two looks at whether what was raised has been swallowed."""

stopped: list[InterruptedRunError] = []
"""What a signal raised. Where it struck, as in an import, it may have come out as something else, or not at all."""


class _State:
    """What there is to clear away, how to leave where there is nothing, and when the last signal came."""

    blocks = 0
    leave: Leave | None = None
    last = float("-inf")


def listen(leave: Leave | None) -> None:
    """Take signals from now on; without a way to leave, they are exceptions everywhere."""
    stopped.clear()
    _State.leave, _State.last, _State.blocks = leave, float("-inf"), 0
    for number in KINDS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup has it ignored
            signal.signal(number, _take)
    if leave:
        signal.signal(signal.SIGALRM, _look)
        sys.unraisablehook = _swallowed


def ignore() -> None:
    """Take no more signals: the process is about to end by itself."""
    for number in (*KINDS, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)


def rest() -> None:
    """Look no more at whether what was raised has been swallowed: the interpreter, as it ends, gives its handlers back."""
    signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def clearing_away() -> Iterator[None]:
    """A block that has something to clear away when it is left, which it must get the chance to do."""
    _State.blocks += 1
    try:
        yield
    finally:
        _State.blocks -= 1


def check() -> None:
    """Raise what a signal raised, in case it was swallowed."""
    if stopped:
        raise stopped[0]


def _take(number: int, _: "FrameType | None") -> None:
    now = time.monotonic()
    if now - _State.last < PATIENCE:
        return
    _State.last = now
    kind, text = KINDS[signal.Signals(number)]
    error = kind(text)
    stopped.append(error)
    if _State.leave:
        if not _State.blocks:
            _State.leave(error.exit_code, text)
        signal.setitimer(signal.ITIMER_REAL, AGAIN, AGAIN)
    raise error


def _look(*_: object) -> None:
    """Raise again what nothing deals with, as an `except` or a `finally` does: it was swallowed."""
    error = sys.exc_info()[1]  # also what the interrupted code deals with: handlers are called from within it
    while error is not None and not isinstance(error, InterruptedRunError):
        error = error.__context__
    if error is None:
        check()


def _swallowed(what: "sys.UnraisableHookArgs") -> None:
    """Say what a destructor failed with, unless it is what a signal raised."""
    if not isinstance(what.exc_value, InterruptedRunError):
        sys.__unraisablehook__(what)
