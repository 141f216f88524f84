"""The cards of the data, and their positions by number."""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.validation.statistics.tally import Array
from fastgen.validation.tables import Tables

MANY: Final = 1 << 20
"""Card numbers to collect, at least, before duplicates are dropped."""
Words = NDArray[np.uint64]


def keys_of(numbers: pl.Series) -> Words:
    """uint64: hashes that identify card numbers, whatever form they have."""
    return numbers.hash().to_numpy()


def packed(numbers: pl.Series) -> Words:
    """uint64: card numbers, packed two digits to a byte as kernels read them; 0 for anything but sixteen digits.

    Example:
        >>> packed(pl.Series(["4000000000000002", "400000000000000", "400000000000000f"])).tobytes().hex(" ", 8)
        '4000000000000002 0000000000000000 0000000000000000'
    """
    bytes_of = numbers.str.decode("hex", strict=False)
    words = bytes_of.bin.reinterpret(dtype=pl.UInt64, endianness="little").fill_null(0).to_numpy()
    eights = words & np.uint64(0x8888888888888888)
    letters = eights & ((words << np.uint64(1)) | (words << np.uint64(2)))
    return np.where(letters == 0, words, np.uint64(0))


class CardTable:
    """All cards, in the order of their table.

    Args:
        keys: uint64, see `keys_of`. words: uint64, see `packed`.
    """

    def __init__(self, keys: Words, words: Words) -> None:
        self.words = words
        self.size = keys.size
        # A sentinel follows the last key: the largest value, of no card.
        self._order = np.append(np.argsort(keys, kind="stable"), -1)
        self._sorted = np.append(keys[self._order[:-1]], np.iinfo(np.uint64).max)
        # Keys are spread evenly, so their leading bits nearly give the position.
        bits = max(1, self.size.bit_length())
        self._shift = np.uint64(64 - bits)
        self._starts = np.searchsorted(self._sorted[:-1], np.arange(1 << bits, dtype=np.uint64) << self._shift)

    def find(self, numbers: pl.Series) -> Array:
        """int64: the positions of numbers, the first one for a repeated number; -1 for an unknown one."""
        keys = keys_of(numbers)
        at = self._starts[keys >> self._shift]
        ahead = np.flatnonzero(self._sorted[at] < keys)
        while ahead.size:
            at[ahead] += 1
            ahead = ahead[self._sorted[at[ahead]] < keys[ahead]]
        return np.where(self._sorted[at] == keys, self._order[at], -1)

    @property
    def repeated(self) -> Array:
        """int64: the positions of cards whose number an earlier card has."""
        return np.sort(self._order[1:-1][self._sorted[1:-1] == self._sorted[:-2]])

    def text(self, card: int) -> str:
        """A card as an example: its number, or its row in the table if it has no valid one."""
        return f"card {self.words[card : card + 1].tobytes().hex()}" if self.words[card] else f"the card of row {card + 1:,}"


def read_cards(tables: Tables) -> tuple[CardTable, bool]:
    """Read the cards, and return whether they come from a table of cards rather than from the transactions."""
    with_cards = [name for name in tables.tables if "cc_num" in tables.columns(name)]
    for name in ("credit_cards", "profiles"):
        if name in with_cards:
            return _cards([_identified(frame) for frame in tables.batches(name, ["cc_num"])]), True
    found: list[pl.DataFrame] = []
    for frame in tables.batches("transactions", ["cc_num"]) if with_cards else ():
        found.append(_identified(frame).unique())
        if sum(each.height for each in found[1:]) > max(MANY, found[0].height):
            found = [pl.concat(found).unique()]
    return _cards([pl.concat(found).unique().sort("key")] if found else []), False


def _identified(frame: pl.DataFrame) -> pl.DataFrame:
    """The numbers of a frame, as `CardTable` takes them."""
    numbers = frame["cc_num"].drop_nulls()
    return pl.DataFrame({"key": keys_of(numbers), "word": packed(numbers)})


def _cards(frames: list[pl.DataFrame]) -> CardTable:
    whole = pl.concat(frames) if frames else pl.DataFrame(schema={"key": pl.UInt64, "word": pl.UInt64})
    return CardTable(whole["key"].to_numpy(), whole["word"].to_numpy())
