"""The progress bar: only on a terminal, with the rate and the time left."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fastgen.cli.stopping import cleanup_block, raise_if_stopped

LATELY = 3.0
"""Seconds over which the rates of a running bar are averaged."""


class RateMeter:
    """How fast a count grows: over the last seconds, or since the last call if that is longer ago.

    Example:
        >>> rows = RateMeter()
        >>> [rows.rate(seconds, count) for seconds, count in ((9, 50), (10, 150), (11, 200), (15, 260))]
        [0.0, 100.0, 75.0, 15.0]
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def rate(self, seconds: float, count: float) -> float:
        """The rate per second, given the count at this time; 0 at the first call."""
        self._seen.append((seconds, count))
        while len(self._seen) > 2 and self._seen[1][0] <= seconds - LATELY:
            self._seen.popleft()
        began, before = self._seen[0]
        return (count - before) / max(seconds - began, 1e-9)


Show = Callable[[int, int | None, str], object]
"""Takes the number done, the number in all (None without an end) and a text."""


@contextmanager
def progress_bar(shown: bool) -> Iterator[Show]:
    """A bar on the terminal; yields the function that moves it. The block, like the bar, may have something to clean up."""
    if not shown:
        with cleanup_block():
            yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = BarColumn(12), TaskProgressColumn(), TimeRemainingColumn(compact=True), TextColumn("{task.description}")
    with cleanup_block(), Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, end, text: bar.update(task, completed=done, total=end, description=text)


@contextmanager
def rows_bar(rows: int | None, shown: bool) -> Iterator[Callable[[int], object]]:
    """A bar for this many rows, if known, with rows per second; yields the function that advances it by a number of rows."""
    done, lately = 0, RateMeter()
    with progress_bar(shown) as show:

        def advance(more: int) -> None:
            nonlocal done
            raise_if_stopped()
            done += more
            rate = lately.rate(time.monotonic(), done)
            show(done, rows, f"{done:,} rows, {per_second(rate)} rows/s" if rate else f"{done:,} rows")

        yield advance


def per_second(rate: float) -> str:
    """A rate, with decimals where it is low."""
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
