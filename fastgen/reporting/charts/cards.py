"""Charts of ages, rows per card, and the busiest cards."""

from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import numpy as np
from numpy.typing import NDArray

from fastgen.reporting.charts.axes import COLOURS, FEWEST_BARS, LEFT, number_axis
from fastgen.reporting.charts.drawing import MUTED, PAPER, PAYMENT, SHORT_NUMBERS, WITHDRAWAL, data
from fastgen.schema import RowKind

MOST_RANGES: Final = 40


def ages(counts: NDArray[np.int64], width: int) -> Any:
    """Holders by age in whole years, those who withdraw cash in front."""
    used = np.flatnonzero(counts.sum(axis=0))
    values = [
        {"from": age, "to": age + 1, "holders": int(number), "cash": cash}
        for cash, numbers in ((False, counts.sum(axis=0)), (True, counts[1]))
        for age, number in enumerate(numbers.tolist())
        if number
    ]
    margin = max(0, FEWEST_BARS - (int(used[-1]) + 1 - int(used[0]))) // 2
    domain = [int(used[0]) - margin, int(used[-1]) + 1 + margin]
    return (
        alt.Chart(data(values), width=width - LEFT - 8, height=150)
        .mark_bar(stroke=PAPER, strokeWidth=0.6)
        .encode(
            x=alt.X(
                "from:Q", scale=alt.Scale(domain=domain, nice=False, zero=False), axis=alt.Axis(grid=False, tickCount=8, format="d")
            ),
            x2="to:Q",
            y=alt.Y("holders:Q", stack=None, axis=number_axis(tickMinStep=1)),
            y2=alt.datum(0),
            color=alt.Color("cash:N", legend=None, scale=alt.Scale(domain=[False, True], range=[PAYMENT, WITHDRAWAL])),
            order="cash:N",
        )
    )


def rows_of_cards(counts: NDArray[np.int64], width: int) -> Any:
    """A histogram of cards by their number of rows, in up to 40 ranges of equal width."""
    step = int(counts.max()) // MOST_RANGES + 1
    edges = np.arange(0, max(int(counts.max()) + 1, FEWEST_BARS) + step, step)
    numbers = np.histogram(counts, edges)[0]
    values = [{"from": int(edges[i]), "to": int(edges[i + 1]), "cards": int(n)} for i, n in enumerate(numbers.tolist()) if n]
    return (
        alt.Chart(data(values), width=width - LEFT - 8, height=150)
        .mark_bar(stroke=PAPER, strokeWidth=0.6, color=MUTED)
        .encode(
            x=alt.X(
                "from:Q",
                scale=alt.Scale(domain=[0, int(edges[-1])], nice=False),
                axis=alt.Axis(grid=False, tickCount=6, labelExpr=SHORT_NUMBERS),
            ),
            x2="to:Q",
            y=alt.Y("cards:Q", axis=number_axis(tickMinStep=1)),
            y2=alt.datum(0),
        )
    )


def busiest(names: Sequence[str], counts: NDArray[np.int32], width: int) -> Any:
    """Rows of the busiest cards, by kind. names: those of the cards. counts: int32[cards, kinds]."""
    tops = np.cumsum(counts, axis=1)
    values = [
        {"card": name, "low": int(tops[i, kind] - counts[i, kind]), "high": int(tops[i, kind]), "kind": int(kind)}
        for i, name in enumerate(names)
        for kind in RowKind
        if counts[i, kind]
    ]
    return (
        alt.Chart(data(values), width=width - 130, height=alt.Step(15))
        .mark_bar()
        .encode(
            y=alt.Y(
                "card:N",
                sort=list(names),
                axis=alt.Axis(grid=False, minExtent=118, maxExtent=118, labelLimit=118),
                scale=alt.Scale(paddingInner=0.25),
            ),
            x=alt.X("low:Q", axis=alt.Axis(tickCount=5, labelExpr=SHORT_NUMBERS), scale=alt.Scale(zero=True)),
            x2="high:Q",
            color=alt.Color("kind:N", legend=None, scale=COLOURS),
        )
    )
