"""Ctrl-C, SIGTERM, a closed terminal: an exception where there is something to clean up, otherwise an immediate exit.

An exception that can come at any moment is unreliable: an import inside a `try`, or a destructor, may swallow it. Between the
start and the first output an immediate exit loses nothing, so none is raised there; later it is raised again until something
handles it.
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
"""Seconds after a signal within which further ones are ignored; a later one means that cleaning up takes too long."""
AGAIN: Final = 0.05
"""Seconds between two checks whether the exception has been swallowed."""

stopped: list[InterruptedRunError] = []
"""The exceptions that signals raised. In an import, for example, one may have been replaced by another, or swallowed."""


class _State:
    """How many blocks have something to clean up, how to exit where none has, and when the last signal came."""

    blocks = 0
    leave: Leave | None = None
    last = float("-inf")


def listen(leave: Leave | None) -> None:
    """Handle signals from now on; without `leave`, they raise exceptions everywhere."""
    stopped.clear()
    _State.leave, _State.last, _State.blocks = leave, float("-inf"), 0
    for number in KINDS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores it
            signal.signal(number, _take)
    if leave:
        signal.signal(signal.SIGALRM, _look)
        sys.unraisablehook = _swallowed


def ignore() -> None:
    """Ignore signals from now on: the process is about to end anyway."""
    for number in (*KINDS, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)


def rest() -> None:
    """Stop checking for a swallowed exception: the interpreter resets its signal handlers as it ends."""
    signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def clearing_away() -> Iterator[None]:
    """A block with something to clean up: in it, signals raise an exception, so that its cleanup runs."""
    _State.blocks += 1
    try:
        yield
    finally:
        _State.blocks -= 1


def check() -> None:
    """Raise the exception of a signal again, in case it was swallowed."""
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
    """Raise the exception again if it was swallowed: no `except` or `finally` is handling it."""
    error = sys.exc_info()[1]  # includes what the interrupted code is handling: signal handlers run within it
    while error is not None and not isinstance(error, InterruptedRunError):
        error = error.__context__
    if error is None:
        check()


def _swallowed(what: "sys.UnraisableHookArgs") -> None:
    """Report the exception of a destructor, unless a signal raised it."""
    if not isinstance(what.exc_value, InterruptedRunError):
        sys.__unraisablehook__(what)
