"""`tid` for blocks of rows."""

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels import md5
from fastgen.kernels.md5 import MessageText
from fastgen.kernels.tables import Block
from fastgen.plan import Plan


def number_tables(plan: Plan) -> MessageText:
    """Digits of days and amounts."""
    days = (plan.day_offset + plan.grid.groups * plan.grid.group) // 86_400 + 1
    return md5.message_text(plan.origin, days, max(r.high_cents for r in plan.config.amounts))


class TransactionIds:
    """Hashes rows; holds scratch memory, so one for each thread."""

    def __init__(self, numbers: MessageText) -> None:
        self.numbers = numbers
        self._tile = np.zeros((md5.WORDS + 4) * md5.TILE, np.uint32)
        self._digests = np.empty(0, np.uint8)

    def digests(self, rows: Block, cards: NDArray[np.uint64]) -> NDArray[np.uint8]:
        """uint8[16 n]: the MD5 of each of n rows, whose card numbers are given; valid until the next call."""
        size = 16 * rows.second.size
        if self._digests.size < size:
            self._digests = np.empty(size + size // 4, np.uint8)
        md5.transaction_digests(self._digests[:size], rows, cards, self.numbers, self._tile)
        return self._digests[:size]


def hexadecimal(digests: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The digits of bytes, two for each, in a new array."""
    text = np.empty(digests.size, np.uint16)
    md5.hex_digits(digests, text)
    return text.view(np.uint8)
