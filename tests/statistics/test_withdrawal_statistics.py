"""Withdrawals: cards, sequences, steps, walks, amounts, and foreign withdrawals."""

from collections import Counter

import numpy as np
import polars as pl
import pytest
from judging import assert_independent, assert_shares, assert_uniform, assert_unrelated, assert_whole_numbers
from kinds import HOUR, Sample, home_places, places
from price_ranges import amount_ranges, judge_amounts

from fastgen import Config, Dataset

RADIUS = 10_000
LENGTHS = range(3, 11)


@pytest.fixture(scope="module")
def sequences(big: Sample) -> pl.DataFrame:
    """The sequences, without the few that cannot be distinguished."""
    found = big.kinds.sequences
    assert found.filter(~pl.col("regular")).height <= 3
    return found.filter("regular")


@pytest.fixture(scope="module")
def moves(big: Sample) -> pl.DataFrame:
    """How far each withdrawal is from the one before, or the first from its place: dx, dy in millionths of a degree."""
    names = Counter(place.city for place in home_places())
    known = [(place.city, place.latitude, place.longitude) for place in home_places() if names[place.city] == 1]
    unique = pl.DataFrame(known, ["city", "place_latitude", "place_longitude"], orient="row")
    return big.kinds.withdrawals.join(unique, on="city", maintain_order="left").with_columns(
        (pl.col("latitude") - pl.col("latitude").shift().over("sequence").fill_null(pl.col("place_latitude"))).alias("dy"),
        (pl.col("longitude") - pl.col("longitude").shift().over("sequence").fill_null(pl.col("place_longitude"))).alias("dx"),
    )


def test_each_cash_card_has_one_sequence_of_each_length(sequences: pl.DataFrame) -> None:
    cards = sequences["cc_num"].n_unique()
    counts = Counter(sequences["length"])
    assert counts.keys() == set(LENGTHS)
    assert all(cards - 3 <= counts[length] <= cards for length in LENGTHS)
    assert sequences.group_by("cc_num", "length").len()["len"].max() == 1


def test_steps_are_uniform(sequences: pl.DataFrame) -> None:
    assert (sequences["step"] % HOUR == 0).all()
    steps = sequences["step"] // HOUR
    assert_whole_numbers(steps, 6, 168)
    assert_unrelated(steps, sequences["length"])


def test_steps_of_a_single_card_do_not_depend_on_the_lengths() -> None:
    """Over many datasets with one cash card: by how much each sequence is longer than the one with the next smaller step."""
    observed = np.zeros(len(LENGTHS), np.int64)
    for seed in range(150):
        rows = Dataset(Config(rows=200, seed=seed)).transactions(["datetime", "category", "city", "country"])
        cash = rows.filter(pl.col("category") == "Cash Withdrawal", pl.col("country") == "US")
        seconds = cash.select("city", pl.col("datetime").dt.epoch("s").alias("second"))
        found = seconds.group_by("city", clock=pl.col("second") % HOUR).agg(
            length=pl.len(), step=(pl.col("second").max() - pl.col("second").min()) / (pl.len() - 1)
        )
        lengths = found.sort("step", "clock")["length"].to_numpy().astype(np.int64)
        if sorted(lengths) != list(LENGTHS):  # no card, or two sequences of one city at the same second of an hour
            continue
        observed += np.bincount(np.diff(lengths) % len(LENGTHS), minlength=len(LENGTHS))
    assert observed[0] == 0
    assert observed.sum() > 130 * (len(LENGTHS) - 1)
    assert_shares(observed[1:], np.ones(len(LENGTHS) - 1))


