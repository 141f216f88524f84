"""What a configuration and the vocabularies say about single values: categories, amounts, places."""

from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fastgen.config import Config
from fastgen.kernels.units import MICRODEGREES
from fastgen.pools import Pools
from fastgen.validation.places import Places

CELLS: Final = 4_096
"""Approximate number of cells for the distribution of amounts."""


class Rules:
    """Tables to compare rows with; categories are coded in the order of the configuration, with withdrawals last."""

    def __init__(self, config: Config, pools: Pools) -> None:
        self.config, self.pools = config, pools
        self.categories = list(config.category_names)
        self.cash = len(config.categories)
        self.start = int(np.datetime64(config.start, "s").astype(np.int64))
        self.radius = round(config.atm.radius * MICRODEGREES)

    @cached_property
    def edges(self) -> NDArray[np.int64]:
        """int64[cells + 1]: edges of cells of amounts, in cents; no cell crosses a limit of a range or a category."""
        ranges = self.config.amount_cents
        limits = {end for c in self.config.categories for end in (c.low_cents, c.high_cents + 1)}
        cuts = sorted({end for cents in ranges for end in (cents.start, cents.stop)} | limits)
        cuts = [cut for cut in cuts if ranges[0].start <= cut <= ranges[-1].stop]
        pieces = max(1, CELLS // (len(cuts) - 1))
        fine = [np.linspace(low, high, min(pieces, high - low) + 1).astype(np.int64) for low, high in pairwise(cuts)]
        return np.unique(np.concatenate(fine))

    @cached_property
    def cell_ranges(self) -> NDArray[np.int64]:
        """int64[cells]: the range of amounts that a cell lies in; -1 between ranges."""
        ranges = self.config.amount_cents
        last = np.searchsorted([cents.start for cents in ranges], self.edges[:-1], side="right") - 1
        return np.where(self.edges[:-1] < np.array([cents.stop for cents in ranges])[last], last, -1)

    @cached_property
    def masses(self) -> NDArray[np.float64]:
        """float64[categories, cells]: probabilities of amounts, given the category; unscaled, 0 for impossible amounts."""
        shares = [part.share / len(cents) for part, cents in zip(self.config.amounts, self.config.amount_cents, strict=True)]
        whole = np.diff(self.edges) * np.where(self.cell_ranges < 0, 0.0, np.array(shares)[self.cell_ranges])
        low = [category.low_cents for category in self.config.categories]
        high = [category.high_cents for category in self.config.categories]
        inside = (self.edges[:-1] >= np.array(low)[:, None]) & (self.edges[1:] - 1 <= np.array(high)[:, None])
        return np.vstack([inside * whole, whole])

    def cells(self, cents: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64: the cells of amounts; -1 below the first range and above the last."""
        cells = np.searchsorted(self.edges, cents, side="right") - 1
        return np.where(cells < self.edges.size - 1, cells, -1)

    @cached_property
    def chain_counts(self) -> NDArray[np.int64]:
        """int64[longest, ranges]: for each number of later payments in a chain, how many are in each range of amounts."""
        return np.array(self.config.chain_range_counts, np.int64)

    def chain_categories(self, cents: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64: the categories that amounts of later payments require; -1 if there is none."""
        categories = self.config.categories
        steps = sorted({0} | {end for c in categories for end in (c.low_cents, c.high_cents, c.high_cents + 1)})
        held = [self.config.category_of(cents) for cents in steps]
        table = np.array([-1 if category is None else category for category in held])
        return table[np.searchsorted(steps, np.maximum(cents, 0), side="right") - 1]

    @cached_property
    def places(self) -> Places:
        """The places of the vocabulary."""
        return Places(self.pools)
