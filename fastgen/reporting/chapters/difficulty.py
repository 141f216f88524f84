"""How easily one rule finds the frauds."""

from functools import partial

from fastgen.reporting.bins import quantile
from fastgen.reporting.charts.difficulty import SECONDS, SPEEDS, Spread, separation, spread
from fastgen.reporting.charts.drawing import HALF, figure
from fastgen.reporting.conditions import SINCE, condition
from fastgen.reporting.elements import KEY_PAYMENT, Chapter, Finding, Key, Table
from fastgen.reporting.facts import Facts
from fastgen.reporting.rules import Rule
from fastgen.reporting.words import count, duration, percent

EASY = 0.3
"""F1 of a single rule from which a dataset counts as easy."""


def chapter(facts: Facts) -> Chapter:
    """How many of the frauds a single rule finds."""
    title = "How hard is it?"
    if not facts.rules:
        labels = "Every row" if facts.frauds else "No row"
        why = f"{labels} is labelled as fraud" if facts.labelled else "Rows have no labels"
        return Chapter("difficulty", title, [Finding(f"{why}, so there is nothing to find.")])
    countries = sorted(facts.survey.places.table()["country"].unique().to_list())
    conditions = [condition(rule, countries) for rule in facts.rules]
    rows = [
        [text, f"{rule.flagged:,}", f"{rule.caught:,}", percent(rule.precision), percent(rule.recall), f"{rule.f1:.2f}"]
        for rule, text in zip(facts.rules, conditions, strict=True)
    ]
    label = f"Precision and recall of the best rule for each of {len(rows)} columns."
    finding = Finding(
        difficulty_text(facts, conditions),
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
    return Chapter("difficulty", title, [finding, *spread_findings(facts)])


def spread_findings(facts: Facts) -> list[Finding]:
    """The distributions of time and speed since the card's last row, for ordinary rows and for frauds."""
    if not facts.with_histories:
        return []
    rules = {rule.column: rule for rule in facts.rules}
    shown = [("seconds", "Time", SECONDS), ("km/h", "Speed", SPEEDS)]
    findings = []
    for column, what, ticks in shown:
        counts = facts.histories.since_last[column]
        if not counts.sum(axis=1).all():
            continue
        half = [quantile(each, 0.5) or 0 for each in counts]
        medians = [f"{duration(number)}" if column == "seconds" else f"{number:,} km/h" for number in half]
        findings.append(
            Finding(
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
    return findings


def difficulty_text(facts: Facts, conditions: list[str]) -> str:
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
