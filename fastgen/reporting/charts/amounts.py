"""The chart of amounts by category."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import altair as alt
import numpy as np
from numpy.typing import NDArray

from fastgen.reporting.charts.drawing import INK, NARROW, PAYMENT, SHORT_NUMBERS, WITHDRAWAL, data, steps
from fastgen.reporting.densities import DISPLAYED
from fastgen.reporting.words import count, shortened

SPACING: Final = 16
TENTH: Final = "datum.value ? format(datum.value / 10, '~%') : ''"
"""A Vega expression that formats a density per power of ten as the share of a tenth of one, a step of the outline."""


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
