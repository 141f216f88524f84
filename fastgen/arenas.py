"""Memory that goes round: taken by a thread that fills it, given back when what it held has been written."""

import numpy as np
from numpy.typing import NDArray


class Arenas:
    """Arrays of bytes that may be used again; threads may take and give side by side.

    Fresh memory costs a page fault every four kilobytes, which is as much as filling it with text.

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
        try:  # not a test first: another thread may come between
            return self._free.pop()
        except IndexError:
            return np.empty(0, np.uint8)

    def give(self, arena: NDArray[np.uint8]) -> None:
        """Nobody needs it any more."""
        self._free.append(arena)


def with_room(arena: NDArray[np.uint8], used: int, room: int) -> NDArray[np.uint8]:
    """The arena, or a larger one that begins with the same `used` bytes, if it has not room for so many in all."""
    if arena.size >= room:
        return arena
    return np.concatenate([arena[:used], np.empty(room + room // 2 - used, np.uint8)])
