"""The configured density: exact, and the same as that of the generated rows."""

from fractions import Fraction

import numpy as np
import polars as pl
import pytest

from fastgen import Config, Dataset
from fastgen.reporting import bins
from fastgen.reporting.chapters.amounts import by_chance
from fastgen.reporting.densities import DISPLAYED, configured_below, configured_density, counted_density, distance
from fastgen.reporting.survey import Survey
from fastgen.schema import CASH_WITHDRAWAL

NAMES = [category.name for category in Config().categories]
SMALL = Config(
    amounts=[{"share": 0.25, "low": 0.05, "high": 0.1}, {"share": 0.75, "low": 0.1, "high": 0.2}],
    categories=[{"name": "a", "share": 0.5, "low": 0.01, "high": 0.15}, {"name": "b", "share": 0.5, "low": 0.12, "high": 0.2}],
)


@pytest.mark.parametrize("category", ["a", "b", None])
def test_shares_cent_by_cent(category: str | None) -> None:
    """As documented: a range includes its low but not its high, the last range both; prices include both."""
    weights = {cents: Fraction(1, 4) / 5 for cents in range(5, 10)} | {cents: Fraction(3, 4) / 11 for cents in range(10, 21)}
    low, high = {"a": (1, 15), "b": (12, 20), None: (0, 10**6)}[category]
    inside = {cents: weight for cents, weight in weights.items() if low <= cents <= high}
    edges = np.arange(30)
    expected = [float(sum(weight for cents, weight in inside.items() if cents < edge) / sum(inside.values())) for edge in edges]
    assert configured_below(SMALL, category, edges) == pytest.approx(expected)


@pytest.mark.parametrize("category", [*NAMES, None])
def test_a_density_has_area_one(category: str | None) -> None:
    assert (configured_density(Config(), category) * np.diff(np.log10(DISPLAYED))).sum() == pytest.approx(1)


def test_an_unknown_category_has_none() -> None:
    with pytest.raises(KeyError):
        configured_density(Config(), "nonsense")


def test_displayed_ranges_are_made_of_whole_bins() -> None:
    assert set(DISPLAYED.tolist()) <= set(bins.EDGES.tolist())
    assert {10**power for power in range(8)} <= set(DISPLAYED.tolist())


def test_rows_have_the_density_of_their_configuration() -> None:
    """In all categories at once, within what chance exceeds once in a thousand times; and not that of another category."""
    data = Dataset(Config(rows=200_000, seed=5))
    survey = Survey()
    for frame in data.batches():
        survey.add(frame.with_columns(pl.col("category", "city", "country").cast(pl.String)))
    away = {}
    for name in survey.categories.numbers:
        category = None if name == CASH_WITHDRAWAL else name
        counts = survey.amounts_of(name)[0]
        away[name] = distance(data.config, category, counts) / by_chance(int(counts.sum()), 10 * 50)
        assert np.abs(counted_density(counts) - configured_density(data.config, category)).max() < 12 / counts.sum() ** 0.5
    assert max(away.values()) <= 1
    assert distance(data.config, "Grocery", survey.amounts_of("Electronics")[0]) > 0.9


def test_nothing_counted_has_no_density() -> None:
    assert counted_density(bins.empty(1)[0]).tolist() == [0] * (DISPLAYED.size - 1)
    assert bins.quantile(bins.empty(1)[0], 0.5) is None
