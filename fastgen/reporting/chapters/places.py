"""Places, at home and elsewhere."""

import polars as pl

from fastgen.reporting.charts.drawing import figure
from fastgen.reporting.charts.places import home, is_home, main_country, world
from fastgen.reporting.elements import KEY_PAYMENT, Chapter, Finding, Key, Table
from fastgen.reporting.facts import Facts
from fastgen.reporting.words import count, listed
from fastgen.schema import HOME_COUNTRY

MOST_NAMED = 6
"""The most countries to name in a sentence."""


def chapter(facts: Facts) -> Chapter:
    """The places of rows, in the main country and elsewhere."""
    table = facts.survey.places.table()
    main = main_country(table)
    inside, abroad = table.filter(pl.col("country") == main), table.filter(pl.col("country") != main)
    findings = []
    if is_home(table):
        least, most = int(inside["rows"].to_numpy().min()), int(inside["rows"].to_numpy().max())
        each = f"{least:,} to {most:,} rows each" if least < most else f"{count(least, 'row')} each"
        findings.append(
            Finding(
                f"{count(inside.height, 'place')} in the {main}, with {each}.",
                figure(
                    "home",
                    lambda width: home(inside, width),
                    f"Map of the United States with {count(inside.height, 'place')}.",
                ),
                [KEY_PAYMENT._replace(shape="circle", text="place, its area the number of rows")],
                "",
                places_table(inside),
            )
        )
    findings.append(
        Finding(
            abroad_text(main, abroad),
            figure("world", lambda width: world(table, width), f"Map of the world with the frauds outside {the(main)}."),
            [
                Key("muted", "circle", "places with ordinary rows"),
                *([Key("fraud-withdrawal", "diamond", f"frauds outside {the(main)}")] if abroad["fraud"].sum() else []),
            ],
            "",
            places_table(abroad) if abroad.height else None,
        )
    )
    return Chapter("places", "Places", findings)


def the(country: str) -> str:
    """A country's name within a sentence."""
    return f"the {country}" if country == HOME_COUNTRY else country


def abroad_text(main: str, abroad: pl.DataFrame) -> str:
    """The rows outside the main country, in words."""
    if not abroad.height:
        return f"No row is outside {the(main)}."
    rows, frauds = int(abroad["rows"].sum()), int(abroad["fraud"].sum())
    countries = (
        abroad.group_by("country")
        .agg(pl.col("rows").sum())
        .sort(["rows", "country"], descending=[True, False])["country"]
        .to_list()
    )
    where = f"{count(rows, 'row')} outside {the(main)}, in {count(len(countries), 'country')}"
    if frauds == rows:
        return f"{where}: {'it is a fraud' if rows == 1 else 'every one is a fraud'}."
    return f"{where} ({listed(countries, MOST_NAMED)}); {frauds:,} of them are frauds."


def places_table(places: pl.DataFrame) -> Table:
    """The places with the most rows."""
    rows = [
        [f"{city}, {country}", f"{number:,}", f"{fraud:,}"]
        for country, city, number, fraud in places.select("country", "city", "rows", "fraud").head(12).iter_rows()
    ]
    return Table(["place" if places.height <= 12 else f"the first 12 of {places.height:,} places", "rows", "frauds"], rows)
