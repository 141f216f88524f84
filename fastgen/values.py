"""Blocks as arrays of column values, for sinks that write typed columns."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels import columns as kernels
from fastgen.kernels.structs import Block
from fastgen.kernels.units import MICROSECONDS
from fastgen.locked import locked_property
from fastgen.plan import Plan


class Vocabulary(NamedTuple):
    """The distinct values of a column, and for each code in a block the index of its value."""

    values: list[str]
    of_code: NDArray[Any]


class Values:
    """Turns the codes of a block into values, in new arrays: the block may be overwritten."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @locked_property
    def vocabularies(self) -> dict[str, Vocabulary]:
        """Those of the categorical columns: category in the configuration's order, city and country sorted."""
        categories = list(self.plan.config.category_names)
        found = {"category": Vocabulary(categories, np.arange(len(categories), dtype=np.uint8))}
        for name in ("city", "country"):
            of_place = [getattr(place, name) for place in self.plan.pools.places]
            values = sorted(set(of_place))
            kind = np.uint8 if len(values) <= 256 else np.uint16
            found[name] = Vocabulary(values, np.searchsorted(values, of_place).astype(kind))
        return found

    def codes(self, name: str, rows: Block) -> NDArray[Any]:
        """uint8 or uint16[n]: indices into the vocabulary of a categorical column."""
        table = self.vocabularies[name].of_code
        codes = np.empty(rows.second.size, table.dtype)
        kernels.looked_up(codes, rows.category if name == "category" else rows.place, table)
        return codes

    def numbers(self, name: str, rows: Block) -> NDArray[np.float64]:
        """float64[n]: amount, latitude or longitude."""
        whole, divisor = {"amount": (rows.cents, 100.0), "latitude": (rows.latitude, 1e6), "longitude": (rows.longitude, 1e6)}[name]
        out = np.empty(rows.second.size, np.float64)
        kernels.scaled(out, whole, divisor)
        return out

    def seconds(self, rows: Block) -> NDArray[np.int64]:
        """int64[n]: event times in seconds since 1970."""
        times = np.empty(rows.second.size, np.int64)
        kernels.epoch_times(times, rows.second, self.plan.midnight_seconds, 1)
        return times

    def microseconds(self, rows: Block) -> NDArray[np.int64]:
        """int64[n]: event times in microseconds since 1970."""
        times = np.empty(rows.second.size, np.int64)
        kernels.epoch_times(times, rows.second, self.plan.midnight_seconds, MICROSECONDS)
        return times
