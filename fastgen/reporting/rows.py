"""Rows of transactions as the accumulators take them: whole seconds, kinds, and nothing that is missing."""

from enum import IntEnum
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.kernels.units import MICROSECONDS
from fastgen.schema import CASH_WITHDRAWAL

COLUMNS: Final = ("datetime", "cc_num", "category", "amount", "latitude", "longitude", "city", "country")
"""What a report needs of `transactions`."""
LABEL: Final = "fraud_label"
NUMBERS: Final = ("amount", "latitude", "longitude")
FAR: Final = 1e15
"""Numbers beyond it are taken for it, whatever they are: none of them is an amount or on the Earth."""


class RowKind(IntEnum):
    """What a row is, as its category and label say."""

    PAYMENT = 0
    FRAUD_PAYMENT = 1
    WITHDRAWAL = 2
    FRAUD_WITHDRAWAL = 3


class ReportRows:
    """A frame of transactions whose values are all there, with its columns as arrays where they are needed."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    @property
    def height(self) -> int:
        """How many rows."""
        return self.frame.height

    @cached_property
    def seconds(self) -> NDArray[np.int64]:
        """int64: seconds since 1970."""
        return self.frame["datetime"].to_physical().to_numpy() // MICROSECONDS

    @cached_property
    def fraud(self) -> NDArray[np.uint16]:
        """uint16: 1 for frauds; all are 0 where there is no label."""
        if LABEL not in self.frame.columns:
            return np.zeros(self.height, np.uint16)
        return (self.frame[LABEL] != 0).to_numpy().astype(np.uint16)

    @cached_property
    def cash(self) -> NDArray[np.uint16]:
        """uint16: 1 for withdrawals."""
        return (self.frame["category"].cast(pl.String) == CASH_WITHDRAWAL).to_numpy().astype(np.uint16)

    @cached_property
    def kinds(self) -> NDArray[np.uint8]:
        """uint8: the `Kind` of each row."""
        return (2 * self.cash + self.fraud).astype(np.uint8)

    def numbers(self, column: str) -> NDArray[np.float64]:
        """float64: a column of numbers."""
        return self.frame[column].to_numpy()


def whole(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows in which nothing is missing and all numbers are finite; those that are too large to count are cut.

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
    """A few rows with texts of their own: views of texts would keep alive all those of the batch that they come from."""
    return pl.DataFrame(frame.to_dict(as_series=False), schema=frame.schema)
