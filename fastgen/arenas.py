"""Reusable memory: a thread takes it, fills it, and gives it back when nobody needs its content any more."""

import weakref
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from operator import delitem
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

KEPT: Final = 256
"""The most arenas that a pool keeps for reuse, unless told otherwise; any more are freed."""
LINE: Final = 64
"""Bytes of a cache line. It is that of `kernels.memory`, which this module may not import: it knows nothing of rows."""


class Arenas:
    """A pool of byte arrays that nobody uses: at most `kept` that were given back, and as many that were lent and dropped.

    Threads may take and give concurrently.

    Fresh memory costs a page fault every four kilobytes, which takes as long as filling it with text.

    Example:
        >>> arenas = Arenas()
        >>> arenas.give(np.empty(100, np.uint8))
        >>> arenas.take().size, arenas.take().size
        (100, 0)
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._free: deque[NDArray[np.uint8]] = deque(maxlen=kept)
        self._ended: deque[_Loan] = deque(maxlen=kept)
        self._loans = _Loans()
        # A method of the dictionary would refer to it, and each key would keep the whole pool alive.
        self._forget = partial(delitem, weakref.proxy(self._loans))

    def take(self) -> NDArray[np.uint8]:
        """uint8[any size]: one that was given back, or an empty one."""
        with suppress(IndexError):  # no tests first: another thread may take the last one in between
            return self._ended.pop().arena
        with suppress(IndexError):
            return self._free.pop()
        return np.empty(0, np.uint8)

    def give(self, arena: NDArray[np.uint8]) -> None:
        """Give back an arena that nobody needs any more."""
        self._free.append(arena)

    def lend(self, arena: NDArray[np.uint8], size: int, dtype: DTypeLike) -> NDArray[Any]:
        """The first bytes of an arena as an array; the arena is given back when this is dropped.

        Whoever uses the memory must hold the array itself: a slice does not, as numpy's slices hold only what owns the memory.
        No Python code runs when it is dropped: a method `__del__` may be where an interrupt is noticed, and would lose it.
        """
        lent: NDArray[Any] = arena[:size].view(dtype)
        loan = _Loan(lent, self._ended.append)
        loan.arena = arena
        self._loans[_Loan(lent, self._forget)] = loan  # the key removes itself
        return lent


class Shelf:
    """Pools of arenas for several arrays at a time, each of which is given back by itself; each pool keeps at most `kept`.

    Arenas that are new come from one piece of memory, which numpy asks the system to make of large pages: filling new pages of
    four kilobytes takes a twentieth of the time of ten million rows.

    Example:
        >>> shelf = Shelf({"amount": np.float64, "place": np.uint32})
        >>> leased = shelf.lease({"amount": 1_000, "place": 1_000})
        >>> leased["place"].shape, leased["place"].dtype
        ((1000,), dtype('uint32'))
    """

    def __init__(self, types: Mapping[str, DTypeLike], kept: int = KEPT) -> None:
        self._types = {name: np.dtype(kind) for name, kind in types.items()}
        self._pools = {name: Arenas(kept) for name in types}

    def lease(self, counts: Mapping[str, int]) -> dict[str, NDArray[Any]]:
        """Uninitialized arrays with as many items; each begins at a multiple of LINE bytes. See `Arenas.lend`."""
        sizes = {name: count * self._types[name].itemsize for name, count in counts.items()}
        arenas = {name: self._pools[name].take() for name in counts}
        short = {name: _rounded(sizes[name]) for name, arena in arenas.items() if arena.size < sizes[name]}
        new = np.empty(sum(short.values()) + LINE, np.uint8)
        at = -new.ctypes.data % LINE if short else 0
        for name, size in short.items():
            arenas[name] = new[at : at + size]
            at += size
        return {name: self._pools[name].lend(arenas[name], sizes[name], self._types[name]) for name in counts}


def _rounded(size: int) -> int:
    return -(-size // LINE) * LINE


class _Loans(dict["_Loan", "_Loan"]):
    """The loans of a pool, by a reference that ends with the loan."""

    __slots__ = ("__weakref__",)


class _Loan(weakref.ref[NDArray[Any]]):
    """A weak reference to a lent array, and the arena that returns with it. It equals only itself: arrays have no hash."""

    __slots__ = ("arena",)
    __hash__ = object.__hash__
    __eq__ = object.__eq__
    arena: NDArray[np.uint8]


def grown_to(arena: NDArray[np.uint8], used: int, room: int) -> NDArray[np.uint8]:
    """The arena if it has at least `room` bytes, else a larger one that begins with its first `used` bytes."""
    if arena.size >= room:
        return arena
    return np.concatenate([arena[:used], np.empty(room + room // 2 - used, np.uint8)])
