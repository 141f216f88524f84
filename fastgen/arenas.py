"""Reusable memory: a thread takes it, fills it, and gives it back when nobody needs its content any more."""

import math
import weakref
from contextlib import suppress
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
        self._ended: list[_Loan] = []

    def take(self) -> NDArray[np.uint8]:
        """uint8[any size]: one that was given back, or an empty one."""
        del self._ended[KEPT:]
        with suppress(IndexError):  # no tests first: another thread may take the last one in between
            return self._ended.pop().arena
        with suppress(IndexError):
            return self._free.pop()
        return np.empty(0, np.uint8)

    def give(self, arena: NDArray[np.uint8]) -> None:
        """Give back an arena that nobody needs any more."""
        if len(self._free) < KEPT:
            self._free.append(arena)

    def lend(self, arena: NDArray[np.uint8], lease: "Lease") -> "_Loan":
        """Have an arena given back when a lease is dropped, if that holds the result.

        No Python code runs then: a method `__del__` may be where an interrupt is noticed, and would lose it.
        """
        loan = _Loan(lease, self._ended.append)
        loan.arena = arena
        return loan


class Lease:
    """An uninitialized array whose memory returns to the arenas when the lease is dropped.

    Whoever holds the array must hold the lease too.

    Example:
        >>> arenas = Arenas()
        >>> lease = Lease(arenas, (2, 3), np.float64)
        >>> lease.array.shape
        (2, 3)
        >>> del lease
        >>> arenas.take().size > 48
        True
    """

    def __init__(self, arenas: Arenas, shape: int | tuple[int, ...], dtype: DTypeLike) -> None:
        size = math.prod(shape if isinstance(shape, tuple) else (shape,)) * np.dtype(dtype).itemsize
        arena = arenas.take()
        if arena.size < size:
            arena = np.empty(size + size // 4 + 64, np.uint8)
        self.array: NDArray[Any] = arena[:size].view(dtype).reshape(shape)
        self._loan = arenas.lend(arena, self)


class _Loan(weakref.ref[Lease]):
    """A weak reference to a lease, and the arena that returns with it."""

    __slots__ = ("arena",)
    arena: NDArray[np.uint8]


def grown_to(arena: NDArray[np.uint8], used: int, room: int) -> NDArray[np.uint8]:
    """The arena if it has at least `room` bytes, else a larger one that begins with its first `used` bytes."""
    if arena.size >= room:
        return arena
    return np.concatenate([arena[:used], np.empty(room + room // 2 - used, np.uint8)])
