"""`credit_cards`: the cards of the data, and checks of their numbers, providers and months of expiry."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.config import Config
from fastgen.holders import EXPIRY_MONTHS
from fastgen.kernels.cards import CARD_NUMBERS
from fastgen.schema import PROVIDER
from fastgen.validation.checks import drawn, rule
from fastgen.validation.judge import Judge
from fastgen.validation.report import Check
from fastgen.validation.tables import Tables
from fastgen.validation.tally import Array, Mask, RowBatch, Uniform, Violations

DIGITS: Final = 16
VISA: Final = 4
EXPIRES: Final = r"^(0[1-9]|1[0-2])/[0-9]{2}$"
MANY: Final = 1 << 20
"""Card numbers to collect, at least, before duplicates are dropped."""
Words = NDArray[np.uint64]


def keys_of(numbers: pl.Series) -> Words:
    """uint64: hashes that identify card numbers, whatever form they have."""
    return numbers.hash().to_numpy()


def packed(numbers: pl.Series) -> Words:
    """uint64: card numbers, packed two digits to a byte as kernels read them; 0 for anything but sixteen digits.

    Example:
        >>> packed(pl.Series(["4000000000000002", "400000000000000", "400000000000000f"])).tobytes().hex(" ", 8)
        '4000000000000002 0000000000000000 0000000000000000'
    """
    bytes_of = numbers.str.decode("hex", strict=False)
    words = bytes_of.bin.reinterpret(dtype=pl.UInt64, endianness="little").fill_null(0).to_numpy()
    eights = words & np.uint64(0x8888888888888888)
    letters = eights & ((words << np.uint64(1)) | (words << np.uint64(2)))
    return np.where(letters == 0, words, np.uint64(0))


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


class CardTable:
    """All cards, in the order of their table.

    Args:
        keys: uint64, see `keys_of`. words: uint64, see `packed`.
    """

    def __init__(self, keys: Words, words: Words) -> None:
        self.words = words
        self.size = keys.size
        # A sentinel follows the last key: the largest value, of no card.
        self._order = np.append(np.argsort(keys, kind="stable"), -1)
        self._sorted = np.append(keys[self._order[:-1]], np.iinfo(np.uint64).max)
        # Keys are spread evenly, so their leading bits nearly give the position.
        bits = max(1, self.size.bit_length())
        self._shift = np.uint64(64 - bits)
        self._starts = np.searchsorted(self._sorted[:-1], np.arange(1 << bits, dtype=np.uint64) << self._shift)

    def find(self, numbers: pl.Series) -> Array:
        """int64: the positions of numbers, the first one for a repeated number; -1 for an unknown one."""
        keys = keys_of(numbers)
        at = self._starts[keys >> self._shift]
        ahead = np.flatnonzero(self._sorted[at] < keys)
        while ahead.size:
            at[ahead] += 1
            ahead = ahead[self._sorted[at[ahead]] < keys[ahead]]
        return np.where(self._sorted[at] == keys, self._order[at], -1)

    @property
    def repeated(self) -> Array:
        """int64: the positions of cards whose number an earlier card has."""
        return np.sort(self._order[1:-1][self._sorted[1:-1] == self._sorted[:-2]])

    def text(self, card: int) -> str:
        """A card as an example: its number, or its row in the table if it has no valid one."""
        return f"card {self.words[card : card + 1].tobytes().hex()}" if self.words[card] else f"the card of row {card + 1:,}"


def read_cards(tables: Tables) -> tuple[CardTable, bool]:
    """Read the cards, and return whether they come from a table of cards rather than from the transactions."""
    with_cards = [name for name in tables.tables if "cc_num" in tables.columns(name)]
    for name in ("credit_cards", "profiles"):
        if name in with_cards:
            return _cards([_identified(frame) for frame in tables.batches(name, ["cc_num"])]), True
    found: list[pl.DataFrame] = []
    for frame in tables.batches("transactions", ["cc_num"]) if with_cards else ():
        found.append(_identified(frame).unique())
        if sum(each.height for each in found[1:]) > max(MANY, found[0].height):
            found = [pl.concat(found).unique()]
    return _cards([pl.concat(found).unique().sort("key")] if found else []), False


def _identified(frame: pl.DataFrame) -> pl.DataFrame:
    """The numbers of a frame, as `CardTable` takes them."""
    numbers = frame["cc_num"].drop_nulls()
    return pl.DataFrame({"key": keys_of(numbers), "word": packed(numbers)})


def _cards(frames: list[pl.DataFrame]) -> CardTable:
    whole = pl.concat(frames) if frames else pl.DataFrame(schema={"key": pl.UInt64, "word": pl.UInt64})
    return CardTable(whole["key"].to_numpy(), whole["word"].to_numpy())


class CardNumbers(Judge):
    """Card numbers: form, check digit, and whether all are equally likely."""

    group, about, needs = "cards", "card numbers", ("cc_num",)

    def __init__(self) -> None:
        self.form, self.luhn = Violations("cc_num"), Violations("cc_num")
        self.free = Uniform(0, CARD_NUMBERS)

    def add(self, part: RowBatch) -> None:
        words = packed(part.frame["cc_num"])
        visa = digit(words, 0) == VISA
        self.form.add(part, ~visa)
        self.luhn.add(part, ~passes_luhn(words), visa)
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

    def add(self, part: RowBatch) -> None:
        self.other.add(part, (part.frame["provider"] != PROVIDER).to_numpy())

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "provider", self.other, f"always {PROVIDER}")


class Expiries(Judge):
    """Months of expiry."""

    group, about, needs = "cards", "months of expiry", ("expires",)

    def __init__(self, config: Config) -> None:
        self.start = config.start
        self.form, self.window = Violations("cc_num", "expires"), Violations("cc_num", "expires")
        self.months = Uniform(1, EXPIRY_MONTHS)

    def add(self, part: RowBatch) -> None:
        expires = part.frame["expires"]
        formed = expires.str.contains(EXPIRES).to_numpy()
        month = expires.str.slice(0, 2).cast(pl.Int64, strict=False).fill_null(0).to_numpy()
        year = expires.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0).to_numpy()
        # Two digits name one of the hundred years from the start's on.
        ahead = (year - self.start.year) % 100 * 12 + month - self.start.month
        self.form.add(part, ~formed)
        self.window.add(part, (ahead < 1) | (ahead > EXPIRY_MONTHS), formed)
        self.months.add(ahead[formed])

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "expiry form", self.form, "MM/YY")
        expected = f"1 to {EXPIRY_MONTHS} months after {self.start:%m/%y}"
        yield rule(self.group, "expiry window", self.window, expected)
        yield drawn(
            self.group, "expiry months", self.months.shares(), "uniform", at=lambda step: f"{step + 1} months after the start"
        )
