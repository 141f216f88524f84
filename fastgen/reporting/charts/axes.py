"""Axes and scales that several charts share."""

from typing import Any, Final

import altair as alt

from fastgen.kernels.units import DAY
from fastgen.reporting.charts.drawing import KIND_COLOURS, MUTED, SHORT_NUMBERS
from fastgen.schema import RowKind

SHORT: Final = 600
"""The longest time, in seconds, whose axis shows seconds."""
FEWEST_BARS: Final = 12
"""Bars that a chart has space for at least, so that a single bar never fills it."""
LEFT: Final = 36
"""Pixels for the labels of a number axis."""
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
    label_width = 95 if last - first > SHORT else 150
    axis = alt.Axis(
        format=time_format(last - first), tickCount=width // label_width, grid=False, labels=labels, ticks=labels, tickColor=MUTED
    )
    return alt.X("from:T", scale=alt.Scale(type="utc", domain=[first * 1000, last * 1000], nice=False), axis=axis)


def number_axis(**given: Any) -> alt.Axis:
    """A number axis beside a chart, of fixed width, so that panels below each other are aligned."""
    return alt.Axis(**{"tickCount": 4, "labelExpr": SHORT_NUMBERS, "minExtent": LEFT, "maxExtent": LEFT, **given})
