"""Charts of how easily frauds are told from the rest, by one rule per column."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import altair as alt
import numpy as np

from fastgen.reporting.bins import Counts, between
from fastgen.reporting.charts.axes import LEFT
from fastgen.reporting.charts.drawing import FRAUD_PAYMENT, GRID, INK, MUTED, NARROW, PAPER, PAYMENT, data, literal, steps
from fastgen.reporting.conditions import SINCE
from fastgen.reporting.rules import Rule
from fastgen.reporting.words import shortened

STEPS_OF_DECADE: Final = 5
EDGES_OF_SPREAD: Final = np.concatenate([[0, 1, 2, 3, 4, 6], *(np.array([10, 16, 25, 40, 63]) * 10**power for power in range(10))])
"""int64: five steps per power of ten, with edges at whole numbers of at most two digits; the first step holds only zeros."""
SECONDS: Final = {1: "1 s", 60: "1 min", 3_600: "1 h", 86_400: "1 d", 2_592_000: "30 d"}
SPEEDS: Final = {1: "1 km/h", 100: "100", 10_000: "10k", 1_000_000: "1M"}


def separation(rules: Sequence[Rule], conditions: Sequence[str], width: int) -> Any:
    """One lane per rule: precision and recall on one scale, joined by a line."""
    extent = 310 if width > NARROW else 128
    texts = [text if width > NARROW else text.replace(f" {SINCE}", "") for text in conditions]
    values = [
        {"rule": shortened(text, 60), "precision": round(rule.precision, 4), "recall": round(rule.recall, 4)}
        for rule, text in zip(rules, texts, strict=True)
    ]
    base = alt.Chart(data(values))
    axis = alt.Axis(grid=False, labelColor=INK, labelLimit=extent - 10, labelPadding=8, minExtent=extent, maxExtent=extent)
    y = alt.Y("rule:N", sort=[str(row["rule"]) for row in values], axis=axis)
    ticks = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1] if width > NARROW else [0, 0.5, 1])
    scale = alt.Scale(domain=[0, 1])
    solid: dict[str, Any] = {"filled": True, "stroke": PAPER, "opacity": 1}
    layers = (
        base.mark_rule(color=GRID, strokeWidth=3).encode(x=alt.X("precision:Q", scale=scale, axis=ticks), x2="recall:Q", y=y),
        base.mark_point(shape="square", color=MUTED, size=62, **solid).encode(x="recall:Q", y=y),
        base.mark_point(shape="circle", color=FRAUD_PAYMENT, size=72, **solid).encode(x="precision:Q", y=y),
    )
    return alt.layer(*layers).properties(width=width - extent - 22, height=alt.Step(22))


class Spread(NamedTuple):
    """A column whose values span powers of ten: its counts by label, its rule, and the labels of numbers on its axis."""

    counts: Counts
    rule: Rule
    ticks: Mapping[int, str]


def spread(shown: Spread, width: int) -> Any:
    """The distributions of ordinary rows and of frauds over the logarithm of a column; the rule's threshold as a line."""
    shares = [between(counts, EDGES_OF_SPREAD) / max(int(counts.sum()), 1) for counts in shown.counts]
    used = np.flatnonzero(shares[0] + shares[1])
    inside = slice(int(used[0]), int(used[-1]) + 1)
    # Zeros, which a logarithmic axis cannot show, have a step to the left of 1.
    edges = np.maximum(EDGES_OF_SPREAD, 10 ** -(1 / STEPS_OF_DECADE)).round(3)[inside.start : inside.stop + 1].tolist()
    values = steps(edges, ordinary=shares[0][inside].tolist(), fraud=shares[1][inside].tolist())
    labels = literal({str(number): text for number, text in shown.ticks.items()})
    domain = [edges[0], edges[-1]]
    x = alt.X(
        "edge:Q",
        scale=alt.Scale(type="log", domain=domain, nice=False),
        axis=alt.Axis(
            values=[number for number in shown.ticks if domain[0] <= number <= domain[1]],
            labelExpr=f"{labels}[datum.value]",
            grid=False,
            ticks=True,
            tickColor=MUTED,
        ),
    )
    base = alt.Chart(data(values), width=width - LEFT - 8, height=130)
    axis = alt.Axis(format=".0%", tickCount=4, minExtent=LEFT, maxExtent=LEFT)
    area = base.mark_area(interpolate="step-after", color=PAYMENT, opacity=0.6).encode(x=x, y=alt.Y("ordinary:Q", axis=axis))
    line = base.mark_line(interpolate="step-after", color=FRAUD_PAYMENT, strokeWidth=1.8).encode(x=x, y=alt.Y("fraud:Q", axis=axis))
    threshold = min(max(float(shown.rule.threshold), domain[0]), domain[1])
    rule = alt.Chart(data([{"edge": threshold}])).mark_rule(color=INK, strokeDash=[3, 3]).encode(x="edge:Q")
    left = shown.rule.sign == "≥"
    text = rule.mark_text(
        text="flagged →" if left else "← flagged",
        align="left" if left else "right",
        dx=5 if left else -5,
        baseline="top",
        color=INK,
    )
    return alt.layer(area, line, rule, text.encode(y=alt.value(-20)))
