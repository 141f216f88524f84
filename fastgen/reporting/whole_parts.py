"""The chapters on all rows: over time, amounts, cards and their holders."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.units import DAY, HOUR
from fastgen.reporting import overviews
from fastgen.reporting.bins import quantile
from fastgen.reporting.densities import configured_density, counted_density, distance
from fastgen.reporting.drawing import HALF, figure
from fastgen.reporting.facts import Facts
from fastgen.reporting.holders import HolderAges
from fastgen.reporting.parts import KIND_KEYS, Chapter, Key, Part, Table
from fastgen.reporting.words import MONTHS, count, day, duration, money, percent, period
from fastgen.schema import CASH_WITHDRAWAL, RowKind

ORDINARY: Final = np.array([kind in (RowKind.PAYMENT, RowKind.WITHDRAWAL) for kind in RowKind])
"""bool[kinds]: whether rows of a kind are not frauds."""
MOST_PANELS: Final = 15
MOST_LINES: Final = 12
"""The most rows of the timeline's table."""
STEP_NAMES: Final = {
    1: "a second",
    60: "a minute",
    600: "in ten minutes",
    3_600: "an hour",
    21_600: "in six hours",
    86_400: "a day",
    604_800: "a week",
    2_419_200: "in four weeks",
    31_449_600: "in 52 weeks",
}


def present(kinds: NDArray[np.int64]) -> list[Key]:
    """The keys of the kinds that occur. kinds: the number of rows of each `RowKind`."""
    return [key for key, number in zip(KIND_KEYS, kinds.tolist(), strict=True) if number]


# Over time


def over_time(facts: Facts) -> Chapter:
    """Rows over time, by kind."""
    histories, survey = facts.histories, facts.survey
    step = STEP_NAMES[histories.step]
    end = facts.end
    when = period(survey.first, survey.last)
    label = f"Bars of the rows {step}, {when}: payments and withdrawals, and below them frauds."
    part = Part(
        time_finding(facts),
        figure("timeline", lambda width: overviews.timeline(histories, end, step, width), label),
        present(survey.kinds),
        "Rows and frauds have separate scales." if 0 < facts.frauds < survey.rows else "",
        time_table(facts),
    )
    return Chapter("time", "Over time", [part])


def time_finding(facts: Facts) -> str:
    """How evenly payments are spread, and how many rows fall after the end of the period."""
    histories, survey = facts.histories, facts.survey
    payments = histories.timeline[RowKind.PAYMENT]
    inner = np.flatnonzero(payments)[1:-1]
    step = STEP_NAMES[histories.step]
    if inner.size >= 3:
        least, most = int(payments[inner[0] : inner[-1] + 1].min()), int(payments[inner[0] : inner[-1] + 1].max())
        text = f"Between {least:,} and {most:,} payments {step}"
    else:
        text = f"{count(survey.rows, 'row')} within {duration(survey.last - survey.first + 1)}"
    if survey.after_end:
        return (
            f"{text}; {percent(survey.after_end / survey.rows)} of all rows come after the end of the period, as sequences run on."
        )
    return f"{text}, {period(survey.first, survey.last)}."


