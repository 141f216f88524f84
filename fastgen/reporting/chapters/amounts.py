"""Amounts by category, compared with the configuration."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.reporting.bins import quantile
from fastgen.reporting.charts.amounts import AmountPanel, amounts
from fastgen.reporting.charts.drawing import figure
from fastgen.reporting.densities import configured_density, counted_density, distance
from fastgen.reporting.elements import Chapter, Finding, Key, Table, keys_of
from fastgen.reporting.facts import Facts
from fastgen.reporting.words import count, money, percent
from fastgen.schema import CASH_WITHDRAWAL, RowKind

ORDINARY: Final = np.array([kind in (RowKind.PAYMENT, RowKind.WITHDRAWAL) for kind in RowKind])
"""bool[kinds]: whether rows of a kind are not frauds."""
MOST_PANELS: Final = 15


class Spent(NamedTuple):
    """Amounts of a category's ordinary rows: their number, their counts by bin; density and distance if it is configured."""

    name: str
    rows: int
    counts: NDArray[np.int64]
    configured: NDArray[np.float64] | None
    away: float | None

    @property
    def line(self) -> list[str]:
        """Its row in the table."""
        quantiles = [money(quantile(self.counts, share) or 0) for share in (0.05, 0.5, 0.95)]
        away = "–" if self.away is None else percent(self.away)
        return [self.name, f"{self.rows:,}", *quantiles, away, percent(min(1, by_chance(self.rows)))]


def spent_by_category(facts: Facts) -> list[Spent]:
    """All categories with ordinary rows, those with the most first."""
    known = {category.name for category in facts.config.categories} | {CASH_WITHDRAWAL}
    found = []
    for name in facts.survey.categories.numbers:
        counts = facts.survey.amounts_of(name)[0]
        category = None if name == CASH_WITHDRAWAL else name
        configured = (
            (configured_density(facts.config, category), distance(facts.config, category, counts)) if name in known else None
        )
        if rows := int(counts.sum()):
            found.append(Spent(name, rows, counts, *(configured or (None, None))))
    return sorted(found, key=lambda spent: -spent.rows)


def chapter(facts: Facts) -> Chapter:
    """Amounts by category."""
    all_spent = spent_by_category(facts)
    if not all_spent:
        return Chapter("amounts", "Amounts", [])
    shown = all_spent[:MOST_PANELS]
    panels = [
        AmountPanel(spent.name, spent.rows, counted_density(spent.counts), spent.configured, spent.name == CASH_WITHDRAWAL)
        for spent in shown
    ]
    compared = any(spent.away is not None for spent in shown)
    more = f" Of {len(all_spent):,} categories, the {len(shown)} largest." if len(all_spent) > len(shown) else ""
    finding = Finding(
        amounts_text(facts, all_spent),
        figure(
            "amounts",
            lambda width: amounts(panels, width),
            f"Density of amounts on a logarithmic scale, counted and configured, for {count(len(panels), 'category')}.",
        ),
        [*keys_of(facts.survey.kinds * ORDINARY), *([Key("ink", "line", configured_text(facts))] if compared else [])],
        "Share of a category's ordinary rows in each step, a tenth of a power of ten of the amount; all panels share one scale. "
        "Distance: the greatest difference between the counted and the configured share of rows below any amount. By chance: the "
        f"distance that this many rows exceed once in a thousand times.{more}",
        Table(
            ["category", "rows", "5 % up to", "half up to", "95 % up to", "distance", "by chance"], [spent.line for spent in shown]
        ),
    )
    return Chapter("amounts", "Amounts", [finding])


def configured_text(facts: Facts) -> str:
    """What the line in the chart stands for."""
    return "as configured" if facts.known else "as the default configuration would have it"


def by_chance(rows: int, categories: int = 1) -> float:
    """The distance that any of this many categories, of this many rows each, exceeds by chance at most once in a thousand times.

    Source: the tail of the Kolmogorov distribution, 2 exp(-2 d^2 n), and Bonferroni's inequality.

    Example:
        >>> round(by_chance(10_000), 4), round(by_chance(10_000, 10), 4)
        (0.0195, 0.0223)
    """
    return float(np.sqrt(np.log(2 * categories / 0.001) / (2 * rows)))


def amounts_text(facts: Facts, all_spent: Sequence[Spent]) -> str:
    """How far amounts are from the configuration, and how many lie outside their category's prices."""
    compared = [(spent.away * spent.rows**0.5, spent.away, spent) for spent in all_spent if spent.away is not None]
    if not compared:
        return "No category is in the configuration, so there is nothing to compare amounts with."
    _, away, farthest = max(compared, key=lambda each: each[0])
    outside, ordinary = facts.survey.outside, int(facts.survey.kinds[RowKind.PAYMENT])
    stray = "No ordinary payment lies outside the prices of its category."
    if outside:
        lie = "lies" if outside == 1 else "lie"
        stray = f"{outside:,} of {count(ordinary, 'ordinary payment')} {lie} outside the prices of the category."
    reference = "the configured densities" if facts.known else "the densities of the default configuration"
    if away <= by_chance(farthest.rows, len(compared)):
        return f"Amounts follow {reference}, in every category as closely as chance allows. {stray}"
    difference = (
        f"shares of {farthest.rows:,} rows differ by up to {percent(away)}, by chance only {percent(by_chance(farthest.rows))}"
    )
    return f"Amounts do not follow {reference}: most of all in {farthest.name}, {difference}. {stray}"
