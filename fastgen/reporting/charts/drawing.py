"""Charts as inline SVG: without scripts, coloured by the page's style sheet, drawn for two widths.

Vega copies a colour such as `var(--ink)` into the SVG unchanged. The style sheet defines it, so one drawing suits light and dark
screens and paper. The text of a drawing cannot grow on a phone, so each chart is drawn a second time, narrow.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import altair as alt
import vl_convert
from markupsafe import Markup, escape

from fastgen.errors import FastgenError
from fastgen.reporting.words import legal

WIDE: Final = 840
NARROW: Final = 340
HALF: Final = 404
LABELS: Final = 11.5
"""Font size of text on axes, in pixels."""
INK: Final = "var(--ink)"
MUTED: Final = "var(--muted)"
GRID: Final = "var(--grid)"
PAPER: Final = "var(--paper)"
PAYMENT: Final = "var(--payment)"
WITHDRAWAL: Final = "var(--withdrawal)"
FRAUD_PAYMENT: Final = "var(--fraud-payment)"
FRAUD_WITHDRAWAL: Final = "var(--fraud-withdrawal)"
KIND_COLOURS: Final = (PAYMENT, FRAUD_PAYMENT, WITHDRAWAL, FRAUD_WITHDRAWAL)
"""By `RowKind`."""
SHORT_NUMBERS: Final = (
    "datum.value >= 1e6 ? format(datum.value / 1e6, ',') + 'M' : "
    "datum.value >= 1e3 ? format(datum.value / 1e3, ',') + 'k' : format(datum.value, '~g')"
)
"""A Vega expression that formats the numbers on an axis."""
EMPTY: Final = re.compile(r'<path class="(?:background|foreground)" [^>]*/>|<g/>')
NOT_NEEDED: Final = re.compile(
    r' (?:class|role|aria-[a-z]+|pointer-events|font-family|stroke-miterlimit)="[^"]*"| opacity="1"| stroke-width="0"'
)
GEOMETRY: Final = re.compile(r' (?:d|transform|x2|y2)="[^"]*"')
DECIMALS: Final = re.compile(r"\d+\.\d{3,}(?:e-\d+)?")
IDENTIFIERS: Final = re.compile(r' id="([^"]*)"')
ROOT: Final = re.compile(r'<svg[^>]*? width="([\d.]+)" height="([\d.]+)"[^>]*>')
Values = Sequence[Mapping[str, Any]]
Draw = Callable[[int], Any]
"""Draws a chart for a width in pixels."""


def data(values: Values) -> alt.InlineData:
    """Rows as inline data of a chart."""
    return alt.InlineData(values=[dict(row) for row in values])


def literal(value: Any) -> str:
    """A value as part of a Vega expression, in which a text that is not legal would be hidden from `legal_throughout`."""
    return json.dumps(legal_throughout(value))


def steps(edges: Sequence[float], **heights: Sequence[float]) -> list[dict[str, float]]:
    """Rows of a step chart between edges; the last step is repeated at the last edge, where it ends.

    Example:
        >>> steps([1, 10, 100], share=[0.25, 0.75])
        [{'edge': 1, 'share': 0.25}, {'edge': 10, 'share': 0.75}, {'edge': 100, 'share': 0.75}]
    """
    columns = {name: [round(float(height), 5) for height in (*values, values[-1])] for name, values in heights.items()}
    return [{"edge": edge, **{name: values[i] for name, values in columns.items()}} for i, edge in enumerate(edges)]


def text_size(width: int) -> float:
    """The font size, a little larger in drawings for phones, whose screens shrink them."""
    return LABELS if width > NARROW else 12


def look(width: int) -> dict[str, Any]:
    """The Vega-Lite configuration that all charts share."""
    size = text_size(width)
    heading = {"anchor": "start", "color": MUTED, "fontSize": size, "fontWeight": "normal", "offset": 6, "frame": "group"}
    axis = {
        "domain": False,
        "ticks": False,
        "gridColor": GRID,
        "gridWidth": 1,
        "labelColor": MUTED,
        "labelFontSize": size,
        "labelPadding": 5,
        "labelOverlap": "greedy",
        "title": None,
    }
    return {
        "font": "sans-serif",
        "background": "transparent",
        "padding": 2,
        "aria": False,
        "axis": axis,
        "view": {"stroke": None},
        "title": {**heading, "subtitleColor": MUTED, "subtitleFontSize": size},
        "text": {"color": MUTED, "fontSize": size},
    }


def legal_throughout(value: Any) -> Any:
    """A chart's specification with legal texts only: others end the process inside vl-convert, where nothing can catch that."""
    match value:
        case str():
            return legal(value)
        case dict():
            return {key: legal_throughout(each) for key, each in value.items()}
        case list():
            return [legal_throughout(each) for each in value]
    return value


def converted(chart: dict[str, Any], config: dict[str, Any]) -> str:
    """A chart as SVG.

    Raises:
        FastgenError: vl-convert panicked, as it does where it may not open files or start threads; other errors are not caught.
    """
    try:
        svg: str = vl_convert.vegalite_to_svg(chart, config=config)
    except BaseException as error:  # a panic is no Exception, and each Rust library has a class of its own for it
        if type(error).__name__ == "PanicException" or "oneshot canceled" in str(error):  # it was in a thread of its own
            reason = " ".join(str(error).split())
            message = f"charts cannot be drawn: vl-convert failed: {reason}"
            raise FastgenError(message, hint="a limit of open files, memory or processes may be the cause") from None
        raise
    return svg


def drawn(name: str, chart: Any, width: int, label: str, shown: str) -> Markup:
    """One SVG, at least this wide, so that text has the same size in all charts.

    Its identifiers begin with `name`: a page has several charts, and Vega numbers identifiers across all that it draws. `shown` is
    its class in the style sheet.
    """
    text = converted(legal_throughout(chart.to_dict()), look(width))
    text = NOT_NEEDED.sub("", EMPTY.sub("", text))
    text = GEOMETRY.sub(lambda found: DECIMALS.sub(lambda number: f"{float(number[0]):.2f}", found[0]), text)
    for number, old in enumerate(dict.fromkeys(IDENTIFIERS.findall(text))):
        text = text.replace(f'id="{old}"', f'id="{name}-{number}"').replace(f"url(#{old})", f"url(#{name}-{number})")
    found = ROOT.search(text)
    assert found
    across = max(width, float(found[1]))
    root = f'<svg class="{shown}" viewBox="0 0 {across:g} {found[2]}" role="img" aria-label="{escape(label)}">'
    return Markup(root + text[found.end() :])


def figure(name: str, draw: Draw, label: str, width: int = WIDE) -> Markup:
    """A chart for screens and paper, as wide as the page or HALF of it, and again for phones; only one of them is shown."""
    wide = drawn(f"{name}-wide", draw(width), width, label, "wide")
    return wide + drawn(f"{name}-narrow", draw(NARROW), NARROW, label, "narrow")
