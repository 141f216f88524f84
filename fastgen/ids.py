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

    def __init__(self, plan: Plan, text: MessageText) -> None:
        self.text = text
        self.cards = plan.card_text.view(np.uint64)
        self.scratch = np.zeros((md5.WORDS + 4) * md5.TILE, np.uint32), np.empty((md5.TILE, 2), np.uint64)
        self._digests = np.empty(0, np.uint8)

    def room(self, rows: int) -> NDArray[np.uint8]:
        """uint8[16 n] for the digests of n rows; valid until the next call."""
        if self._digests.size < 16 * rows:
            self._digests = np.empty(20 * rows, np.uint8)
        return self._digests[: 16 * rows]

    def digests(self, rows: Block) -> NDArray[np.uint8]:
        """uint8[16 n]: the MD5 of each of n rows; valid until the next call."""
        digests = self.room(rows.second.size)
        md5.transaction_digests(digests, rows, self.cards, self.text, *self.scratch)
        return digests


def hexadecimal(digests: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The digits of bytes, two for each, in a new array."""
    text = np.empty(digests.size, np.uint16)
    md5.hex_digits(digests, text)
    return text.view(np.uint8)
