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

ExitNow = Callable[[int, str], object]
"""Ends the process with an exit code and a line."""

SIGNALS: Final = {
    signal.SIGINT: (InterruptedRunError, "interrupted"),
    signal.SIGTERM: (TerminatedRunError, "terminated"),
    signal.SIGHUP: (TerminatedRunError, "terminated, as its terminal was closed"),
}
GRACE_SECONDS: Final = 1.0
"""Seconds after a signal within which further ones are ignored; a later one means that cleaning up takes too long."""
RECHECK_SECONDS: Final = 0.05
"""Seconds between two checks whether the exception has been swallowed."""

stopped: list[InterruptedRunError] = []
"""The exceptions that signals raised. In an import, for example, one may have been replaced by another, or swallowed."""


class _State:
    """How many blocks have something to clean up, how to exit where none has, and when the last signal came."""

    blocks = 0
    exit_now: ExitNow | None = None
    last = float("-inf")


def handle_signals(exit_now: ExitNow | None) -> None:
    """Handle signals from now on; without `exit_now`, they raise exceptions everywhere."""
    stopped.clear()
    _State.exit_now, _State.last, _State.blocks = exit_now, float("-inf"), 0
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores it
            signal.signal(number, _on_signal)
    if exit_now:
        signal.signal(signal.SIGALRM, _raise_again)
        sys.unraisablehook = _unraisable


def ignore_signals() -> None:
    """Ignore signals from now on: the process is about to end anyway."""
    for number in (*SIGNALS, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)


def stop_rechecking() -> None:
    """Stop checking for a swallowed exception: the interpreter resets its signal handlers as it ends."""
    signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def cleanup_block() -> Iterator[None]:
    """A block with something to clean up: in it, signals raise an exception, so that its cleanup runs."""
    _State.blocks += 1
    try:
        yield
    finally:
        _State.blocks -= 1


def raise_if_stopped() -> None:
    """Raise the exception of a signal again, in case it was swallowed."""
    if stopped:
        raise stopped[0]


def _on_signal(number: int, _: "FrameType | None") -> None:
    now = time.monotonic()
    if now - _State.last < GRACE_SECONDS:
        return
    _State.last = now
    kind, text = SIGNALS[signal.Signals(number)]
    error = kind(text)
    stopped.append(error)
    if _State.exit_now:
        if not _State.blocks:
            _State.exit_now(error.exit_code, text)
        signal.setitimer(signal.ITIMER_REAL, RECHECK_SECONDS, RECHECK_SECONDS)
    raise error


def _raise_again(*_: object) -> None:
    """Raise the exception again if it was swallowed: no `except` or `finally` is handling it."""
    error = sys.exc_info()[1]  # includes what the interrupted code is handling: signal handlers run within it
    while error is not None and not isinstance(error, InterruptedRunError):
        error = error.__context__
    if error is None:
        raise_if_stopped()


def _unraisable(what: "sys.UnraisableHookArgs") -> None:
    """Report the exception of a destructor, unless a signal raised it."""
    if not isinstance(what.exc_value, InterruptedRunError):
        sys.__unraisablehook__(what)
