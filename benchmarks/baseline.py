"""The plain way to make card payments: Faker, a loop and a dict for every row.

fastgen is measured against this method, which is written as one would write it by
hand: what can be drawn beforehand (cards, timestamps, purchases) is drawn in
`prepare`, and `loop` assembles the rows. Only the loop is timed. It is neither
slowed down nor vectorized.

    python benchmarks/baseline.py [ROWS]
"""

import argparse
import hashlib
import random
import time
from datetime import datetime
from typing import NamedTuple

from faker import Faker

Row = dict[str, str | float | int]

START = datetime(2022, 1, 1)
END = datetime(2022, 3, 1)
CARDS = 2_000

# Amounts: (least, most) -> share of the payments.
AMOUNTS = {
    (0.01, 1.0): 0.05,
    (1.0, 10.0): 0.075,
    (10.0, 100.0): 0.525,
    (100.0, 1_000.0): 0.25,
    (1_000.0, 10_000.0): 0.099,
    (10_000.0, 30_000.0): 0.001,
}


class Category(NamedTuple):
    """A category of purchases: its share of the payments and its price range."""

    name: str
    share: float
    least: float
    most: float


CATEGORIES = (
    Category("Grocery", 0.5, 0.01, 100),
    Category("Restaurant/Cafeteria", 0.2, 1, 100),
    Category("Health/Beauty", 0.1, 10, 500),
    Category("Domestic Transport", 0.1, 10, 100),
    Category("Clothing", 0.05, 10, 2_000),
    Category("Electronics", 0.02, 100, 10_000),
    Category("Sports/Outdoors", 0.015, 10, 100),
    Category("Holliday/Travel", 0.014, 10, 100),
    Category("Jewelery", 0.001, 10, 100),
)


class Setup(NamedTuple):
    """Everything that the loop draws from."""

    fake: Faker
    rng: random.Random
    cards: list[str]
    timestamps: list[str]
    purchases: list[tuple[str, float]]


def prepare(rows: int, seed: int) -> Setup:
    """Draw the cards, the timestamps in order, and a category and amount per row."""
    rng = random.Random(seed)
    fake = Faker("en_US")
    fake.seed_instance(seed)
    cards: set[str] = set()
    while len(cards) < CARDS:
        cards.add(fake.credit_card_number(card_type="visa16"))
    moments = (fake.date_time_between(START, END) for _ in range(rows))
    timestamps = sorted(moment.strftime("%Y-%m-%d %H:%M:%S") for moment in moments)
    kinds = rng.choices(CATEGORIES, [kind.share for kind in CATEGORIES], k=rows)
    purchases = [(kind.name, _amount(rng, kind)) for kind in kinds]
    return Setup(fake, rng, sorted(cards), timestamps, purchases)


def _amount(rng: random.Random, kind: Category) -> float:
    """Draw amounts until one is within the price range of this category."""
    while True:
        [(least, most)] = rng.choices(list(AMOUNTS), list(AMOUNTS.values()))
        amount = round(rng.uniform(least, most), 2)
        if kind.least <= amount <= kind.most:
            return amount


def loop(setup: Setup) -> list[Row]:
    """Make the rows one by one: the part that is timed."""
    fake, rng, cards, timestamps, purchases = setup
    rows: list[Row] = []
    for timestamp, (category, amount) in zip(timestamps, purchases, strict=True):
        card = rng.choice(cards)
        place = fake.local_latlng(country_code="US")
        assert place is not None
        text = f"{timestamp}{card}{amount}"
        rows.append(
            {
                "tid": hashlib.md5(text.encode()).hexdigest(),
                "datetime": timestamp,
                "cc_num": card,
                "category": category,
                "amount": amount,
                "latitude": place[0],
                "longitude": place[1],
                "city": place[2],
                "country": place[3],
                "fraud_label": 0,
            }
        )
    return rows


def transactions(rows: int, seed: int) -> list[Row]:
    """Make the given number of payments the plain way."""
    return loop(prepare(rows, seed))


def main() -> None:
    """Print how fast the loop is."""
    parser = argparse.ArgumentParser(description="Time the plain row loop.")
    parser.add_argument("rows", nargs="?", type=int, default=30_000)
    rows = parser.parse_args().rows
    setup = prepare(rows, seed=7)
    begun = time.perf_counter()
    loop(setup)
    seconds = time.perf_counter() - begun
    print(f"{rows / seconds:,.0f} rows/s ({rows:,} rows in {seconds:.2f} s)")


if __name__ == "__main__":
    main()
