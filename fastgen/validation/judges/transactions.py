"""`transactions`: what must hold for each single row, the order of rows, and how many there are of each kind."""

from collections.abc import Callable, Iterator

import numpy as np

from fastgen.kernels.units import MICRODEGREES, MICROSECONDS
from fastgen.plan import Totals
from fastgen.schema import RowKind
from fastgen.validation.report import Check
from fastgen.validation.rows import JudgedRows
from fastgen.validation.rules import Rules
from fastgen.validation.statistics.checks import exact, rule
from fastgen.validation.statistics.tally import Violations
from fastgen.validation.table_scan import Judge


class Order(Judge):
    """Event-time order, and whole seconds."""

    group, about, needs = "rows", "times", ("datetime",)

    def __init__(self) -> None:
        self.earlier, self.fraction = Violations("datetime"), Violations("datetime")
        self.last = np.iinfo(np.int64).min

    def add(self, batch: JudgedRows) -> None:
        before = np.concatenate([[self.last], batch.micros[:-1]])
        self.earlier.add(batch, batch.micros < before)
        self.fraction.add(batch, batch.micros % MICROSECONDS != 0)
        self.last = int(batch.micros[-1])

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "order", self.earlier, "none before the row above it")
        yield rule(self.group, "seconds", self.fraction, "whole seconds")


class AmountDecimals(Judge):
    """Decimals of amounts."""

    group, about, needs = "rows", "amounts", ("amount",)

    def __init__(self) -> None:
        self.finer = Violations("amount")

    def add(self, batch: JudgedRows) -> None:
        self.finer.add(batch, ~batch.in_cents)

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "cents", self.finer, "two decimals at most")


class CoordinateDecimals(Judge):
    """Decimals of coordinates."""

    group, about, needs = "rows", "coordinates", ("latitude", "longitude")

    def __init__(self) -> None:
        self.finer = Violations("latitude", "longitude")

    def add(self, batch: JudgedRows) -> None:
        off = (batch.latitude / MICRODEGREES != batch.frame["latitude"].to_numpy()) | (
            batch.longitude / MICRODEGREES != batch.frame["longitude"].to_numpy()
        )
        self.finer.add(batch, off)

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "coordinates", self.finer, "six decimals at most")


class KnownCards(Judge):
    """Checks that the cards are those of the table."""

    group, about, needs = "rows", "cards", ("cc_num",)

    def __init__(self) -> None:
        self.unknown = Violations("cc_num")

    def add(self, batch: JudgedRows) -> None:
        self.unknown.add(batch, batch.card < 0)

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "cards known", self.unknown, "in credit_cards")


class KnownCategories(Judge):
    """Names of categories."""

    group, about, needs = "rows", "categories", ("category",)

    def __init__(self, rules: Rules) -> None:
        self.number = len(rules.categories)
        self.unknown = Violations("category")

    def add(self, batch: JudgedRows) -> None:
        self.unknown.add(batch, batch.category < 0)

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "categories known", self.unknown, f"one of {self.number}")


class Labels(Judge):
    """Values of labels."""

    group, about, needs = "rows", "labels", ("fraud_label",)

    def __init__(self) -> None:
        self.other = Violations("fraud_label")

    def add(self, batch: JudgedRows) -> None:
        self.other.add(batch, (batch.label < 0) | (batch.label > 1))

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "labels", self.other, "0 or 1")


class Abroad(Judge):
    """Checks that labelled withdrawals, and no other rows, are abroad."""

    group, about, needs = "rows", "countries", ("category", "country", "fraud_label")

    def __init__(self) -> None:
        columns = "datetime", "cc_num", "category", "country", "fraud_label"
        self.home, self.abroad = Violations(*columns), Violations(*columns)

    def add(self, batch: JudgedRows) -> None:
        foreign = batch.kind == RowKind.FRAUD_WITHDRAWAL
        in_us = batch.country == batch.rules.places.home_country
        self.home.add(batch, ~in_us, ~foreign)
        self.abroad.add(batch, in_us, foreign)

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "at home", self.home, "all but labelled withdrawals in the US")
        yield rule(self.group, "abroad", self.abroad, "labelled withdrawals outside the US")


class KindCounts(Judge):
    """How many rows there are of each kind.

    Args:
        totals: how many there should be. needs: the columns that `totals` depends on.
    """

    group, about = "counts", "kinds of rows"

    def __init__(self, totals: Callable[[], Totals], needs: tuple[str, ...]) -> None:
        self.totals = totals
        self.needs = tuple(dict.fromkeys(("category", "fraud_label", *needs)))
        self.found = np.zeros(len(RowKind), np.int64)

    def add(self, batch: JudgedRows) -> None:
        self.found += np.bincount(batch.kind, minlength=len(RowKind))

    def checks(self) -> Iterator[Check]:
        payments, chained, withdrawals, foreign = self.found.tolist()
        totals = self.totals()
        yield exact(self.group, "payments", payments + chained, totals.payments)
        yield exact(self.group, "chain payments", chained, totals.chain_payments)
        yield exact(self.group, "withdrawals", withdrawals, totals.withdrawals)
        yield exact(self.group, "foreign withdrawals", foreign, totals.foreign)
        yield exact(self.group, "frauds", chained + foreign, totals.chain_payments + totals.foreign)
