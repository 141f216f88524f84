"""The chapters on frauds: single cases, places, and how easily one rule finds them."""

from functools import partial

import numpy as np
import polars as pl

from fastgen.reporting import closeups, maps
from fastgen.reporting.bins import quantile
from fastgen.reporting.drawing import HALF, figure
from fastgen.reporting.examples import chains, sequences
from fastgen.reporting.facts import Facts
from fastgen.reporting.parts import KEY_FRAUD_PAYMENT, KEY_FRAUD_WITHDRAWAL, KEY_PAYMENT, KEY_WITHDRAWAL, Chapter, Key, Part, Table
from fastgen.reporting.rules import Rule
from fastgen.reporting.separation import SECONDS, SINCE, SPEEDS, Spread, condition, named, separation, spread
from fastgen.reporting.words import count, day_and_time, duration, money, percent
from fastgen.schema import CASH_WITHDRAWAL, HOME_COUNTRY, RowKind

EASY = 0.3
"""F1 of a single rule from which a dataset counts as easy."""

# Cases


def cases(facts: Facts) -> Chapter:
    """Some attack chains, and the withdrawals of some cards."""
    parts = [part for part in (chains_part(facts), sequences_part(facts)) if part]
    return Chapter("cases", "Case by case", parts)


def chains_part(facts: Facts) -> Part | None:
    """Some attack chains, payment by payment."""
    shown = chains(facts.histories.followed, facts.config.fraud.chain_gap_seconds.high)
    if not shown:
        return Part("No payment is labelled as fraud." if facts.labelled else "Without labels there are no frauds to show.")
    rows = [
        [
            chain.card,
            day_and_time(chain.events[0].second),
            f"{len(chain.events):,}",
            duration(chain.seconds),
            money(chain.cents),
            f"{chain.kilometres:,}",
        ]
        for chain in shown
    ]
    return Part(
        chains_finding(facts),
        figure(
            "chains",
            lambda width: closeups.chains(shown, width),
            f"Time lines of {count(len(shown), 'attack chain')}, a stem for each payment.",
        ),
        [KEY_FRAUD_PAYMENT._replace(shape="circle")],
        f"{count(len(shown), 'chain')} of different lengths. Each stem is a payment: its position is the time, "
        "its height the amount, on a logarithmic scale.",
        Table(["card", "start", "payments", "time", "amount", "km"], rows),
    )


def chains_finding(facts: Facts) -> str:
    """The number, lengths and amounts of chains, in words."""
    survey, lengths = facts.survey, facts.histories.lengths
    payments = int(survey.kinds[RowKind.FRAUD_PAYMENT])
    frauds = [survey.amounts_of(name)[1] for name in survey.categories.numbers if name != CASH_WITHDRAWAL]
    half = quantile(np.sum(frauds, axis=0), 0.5)
    amounts = f"half of their amounts are at most {money(half or 0)}"
    if not lengths.any():
        return f"{count(payments, 'payment')} {'is' if payments == 1 else 'are'} labelled as fraud; {amounts}."
    found = lengths.nonzero()[0]
    span = f"{found[0]} to {found[-1]} payments" if found[0] != found[-1] else count(int(found[0]), "payment")
    number = int(lengths.sum())
    return f"{count(payments, 'fraudulent payment')} come in {count(number, 'chain')} of {span} with one card; {amounts}."


def sequences_part(facts: Facts) -> Part | None:
    """The withdrawal sequences of some cards."""
    cards = sequences(facts.histories.followed)
    if not cards:
        none = not facts.survey.kinds[RowKind.WITHDRAWAL]
        return Part(
            "There are no withdrawals." if none else "No withdrawals of one card are whole hours apart, as those of a sequence are."
        )
    rows = [
        [
            lane.card,
            (lane.own or lane.frauds)[0].place,
            day_and_time((lane.own or lane.frauds)[0].second),
            f"{len(lane.own):,}",
            "–" if lane.step is None else count(lane.step, "hour"),
            "; ".join(f"{event.place}, {day_and_time(event.second)}" for event in lane.frauds) or "–",
        ]
        for own in cards
        for lane in own
    ]
    attacked = [event for own in cards for lane in own for event in lane.frauds]
    text = "Withdrawals come in sequences, each at one place and with a constant step of whole hours"
    text += "; a cloned card shows as a withdrawal elsewhere, soon after the first." if attacked else "."
    return Part(
        text,
        figure(
            "sequences",
            lambda width: closeups.sequences(cards, width),
            f"Time lines of the withdrawals of {count(len(cards), 'card')}.",
        ),
        [KEY_WITHDRAWAL._replace(shape="circle"), *([KEY_FRAUD_WITHDRAWAL._replace(shape="diamond")] if attacked else [])],
        f"Sequences of {count(len(cards), 'card')}, one line each; at most six for a card.",
        Table(["card", "place", "first", "withdrawals", "step", "fraud"], rows, numeric=False),
    )


# Places


