"""What the second pass collects: rows over time, rows per card, and how far each row is from the card's last one."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.kernels.tallies import MISSING, chain_lengths, count_kinds, since_last
from fastgen.reporting import bins
from fastgen.reporting.card_index import CardIndex
from fastgen.reporting.rows import COLUMNS, ReportRows, detached, whole
from fastgen.schema import RowKind

STEPS: Final = (1, 60, 600, 3_600, 21_600, 86_400, 604_800, 2_419_200, 31_449_600)
"""Possible widths of a timeline bar in seconds, up to one, four and 52 weeks; each is a multiple of the one before."""
MOST_STEPS: Final = 140
MOST_FOLLOWED: Final = 20_000
"""The most rows that are kept of the followed cards; later ones are left out."""
LONGEST_CHAIN: Final = 1_000
SINCE_LAST: Final = ("seconds", "metres", "km/h")


def time_step(first: int, last: int) -> int:
    """The width of a bar in seconds, such that there are at most MOST_STEPS bars.

    Example:
        >>> time_step(0, 59 * 86_400) // 3_600
        24
    """
    return next((step for step in STEPS if last // step - first // step < MOST_STEPS), STEPS[-1])


class Histories:
    """The second pass. If rows are not in order of time, distances and chains are left out.

    Args:
        first, last: seconds since 1970 of the first and the last row.
        chain_gap: the most seconds from one fraud of a chain to the next.
        followed: cards whose rows are kept.
        in_order: whether rows are in order of time.
    """

    def __init__(self, first: int, last: int, *, chain_gap: int, followed: Sequence[str] = (), in_order: bool = True) -> None:
        self.step = time_step(first, last)
        self.start = first // self.step * self.step
        self.timeline = np.zeros((len(RowKind), last // self.step - first // self.step + 1), np.int64)
        self.since_last = {name: bins.empty(2) for name in SINCE_LAST}
        self.lengths = np.zeros(LONGEST_CHAIN + 1, np.int64)
        self.cards = CardIndex()
        self.followed: list[pl.DataFrame] = []
        self._in_order = in_order
        self._origin, self._gap = first, chain_gap
        self._follow = self.cards.numbers(pl.Series(followed, dtype=pl.String)).size
        self._counts = np.zeros((0, len(RowKind)), np.int32)
        self._last_seconds, self._last_places = np.empty(0, np.int64), np.empty((0, 2), np.float32)
        self._attacked = CardIndex()
        self._chain_seconds, self._runs = np.empty(0, np.int64), np.empty(0, np.int32)

    def add(self, frame: pl.DataFrame) -> None:
        """Add a batch."""
        rows = ReportRows(whole(frame))
        if not rows.height:
            return
        cards = self.cards.numbers(rows.frame["cc_num"])
        self._counts = enlarged(self._counts, self.cards.capacity, 0)
        count_kinds(self._counts, cards, rows.kinds)
        columns = self.timeline.shape[1]
        places = rows.kinds * np.int64(columns) + (rows.seconds - self.start) // self.step
        self.timeline += np.bincount(places, minlength=self.timeline.size).reshape(self.timeline.shape)
        self._keep(rows, cards)
        if self._in_order:
            self._since_last(rows, cards)
            self._chains(rows)

    def _keep(self, rows: ReportRows, cards: NDArray[np.int32]) -> None:
        """Keep the rows of the followed cards, with their kinds."""
        space = MOST_FOLLOWED - sum(frame.height for frame in self.followed)
        found = np.flatnonzero(cards < self._follow)[:space]
        if found.size:
            frame = rows.frame.select(COLUMNS)[found].with_columns(pl.col("category", "city", "country").cast(pl.String))
            self.followed.append(detached(frame).with_columns(kind=pl.Series(rows.kinds[found])))

    def _since_last(self, rows: ReportRows, cards: NDArray[np.int32]) -> None:
        self._last_seconds = enlarged(self._last_seconds, self.cards.capacity, MISSING)
        self._last_places = enlarged(self._last_places, self.cards.capacity, 0)
        seconds, metres = np.empty((2, rows.height), np.int64)
        since_last(
            seconds,
            metres,
            cards,
            rows.seconds - self._origin,
            rows.numbers("latitude"),
            rows.numbers("longitude"),
            self._last_seconds,
            self._last_places,
        )
        speed = np.where(metres < 0, MISSING, metres * 18 // (5 * np.maximum(seconds, 1)))
        for name, values in zip(SINCE_LAST, (seconds, metres, speed), strict=True):
            bins.count(self.since_last[name], rows.fraud, values)

    def _chains(self, rows: ReportRows) -> None:
        found = np.flatnonzero(rows.kinds == RowKind.FRAUD_PAYMENT)
        if found.size:
            cards = self._attacked.numbers(rows.frame["cc_num"].gather(found))
            self._chain_seconds = enlarged(self._chain_seconds, self._attacked.capacity, MISSING)
            self._runs = enlarged(self._runs, self._attacked.capacity, 0)
            chain_lengths(self.lengths, cards, rows.seconds[found] - self._origin, self._gap, self._chain_seconds, self._runs)

    @property
    def counts(self) -> NDArray[np.int32]:
        """int32[cards, kinds]: the number of rows of each card that has any."""
        return self._counts[: self.cards.count]


def enlarged(array: NDArray[Any], rows: int, value: int) -> NDArray[Any]:
    """The array with at least this many rows, new ones filled with `value`."""
    missing = rows - array.shape[0]
    if missing <= 0:
        return array
    return np.concatenate([array, np.full((missing, *array.shape[1:]), value, array.dtype)])
