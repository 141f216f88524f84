"""`tid` for blocks of rows."""

import threading
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from fastgen.arenas import Empty
from fastgen.kernels import md5
from fastgen.kernels.digits import Tile
from fastgen.kernels.tables import Block
from fastgen.plan import Plan
from fastgen.windows import Worker


class TransactionIds:
    """Hashes rows; holds scratch memory, so one for each thread."""

    def __init__(self, plan: Plan) -> None:
        self.days = plan.day_words
        self.cards = plan.card_digits
        self.tile = Tile.empty()
        self._digests = np.empty(0, np.uint8)

    def room(self, rows: int) -> NDArray[np.uint8]:
        """uint8[16 n]: the digests of the first n rows, or room for them; valid until the next call."""
        if self._digests.size < 16 * rows:
            self._digests = np.empty(20 * rows, np.uint8)
        return self._digests[: 16 * rows]

    def digest(self, rows: Block, before: int = 0) -> None:
        """Hash rows, and put their digests behind those of the `before` ones hashed already."""
        total = before + rows.second.size
        if self._digests.size < 16 * total:
            larger = np.empty(20 * total, np.uint8)
            larger[: 16 * before] = self._digests[: 16 * before]
            self._digests = larger
        md5.transaction_digests(self._digests[16 * before : 16 * total], rows, self.cards, self.days, self.tile)


class RowSource(threading.local):
    """Makes rows and their ids: each thread that touches it gets its own worker and scratch memory."""

    def __init__(self, plan: Plan, names: Collection[str]) -> None:
        self.worker = Worker(plan, names)
        self.ids = TransactionIds(plan)
        self.hashed = "tid" in names

    def fill(self, groups: range) -> tuple[Block, NDArray[np.uint8]]:
        """The rows of these groups, and their MD5 digests, uint8[16 n]; empty where no tid is wanted."""
        rows = self.worker.fill(groups, self.ids.digest if self.hashed else None)
        return rows, self.ids.room(rows.second.size if self.hashed else 0)


def hexadecimal(digests: NDArray[np.uint8], empty: Empty = np.empty) -> NDArray[np.uint8]:
    """The digits of bytes, two for each, in a new array, or one from `empty`."""
    text = empty(digests.size, np.uint16)
    md5.hex_digits(digests, text)
    return text.view(np.uint8)
