"""Rows of `transactions` as numbers: each column is computed when a check first needs it."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.kernels.units import MICRODEGREES, MICROSECONDS
from fastgen.validation.card_table import CardTable
from fastgen.validation.rules import Rules
from fastgen.validation.statistics.tally import Array, Mask, RowBatch

FAR: Final = 10**9


def codes(column: pl.Series, values: Sequence[str]) -> Array:
    """int64: the position of each text among the values; -1 if it is none of them."""
    found = column.cast(pl.String).cast(pl.Enum(values), strict=False).to_physical()
    return found.cast(pl.Int64).fill_null(-1).to_numpy()


def rounded(column: NDArray[np.float64], unit: int) -> Array:
    """int64: numbers as multiples of 1 / unit, rounded; NaN and what is too large for any check is clipped."""
    return np.rint(np.clip(np.nan_to_num(column, nan=-FAR), -FAR, FAR) * unit).astype(np.int64)


class JudgedRows(RowBatch):
    """Rows without missing values."""

    def __init__(self, frame: pl.DataFrame, numbers: Array, rules: Rules, cards: CardTable) -> None:
        super().__init__(frame, numbers)
        self.rules, self.cards = rules, cards

    def _floats(self, name: str) -> NDArray[Any]:
        return self.frame[name].to_numpy()

    @cached_property
    def micros(self) -> Array:
        """Times in microseconds since 1970."""
        return self.frame["datetime"].to_physical().to_numpy()

    @cached_property
    def epoch(self) -> Array:
        """Times in seconds since 1970."""
        return self.micros // MICROSECONDS

    @cached_property
    def second(self) -> Array:
        """Times in seconds since the start."""
        return self.epoch - self.rules.start

    @cached_property
    def cents(self) -> Array:
        """Amounts in cents."""
        return rounded(self._floats("amount"), 100)

    @cached_property
    def in_cents(self) -> Mask:
        """Whether amounts have no more than two decimals."""
        return self.cents / 100 == self._floats("amount")  # type: ignore[no-any-return]  # comparing arrays: numpy says Any

    @cached_property
    def latitude(self) -> Array:
        """In millionths of a degree."""
        return rounded(self._floats("latitude"), MICRODEGREES)

    @cached_property
    def longitude(self) -> Array:
        """In millionths of a degree."""
        return rounded(self._floats("longitude"), MICRODEGREES)

    @cached_property
    def card(self) -> Array:
        """Positions among the cards; -1 for an unknown card."""
        return self.cards.find(self.frame["cc_num"])

    @cached_property
    def category(self) -> Array:
        """Codes of categories."""
        return codes(self.frame["category"], self.rules.categories)

    @cached_property
    def city(self) -> Array:
        """Codes of cities."""
        return codes(self.frame["city"], self.rules.places.cities)

    @cached_property
    def country(self) -> Array:
        """Codes of countries."""
        return codes(self.frame["country"], self.rules.places.countries)

    @cached_property
    def place(self) -> Array:
        """Codes of places; -1 if no place has this city, country and position."""
        return self.rules.places.at(self.latitude, self.longitude, self.city, self.country)

    @cached_property
    def label(self) -> Array:
        """Labels."""
        return self.frame["fraud_label"].cast(pl.Int64).to_numpy()

    @cached_property
    def kind(self) -> Array:
        """The `RowKind` of each row; labels other than 1 count as none."""
        cash, labelled = self.category == self.rules.cash, self.label == 1
        return np.asarray(2 * cash + labelled, np.int64)
