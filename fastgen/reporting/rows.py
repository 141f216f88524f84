"""Transactions as the accumulators take them: complete rows, with whole seconds and kinds."""

from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.kernels.units import MICROSECONDS
from fastgen.schema import CASH_WITHDRAWAL

COLUMNS: Final = ("datetime", "cc_num", "category", "amount", "latitude", "longitude", "city", "country")
"""The columns of `transactions` that a report needs."""
LABEL: Final = "fraud_label"
NUMBERS: Final = ("amount", "latitude", "longitude")
FAR: Final = 1e15
"""Numbers beyond it are clipped to it: none of them is an amount or a coordinate on the Earth."""


class ReportRows:
    """A frame of transactions without missing values, with columns as arrays where they are needed."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    @property
    def height(self) -> int:
        """The number of rows."""
        return self.frame.height

    @cached_property
    def seconds(self) -> NDArray[np.int64]:
        """int64: seconds since 1970."""
        return self.frame["datetime"].to_physical().to_numpy() // MICROSECONDS

    @cached_property
    def fraud(self) -> NDArray[np.uint16]:
        """uint16: 1 for frauds; all 0 if there are no labels."""
        if LABEL not in self.frame.columns:
            return np.zeros(self.height, np.uint16)
        return (self.frame[LABEL] != 0).to_numpy().astype(np.uint16)

    @cached_property
    def cash(self) -> NDArray[np.uint16]:
        """uint16: 1 for withdrawals."""
        return (self.frame["category"].cast(pl.String) == CASH_WITHDRAWAL).to_numpy().astype(np.uint16)

    @cached_property
    def kinds(self) -> NDArray[np.uint8]:
        """uint8: the `RowKind` of each row."""
        return (2 * self.cash + self.fraud).astype(np.uint8)

    def numbers(self, column: str) -> NDArray[np.float64]:
        """float64: a column of numbers."""
        return self.frame[column].to_numpy()


def whole(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows without missing values whose numbers are all finite; numbers too large to count are clipped.

    Example:
        >>> whole(pl.DataFrame({"city": ["Rolla", None, "Troy", "Ely"], "amount": [1.0, 2.0, float("nan"), 1e300]})).rows()
        [('Rolla', 1.0), ('Ely', 1000000000000000.0)]
    """
    numbers = [pl.col(name) for name in NUMBERS if name in frame.columns]
    return (
        frame.drop_nulls()
        .filter(number.is_finite() for number in numbers)
        .with_columns(number.clip(-FAR, FAR) for number in numbers)
    )


def detached(frame: pl.DataFrame) -> pl.DataFrame:
    """A copy of a few rows with their strings: views would keep the strings of the whole batch alive."""
    return pl.DataFrame(frame.to_dict(as_series=False), schema=frame.schema)
