"""Work in parallel, results in order, memory bounded."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 1
"""Results that may wait for their turn, besides one in progress in each thread and the one that the consumer has."""


def available_threads() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_ordered(task: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Generator[Result]:
    """Yield task(item) for each item, in the order of the items, computed by `threads` threads.

    At most threads + AHEAD + 1 results exist at a time. With one thread, all work runs in the caller's.
    If the consumer stops early or a task fails, tasks that have not begun are dropped.

    Example:
        >>> list(map_ordered(abs, [-3, 2, -1], threads=2))
        [3, 2, 1]
    """
    if threads == 1:
        yield from map(task, items)
        return
    remaining = iter(items)
    pool = ThreadPoolExecutor(threads, "fastgen")
    try:
        waiting: deque[Future[Result]] = deque(pool.submit(task, item) for item in islice(remaining, threads + AHEAD))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(task, item) for item in islice(remaining, 1))
            yield result
    finally:
        # Without waiting: a garbage collection in one of the pool's own threads may be what drops the iterator.
        pool.shutdown(wait=False, cancel_futures=True)


def prefetch(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items in order, while another thread computes the next one.

    Example:
        >>> list(prefetch(iter([3, 2, 1])))
        [3, 2, 1]
    """
    remaining, end = iter(items), object()
    pool = ThreadPoolExecutor(1, "fastgen-ahead")
    try:
        waiting: Future[Item | object] = pool.submit(next, remaining, end)
        while (item := waiting.result()) is not end:
            waiting = pool.submit(next, remaining, end)
            yield item  # type: ignore[misc]  # it is not `end`
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
