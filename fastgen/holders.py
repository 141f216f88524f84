"""`credit_cards` and `profiles`: text assembled from vocabularies, for any range of cards."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.ids import hexadecimal
from fastgen.kernels import cards as kernels
from fastgen.kernels.memory import SLACK
from fastgen.kernels.text import join_fragments
from fastgen.locked import locked_property
from fastgen.plan import Plan
from fastgen.pools import alias_table
from fastgen.schema import PROVIDER
from fastgen.text import Style, escaped, header_line, separators

CHUNK = 65_536
"""Cards generated at a time."""

MAIL_NUMBERS = 100
EXPIRY_MONTHS = 59
"""Expiry months that begin after the dataset's start and end within five years of it."""

Codes = NDArray[np.uint32]


class Texts(NamedTuple):
    """Texts end to end: text i is text[starts[i]:starts[i + 1]]. starts: int64[n + 1]. text: uint8."""

    starts: NDArray[np.int64]
    text: NDArray[np.uint8]

    @classmethod
    def of(cls, texts: Iterable[bytes]) -> "Texts":
        """Join the texts of a vocabulary."""
        listed = list(texts)
        return cls(np.cumsum([0, *map(len, listed)], dtype=np.int64), np.frombuffer(b"".join(listed), np.uint8))

    @property
    def values(self) -> list[str]:
        """The texts as Python strings."""
        return [self.text[start:stop].tobytes().decode() for start, stop in pairwise(self.starts)]


class TextPart(NamedTuple):
    """A part of the values of a column: a code into a list of texts for each row."""

    texts: Texts
    codes: Codes


class TextColumn(NamedTuple):
    """Strings end to end. offsets: int64[n + 1], where they begin. text: uint8, their bytes."""

    offsets: NDArray[np.int64]
    text: NDArray[np.uint8]


class Holders:
    """The rows of the two card tables as pieces of text, escaped for the output format."""

    def __init__(self, plan: Plan, escape: Callable[[str], bytes] = str.encode) -> None:
        self.plan = plan
        self.escape = escape

    def pieces(self, table: str, cards: range) -> dict[str, list[TextPart]]:
        """The pieces of each column of `credit_cards` or `profiles`, which joined are its values."""
        number = [self._card_numbers(cards)]
        if table == "credit_cards":
            return {"cc_num": number, "provider": [_constant(PROVIDER, cards)], "expires": [self._expiries(cards)]}
        return self._profile(cards) | {"cc_num": number}

    def _card_numbers(self, cards: range) -> TextPart:
        text = hexadecimal(self.plan.card_digits(cards))
        return TextPart(Texts(np.arange(len(cards) + 1) * 16, text), np.arange(len(cards), dtype=np.uint32))

    def _expiries(self, cards: range) -> TextPart:
        months = np.empty(len(cards), np.uint32)
        kernels.expiry_months(months, cards.start, self.plan.seed, EXPIRY_MONTHS)
        return TextPart(self._expiry_texts, months)

    @locked_property
    def _expiry_texts(self) -> Texts:
        start = self.plan.config.start
        ahead = [divmod(start.month - 1 + months, 12) for months in range(EXPIRY_MONTHS + 1)]
        return Texts.of(b"%02d/%02d" % (month + 1, (start.year + years) % 100) for years, month in ahead)

    def _profile(self, cards: range) -> dict[str, list[TextPart]]:
        plan, pools, n = self.plan, self.plan.pools, len(cards)
        birth, place, mail = np.empty((3, n), np.uint32)
        female = np.empty(n, np.uint8)
        mails = MAIL_NUMBERS * len(pools.mail_domains)
        kernels.holder_codes(birth, place, female, mail, cards.start, plan.seed, plan.births[1], pools.home, mails)
        given, family = np.empty((2, n), np.uint32)
        kernels.holder_names(given, family, female, cards.start, plan.seed, *self._names)
        texts = self._texts
        return {
            "name": [TextPart(texts["given"], given), _constant(" ", cards), TextPart(texts["family"], family)],
            "sex": [TextPart(texts["sex"], female.astype(np.uint32))],
            "mail": [
                TextPart(texts["mail given"], given),
                _constant(".", cards),
                TextPart(texts["mail family"], family),
                TextPart(texts["mail"], mail),
            ],
            "birthdate": [TextPart(texts["birthdate"], birth)],
            "City": [TextPart(texts["city"], place)],
            "Country": [TextPart(texts["country"], place)],
        }

    @locked_property
    def _names(self) -> tuple[object, object, object]:
        pools = self.plan.pools
        women, men = pools.first_weights[: pools.female], pools.first_weights[pools.female :]
        return alias_table(women), alias_table(men), alias_table(pools.last_weights)

    @locked_property
    def _texts(self) -> dict[str, Texts]:
        pools, (first, days) = self.plan.pools, self.plan.births
        home = pools.places[: pools.home]
        vocabularies = {
            "sex": [b"M", b"F"],
            "given": [self.escape(name) for name in pools.first_names],
            "family": [self.escape(name) for name in pools.last_names],
            "mail given": [self.escape(name.lower()) for name in pools.first_names],
            "mail family": [self.escape(name.lower()) for name in pools.last_names],
            "mail": [self.escape(f"{number}@{domain}") for domain in pools.mail_domains for number in range(MAIL_NUMBERS)],
            "city": [self.escape(place.city) for place in home],
            "country": [self.escape(place.country) for place in home],
        }
        births = (np.datetime64(first) + np.arange(days)).astype("S10")
        made = {name: Texts.of(texts) for name, texts in vocabularies.items()}
        return made | {"birthdate": Texts(np.arange(days + 1) * 10, births.view(np.uint8))}

    def birthdates(self, cards: range) -> NDArray[np.int32]:
        """int32[n]: birthdates in days since 1970."""
        piece = self._profile(cards)["birthdate"][0]
        return piece.codes.astype(np.int32) + np.int32((self.plan.births[0] - date(1970, 1, 1)).days)


