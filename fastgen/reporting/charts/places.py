"""Maps: the places at home, and the world with the frauds abroad."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

import altair as alt
import polars as pl

from fastgen.reporting.charts.drawing import FRAUD_WITHDRAWAL, MUTED, NARROW, PAPER, PAYMENT, data
from fastgen.schema import HOME_COUNTRY

LAND: Final = "var(--land)"
SHORE: Final = "var(--shore)"
ACROSS: Final = 0.46
"""Height of the world map, as a share of its width."""
ACROSS_HOME: Final = 0.6
MOST_DRAWN: Final = 1_200
"""The most places drawn; a map with more would be a blot."""


@cache
def outlines() -> dict[str, Any]:
    """Land as GeoJSON shapes: `world`, and `home`, the United States."""
    content: dict[str, Any] = json.loads(files("fastgen.reporting").joinpath("outlines.json").read_text(encoding="utf-8"))
    return content


def shape(name: str, projection: str, width: int, height: int) -> Any:
    """An outline of land."""
    land = alt.InlineData(values={"type": "Feature", "geometry": outlines()[name], "properties": {}})
    return (
        alt.Chart(land, width=width, height=height).mark_geoshape(fill=LAND, stroke=SHORE, strokeWidth=0.7).project(type=projection)
    )


def points(places: pl.DataFrame, **mark: Any) -> Any:
    """Places as points."""
    rows = places.head(MOST_DRAWN).select(pl.col("latitude", "longitude").round(2), "rows", "fraud").to_dicts()
    return alt.Chart(data(rows)).mark_point(filled=True, **mark).encode(longitude="longitude:Q", latitude="latitude:Q")


def home(places: pl.DataFrame, width: int) -> Any:
    """The United States, with a circle for each place, whose area stands for its number of rows."""
    height = round(width * ACROSS_HOME)
    most = int(places["rows"].to_numpy().max())
    circles = points(places, color=PAYMENT, opacity=0.75, stroke=PAPER, strokeWidth=0.6).encode(
        size=alt.Size("rows:Q", legend=None, scale=alt.Scale(domain=[0, most], range=[0, 70 if width > NARROW else 40]))
    )
    return shape("home", "albersUsa", width, height) + circles


def world(places: pl.DataFrame, width: int) -> Any:
    """The world: places with ordinary rows as dots, frauds outside the most frequent country as diamonds."""
    height = round(width * ACROSS)
    abroad = pl.col("country") != main_country(places)
    ordinary = places.filter(pl.col("rows") > pl.col("fraud"))
    attacked = places.filter(abroad & (pl.col("fraud") > 0)).sort("fraud", descending=True)
    return (
        shape("world", "naturalEarth1", width, height)
        + points(ordinary, color=MUTED, size=8 if width > NARROW else 5, opacity=0.8)
        + points(
            attacked,
            shape="diamond",
            color=FRAUD_WITHDRAWAL,
            stroke=PAPER,
            strokeWidth=0.6,
            size=70 if width > NARROW else 45,
            opacity=0.95,
        )
    )


def main_country(places: pl.DataFrame) -> str:
    """The country with the most rows."""
    return str(
        places.group_by("country").agg(pl.col("rows").sum()).sort(["rows", "country"], descending=[True, False])["country"][0]
    )


def is_home(places: pl.DataFrame) -> bool:
    """Whether the country with the most rows is the United States, which has a map of its own."""
    return main_country(places) == HOME_COUNTRY
