"""Peak memory of a process that writes rows to a Parquet file with two threads: it should not grow with the number of rows.

By default the number of cards grows with the rows, and so does what is kept of the cards that may withdraw cash; with a
fixed number of cards it does not.
"""

from typing import Any

import compare
import pytest


@pytest.mark.parametrize("cards", [None, 100_000], ids=["default", "100k cards"])
@pytest.mark.parametrize("millions", [1, pytest.param(10, marks=pytest.mark.slow), pytest.param(50, marks=pytest.mark.large)])
def test_peak(meter: Any, millions: int, cards: int | None) -> None:
    name = f"{millions} M rows" + (f", {cards:,} cards" if cards else "")
    reading = compare.peak(millions, cards)
    meter("peak memory", name, lambda: reading(0), "MB", rows=millions * 1_000_000, rounds=3, warm=False)
