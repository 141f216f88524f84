"""Charts of the whole dataset: rows over time, amounts by category, ages, rows per card, the busiest cards."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import altair as alt
import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.units import DAY
from fastgen.reporting.densities import DISPLAYED
from fastgen.reporting.drawing import (
    INK,
    KIND_COLOURS,
    MUTED,
    NARROW,
    PAPER,
    PAYMENT,
    SHORT_NUMBERS,
    WITHDRAWAL,
    data,
    steps,
)
from fastgen.reporting.histories import Histories
from fastgen.reporting.words import count, shortened
from fastgen.schema import RowKind

STACKS: Final = (("rows", (RowKind.PAYMENT, RowKind.WITHDRAWAL)), ("frauds", (RowKind.FRAUD_PAYMENT, RowKind.FRAUD_WITHDRAWAL)))
"""What is stacked in the two panels of the timeline, from the bottom up."""
SHORT: Final = 600
"""The longest time, in seconds, whose axis shows seconds."""
FEWEST_BARS: Final = 12
"""Bars that a chart has space for at least, so that a single bar never fills it."""
SPACING: Final = 16
MOST_RANGES: Final = 40
LEFT: Final = 36
"""Pixels for the labels of a number axis."""
TENTH: Final = "datum.value ? format(datum.value / 10, '~%') : ''"
"""A Vega expression that formats a density per power of ten as the share of a tenth of one, a step of the outline."""
COLOURS: Final = alt.Scale(domain=[int(kind) for kind in RowKind], range=list(KIND_COLOURS))


def time_format(seconds: int) -> str:
    """The format of times on an axis that spans this many seconds."""
    if seconds > 3 * 365 * DAY:
        return "%Y"
    if seconds > 300 * DAY:
        return "%b %Y"
    if seconds > 2 * DAY:
        return "%-d %b"
    return "%H:%M" if seconds > SHORT else "%H:%M:%S"


def time_axis(first: int, last: int, width: int, *, labels: bool = True) -> alt.X:
    """A time axis below a chart, with as many labels as fit; its field is `from`, milliseconds since 1970."""
    room = 95 if last - first > SHORT else 150
    axis = alt.Axis(
        format=time_format(last - first), tickCount=width // room, grid=False, labels=labels, ticks=labels, tickColor=MUTED
    )
    return alt.X("from:T", scale=alt.Scale(type="utc", domain=[first * 1000, last * 1000], nice=False), axis=axis)


def number_axis(**given: Any) -> alt.Axis:
    """A number axis beside a chart, of fixed width, so that panels below each other are aligned."""
    return alt.Axis(**{"tickCount": 4, "labelExpr": SHORT_NUMBERS, "minExtent": LEFT, "maxExtent": LEFT, **given})


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


class AmountPanel(NamedTuple):
    """The amounts of a category: its name and rows, its densities over the displayed ranges, and whether it is withdrawals."""

    name: str
    rows: int
    counted: NDArray[np.float64]
    configured: NDArray[np.float64] | None
    cash: bool


def amounts(panels: Sequence[AmountPanel], width: int) -> Any:
    """The density of amounts over their logarithm, one panel per category: counted as an area, configured as a line.

    All panels share one scale that fits the configured densities; counted densities of few rows may exceed it.
    """
    columns = max(3, min(5, len(panels))) if width > NARROW else 2
    expected = [panel.configured for panel in panels if panel.configured is not None]
    top = 1.12 * max(float(density.max()) for density in expected or [panel.counted for panel in panels])
    used = np.flatnonzero(np.sum([*expected, *(panel.counted for panel in panels)], axis=0))
    shown = slice(int(used[0]), int(used[-1]) + 1)
    charts = [
        amount_panel(panel, shown, top, below=number + columns >= len(panels), beside=number % columns == 0).properties(
            width=(width + SPACING) // columns - SPACING - 4,
            height=88,
            title=alt.TitleParams(shortened(panel.name, 24), subtitle=count(panel.rows, "row"), color=INK),
        )
        for number, panel in enumerate(panels)
    ]
    return alt.concat(*charts, columns=columns, spacing=SPACING)


def amount_panel(panel: AmountPanel, shown: slice, top: float, *, below: bool, beside: bool) -> Any:
    """One category. below, beside: whether its axes have labels; those of shares lie on the grid lines, where amounts are few."""
    edges = (DISPLAYED[shown.start : shown.stop + 1] / 100).tolist()
    heights = {"counted": panel.counted[shown].tolist()}
    if panel.configured is not None:
        heights["configured"] = panel.configured[shown].tolist()
    x = alt.X(
        "edge:Q",
        scale=alt.Scale(type="log", domain=[edges[0], edges[-1]], nice=False),
        axis=alt.Axis(values=[10.0**power for power in range(-2, 8, 2)], labelExpr=SHORT_NUMBERS, labels=below, labelFlush=True),
    )
    scale = alt.Scale(domain=[0, top], nice=False)
    axis = alt.Axis(labels=beside, tickCount=3, labelExpr=TENTH, labelAlign="left", labelBaseline="bottom", labelPadding=-2)
    base = alt.Chart(data(steps(edges, **heights)))
    area = base.mark_area(interpolate="step-after", opacity=0.6, clip=True, color=WITHDRAWAL if panel.cash else PAYMENT)
    layers = [area.encode(x=x, y=alt.Y("counted:Q", scale=scale, axis=axis))]
    if panel.configured is not None:
        line = base.mark_line(interpolate="step-after", color=INK, strokeWidth=1.1)
        layers.append(line.encode(x=x, y=alt.Y("configured:Q", scale=scale, axis=axis)))
    return alt.layer(*layers)


def ages(counts: NDArray[np.int64], width: int) -> Any:
    """Holders by age in whole years, those who withdraw cash in front."""
    used = np.flatnonzero(counts.sum(axis=0))
    values = [
        {"from": age, "to": age + 1, "holders": int(number), "cash": cash}
        for cash, numbers in ((False, counts.sum(axis=0)), (True, counts[1]))
        for age, number in enumerate(numbers.tolist())
        if number
    ]
    room = max(0, FEWEST_BARS - (int(used[-1]) + 1 - int(used[0]))) // 2
    domain = [int(used[0]) - room, int(used[-1]) + 1 + room]
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
