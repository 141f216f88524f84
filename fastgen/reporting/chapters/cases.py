"""Single frauds: some attack chains, and the withdrawals of some cards."""

import numpy as np

from fastgen.reporting.bins import quantile
from fastgen.reporting.charts.cases import chains, sequences
from fastgen.reporting.charts.drawing import figure
from fastgen.reporting.elements import KEY_FRAUD_PAYMENT, KEY_FRAUD_WITHDRAWAL, KEY_WITHDRAWAL, Chapter, Finding, Table
from fastgen.reporting.examples import example_chains, example_sequences
from fastgen.reporting.facts import Facts
from fastgen.reporting.words import count, day_and_time, duration, money
from fastgen.schema import CASH_WITHDRAWAL, RowKind


def chapter(facts: Facts) -> Chapter:
    """Some attack chains, and the withdrawals of some cards."""
    findings = [finding for finding in (chains_finding(facts), sequences_finding(facts)) if finding]
    return Chapter("cases", "Case by case", findings)


def chains_finding(facts: Facts) -> Finding | None:
    """Some attack chains, payment by payment."""
    shown = example_chains(facts.histories.followed, facts.config.fraud.chain_gap_seconds.high)
    if not shown:
        return Finding("No payment is labelled as fraud." if facts.labelled else "Without labels there are no frauds to show.")
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
    return Finding(
        chains_text(facts),
        figure(
            "chains",
            lambda width: chains(shown, width),
            f"Time lines of {count(len(shown), 'attack chain')}, a stem for each payment.",
        ),
        [KEY_FRAUD_PAYMENT._replace(shape="circle")],
        f"{count(len(shown), 'chain')} of different lengths. Each stem is a payment: its position is the time, "
        "its height the amount, on a logarithmic scale.",
        Table(["card", "start", "payments", "time", "amount", "km"], rows),
    )


def chains_text(facts: Facts) -> str:
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


def sequences_finding(facts: Facts) -> Finding | None:
    """The withdrawal sequences of some cards."""
    cards = example_sequences(facts.histories.followed)
    if not cards:
        none = not facts.survey.kinds[RowKind.WITHDRAWAL]
        return Finding(
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
    return Finding(
        text,
        figure(
            "sequences",
            lambda width: sequences(cards, width),
            f"Time lines of the withdrawals of {count(len(cards), 'card')}.",
        ),
        [KEY_WITHDRAWAL._replace(shape="circle"), *([KEY_FRAUD_WITHDRAWAL._replace(shape="diamond")] if attacked else [])],
        f"Sequences of {count(len(cards), 'card')}, one line each; at most six for a card.",
        Table(["card", "place", "first", "withdrawals", "step", "fraud"], rows, numeric=False),
    )