def time_table(facts: Facts) -> Table:
    """Rows by kind in up to twelve intervals."""
    histories = facts.histories
    bars = histories.timeline.shape[1]
    size = -(-bars // MOST_LINES)
    rows = []
    for first in range(0, bars, size):
        numbers = histories.timeline[:, first : first + size].sum(axis=1).tolist()
        start = histories.start + first * histories.step
        name = day(start) if histories.step >= DAY else f"{day(start)}, {start // HOUR % 24:02}:{start // 60 % 60:02}"
        rows.append([name, *(f"{number:,}" for number in numbers)])
    return Table([f"{duration(size * histories.step)} from", *(key.text for key in KIND_KEYS)], rows)


# Amounts


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


def amounts(facts: Facts) -> Chapter:
    """Amounts by category."""
    all_spent = spent_by_category(facts)
    if not all_spent:
        return Chapter("amounts", "Amounts", [])
    shown = all_spent[:MOST_PANELS]
    panels = [
        overviews.AmountPanel(
            spent.name, spent.rows, counted_density(spent.counts), spent.configured, spent.name == CASH_WITHDRAWAL
        )
        for spent in shown
    ]
    compared = any(spent.away is not None for spent in shown)
    more = f" Of {len(all_spent):,} categories, the {len(shown)} largest." if len(all_spent) > len(shown) else ""
    part = Part(
        amounts_finding(facts, all_spent),
        figure(
            "amounts",
            lambda width: overviews.amounts(panels, width),
            f"Density of amounts on a logarithmic scale, counted and configured, for {count(len(panels), 'category')}.",
        ),
        [*present(facts.survey.kinds * ORDINARY), *([Key("ink", "line", configured_text(facts))] if compared else [])],
        "Share of a category's ordinary rows in each step, a tenth of a power of ten of the amount; all panels share one scale. "
        "Distance: the greatest difference between the counted and the configured share of rows below any amount. By chance: the "
        f"distance that this many rows exceed once in a thousand times.{more}",
        Table(
            ["category", "rows", "5 % up to", "half up to", "95 % up to", "distance", "by chance"], [spent.line for spent in shown]
        ),
    )
    return Chapter("amounts", "Amounts", [part])


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


def amounts_finding(facts: Facts, all_spent: Sequence[Spent]) -> str:
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


# Cards and holders


def cards(facts: Facts) -> Chapter:
    """Ages of the holders, rows per card, the busiest cards."""
    parts = [holders_part(facts.holders)] if facts.holders and facts.holders.ages.any() else []
    return Chapter("cards", "Cards and holders", [*parts, rows_part(facts), busiest_part(facts)])


def holders_part(holders: HolderAges) -> Part:
    """Ages of the holders."""
    total = holders.ages.sum(axis=0)
    used = np.flatnonzero(total)
    old = age_quantile(total, 0.5)
    text = f"Holders are {used[0]} to {used[-1]} years old, half of them under {old + 1}."
    if used.size == 1:
        text = f"All holders are {used[0]} years old."
    cash = int(holders.ages[1].sum())
    if cash:
        text += (
            f" Of {holders.holders:,}, {cash:,} withdraw cash, and half of these are {age_quantile(holders.ages[1], 0.5)} or older."
        )
    bands = [(low, low + 9) for low in range(used[0] // 10 * 10, used[-1] + 1, 10)]
    rows = [[f"{low} to {high}", *(f"{holders.ages[group, low : high + 1].sum():,}" for group in (0, 1))] for low, high in bands]
    label = f"Bars of the holders by age, from {used[0]} to {used[-1]}, and of those among them whose cards withdraw cash."
    keys = [Key("payment", "square", "all holders"), Key("withdrawal", "square", "those who withdraw cash")]
    return Part(
        text,
        figure("ages", lambda width: overviews.ages(holders.ages, width), label, HALF),
        keys if cash else keys[:1],
        f"Holders by age in whole years on {holders.on.day} {MONTHS[holders.on.month - 1]} {holders.on.year}.",
        Table(["years", "pay only", "withdraw cash"], rows),
        half=True,
    )


def age_quantile(counts: NDArray[np.int64], share: float) -> int:
    """The age that this share of the holders does not exceed."""
    return int(np.searchsorted(np.cumsum(counts), share * counts.sum()))


def rows_part(facts: Facts) -> Part:
    """Rows per card."""
    rows = facts.histories.counts.sum(axis=1)
    cash = facts.histories.counts[:, RowKind.WITHDRAWAL] > 0
    text = f"A card with any rows has {rows.mean():,.1f} of them on average, and at most {rows.max():,}."
    if cash.any() and not cash.all():
        pays, withdraws = rows[~cash].mean(), rows[cash].mean()
        text = f"A card has {pays:,.1f} rows on average, or {withdraws:,.1f} if it withdraws cash; at most {rows.max():,}."
    shares = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
    names = ("least", "5 % have at most", "a quarter", "half", "three quarters", "95 %", "most")
    table = [
        [name, f"{number:,.0f}"]
        for name, number in zip(names, np.quantile(rows, shares, method="inverted_cdf").tolist(), strict=True)
    ]
    return Part(
        text,
        figure(
            "rows",
            lambda width: overviews.rows_of_cards(rows, width),
            f"Bars of how many cards have how many rows, up to {rows.max():,}.",
            HALF,
        ),
        (),
        f"Number of cards by their number of rows; {count(facts.histories.cards.count, 'card')} with rows.",
        Table(["cards", "rows"], table),
        half=True,
    )


def busiest_part(facts: Facts) -> Part:
    """The cards with the most rows."""
    counts = facts.histories.counts[facts.busiest]
    names = [facts.histories.cards.text(number) for number in facts.busiest]
    share = counts.sum() / facts.survey.rows
    known = facts.holders.noted if facts.holders else {}
    rows = [
        [name, *(f"{number:,}" for number in own.tolist()), f"{known[number]}" if number in known else "–"]
        for name, number, own in zip(names, facts.busiest, counts, strict=True)
    ]
    who = f"The {len(names)} busiest cards have" if len(names) > 1 else "The only card has"
    return Part(
        f"{who} {percent(float(share))} of all rows.",
        figure(
            "busiest",
            lambda width: overviews.busiest(names, counts, width),
            f"Bars of the rows of the {len(names)} busiest cards, by kind.",
        ),
        present(counts.sum(axis=0)),
        "Rows of the cards that have the most.",
        Table(["card", *(key.text for key in KIND_KEYS), "age of the holder"], rows),
    )
