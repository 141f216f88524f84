"""Withdrawals and labelled payments as records, and as examples in the report."""

from datetime import timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fastgen.config import Config
from fastgen.validation.card_table import CardTable
from fastgen.validation.statistics.tally import Array, Violations

EVENT: Final = np.dtype(
    [
        ("card", "i4"),
        ("second", "i4"),
        ("latitude", "i4"),
        ("longitude", "i4"),
        ("cents", "i4"),
        ("city", "i2"),
        ("category", "i2"),
        ("kind", "u1"),
    ]
)
"""Seconds count from the start."""

Events = NDArray[Any]
"""An array of EVENT."""


def column(events: Events, name: str) -> Array:
    """int64: a field of events."""
    return np.asarray(events[name], np.int64)


class ExampleFormatter:
    """Formats events as examples."""

    def __init__(self, config: Config, cards: CardTable) -> None:
        self.config, self.cards = config, cards

    def moment(self, second: int) -> str:
        """A time, given as seconds since the start."""
        return str(self.config.start + timedelta(seconds=second))

    def count(self, broken: Violations, wrong: Events, of: int) -> None:
        """Count events that break a rule, out of `of`."""
        broken.of += of
        broken.count += wrong.size
        if wrong.size and broken.example is None:
            first = wrong[0]
            broken.example = f"{self.cards.text(int(first['card']))}, {self.moment(int(first['second']))}"
