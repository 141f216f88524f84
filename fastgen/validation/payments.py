"""Payments: their times, cards and places."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from fastgen.config import Config
from fastgen.kernels.units import DAY, HOUR
from fastgen.schema import RowKind
from fastgen.validation.cards import CardTable
from fastgen.validation.checks import drawn, rule, skipped
from fastgen.validation.judge import Judge
from fastgen.validation.pvalues import SMALLEST_EXPECTED, chi_square
from fastgen.validation.report import Check
from fastgen.validation.rows import JudgedRows
from fastgen.validation.rules import Places, Rules
from fastgen.validation.tally import Uniform, Violations


def hours_in(config: Config) -> list[int]:
    """How many seconds of the period are in each hour of the day.

    Example:
        >>> from datetime import datetime
        >>> hours_in(Config(start=datetime(2022, 1, 1, 22, 30), end=datetime(2022, 1, 2, 1)))[-3:]
        [0, 1800, 3600]
    """
    days, rest = divmod(config.seconds, DAY)
    first = config.start.hour * HOUR + config.start.minute * 60 + config.start.second
    spans = [(first, min(first + rest, DAY)), (0, max(first + rest - DAY, 0))]
    return [
        days * HOUR + sum(max(0, min(stop, hour + HOUR) - max(start, hour)) for start, stop in spans)
        for hour in range(0, DAY, HOUR)
    ]


class Times(Judge):
    """Times of ordinary payments."""

    group, about, needs = "payments", "times", ("datetime", "category", "fraud_label")

    def __init__(self, config: Config) -> None:
        self.config = config
        self.outside = Violations("datetime", "category")
        self.seconds = Uniform(0, config.seconds)
        self.hours = np.zeros(DAY // HOUR, np.int64)

    def add(self, part: JudgedRows) -> None:
        ordinary = part.kind == RowKind.PAYMENT
        self.outside.add(part, (part.second < 0) | (part.second >= self.config.seconds), ordinary)
        self.seconds.add(part.second[ordinary])
        self.hours += np.bincount(part.epoch[ordinary] % DAY // HOUR, minlength=self.hours.size)

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "period", self.outside, f"from {self.config.start} until before {self.config.end}")
        yield drawn(self.group, "times", self.seconds.distance(), "uniform over the period", at=self._moment)
        hours = chi_square(self.hours, hours_in(self.config))
        yield drawn(self.group, "hours of the day", hours, "all alike", at=lambda hour: f"{hour:02}:00 to {hour:02}:59")

    def _moment(self, step: int) -> str:
        return str(self.config.start + timedelta(seconds=self.seconds.ends(step)))


class CardsOfPayments(Judge):
    """Which cards ordinary payments are made with."""

    group, about, needs = "payments", "cards", ("cc_num", "category", "fraud_label")

    def __init__(self, config: Config, cards: CardTable, listed: bool) -> None:
        """`listed`: whether the cards come from a table of cards."""
        self.expected, self.cards, self.listed = config.sizes.cards, cards, listed
        self.counts = np.zeros(cards.size, np.int64)

    def add(self, part: JudgedRows) -> None:
        np.add.at(self.counts, part.card[(part.kind == RowKind.PAYMENT) & (part.card >= 0)], 1)

    def checks(self) -> Iterator[Check]:
        expected = "uniform over the cards"
        counts = self.counts
        if not self.listed:
            # Without a table of cards, only the number of unused ones is known.
            counts = np.concatenate([counts, np.zeros(max(self.expected - counts.size, 0), np.int64)])
            if counts.sum() < SMALLEST_EXPECTED * counts.size:
                yield skipped(self.group, "cards", expected, "too few payments per card to test without a table of cards")
                return
        name = lambda card: self.cards.text(card) if card < self.cards.size else "a card that was never used"  # noqa: E731
        yield drawn(self.group, "cards", chi_square(counts, np.ones(counts.size)), expected, at=name)


class PlacesOfRows(Judge):
    """Places of payments and foreign withdrawals, and cities of the other withdrawals."""

    group, about, needs = "places", "places", ("latitude", "longitude", "city", "country", "category", "fraud_label")

    def __init__(self, rules: Rules) -> None:
        self.places: Places = rules.places
        columns = "category", "latitude", "longitude", "city", "country", "fraud_label"
        self.payments, self.foreign, self.withdrawals = Violations(*columns), Violations(*columns), Violations(*columns)
        self.counts = np.zeros((len(RowKind), self.places.latitude.size), np.int64)

    def add(self, part: JudgedRows) -> None:
        kind, place, home = part.kind, part.place, self.places.home
        self.payments.add(part, (place < 0) | (place >= home), kind < RowKind.WITHDRAWAL)
        self.foreign.add(part, place < home, kind == RowKind.FRAUD_WITHDRAWAL)
        known = (part.city >= 0) & (self.places.of_city[part.city, 0] >= 0)
        self.withdrawals.add(part, ~known, kind == RowKind.WITHDRAWAL)
        placed = place >= 0
        codes = kind[placed] * self.counts.shape[1] + place[placed]
        self.counts += np.bincount(codes, minlength=self.counts.size).reshape(self.counts.shape)

    def checks(self) -> Iterator[Check]:
        home, all_of_them = self.places.home, self.places.latitude.size
        yield rule(self.group, "payments", self.payments, f"at one of the {home} places in the US")
        yield rule(self.group, "withdrawals", self.withdrawals, "in a city of the US")
        yield rule(self.group, "foreign withdrawals", self.foreign, f"at one of the {all_of_them - home} places elsewhere")
        expected = "uniform over the places {}".format
        yield self._uniform("ordinary payments", RowKind.PAYMENT, range(home), expected("in the US"))
        yield self._uniform("chain payments", RowKind.FRAUD_PAYMENT, range(home), expected("in the US"))
        yield self._uniform("foreign places", RowKind.FRAUD_WITHDRAWAL, range(home, all_of_them), expected("elsewhere"))

    def _uniform(self, name: str, kind: RowKind, places: range, expected: str) -> Check:
        counts = self.counts[kind, places.start : places.stop]
        outcome = chi_square(counts, np.ones(len(places)))
        return drawn(self.group, name, outcome, expected, at=lambda i: self.places.names[places.start + i])
