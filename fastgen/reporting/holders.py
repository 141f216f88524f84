"""Ages of the cards' holders, and of those among them whose cards withdraw cash."""

from datetime import date
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.ages import ages_at
from fastgen.reporting.card_index import CardIndex

OLDEST: Final = 130
"""Holders who would be older, or are not born yet, are not counted by age."""


class HolderAges:
    """Holders counted by age, and by whether their card withdraws cash.

    Args:
        on: the day for which ages are computed. cards: those of the transactions. withdrawing: bool[cards], by card number.
        noted: numbers of the cards whose holders' ages are kept individually.

    Attributes:
        holders: rows that have both values. incomplete: the others, which are left out.
    """

    def __init__(self, on: date, cards: CardIndex, withdrawing: NDArray[np.bool_], noted: NDArray[np.int64]) -> None:
        self.on = on
        self.holders = 0
        self.incomplete = 0
        self.ages = np.zeros((2, OLDEST + 1), np.int64)
        self.noted: dict[int, int] = {}
        self._cards, self._withdrawing, self._noted = cards, withdrawing, noted

    def add(self, frame: pl.DataFrame) -> None:
        """Add a batch of profiles, with birthdate and cc_num."""
        rows = frame.height
        frame = frame.drop_nulls()
        self.incomplete += rows - frame.height
        numbers = self._cards.find(frame["cc_num"])
        ages = ages_at(self.on, frame["birthdate"].cast(pl.Int32).to_numpy().astype(np.int64))
        known = numbers >= 0
        cash = np.zeros(frame.height, np.int64)
        cash[known] = self._withdrawing[numbers[known]]
        counted = (ages >= 0) & (ages <= OLDEST)
        np.add.at(self.ages, (cash[counted], ages[counted]), 1)
        self.holders += frame.height
        for at in np.flatnonzero(np.isin(numbers, self._noted)).tolist():
            self.noted[int(numbers[at])] = int(ages[at])
