"""The chart of rows over time."""

from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import numpy as np

from fastgen.reporting.charts.axes import COLOURS, FEWEST_BARS, LEFT, number_axis, time_axis
from fastgen.reporting.charts.drawing import INK, PAPER, data
from fastgen.reporting.histories import Histories
from fastgen.schema import RowKind

STACKS: Final = (("rows", (RowKind.PAYMENT, RowKind.WITHDRAWAL)), ("frauds", (RowKind.FRAUD_PAYMENT, RowKind.FRAUD_WITHDRAWAL)))
"""What is stacked in the two panels of the timeline, from the bottom up."""


def timeline(histories: Histories, end: int | None, step: str, width: int) -> Any:
    """Rows per step, ordinary ones above and frauds below, if there are any; the end of the period as a line."""
    panels = []
    shown = [(name, kinds) for name, kinds in STACKS if histories.timeline[list(kinds)].any()]
    first = histories.start
    last = first + max(histories.timeline.shape[1], FEWEST_BARS) * histories.step
    for name, kinds in shown:
        x = time_axis(first, last, width, labels=name == shown[-1][0])
        bars = bars_over_time(histories, kinds, width).encode(x=x)
        if end is not None and first < end < last:
            bars += end_of_period(end, late=end - first > 0.8 * (last - first), named=name == "rows")
        height = 150 if name == "rows" else 64
        panels.append(
            bars.properties(width=width - LEFT - 10, height=height, title=alt.TitleParams(f"{name} {step}", frame="bounds"))
        )
    return alt.vconcat(*panels, spacing=8)


def end_of_period(end: int, *, late: bool, named: bool) -> Any:
    """A line at the end of the period; if `named`, with its name on the side that has space."""
    rule = alt.Chart(data([{"from": end * 1000}])).mark_rule(color=INK, strokeDash=[3, 3], strokeWidth=1).encode(x="from:T")
    if not named:
        return rule
    text = rule.mark_text(
        text="end of the period", align="right" if late else "left", dx=-5 if late else 5, baseline="bottom", color=INK
    )
    return rule + text.encode(y=alt.value(-2))


def bars_over_time(histories: Histories, kinds: Sequence[RowKind], width: int) -> Any:
    """Rows of these kinds, stacked in this order, one bar per step."""
    ends = (np.arange(histories.timeline.shape[1] + 1) * histories.step + histories.start).tolist()
    tops = np.cumsum(histories.timeline[list(kinds)], axis=0)
    below = np.vstack([np.zeros_like(tops[:1]), tops[:-1]])
    values = [
        {"from": ends[i] * 1000, "to": ends[i + 1] * 1000, "low": int(below[k, i]), "high": int(tops[k, i]), "kind": int(kind)}
        for k, kind in enumerate(kinds)
        for i in np.flatnonzero(tops[k] > below[k]).tolist()
    ]
    return (
        alt.Chart(data(values))
        .mark_bar(stroke=PAPER, strokeWidth=0.5 if tops.shape[1] > width / 8 else 1)
        .encode(
            x2="to:T",
            y=alt.Y("low:Q", axis=number_axis(tickCount=3, tickMinStep=1), scale=alt.Scale(zero=True, nice=True)),
            y2="high:Q",
            color=alt.Color("kind:N", legend=None, scale=COLOURS),
        )
    )
