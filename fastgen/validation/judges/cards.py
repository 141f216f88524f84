"""`credit_cards`: card numbers, providers and months of expiry."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from fastgen.config import Config
from fastgen.holders import EXPIRY_MONTHS
from fastgen.kernels.cards import CARD_NUMBERS
from fastgen.schema import PROVIDER
from fastgen.validation.card_table import Words, packed
from fastgen.validation.report import Check
from fastgen.validation.statistics.checks import drawn, rule
from fastgen.validation.statistics.tally import Array, Mask, RowBatch, Uniform, Violations
from fastgen.validation.table_scan import Judge

DIGITS: Final = 16
VISA: Final = 4
EXPIRES: Final = r"^(0[1-9]|1[0-2])/[0-9]{2}$"


def digit(words: Words, place: int) -> Array:
    """int64: one digit of each number; place 0 is the first."""
    shift = 4 * (place ^ 1)
    return ((words >> np.uint64(shift)) & np.uint64(15)).astype(np.int64)


def passes_luhn(words: Words) -> Mask:
    """Whether the check digit is valid by ISO/IEC 7812-1.

    Example:
        >>> passes_luhn(packed(pl.Series(["4000000000000002", "4000000000000003"]))).tolist()
        [True, False]
    """
    total = np.zeros(words.size, np.int64)
    for place in range(DIGITS):
        value = digit(words, place) * (2 - place % 2)
        total += value - 9 * (value > 9)
    valid: Mask = total % 10 == 0
    return valid


class CardNumbers(Judge):
    """Card numbers: form, check digit, and whether all are equally likely."""

    group, about, needs = "cards", "card numbers", ("cc_num",)

    def __init__(self) -> None:
        self.form, self.luhn = Violations("cc_num"), Violations("cc_num")
        self.free = Uniform(0, CARD_NUMBERS)

    def add(self, batch: RowBatch) -> None:
        words = packed(batch.frame["cc_num"])
        visa = digit(words, 0) == VISA
        self.form.add(batch, ~visa)
        self.luhn.add(batch, ~passes_luhn(words), visa)
        number = np.zeros(words.size, np.int64)
        for place in range(1, DIGITS - 1):
            number = 10 * number + digit(words, place)
        self.free.add(number[visa])

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "form", self.form, "16 digits, the first a 4")
        yield rule(self.group, "Luhn", self.luhn, "a check digit that is right")
        free = self.free.distance()
        yield drawn(self.group, "numbers", free, "free digits uniform", at=lambda step: f"4{self.free.ends(step):014}")


class Providers(Judge):
    """The provider."""

    group, about, needs = "cards", "providers", ("provider",)

    def __init__(self) -> None:
        self.other = Violations("provider")

    def add(self, batch: RowBatch) -> None:
        self.other.add(batch, (batch.frame["provider"] != PROVIDER).to_numpy())

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "provider", self.other, f"always {PROVIDER}")


class Expiries(Judge):
    """Months of expiry."""

    group, about, needs = "cards", "months of expiry", ("expires",)

    def __init__(self, config: Config) -> None:
        self.start = config.start
        self.form, self.window = Violations("cc_num", "expires"), Violations("cc_num", "expires")
        self.months = Uniform(1, EXPIRY_MONTHS)

    def add(self, batch: RowBatch) -> None:
        expires = batch.frame["expires"]
        formed = expires.str.contains(EXPIRES).to_numpy()
        month = expires.str.slice(0, 2).cast(pl.Int64, strict=False).fill_null(0).to_numpy()
        year = expires.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0).to_numpy()
        # Two digits name one of the hundred years from the start's on.
        ahead = (year - self.start.year) % 100 * 12 + month - self.start.month
        self.form.add(batch, ~formed)
        self.window.add(batch, (ahead < 1) | (ahead > EXPIRY_MONTHS), formed)
        self.months.add(ahead[formed])

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "expiry form", self.form, "MM/YY")
        expected = f"1 to {EXPIRY_MONTHS} months after {self.start:%m/%y}"
        yield rule(self.group, "expiry window", self.window, expected)
        yield drawn(
            self.group, "expiry months", self.months.shares(), "uniform", at=lambda step: f"{step + 1} months after the start"
        )
