"""Reusable memory: a thread takes it, fills it, and gives it back when nobody needs its content any more."""

import weakref
from contextlib import suppress
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

KEPT: Final = 256
"""The most arenas that are kept for reuse; any more are freed."""
LINE: Final = 64
"""New arenas for leased arrays begin at a multiple of this many bytes, where a cache line begins."""


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
        self._loans: dict[int, _Loan] = {}

    def take(self) -> NDArray[np.uint8]:
        """uint8[any size]: one that was given back, or an empty one."""
        with suppress(IndexError):  # no tests first: another thread may take the last one in between
            while len(self._ended) > KEPT:
                del self._loans[id(self._ended.pop())]
            ended = self._ended.pop()
            del self._loans[id(ended)]
            return ended.arena
        with suppress(IndexError):
            return self._free.pop()
        return np.empty(0, np.uint8)

    def give(self, arena: NDArray[np.uint8]) -> None:
        """Give back an arena that nobody needs any more."""
        if len(self._free) < KEPT:
            self._free.append(arena)

    def lease(self, count: int, dtype: DTypeLike) -> NDArray[Any]:
        """An uninitialized array whose memory returns to the arenas when it is dropped.

        Whoever uses the memory must hold the array itself: a slice does not, as numpy's slices hold only what owns the memory.
        No Python code runs when it is dropped: a method `__del__` may be where an interrupt is noticed, and would lose it.

        Example:
            >>> arenas = Arenas()
            >>> leased = arenas.lease(6, np.float64)
            >>> leased.shape
            (6,)
            >>> del leased
            >>> arenas.take().size > 48
            True
        """
        size = count * np.dtype(dtype).itemsize
        arena = self.take()
        if arena.size < size:
            arena = np.empty(size + size // 4 + LINE, np.uint8)
            arena = arena[-arena.ctypes.data % LINE :]
        leased: NDArray[Any] = arena[:size].view(dtype)
        loan = _Loan(leased, self._ended.append)
        loan.arena = arena
        self._loans[id(loan)] = loan
        return leased


class _Loan(weakref.ref[NDArray[Any]]):
    """A weak reference to a leased array, and the arena that returns with it."""

    __slots__ = ("arena",)
    arena: NDArray[np.uint8]


def grown_to(arena: NDArray[np.uint8], used: int, room: int) -> NDArray[np.uint8]:
    """The arena if it has at least `room` bytes, else a larger one that begins with its first `used` bytes."""
    if arena.size >= room:
        return arena
    return np.concatenate([arena[:used], np.empty(room + room // 2 - used, np.uint8)])
