"""Amounts: within their category's limits, and distributed as the configuration says."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from fastgen.schema import RowKind
from fastgen.validation.report import Check
from fastgen.validation.rows import JudgedRows
from fastgen.validation.rules import Rules
from fastgen.validation.statistics.checks import drawn, rule
from fastgen.validation.statistics.pvalues import chi_square, kolmogorov, stratified
from fastgen.validation.statistics.tally import Array, Violations
from fastgen.validation.table_scan import Judge


class TransactionAmounts(Judge):
    """Amounts of all rows; those of the later payments of chains follow a rule of their own.

    Attributes:
        counts: int64[categories + 1, cells]: ordinary payments by category, withdrawals, foreign withdrawals.
    """

    group, about, needs = "amounts", "amounts", ("amount", "category", "fraud_label")

    def __init__(self, rules: Rules, firsts: Callable[[], Array]) -> None:
        """`firsts`: int64[categories, cells], amounts of the first payments of chains, which are drawn like ordinary ones."""
        self.rules, self.firsts = rules, firsts
        columns = "datetime", "cc_num", "category", "amount", "fraud_label"
        self.prices, self.cash = Violations(*columns), Violations(*columns)
        self.counts = np.zeros((len(rules.categories) + 1, rules.edges.size - 1), np.int64)

    def add(self, batch: JudgedRows) -> None:
        cells, kind, known = self.rules.cells(batch.cents), batch.kind, batch.category >= 0
        can_be = (cells >= 0) & (self.rules.masses[batch.category, cells] > 0)
        self.prices.add(batch, ~can_be, (kind < RowKind.WITHDRAWAL) & known)
        self.cash.add(batch, ~can_be, kind >= RowKind.WITHDRAWAL)
        counted = can_be & known & (kind != RowKind.FRAUD_PAYMENT)
        row = batch.category + (kind == RowKind.FRAUD_WITHDRAWAL)
        codes = row[counted] * self.counts.shape[1] + cells[counted]
        self.counts += np.bincount(codes, minlength=self.counts.size).reshape(self.counts.shape)

    def checks(self) -> Iterator[Check]:
        rules, cash = self.rules, self.rules.cash
        ranges = rules.config.amounts
        expected = f"{ranges[0].low:,} to {ranges[-1].high:,}"
        yield rule(self.group, "prices", self.prices, "in the price range of the payment's category")
        yield rule(self.group, "withdrawals", self.cash, expected)
        names = [f"{each.low:,} to {each.high:,}" for each in ranges]
        cells = self.counts.copy()
        cells[:cash] += self.firsts()[:cash]
        shares, counts = self._by_range(rules.masses), self._by_range(cells)
        together = stratified(counts[:cash], shares[:cash])
        yield drawn(self.group, "ranges of payments", together, "what the categories allow", at=names.__getitem__)
        of_rows = [(name, i, i) for i, name in enumerate(rules.categories)] + [("foreign withdrawals", cash + 1, cash)]
        for name, row, category in of_rows:
            found = chi_square(counts[row], shares[category])
            yield drawn(self.group, f"ranges of {name}", found, "by their shares", at=names.__getitem__)
            distance = kolmogorov(cells[row], rules.masses[category])
            yield drawn(self.group, f"distribution of {name}", distance, "uniform inside each range", at=self._amount)

    def _amount(self, cell: int) -> str:
        return f"{(self.rules.edges[cell + 1] - 1) / 100:,.2f}"

    def _by_range(self, cells: NDArray[np.float64] | Array) -> NDArray[np.float64]:
        """Sum cells by range."""
        ranges = np.arange(len(self.rules.config.amounts))
        return np.asarray(cells @ (self.rules.cell_ranges[:, None] == ranges), np.float64)
