"""The expected rows, in chunks that can be regenerated."""

from abc import ABC, abstractmethod
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.verifying.lookup import Lookup

FRAMES = 3
LOOKUPS = 32
"""Chunks to keep, as frames and as lookups, because rows may be out of order."""
UNKNOWN: Final = -1


class Chunk(NamedTuple):
    """Rows in order: the chunk's number, how many rows, their digest.

    frame: the rows. text: the rows in a written form instead, which only a cursor knows.
    """

    number: int
    rows: int
    digest: int
    frame: pl.DataFrame | None
    text: Any = None


class Chunks(ABC):
    """The rows of a table or a partition.

    Args:
        table: whose columns they have, more or less. parts: int64[chunks], the part that each chunk belongs to.
        keyed: whether the columns identify each row, and the chunk that it belongs to.
    """

    def __init__(self, table: str, parts: NDArray[np.int64], keyed: bool) -> None:
        self.table, self.parts, self.keyed = table, parts, keyed
        self._frames: dict[int, pl.DataFrame] = {}
        self._lookups: dict[int, Lookup] = {}
        self.made_again = 0

    @property
    def last(self) -> int:
        """The number of the last chunk."""
        return self.parts.size - 1

    def frame(self, number: int) -> pl.DataFrame:
        """The rows of a chunk; those of the last few are kept."""
        if number not in self._frames:
            self.made_again += 1
            self.keep(number, self._make(number))
        return self._frames[number]

    def keep(self, number: int, frame: pl.DataFrame) -> None:
        """Keep the rows of a chunk, which may be needed again."""
        self._frames[number] = frame
        if len(self._frames) > FRAMES:
            del self._frames[next(iter(self._frames))]

    def again(self, number: int) -> Chunk:
        """An earlier chunk again, as a frame; its digest is not computed again."""
        frame = self.frame(number)
        return Chunk(number, frame.height, 0, frame)

    def lookup(self, number: int) -> Lookup:
        """The hashes of a chunk's rows."""
        if number not in self._lookups:
            self._lookups[number] = Lookup(self.frame(number).hash_rows().to_numpy())
            if len(self._lookups) > LOOKUPS:
                del self._lookups[next(iter(self._lookups))]
        return self._lookups[number]

    @abstractmethod
    def _make(self, number: int) -> pl.DataFrame:
        """The rows of a chunk."""

    @abstractmethod
    def locate(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        """int64[n]: the chunk that each row would belong to; UNKNOWN if nothing says so."""


def chunks_of(items: list[range], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[n]: which of the ascending ranges holds each number; UNKNOWN if none does.

    Example:
        >>> chunks_of([range(2, 4), range(6, 7)], np.array([1, 2, 3, 4, 6])).tolist()
        [-1, 0, 0, -1, 1]
    """
    starts, stops = (np.array([getattr(item, edge) for item in items]) for edge in ("start", "stop"))
    found = np.searchsorted(starts, numbers, side="right") - 1
    return np.where((found >= 0) & (numbers < stops[found]), found, UNKNOWN)
