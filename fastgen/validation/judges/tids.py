"""`tid`: hashed again from the row's own values."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastgen.ids import hexadecimal
from fastgen.kernels import md5
from fastgen.kernels.digits import Tile
from fastgen.kernels.structs import Block
from fastgen.kernels.units import DAY, MICROSECONDS
from fastgen.validation.card_table import packed
from fastgen.validation.report import Check
from fastgen.validation.rows import JudgedRows
from fastgen.validation.statistics.checks import rule
from fastgen.validation.statistics.tally import Array, Mask, Violations
from fastgen.validation.table_scan import Judge

AT_ONCE: Final = 16_384
"""Rows to hash at a time: each may be on another day, and 32-bit seconds hold more days than this."""
SIZE: Final = 32
MOST_CENTS: Final = 10**7
YEARS: Final = (1000, 9999)
"""Years whose dates have ten characters."""
EPOCH: Final = date(1970, 1, 1)


class Tids(Judge):
    """Checks that `tid` is the MD5 of time, card number and amount, as Python prints them."""

    group, about, needs = "rows", "tid", ("tid", "datetime", "cc_num", "amount")

    def __init__(self) -> None:
        self.other = Violations("tid", "datetime", "cc_num", "amount")
        self.unusual = 0
        self._tile = Tile.empty()

    def add(self, batch: JudgedRows) -> None:
        cards = packed(batch.frame["cc_num"])
        usual = self._usual(batch) & (cards != 0)
        self.unusual += batch.size - int(np.count_nonzero(usual))
        order = np.flatnonzero(usual)
        seconds = batch.epoch[order]
        if (np.diff(seconds) < 0).any():
            sort = np.argsort(seconds, kind="stable")
            order, seconds = order[sort], seconds[sort]
        digests = self._digests(seconds, cards[order], batch.cents[order])
        tids = batch.frame["tid"].gather(order)
        wrong = np.zeros(batch.size, bool)
        wrong[order] = (tids != _texts(digests)).to_numpy()
        self.other.add(batch, wrong, usual)

    def checks(self) -> Iterator[Check]:
        note = (
            f"{self.unusual:,} of the rows could not be hashed, as their time, card or amount is not of the usual form"
            if self.unusual
            else None
        )
        yield rule(self.group, "tid", self.other, "MD5 of datetime, cc_num and amount", note=note)

    def _usual(self, batch: JudgedRows) -> Mask:
        """Whether time and amount have the form that the kernel hashes."""
        first, last = ((date(year, 1, 1) - EPOCH).days * DAY for year in YEARS)
        usual: Mask = (batch.micros % MICROSECONDS == 0) & (batch.epoch >= first) & (batch.epoch < last)
        usual &= batch.in_cents & (batch.cents >= 0) & (batch.cents < MOST_CENTS)
        return usual

    def _digests(self, seconds: Array, cards: NDArray[np.uint64], cents: Array) -> NDArray[np.uint8]:
        """uint8[16 n]: digests of rows that are sorted by their seconds since 1970."""
        digests = np.empty(16 * seconds.size, np.uint8)
        for start in range(0, seconds.size, AT_ONCE):
            rows = slice(start, min(start + AT_ONCE, seconds.size))
            days, number = np.unique(seconds[rows] // DAY, return_inverse=True)
            block = Block.empty(seconds[rows].size)
            block.second[:] = number * DAY + seconds[rows] % DAY
            block.digits[:] = cards[rows]
            block.cents[:] = cents[rows]
            md5.transaction_digests(digests[16 * rows.start : 16 * rows.stop], block, _day_words(days), self._tile)
        return digests


def _day_words(days: Array) -> NDArray[np.uint32]:
    """uint32[days, 3]: "YYYY-MM-DD " of days since 1970, in the form of `Plan.day_words`."""
    text = "".join(f"{EPOCH + timedelta(day)} \0" for day in days.tolist())
    return np.frombuffer(text.encode(), np.uint32).reshape(-1, 3)


def _texts(digests: NDArray[np.uint8]) -> pl.Series:
    """Digests as text."""
    text = hexadecimal(digests)
    offsets = np.arange(0, text.size + 1, SIZE)
    rows = pa.Array.from_buffers(pa.large_string(), offsets.size - 1, [None, pa.py_buffer(offsets), pa.py_buffer(text)])
    return pl.Series("tid", rows)
