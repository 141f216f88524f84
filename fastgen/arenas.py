"""Reusable memory: a thread takes it, fills it, and gives it back when nobody needs its content any more."""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

KEPT: Final = 256
"""The most arenas that are kept for reuse; any more are freed."""


class Arenas:
    """A pool of byte arrays; threads may take and give concurrently.

    Fresh memory costs a page fault every four kilobytes, which takes as long as filling it with text.

    Example:
        >>> arenas = Arenas()
        >>> arenas.give(np.empty(100, np.uint8))
        >>> arenas.take().size, arenas.take().size
        (100, 0)
    """

    def __init__(self) -> None:
        self._free: list[NDArray[np.uint8]] = []

    def take(self) -> NDArray[np.uint8]:
        """uint8[any size]: one that was given back, or an empty one."""
        try:  # no test first: another thread may take the last one in between
            return self._free.pop()
        except IndexError:
            return np.empty(0, np.uint8)

    def give(self, arena: NDArray[np.uint8]) -> None:
        """Give back an arena that nobody needs any more."""
        if len(self._free) < KEPT:
            self._free.append(arena)


class Lease:
    """Arrays whose memory returns to the arenas when the lease is dropped: whoever holds an array must hold the lease too.

    Example:
        >>> arenas = Arenas()
        >>> lease = Lease(arenas)
        >>> lease.empty((2, 3), np.float64).shape
        (2, 3)
        >>> del lease
        >>> arenas.take().size > 48
        True
    """

    def __init__(self, arenas: Arenas) -> None:
        self._arenas = arenas
        self._taken: list[NDArray[np.uint8]] = []

    def empty(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An uninitialized array of this shape and type."""
        size = math.prod(shape if isinstance(shape, tuple) else (shape,)) * np.dtype(dtype).itemsize
        arena = self._arenas.take()
        if arena.size < size:
            arena = np.empty(size + size // 4 + 64, np.uint8)
        self._taken.append(arena)
        return arena[:size].view(dtype).reshape(shape)

    def __del__(self) -> None:
        # In reverse, so that the next lease takes them in the same order: their sizes may differ.
        for arena in reversed(self._taken):
            self._arenas.give(arena)


def grown_to(arena: NDArray[np.uint8], used: int, room: int) -> NDArray[np.uint8]:
    """The arena if it has at least `room` bytes, else a larger one that begins with its first `used` bytes."""
    if arena.size >= room:
        return arena
    return np.concatenate([arena[:used], np.empty(room + room // 2 - used, np.uint8)])
