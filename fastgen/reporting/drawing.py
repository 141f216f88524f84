"""Charts as pieces of SVG that stand in the page: no script, colours from its style sheet, drawn for two widths.

Vega writes a colour such as `var(--ink)` into the SVG as it is, so that the style sheet decides, and one drawing is right on a
light and a dark screen and on paper. A drawing cannot get its text larger on a phone, so most are drawn a second time, narrow.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import altair as alt
import vl_convert
from markupsafe import Markup, escape

WIDE: Final = 840
NARROW: Final = 340
HALF: Final = 404
LABELS: Final = 11.5
"""Size of the text on axes, in pixels."""
INK: Final = "var(--ink)"
MUTED: Final = "var(--muted)"
GRID: Final = "var(--grid)"
PAPER: Final = "var(--paper)"
PAYMENT: Final = "var(--payment)"
WITHDRAWAL: Final = "var(--withdrawal)"
FRAUD_PAYMENT: Final = "var(--fraud-payment)"
FRAUD_WITHDRAWAL: Final = "var(--fraud-withdrawal)"
KIND_COLOURS: Final = (PAYMENT, FRAUD_PAYMENT, WITHDRAWAL, FRAUD_WITHDRAWAL)
"""By `Kind`."""
SHORT_NUMBERS: Final = (
    "datum.value >= 1e6 ? format(datum.value / 1e6, ',') + 'M' : "
    "datum.value >= 1e3 ? format(datum.value / 1e3, ',') + 'k' : format(datum.value, '~g')"
)
"""An expression that writes the numbers on an axis."""
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
    """Some rows, in the chart itself."""
    return alt.InlineData(values=[dict(row) for row in values])


def steps(edges: Sequence[float], **heights: Sequence[float]) -> list[dict[str, float]]:
    """Rows of a chart of steps between edges; the last step is there twice, as it lasts until the last edge.

    Example:
        >>> steps([1, 10, 100], share=[0.25, 0.75])
        [{'edge': 1, 'share': 0.25}, {'edge': 10, 'share': 0.75}, {'edge': 100, 'share': 0.75}]
    """
    columns = {name: [round(float(height), 5) for height in (*values, values[-1])] for name, values in heights.items()}
    return [{"edge": edge, **{name: values[i] for name, values in columns.items()}} for i, edge in enumerate(edges)]


def text_size(width: int) -> float:
    """A little larger where the drawing is for a phone, whose screen shows it smaller."""
    return LABELS if width > NARROW else 12


def look(width: int) -> dict[str, Any]:
    """What all charts have in common, as a configuration of Vega-Lite."""
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


def drawn(name: str, chart: Any, width: int, label: str, shown: str) -> Markup:
    """One SVG, of that width at least, so that text has one size everywhere.

    Its identifiers begin with the name: a page has several, and Vega numbers those of all that it ever draws. `shown` is its
    class in the style sheet.
    """
    text = vl_convert.vegalite_to_svg(chart.to_dict(), config=look(width))
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
    """A chart for screens and paper, of all or HALF of the page's width, and once more for phones; only one of them is shown."""
    wide = drawn(f"{name}-wide", draw(width), width, label, "wide")
    return wide + drawn(f"{name}-narrow", draw(NARROW), NARROW, label, "narrow")


@cache
def outlines() -> dict[str, Any]:
    """Land as GeoJSON shapes: `world`, and `home`, the United States."""
    content: dict[str, Any] = json.loads(files("fastgen.reporting").joinpath("outlines.json").read_text())
    return content