def test_starts_are_uniform(big: Sample, sequences: pl.DataFrame) -> None:
    starts = (sequences["first"] - sequences["step"]).to_numpy()
    assert_uniform(starts, 0, big.config.seconds)
    assert_uniform(starts % HOUR, 0, HOUR)
    assert_unrelated(starts, sequences["step"])
    assert_unrelated(starts, sequences["length"])
    days = big.config.seconds // 86_400
    assert_shares(np.bincount(starts // 86_400, minlength=days), np.ones(days))


def test_starts_do_not_depend_on_the_card(big: Sample, sequences: pl.DataFrame) -> None:
    number = big.profiles.select("cc_num").with_row_index("card")
    rows = sequences.join(number, on="cc_num", maintain_order="left")
    starts = rows["first"] - rows["step"]
    assert_unrelated(rows["card"], starts)
    assert_unrelated(rows["card"], rows["step"])
    assert_independent((rows["card"] % 20).to_numpy(), (starts // (4 * 86_400)).to_numpy())
    for column in ("start", "step"):
        of_card = rows.with_columns(starts.alias("start")).pivot("length", index="card", values=column).drop_nulls()
        for length in LENGTHS[1:]:
            assert_unrelated(of_card[str(length - 1)], of_card[str(length)])


def test_places_are_uniform_over_the_us(sequences: pl.DataFrame) -> None:
    known = Counter(place.city for place in home_places())
    counts = Counter(sequences["city"])
    assert counts.keys() <= known.keys()
    assert_shares([counts[city] for city in known], list(known.values()))


def test_walks_take_uniform_steps(moves: pl.DataFrame) -> None:
    assert moves.height > 100_000
    for name in ("dx", "dy"):
        step = moves[name].to_numpy()
        assert_uniform(step, -RADIUS, 2 * RADIUS + 1)
        assert_uniform(moves.filter(pl.col("k") == 1)[name], -RADIUS, 2 * RADIUS + 1)
        assert {step.min(), step.max()} == {-RADIUS, RADIUS}


def test_walks_take_independent_steps(moves: pl.DataFrame) -> None:
    assert_unrelated(moves["dx"], moves["dy"])
    for k in (1, 2, 3):
        ahead = moves.with_columns(*(pl.col(name).shift(-k).over("sequence").alias(f"{name} later") for name in ("dx", "dy")))
        pairs = ahead.drop_nulls("dx later")
        for name in ("dx", "dy"):
            assert_unrelated(pairs[name], pairs[f"{name} later"])
        assert_unrelated(pairs["dx"], pairs["dy later"])


def test_withdrawals_stay_near_their_place(big: Sample, moves: pl.DataFrame) -> None:
    for name, base in (("latitude", "place_latitude"), ("longitude", "place_longitude")):
        assert ((moves[name] - moves[base]).abs() <= moves["k"] * RADIUS).all()


def test_amounts_follow_the_whole_distribution(big: Sample) -> None:
    withdrawals = big.kinds.withdrawals
    judge_amounts(withdrawals["cents"].to_numpy(), list(amount_ranges(big.config)))
    following = withdrawals.with_columns(pl.col("cents").shift(-1).over("sequence").alias("next")).drop_nulls("next")
    assert_unrelated(following["cents"], following["next"])
    for column in ("second", "k", "latitude"):
        assert_unrelated(withdrawals["cents"], withdrawals[column])


def test_cash_cards_are_drawn_from_the_susceptible(big: Sample, sequences: pl.DataFrame) -> None:
    """Each age band has as many susceptible cards as its share of the requested withdrawals, if there are that many."""
    requested = round(12_000 * big.config.rows / 106_020)
    start = big.config.start
    age = start.year - pl.col("birthdate").dt.year() - (pl.col("birthdate").dt.strftime("%m%d") > f"{start:%m%d}").cast(pl.Int32)
    holders = big.profiles.select("cc_num", age.alias("age"))
    cash = holders.filter(pl.col("cc_num").is_in(sequences["cc_num"].unique().implode()))
    susceptible, drawn = [], []
    for band in big.config.atm.bands:
        inside = pl.col("age").is_between(band.low, band.high)
        susceptible.append(min(holders.filter(inside).height, int(band.share * requested)))
        drawn.append(cash.filter(inside).height)
    assert sum(drawn) == cash.height, "a cash card's holder is in no band"
    assert cash.height == int(1_000 * big.config.rows / 106_020)
    assert all(d <= s for d, s in zip(drawn, susceptible, strict=True))
    total = sum(susceptible)
    assert_shares(drawn, susceptible, spread=(total - cash.height) / (total - 1))


def test_foreign_withdrawals_follow_the_first_by_whole_hours(big: Sample, sequences: pl.DataFrame) -> None:
    foreign = big.kinds.foreign.with_columns((pl.col("second") % HOUR).alias("clock")).with_row_index("foreign")
    origin = sequences.select("cc_num", "first", "length", (pl.col("first") % HOUR).alias("clock"))
    found = foreign.join(origin, on=["cc_num", "clock"]).with_columns(((pl.col("second") - pl.col("first")) // HOUR).alias("hours"))
    found = found.filter(pl.col("hours").is_between(1, 5))
    assert foreign.height == int(0.05 * len(LENGTHS) * int(1_000 * big.config.rows / 106_020))
    assert foreign.height - 3 <= found["foreign"].n_unique() == found.height
    assert found.group_by("cc_num", "first").len()["len"].max() == 1
    assert_whole_numbers(found["hours"], 1, 5)
    assert_whole_numbers(found["length"], 3, 10)
    assert_unrelated(found["hours"], found["first"])


def test_foreign_places_are_uniform_outside_the_us(big: Sample) -> None:
    known = Counter(place for place in places() if place.country != "US")
    counts = Counter(big.kinds.foreign.select("latitude", "longitude", "city", "country").iter_rows())
    assert counts.keys() <= known.keys()
    assert_shares([counts[place] for place in known], list(known.values()))


def test_foreign_amounts_follow_the_whole_distribution(big: Sample) -> None:
    judge_amounts(big.kinds.foreign["cents"].to_numpy(), list(amount_ranges(big.config)))
