"""Places of transactions."""

from collections.abc import Iterator

import numpy as np

from fastgen.schema import RowKind
from fastgen.validation.places import Places
from fastgen.validation.report import Check
from fastgen.validation.rows import JudgedRows
from fastgen.validation.rules import Rules
from fastgen.validation.statistics.checks import drawn, rule
from fastgen.validation.statistics.pvalues import chi_square
from fastgen.validation.statistics.tally import Violations
from fastgen.validation.table_scan import Judge


class TransactionPlaces(Judge):
    """Places of payments and foreign withdrawals, and cities of the other withdrawals."""

    group, about, needs = "places", "places", ("latitude", "longitude", "city", "country", "category", "fraud_label")

    def __init__(self, rules: Rules) -> None:
        self.places: Places = rules.places
        columns = "category", "latitude", "longitude", "city", "country", "fraud_label"
        self.payments, self.foreign, self.withdrawals = Violations(*columns), Violations(*columns), Violations(*columns)
        self.counts = np.zeros((len(RowKind), self.places.latitude.size), np.int64)

    def add(self, batch: JudgedRows) -> None:
        kind, place, home = batch.kind, batch.place, self.places.home
        self.payments.add(batch, (place < 0) | (place >= home), kind < RowKind.WITHDRAWAL)
        self.foreign.add(batch, place < home, kind == RowKind.FRAUD_WITHDRAWAL)
        known = (batch.city >= 0) & (self.places.of_city[batch.city, 0] >= 0)
        self.withdrawals.add(batch, ~known, kind == RowKind.WITHDRAWAL)
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
