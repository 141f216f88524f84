"""What the first pass over the transactions collects: values by column, places, and rows to look at more closely.

Nothing here needs rows in order of time. Memory is bounded: counts in bins, a limited number of categories and places.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.kernels.bits import GOLDEN
from fastgen.kernels.units import DAY, HOUR
from fastgen.reporting import bins
from fastgen.reporting.rows import ReportRows, detached, whole
from fastgen.schema import RowKind

MOST_CATEGORIES: Final = 400
"""Rows of further categories are counted together."""
OTHER_CATEGORIES: Final = "other categories"
MOST_PLACES: Final = 20_000
"""The places with the most rows are kept; of the others, only the number of rows."""
SAMPLED: Final = 48
"""Rows of each kind that are kept, to look at more closely."""
THURSDAY: Final = 3
"""1970 began on a Thursday, counted from Monday as 0."""
DEGREES: Final = {"latitude": 90, "longitude": 180}
"""Added to whole degrees, so that they are not negative."""
SAMPLE_COLUMNS: Final = ("datetime", "cc_num")


class CategoryIndex:
    """Numbers of categories, in order of first appearance; within a batch, by name."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def of(self, column: pl.Series) -> NDArray[np.int64]:
        """int64: the number of each row's category."""
        names = column.unique().cast(pl.String).sort().to_list()
        numbers = [self._number(name) for name in names]
        return column.cast(pl.String).replace_strict(names, numbers, return_dtype=pl.Int64).to_numpy()

    def _number(self, name: str) -> int:
        if name not in self.numbers and len(self.numbers) >= MOST_CATEGORIES:
            name = OTHER_CATEGORIES
        return self.numbers.setdefault(name, len(self.numbers))


class Sample:
    """A sample spread evenly over all rows: those whose row number times the golden ratio has the least fractional part."""

    def __init__(self) -> None:
        self.rows: pl.DataFrame | None = None

    def add(self, frame: pl.DataFrame, among: NDArray[np.intp], before: int) -> None:
        """Add some rows of a frame. among: indices of the rows to choose from. before: number of rows in earlier frames."""
        if not among.size:
            return
        order = (among + before).astype(np.uint64) * GOLDEN
        kept = np.argpartition(order, SAMPLED)[:SAMPLED] if order.size > SAMPLED else slice(None)
        new = detached(frame.select(SAMPLE_COLUMNS)[among[kept]]).with_columns(order=pl.Series(order[kept]))
        self.rows = (new if self.rows is None else pl.concat([self.rows, new])).sort("order").head(SAMPLED)


class PlaceCounts:
    """Rows, frauds and withdrawals counted by country and city, with the sums of the coordinates."""

    def __init__(self) -> None:
        self._counted: list[pl.DataFrame] = []
        self.rows_elsewhere = 0

    def add(self, rows: ReportRows) -> None:
        """Count rows."""
        columns = rows.frame.select("country", "city", "latitude", "longitude").with_columns(
            rows=pl.lit(1, pl.Int64), fraud=pl.Series(rows.fraud, dtype=pl.Int64), cash=pl.Series(rows.cash, dtype=pl.Int64)
        )
        self._counted.append(detached(_summed(columns).with_columns(pl.col("country", "city").cast(pl.String))))
        if sum(frame.height for frame in self._counted) > 2 * MOST_PLACES:
            self._condense()

    def _condense(self) -> None:
        places = _summed(pl.concat(self._counted)).sort(["rows", "country", "city"], descending=[True, False, False])
        self.rows_elsewhere += int(places["rows"].slice(MOST_PLACES).sum())
        self._counted = [places.head(MOST_PLACES)]

    def table(self) -> pl.DataFrame:
        """country, city, rows, fraud, cash, and mean latitude and longitude; places with the most rows first."""
        self._condense()
        return self._counted[0].with_columns(pl.col("latitude", "longitude") / pl.col("rows"))


def _summed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.group_by("country", "city").agg(pl.col("latitude", "longitude", "rows", "fraud", "cash").sum())


class Survey:
    """The first pass.

    Args:
        prices: lowest and highest price of categories, in cents; `outside` counts ordinary rows whose amounts are not between them.
        end: seconds since 1970; `after_end` counts rows from then on.
    """

    def __init__(self, prices: Mapping[str, tuple[int, int]] | None = None, end: int | None = None) -> None:
        self.rows = self.incomplete = self.after_end = 0
        self.first = self.last = 0
        self.in_order = True
        self.kinds = np.zeros(len(RowKind), np.int64)
        self.categories = CategoryIndex()
        self.amounts = bins.empty(0)
        self.by_label = {name: bins.empty(2) for name in ("amount", "hour", "weekday", *DEGREES)}
        self.places = PlaceCounts()
        self.samples: dict[RowKind, Sample] = {kind: Sample() for kind in RowKind if kind != RowKind.PAYMENT}
        self.outside = 0
        self._prices = prices or {}
        self._end = end
        self._limits = np.zeros((0, 2), np.int64)

    def add(self, frame: pl.DataFrame) -> None:
        """Add a batch with all columns that a report needs."""
        rows = ReportRows(whole(frame))
        self.incomplete += frame.height - rows.height
        if not rows.height:
            return
        self._times(rows)
        self._amounts(rows)
        self._columns(rows)
        self.kinds += np.bincount(rows.kinds, minlength=len(RowKind))
        self.places.add(rows)
        for kind, sample in self.samples.items():
            sample.add(rows.frame, np.flatnonzero(rows.kinds == kind), self.rows)
        self.rows += rows.height

    def _times(self, rows: ReportRows) -> None:
        seconds = rows.seconds
        least, most = int(seconds.min()), int(seconds.max())
        sorted_ = bool((seconds[1:] >= seconds[:-1]).all()) and (not self.rows or int(seconds[0]) >= self.last)
        self.in_order &= sorted_
        self.after_end += int((seconds >= self._end).sum()) if self._end is not None else 0
        self.first, self.last = (min(self.first, least), max(self.last, most)) if self.rows else (least, most)

    def _amounts(self, rows: ReportRows) -> None:
        cents = np.rint(rows.numbers("amount") * 100).clip(0).astype(np.int64)
        numbers = self.categories.of(rows.frame["category"])
        self._grow()
        bins.count(self.amounts, (2 * numbers + rows.fraud).astype(np.uint16), cents)
        bins.count(self.by_label["amount"], rows.fraud, cents)
        low, high = self._limits[numbers].T
        self.outside += int(((rows.fraud == 0) & ((cents < low) | (cents > high))).sum())

    def _grow(self) -> None:
        """Make space for new categories."""
        new = list(self.categories.numbers)[len(self._limits) :]
        if new:
            self.amounts = np.concatenate([self.amounts, bins.empty(2 * len(new))])
            limits = [self._prices.get(name, (0, 2**62)) for name in new]
            self._limits = np.concatenate([self._limits, np.array(limits, np.int64)])

    def _columns(self, rows: ReportRows) -> None:
        bins.count(self.by_label["hour"], rows.fraud, rows.seconds // HOUR % 24)
        bins.count(self.by_label["weekday"], rows.fraud, (rows.seconds // DAY + THURSDAY) % 7)
        for name, shift in DEGREES.items():
            bins.count(self.by_label[name], rows.fraud, np.floor(rows.numbers(name)).astype(np.int64) + shift)

    def amounts_of(self, category: str) -> bins.Counts:
        """int64[2, BINS]: amounts in cents of a category's ordinary rows, and of its frauds."""
        number = self.categories.numbers[category]
        counts: bins.Counts = self.amounts[2 * number : 2 * number + 2]
        return counts
