"""Dense numbers for cards, in order of first appearance."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.kernels.tallies import fill_slots, find_keys, number_keys

FIRST_CAPACITY = 1 << 12
Numbers = NDArray[np.int32]


class CardIndex:
    """The numbers of cards; takes 16 to 32 bytes of memory per card."""

    def __init__(self) -> None:
        self.count = 0
        self._known = np.empty(FIRST_CAPACITY, np.int64)
        self._slots = np.zeros(2 * FIRST_CAPACITY, np.int32)

    def numbers(self, column: pl.Series) -> Numbers:
        """int32: the number of each card in a column; new cards get the next numbers."""
        keys = card_keys(column)
        if self.count + keys.size > self._known.size:
            self._grow(self.count + keys.size)
        numbers = np.empty(keys.size, np.int32)
        self.count = number_keys(numbers, keys, self._slots, self._known, self.count)
        return numbers

    def find(self, column: pl.Series) -> Numbers:
        """int32: the number of each card in a column, -1 for unknown cards."""
        numbers = np.empty(column.len(), np.int32)
        find_keys(numbers, card_keys(column), self._slots, self._known)
        return numbers

    def text(self, number: int) -> str:
        """The card number, if it is numeric; otherwise the card's position, such as "card 2"."""
        key = int(self._known[number])
        return str(key) if key >= 0 else f"card {number + 1:,}"

    @property
    def capacity(self) -> int:
        """The number of cards that fit before the arrays have to grow."""
        return self._known.size

    def _grow(self, needed: int) -> None:
        capacity = 1 << (needed - 1).bit_length()
        known = np.empty(capacity, np.int64)
        known[: self.count] = self._known[: self.count]
        self._known, self._slots = known, np.zeros(2 * capacity, np.int32)
        fill_slots(self._slots, self._known, self.count)


def card_keys(column: pl.Series) -> NDArray[np.int64]:
    """int64: card numbers as integers; texts that are not numeric become negative hashes.

    Example:
        >>> card_keys(pl.Series(["4846953825144454", "4073951983641083"])).tolist()
        [4846953825144454, 4073951983641083]
    """
    keys = column.cast(pl.Int64, strict=False)
    if not keys.null_count():
        return keys.to_numpy()
    hashed = -1 - (column.hash().to_numpy() >> np.uint64(1)).astype(np.int64)
    return np.where(keys.is_null().to_numpy(), hashed, keys.fill_null(0).to_numpy())
