"""The chapters on all rows: over time, amounts, cards and their holders."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fastgen.reporting import overviews
from fastgen.reporting.bins import quantile
from fastgen.reporting.densities import configured_density, counted_density, distance
from fastgen.reporting.drawing import HALF, figure
from fastgen.reporting.facts import Facts
from fastgen.reporting.holders import Holders
from fastgen.reporting.parts import KEY_PAYMENT, KEY_WITHDRAWAL, KIND_KEYS, Chapter, Key, Part, Table
from fastgen.reporting.rows import Kind
from fastgen.reporting.words import count, day, duration, money, percent
from fastgen.schema import CASH_WITHDRAWAL

MOST_PANELS: Final = 12
MOST_LINES: Final = 12
"""Of a table beside a chart of time."""
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
CHANCE: Final = 1.36
"""Over the root of the number of rows: the distance that chance exceeds once in twenty (Kolmogorov's distribution)."""


def present(kinds: NDArray[np.int64]) -> list[Key]:
    """What the colours of the kinds that there are mean; kinds: rows of each `Kind`."""
    return [key for key, number in zip(KIND_KEYS, kinds.tolist(), strict=True) if number]


# Over time


def over_time(facts: Facts) -> Chapter:
    """Rows over time, by kind."""
    histories, survey = facts.histories, facts.survey
    step = STEP_NAMES[histories.step]
    end = facts.end
    label = (
        f"Bars of the rows {step} from {day(survey.first)} to {day(survey.last)}: payments and withdrawals, and below them frauds."
    )
    part = Part(
        time_finding(facts),
        figure("timeline", lambda width: overviews.timeline(histories, end, step, width), label),
        present(survey.kinds),
        "Rows and frauds have scales of their own.",
        time_table(facts),
    )
    return Chapter("time", "Over time", [part])


def time_finding(facts: Facts) -> str:
    """How even payments are, and what falls after the end of the period."""
    histories, survey = facts.histories, facts.survey
    payments = histories.timeline[Kind.PAYMENT]
    inner = np.flatnonzero(payments)[1:-1]
    step = STEP_NAMES[histories.step]
    if inner.size >= 3:
        least, most = int(payments[inner[0] : inner[-1] + 1].min()), int(payments[inner[0] : inner[-1] + 1].max())
        text = f"Between {least:,} and {most:,} payments {step}"
    else:
        text = f"{count(survey.rows, 'row')} within {duration(survey.last - survey.first)}"
    if survey.after_end:
        return (
            f"{text}; {percent(survey.after_end / survey.rows)} of all rows come after the end of the period, as sequences run on."
        )
    return f"{text}, from {day(survey.first)} to {day(survey.last)}."


def time_table(facts: Facts) -> Table:
    """Rows by kind in up to twelve stretches of time."""
    histories = facts.histories
    bars = histories.timeline.shape[1]
    size = -(-bars // MOST_LINES)
    rows = []
    for first in range(0, bars, size):
        numbers = histories.timeline[:, first : first + size].sum(axis=1).tolist()
        start = histories.start + first * histories.step
        name = day(start) if histories.step >= 86_400 else f"{day(start)}, {start // 3_600 % 24:02}:{start // 60 % 60:02}"
        rows.append([name, *(f"{number:,}" for number in numbers)])
    return Table([f"from, {duration(size * histories.step)} each", *(key.text for key in KIND_KEYS)], rows)


# Amounts


def amounts(facts: Facts) -> Chapter:
    """Amounts by category."""
    survey = facts.survey
    counts = {name: survey.amounts_of(name)[0] for name in survey.categories.numbers}
    names = sorted((name for name in counts if counts[name].any()), key=lambda name: -int(counts[name].sum()))
    if not names:
        return Chapter("amounts", "Amounts", [])
    known = {category.name for category in facts.config.categories} | {CASH_WITHDRAWAL}
    panels, rows, farthest = [], [], []
    for name in names:
        total = int(counts[name].sum())
        category = None if name == CASH_WITHDRAWAL else name
        configured = configured_density(facts.config, category) if name in known else None
        panels.append(overviews.AmountPanel(name, total, counted_density(counts[name]), configured, category is None))
        quantiles = [money(quantile(counts[name], share) or 0) for share in (0.05, 0.5, 0.95)]
        away = distance(facts.config, category, counts[name]) if name in known else None
        rows.append([name, f"{total:,}", *quantiles, "" if away is None else percent(away), percent(min(1, CHANCE / total**0.5))])
        if away is not None:
            farthest.append((away * total**0.5 / CHANCE, away, total, name))
    heads = ["category", "rows", "5 % below", "half below", "95 % below", "distance", "by chance"]
    label = (
        f"Density of amounts on a logarithmic scale, counted and configured, for {count(len(panels[:MOST_PANELS]), 'category')}."
    )
    more = f" The {MOST_PANELS} largest of {len(names)} categories." if len(names) > MOST_PANELS else ""
    part = Part(
        amounts_finding(facts, max(farthest, default=None)),
        figure("amounts", lambda width: overviews.amounts(panels[:MOST_PANELS], width), label),
        [KEY_PAYMENT, KEY_WITHDRAWAL, Key("ink", "line", configured_text(facts))],
        "Share of a category's ordinary rows for each power of ten of the amount; all panels have one scale. "
        "Distance: the most by which the shares below some amount differ. By chance: what it exceeds once in twenty, for so many rows."
        + more,
        Table(heads, rows),
    )
    return Chapter("amounts", "Amounts", [part])


def configured_text(facts: Facts) -> str:
    """What the line is."""
    return "as configured" if facts.known else "as the default configuration would have it"


def amounts_finding(facts: Facts, farthest: tuple[float, float, int, str] | None) -> str:
    """How far amounts are from the configuration, and how many leave their category's prices."""
    if farthest is None:
        return "No category is one of the configuration's, so that there is nothing to compare amounts with."
    ratio, away, total, name = farthest
    outside = facts.survey.outside
    ordinary = int(facts.survey.kinds[Kind.PAYMENT])
    stray = (
        f"{count(outside, 'ordinary payment')} of {ordinary:,} {'lies' if outside == 1 else 'lie'} outside"
        if outside
        else "None lies outside"
    )
    where = f"{stray} the prices of {'its category' if outside <= 1 else 'their categories'}"
    reference = "the configured densities" if facts.known else "the densities of the default configuration"
    if ratio <= 1:
        return f"Amounts follow {reference}, in every category as closely as chance allows. {where}."
    if ratio <= 1.5:
        return f"Amounts follow {reference}; the farthest from its own is {name}, by {percent(away)} of {total:,} rows. {where}."
    return f"Amounts of {name} are not those of {reference}: shares differ by up to {percent(away)}, with {total:,} rows. {where}."


# Cards and holders


def cards(facts: Facts) -> Chapter:
    """Ages of the holders, rows of a card, the busiest cards."""
    parts = [holders_part(facts, facts.holders)] if facts.holders and facts.holders.ages.any() else []
    return Chapter("cards", "Cards and holders", [*parts, rows_part(facts), busiest_part(facts)])


def holders_part(facts: Facts, holders: Holders) -> Part:
    """Ages."""
    total = holders.ages.sum(axis=0)
    used = np.flatnonzero(total)
    old = age_quantile(total, 0.5)
    text = f"Holders are {used[0]} to {used[-1]} years old, half of them under {old + 1}."
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
        f"Holders by age in whole years on {holders.on.day} {holders.on:%B %Y}.",
        Table(["years", "pay only", "withdraw cash"], rows),
        half=True,
    )


def age_quantile(counts: NDArray[np.int64], share: float) -> int:
    """The age that so many have not passed."""
    return int(np.searchsorted(np.cumsum(counts), share * counts.sum()))


def rows_part(facts: Facts) -> Part:
    """How many rows a card has."""
    rows = facts.histories.counts.sum(axis=1)
    cash = facts.histories.counts[:, Kind.WITHDRAWAL] > 0
    text = f"A card with any rows has {rows.mean():,.1f} on average, and at most {rows.max():,}."
    if cash.any() and not cash.all():
        text = f"A card has {rows[~cash].mean():,.1f} rows on average, or {rows[cash].mean():,.1f} if it withdraws cash; at most {rows.max():,}."
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