def places(facts: Facts) -> Chapter:
    """The places of rows, in the main country and elsewhere."""
    table = facts.survey.places.table()
    main = maps.main_country(table)
    inside, abroad = table.filter(pl.col("country") == main), table.filter(pl.col("country") != main)
    parts = []
    if maps.is_home(table):
        least, most = int(inside["rows"].to_numpy().min()), int(inside["rows"].to_numpy().max())
        each = f"{least:,} to {most:,} rows each" if least < most else f"{count(least, 'row')} each"
        parts.append(
            Part(
                f"{count(inside.height, 'place')} in the {main}, with {each}.",
                figure(
                    "home",
                    lambda width: maps.home(inside, width),
                    f"Map of the United States with {count(inside.height, 'place')}.",
                ),
                [KEY_PAYMENT._replace(shape="circle", text="place, its area the number of rows")],
                "",
                places_table(inside),
            )
        )
    parts.append(
        Part(
            abroad_finding(main, abroad),
            figure("world", lambda width: maps.world(table, width), f"Map of the world with the frauds outside {the(main)}."),
            [
                Key("muted", "circle", "places with ordinary rows"),
                *([Key("fraud-withdrawal", "diamond", f"frauds outside {the(main)}")] if abroad["fraud"].sum() else []),
            ],
            "",
            places_table(abroad) if abroad.height else None,
        )
    )
    return Chapter("places", "Places", parts)


def the(country: str) -> str:
    """A country's name within a sentence."""
    return f"the {country}" if country == HOME_COUNTRY else country


def abroad_finding(main: str, abroad: pl.DataFrame) -> str:
    """The rows outside the main country, in words."""
    if not abroad.height:
        return f"No row is outside {the(main)}."
    rows, frauds = int(abroad["rows"].sum()), int(abroad["fraud"].sum())
    countries = (
        abroad.group_by("country")
        .agg(pl.col("rows").sum())
        .sort(["rows", "country"], descending=[True, False])["country"]
        .to_list()
    )
    where = f"{count(rows, 'row')} outside {the(main)}, in {count(len(countries), 'country')}"
    if frauds == rows:
        return f"{where}: {'it is a fraud' if rows == 1 else 'every one is a fraud'}."
    return f"{where} ({named(countries)}); {frauds:,} of them are frauds."


def places_table(places: pl.DataFrame) -> Table:
    """The places with the most rows."""
    rows = [
        [f"{city}, {country}", f"{number:,}", f"{fraud:,}"]
        for country, city, number, fraud in places.select("country", "city", "rows", "fraud").head(12).iter_rows()
    ]
    return Table(["place" if places.height <= 12 else f"the first 12 of {places.height:,} places", "rows", "frauds"], rows)


# How hard it is


def difficulty(facts: Facts) -> Chapter:
    """How many of the frauds a single rule finds."""
    title = "How hard is it?"
    if not facts.rules:
        why = "No row is labelled as fraud" if facts.labelled else "Rows have no labels"
        return Chapter("difficulty", title, [Part(f"{why}, so there is nothing to find.")])
    countries = sorted(facts.survey.places.table()["country"].unique().to_list())
    conditions = [condition(rule, countries) for rule in facts.rules]
    rows = [
        [text, f"{rule.flagged:,}", f"{rule.caught:,}", percent(rule.precision), percent(rule.recall), f"{rule.f1:.2f}"]
        for rule, text in zip(facts.rules, conditions, strict=True)
    ]
    label = f"Precision and recall of the best rule for each of {len(rows)} columns."
    part = Part(
        difficulty_finding(facts, conditions),
        figure("separation", lambda width: separation(facts.rules, conditions, width), label),
        [
            Key("fraud-payment", "circle", "precision: share of the flagged rows that are frauds"),
            Key("muted", "square", "recall: share of the frauds that are flagged"),
        ],
        "The best rule on each column that one would look at first, by F1, the harmonic mean of precision and recall. "
        "Thresholds are found to three digits.",
        Table(["rule", "flags", "frauds", "precision", "recall", "F1"], rows),
        open=True,
    )
    return Chapter("difficulty", title, [part, *spread_parts(facts)])


def spread_parts(facts: Facts) -> list[Part]:
    """The distributions of time and speed since the card's last row, for ordinary rows and for frauds."""
    if not facts.with_histories:
        return []
    rules = {rule.column: rule for rule in facts.rules}
    shown = [("seconds", "Time", SECONDS), ("km/h", "Speed", SPEEDS)]
    parts = []
    for column, what, ticks in shown:
        counts = facts.histories.since_last[column]
        if not counts.sum(axis=1).all():
            continue
        half = [quantile(each, 0.5) or 0 for each in counts]
        medians = [f"{duration(number)}" if column == "seconds" else f"{number:,} km/h" for number in half]
        parts.append(
            Part(
                f"{what} {SINCE}: median {medians[0]} for ordinary rows, {medians[1]} for frauds.",
                figure(
                    f"spread-{what.lower()}",
                    partial(spread, Spread(counts, rules[column], ticks)),
                    f"Shares of ordinary rows and of frauds by {what.lower()} {SINCE}.",
                    HALF,
                ),
                [KEY_PAYMENT._replace(text="ordinary rows"), Key("fraud-payment", "line", "frauds")],
                "The shares of each sum to 100 %; the dashed line is the best threshold.",
                half=True,
            )
        )
    return parts


def difficulty_finding(facts: Facts, conditions: list[str]) -> str:
    """The best rule in words, one that flags frauds only, and the conclusion."""
    best: Rule = facts.rules[0]
    sure = [(rule, text) for rule, text in zip(facts.rules[1:], conditions[1:], strict=True) if rule.precision == 1]
    found = f"finds {percent(best.recall)} of the frauds, and {percent(best.precision)} of what it flags is fraud"
    text = f"The best single rule, “{conditions[0]}”, {found}."
    if sure:
        rule, phrase = max(sure, key=lambda pair: pair[0].recall)
        text += f" “{phrase}” flags {count(rule.flagged, 'row')}, all of them frauds."
    if best.f1 < EASY and not sure:
        return f"{text} No column alone gives the frauds away."
    return f"{text} This is no hard benchmark: a model that scores well here may have learnt no more than that."
