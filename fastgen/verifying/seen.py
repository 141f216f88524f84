"""Which of the expected rows have been seen, in little memory: a bit for each row of the chunks that were seen in part."""

from collections import OrderedDict
from typing import Final

import numpy as np
from numpy.typing import NDArray

OPEN: Final = 8
"""Chunks to keep unpacked, a byte per row, because they are used again and again."""


class Seen:
    """The rows of numbered chunks that were seen.

    Example:
        >>> seen = Seen([3, 5])
        >>> seen.mark(1, np.array([0, 4])), seen.mark(1, np.array([4, 3])), seen.length(1), seen.count
        (2, 1, 5, 3)
    """

    def __init__(self, rows: list[int] | int) -> None:
        """`rows`: how many each chunk has; or the number of chunks, if `begin` sets their rows."""
        self._rows = np.array(rows, np.int64) if isinstance(rows, list) else np.full(rows, -1, np.int64)
        self._whole = np.zeros(self._rows.size, bool)
        self._open: OrderedDict[int, NDArray[np.bool_]] = OrderedDict()
        self._packed: dict[int, NDArray[np.uint8]] = {}
        self.count = 0

    def begin(self, chunk: int, rows: int) -> None:
        """Set how many rows a chunk has."""
        self._rows[chunk] = rows

    def rows(self, chunk: int) -> int:
        """How many rows a chunk has; -1 if not known yet."""
        return int(self._rows[chunk])

    def of(self, chunk: int) -> NDArray[np.bool_]:
        """bool[rows]: which rows of a chunk were seen; read-only, and valid until the next call of a method."""
        if chunk in self._open:
            self._open.move_to_end(chunk)
            return self._open[chunk]
        rows = self.rows(chunk)
        if self._whole[chunk]:
            return np.ones(rows, bool)
        packed = self._packed.pop(chunk, None)
        found = np.zeros(rows, bool) if packed is None else np.unpackbits(packed, count=rows).astype(bool)
        self._open[chunk] = found
        if len(self._open) > OPEN:
            self._close(*self._open.popitem(last=False))
        return found

    def _close(self, chunk: int, seen: NDArray[np.bool_]) -> None:
        if seen.any():
            self._packed[chunk] = np.packbits(seen)

    def mark(self, chunk: int, numbers: NDArray[np.int64] | slice) -> int:
        """Mark these rows of a chunk as seen, and return how many were not seen before."""
        seen = self.of(chunk)
        if self._whole[chunk]:
            return 0
        before = int(np.count_nonzero(seen))
        seen[numbers] = True
        after = int(np.count_nonzero(seen))
        self.count += after - before
        if after == seen.size:
            self._whole[chunk] = True
            del self._open[chunk]
        return after - before

    def pass_whole(self, chunk: int) -> bool:
        """Mark all rows of a chunk as seen; do nothing and return False if some of them were seen before."""
        if self._whole[chunk] or chunk in self._packed or (chunk in self._open and self._open[chunk].any()):
            return False
        self._open.pop(chunk, None)
        self._whole[chunk] = True
        self.count += self.rows(chunk)
        return True

    def length(self, chunk: int) -> int:
        """How many rows a chunk has up to the last one that was seen; 0 if none was."""
        if self._whole[chunk]:
            return self.rows(chunk)
        if chunk not in self._open and chunk not in self._packed:
            return 0
        numbers = np.flatnonzero(self.of(chunk))
        return int(numbers[-1]) + 1 if numbers.size else 0

    def first_missing(self, chunk: int, start: int) -> int | None:
        """The number of the first row of a chunk, from `start` on, that was not seen, if there is one."""
        if self._whole[chunk]:
            return None
        if self.rows(chunk) < 0:  # the chunk has not begun: none of its rows was seen
            return start
        seen = self.of(chunk)[start:]
        number = int(seen.argmin()) if seen.size else 0  # the search ends at the first row that was not seen
        return start + number if number < seen.size and not seen[number] else None

    def next_seen(self, chunk: int, start: int) -> int:
        """The number of the first row of a chunk, from `start` on, that was seen; how many rows it has if there is none."""
        numbers = np.flatnonzero(self.of(chunk)[start:])
        return start + int(numbers[0]) if numbers.size else self.rows(chunk)

    @property
    def size(self) -> int:
        """Bytes that the bits take."""
        return sum(map(len, self._packed.values()))
