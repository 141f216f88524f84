"""Rows over time."""

from typing import Final

import numpy as np

from fastgen.kernels.units import DAY, HOUR
from fastgen.reporting.charts.drawing import figure
from fastgen.reporting.charts.over_time import timeline
from fastgen.reporting.elements import KIND_KEYS, Chapter, Finding, Table, keys_of
from fastgen.reporting.facts import Facts
from fastgen.reporting.words import count, day, duration, percent, period
from fastgen.schema import RowKind

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


def chapter(facts: Facts) -> Chapter:
    """Rows over time, by kind."""
    histories, survey = facts.histories, facts.survey
    step = STEP_NAMES[histories.step]
    end = facts.end
    when = period(survey.first, survey.last)
    label = f"Bars of the rows {step}, {when}: payments and withdrawals, and below them frauds."
    finding = Finding(
        time_text(facts),
        figure("timeline", lambda width: timeline(histories, end, step, width), label),
        keys_of(survey.kinds),
        "Rows and frauds have separate scales." if 0 < facts.frauds < survey.rows else "",
        time_table(facts),
    )
    return Chapter("time", "Over time", [finding])


def time_text(facts: Facts) -> str:
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