def _constant(text: str, cards: range) -> TextPart:
    return TextPart(Texts.of([text.encode()]), np.zeros(len(cards), np.uint32))


def column_text(pieces: list[TextPart]) -> TextColumn:
    """The values of one column: its pieces joined row by row."""
    rows = len(pieces[0].codes)
    tables = [piece.texts for piece in pieces]
    before = np.cumsum([0, *(table.text.size for table in tables)])
    starts = np.concatenate([table.starts + place for table, place in zip(tables, before, strict=False)])
    first = np.cumsum([0, *(table.starts.size for table in tables)])[:-1]
    codes = np.stack([piece.codes for piece in pieces])
    longest = sum(int(np.diff(table.starts).max(initial=0)) for table in tables)
    out = np.empty(rows * longest + SLACK, np.uint8)
    offsets = np.empty(rows + 1, np.int64)
    text = np.concatenate([*(table.text for table in tables), np.zeros(SLACK, np.uint8)])
    size = join_fragments(out, offsets, codes, first, starts, text)
    return TextColumn(offsets, out[:size])


class HolderText:
    """Rows of a card table as NDJSON or CSV, with these columns in this order."""

    def __init__(self, plan: Plan, table: str, names: Sequence[str], style: Style) -> None:
        self.holders = Holders(plan, partial(escaped, style=style))
        self.table, self.names = table, tuple(names)
        self.before, self.ending = separators(self.names, [True] * len(self.names), style)
        self.header = header_line(self.names, style)

    def rows(self, cards: range) -> NDArray[np.uint8]:
        """The rows of these cards, end to end."""
        columns = self.holders.pieces(self.table, cards)
        row: list[TextPart] = []
        for name, before in zip(self.names, self.before, strict=True):
            row += [_constant(before.decode(), cards), *columns[name]]
        return column_text([*row, _constant(self.ending.decode(), cards)]).text
