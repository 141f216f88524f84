"""Cards and their holders."""

import numpy as np
from numpy.typing import NDArray

from fastgen.reporting.charts.cards import ages, busiest, rows_of_cards
from fastgen.reporting.charts.drawing import HALF, figure
from fastgen.reporting.elements import KIND_KEYS, Chapter, Finding, Key, Table, keys_of
from fastgen.reporting.facts import Facts
from fastgen.reporting.holders import HolderAges
from fastgen.reporting.words import MONTHS, count, percent
from fastgen.schema import RowKind


def chapter(facts: Facts) -> Chapter:
    """Ages of the holders, rows per card, the busiest cards."""
    findings = [holders_finding(facts.holders)] if facts.holders and facts.holders.ages.any() else []
    return Chapter("cards", "Cards and holders", [*findings, rows_finding(facts), busiest_finding(facts)])


def holders_finding(holders: HolderAges) -> Finding:
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
    return Finding(
        text,
        figure("ages", lambda width: ages(holders.ages, width), label, HALF),
        keys if cash else keys[:1],
        f"Holders by age in whole years on {holders.on.day} {MONTHS[holders.on.month - 1]} {holders.on.year}.",
        Table(["years", "pay only", "withdraw cash"], rows),
        half=True,
    )


def age_quantile(counts: NDArray[np.int64], share: float) -> int:
    """The age that this share of the holders does not exceed."""
    return int(np.searchsorted(np.cumsum(counts), share * counts.sum()))


def rows_finding(facts: Facts) -> Finding:
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
    return Finding(
        text,
        figure(
            "rows",
            lambda width: rows_of_cards(rows, width),
            f"Bars of how many cards have how many rows, up to {rows.max():,}.",
            HALF,
        ),
        (),
        f"Number of cards by their number of rows; {count(facts.histories.cards.count, 'card')} with rows.",
        Table(["cards", "rows"], table),
        half=True,
    )


def busiest_finding(facts: Facts) -> Finding:
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
    return Finding(
        f"{who} {percent(float(share))} of all rows.",
        figure(
            "busiest",
            lambda width: busiest(names, counts, width),
            f"Bars of the rows of the {len(names)} busiest cards, by kind.",
        ),
        keys_of(counts.sum(axis=0)),
        "Rows of the cards that have the most.",
        Table(["card", *(key.text for key in KIND_KEYS), "age of the holder"], rows),
    )
