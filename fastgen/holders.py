"""`credit_cards` and `profiles`: text assembled from vocabularies, for any range of cards."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fastgen.ids import hexadecimal
from fastgen.kernels import cards as kernels
from fastgen.layouts import Style, escaped, header_line, separators
from fastgen.locked import locked_property
from fastgen.plan import Plan
from fastgen.pools import alias_table
from fastgen.schema import PROVIDER
from fastgen.text_columns import TextPart, Texts, constant, joined

CHUNK = 65_536
"""Cards generated at a time."""

MAIL_NUMBERS = 100
EXPIRY_MONTHS = 59
"""Expiry months that begin after the dataset's start and end within five years of it."""


class Holders:
    """The rows of the two card tables as pieces of text, escaped for the output format."""

    def __init__(self, plan: Plan, escape: Callable[[str], bytes] = str.encode) -> None:
        self.plan = plan
        self.escape = escape

    def pieces(self, table: str, cards: range) -> dict[str, list[TextPart]]:
        """The pieces of each column of `credit_cards` or `profiles`, which joined are its values."""
        number = [self._card_numbers(cards)]
        if table == "credit_cards":
            return {"cc_num": number, "provider": [constant(PROVIDER, len(cards))], "expires": [self._expiries(cards)]}
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
            "name": [TextPart(texts["given"], given), constant(" ", n), TextPart(texts["family"], family)],
            "sex": [TextPart(texts["sex"], female.astype(np.uint32))],
            "mail": [
                TextPart(texts["mail given"], given),
                constant(".", n),
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

    def birthdates(self, pieces: list[TextPart]) -> NDArray[np.int32]:
        """int32[n]: the birthdates of which these are the pieces of text, in days since 1970."""
        return pieces[0].codes.astype(np.int32) + np.int32((self.plan.births[0] - date(1970, 1, 1)).days)


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
            row += [constant(before.decode(), len(cards)), *columns[name]]
        return joined([*row, constant(self.ending.decode(), len(cards))]).text
