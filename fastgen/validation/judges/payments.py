"""Ordinary payments: their times and cards."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from fastgen.config import Config
from fastgen.kernels.units import DAY, HOUR
from fastgen.schema import RowKind
from fastgen.validation.card_table import CardTable
from fastgen.validation.report import Check
from fastgen.validation.rows import JudgedRows
from fastgen.validation.statistics.checks import drawn, rule, skipped
from fastgen.validation.statistics.pvalues import SMALLEST_EXPECTED, chi_square
from fastgen.validation.statistics.tally import Uniform, Violations
from fastgen.validation.table_scan import Judge


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


class PaymentTimes(Judge):
    """Times of ordinary payments."""

    group, about, needs = "payments", "times", ("datetime", "category", "fraud_label")

    def __init__(self, config: Config) -> None:
        self.config = config
        self.outside = Violations("datetime", "category")
        self.seconds = Uniform(0, config.seconds)
        self.hours = np.zeros(DAY // HOUR, np.int64)

    def add(self, batch: JudgedRows) -> None:
        ordinary = batch.kind == RowKind.PAYMENT
        self.outside.add(batch, (batch.second < 0) | (batch.second >= self.config.seconds), ordinary)
        self.seconds.add(batch.second[ordinary])
        self.hours += np.bincount(batch.epoch[ordinary] % DAY // HOUR, minlength=self.hours.size)

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "period", self.outside, f"from {self.config.start} until before {self.config.end}")
        yield drawn(self.group, "times", self.seconds.distance(), "uniform over the period", at=self._moment)
        hours = chi_square(self.hours, hours_in(self.config))
        yield drawn(self.group, "hours of the day", hours, "all alike", at=lambda hour: f"{hour:02}:00 to {hour:02}:59")

    def _moment(self, step: int) -> str:
        return str(self.config.start + timedelta(seconds=self.seconds.ends(step)))


class PaymentCards(Judge):
    """Which cards ordinary payments are made with."""

    group, about, needs = "payments", "cards", ("cc_num", "category", "fraud_label")

    def __init__(self, config: Config, cards: CardTable, listed: bool) -> None:
        """`listed`: whether the cards come from a table of cards."""
        self.expected, self.cards, self.listed = config.sizes.cards, cards, listed
        self.counts = np.zeros(cards.size, np.int64)

    def add(self, batch: JudgedRows) -> None:
        np.add.at(self.counts, batch.card[(batch.kind == RowKind.PAYMENT) & (batch.card >= 0)], 1)

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
