"""Interleaved chains and sequences of one card: separated where that is possible, never reported as wrong."""

from typing import Any

import numpy as np
import pytest

from fastgen import Config, Dataset, validate
from fastgen.kernels.units import HOUR
from fastgen.pools import load_pools
from fastgen.schema import RowKind
from fastgen.validation.histories.chain_finder import ChainFinder
from fastgen.validation.histories.clone_checks import matches
from fastgen.validation.histories.events import EVENT, Events
from fastgen.validation.histories.sequence_finder import SequenceFinder
from fastgen.validation.histories.tolerance import can_be_tested, tolerated
from fastgen.validation.rules import Rules

RULES = Rules(Config(), load_pools())
AMOUNTS = {2: [50, 500], 3: [50, 500, 5_000], 4: [50, 500, 5_000, 5_000], 5: [50, 500, 5_000, 5_000, 5_000]}
"""Cents of later payments, by how many there are, according to the rule of ceilings."""


def events(kind: RowKind, card: int, seconds: list[int], cents: list[int] | None = None, city: int = 5) -> Events:
    made = np.zeros(len(seconds), EVENT)
    made["card"], made["kind"], made["city"], made["second"] = card, kind, city, seconds
    made["cents"] = cents or 1_000
    return made


def chain(card: int, first: int, gaps: list[int], cents: list[int] | None = None) -> Events:
    return events(RowKind.FRAUD_PAYMENT, card, np.cumsum([first, *gaps]).tolist(), [2_500, *(cents or AMOUNTS[len(gaps)])])


def sequence(card: int, first: int, step: int, length: int) -> Events:
    return events(RowKind.WITHDRAWAL, card, [first + i * step * HOUR for i in range(length)])


def shuffled(*parts: Events) -> Events:
    return np.random.default_rng(5).permutation(np.concatenate(parts))


# Chains


def test_chains_by_themselves() -> None:
    found = ChainFinder(RULES).find(shuffled(chain(1, 100, [30, 120]), chain(1, 900, [60, 60, 60]), chain(2, 100, [31, 32])))
    assert sorted(found.lengths) == [3, 3, 4]
    assert sorted(found.gaps) == [30, 31, 32, 60, 60, 60, 120]
    assert sorted(found.firsts["second"]) == [100, 100, 900]
    assert (found.misfits.size, found.unclear.size, found.short) == (0, 0, 0)


def test_chains_between_each_other() -> None:
    found = ChainFinder(RULES).find(shuffled(chain(1, 100, [100, 100]), chain(1, 150, [100, 100, 100]), chain(2, 0, [50, 50])))
    assert found.lengths.tolist() == [3]
    assert (found.unclear.size, found.apart, found.undecided, found.misfits.size) == (7, 2, 0, 0)


def test_a_chain_behind_another() -> None:
    """Together they are as long as one, but have too many small amounts."""
    found = ChainFinder(RULES).find(shuffled(chain(1, 100, [60, 60]), chain(1, 320, [60, 60])))
    assert found.lengths.size == 0
    assert (found.unclear.size, found.apart, found.mixed_up.size) == (6, 2, 0)


def test_a_chain_that_is_cut_short() -> None:
    found = ChainFinder(RULES).find(shuffled(chain(1, 100, [60], [50]), chain(2, 100, [60, 60])))
    assert (found.lengths.tolist(), found.short) == ([2, 3], 1)
    between = ChainFinder(RULES).find(shuffled(chain(1, 100, [60, 60]), chain(1, 130, [119], [50])))
    assert (between.apart, between.short, between.misfits.size) == (2, 1, 0)


def test_no_chain() -> None:
    """A gap of 10 seconds is in no chain, and two of the pieces would have to be cut short."""
    found = ChainFinder(RULES).find(shuffled(chain(1, 100, [60, 60]), events(RowKind.FRAUD_PAYMENT, 1, [110, 112], [50, 50])))
    assert (found.misfits.size, found.unclear.size) == (5, 0)


def test_a_chain_with_other_amounts() -> None:
    found = ChainFinder(RULES).find(chain(1, 100, [60, 60, 60], [500, 500, 500]))
    assert found.mixed_up["second"].tolist() == [100]
    assert found.lengths.tolist() == [4]
    assert ChainFinder(RULES).find(chain(1, 100, [60, 60], [50, 4_000_000])).mixed_up.size == 1


def test_a_knot_is_left_alone() -> None:
    """Payments every few seconds can be cut in too many ways to try."""
    found = ChainFinder(RULES).find(events(RowKind.FRAUD_PAYMENT, 1, list(range(0, 1_800, 10)), [50, 500, 5_000] * 60))
    assert found.undecided == found.unclear.size == 180
    assert found.misfits.size == 0


def test_no_events() -> None:
    none = np.zeros(0, EVENT)
    assert ChainFinder(RULES).find(none).lengths.size == 0
    found = SequenceFinder(RULES).find(none)
    assert found.sizes.size == 0
    assert matches(none, found, range(1, 6)).height == 0


def test_chains_of_default_lengths_are_not_taken_for_one() -> None:
    few, many = ChainFinder(RULES).mistaken(20, 2_000), ChainFinder(RULES).mistaken(8_000, 2_000)
    assert 0 < few < many < 1e-3
    single = Rules(Config(fraud={"chain_lengths": [1, 8]}), load_pools())
    assert ChainFinder(single).mistaken(8_000, 2_000) > 0.1


# Sequences


def test_sequences_by_themselves() -> None:
    parts = shuffled(sequence(1, 77, 6, 3), sequence(1, 78, 168, 10), sequence(2, 77, 100, 4), sequence(1, 77 + HOUR // 2, 50, 5))
    found = SequenceFinder(RULES).find(parts)
    assert sorted(zip(found.sizes.tolist(), found.steps.tolist(), strict=True)) == [(3, 6), (4, 100), (5, 50), (10, 168)]
    assert (found.misfits.size, found.unclear.size) == (0, 0)
    assert (found.firsts["second"] < HOUR).all()


def test_sequences_between_each_other() -> None:
    """Of one card, city, minute and second, but with different steps."""
    found = SequenceFinder(RULES).find(shuffled(sequence(1, 77, 20, 5), sequence(1, 77 + 11 * HOUR, 31, 4)))
    assert sorted(zip(found.sizes.tolist(), found.steps.tolist(), strict=True)) == [(4, 31), (5, 20)]
    assert np.diff(found.events["second"])[found.later[1:]].min() == 20 * HOUR
    assert found.misfits.size == found.unclear.size == 0


def test_sequences_that_can_be_cut_in_several_ways() -> None:
    """Twelve at equal steps: three and nine, four and eight, ..."""
    found = SequenceFinder(RULES).find(shuffled(sequence(1, 77, 20, 12)))
    assert (found.sizes.size, found.unclear.size, found.misfits.size) == (0, 12, 0)


@pytest.mark.parametrize(
    "withdrawals",
    [
        pytest.param(events(RowKind.WITHDRAWAL, 1, [0, 20 * HOUR]), id="two"),
        pytest.param(events(RowKind.WITHDRAWAL, 1, [0, 20 * HOUR, 41 * HOUR]), id="unequal steps"),
        pytest.param(events(RowKind.WITHDRAWAL, 1, [0, 5 * HOUR, 10 * HOUR]), id="a short step"),
        pytest.param(events(RowKind.WITHDRAWAL, 1, [0, 169 * HOUR, 338 * HOUR]), id="a long step"),
        pytest.param(events(RowKind.WITHDRAWAL, 1, [0, 20 * HOUR, 20 * HOUR, 40 * HOUR]), id="one twice"),
    ],
)
def test_no_sequence(withdrawals: Events) -> None:
    found = SequenceFinder(RULES).find(withdrawals)
    assert found.misfits.size == withdrawals.size
    assert found.sizes.size == found.unclear.size == 0


def test_steps_of_an_uneven_hour_fall_apart() -> None:
    odd = sequence(1, 77, 20, 4)
    odd["second"][2] += 60
    found = SequenceFinder(RULES).find(odd)
    assert found.misfits.size == 4


def test_a_clone_belongs_to_a_first_withdrawal() -> None:
    found = SequenceFinder(RULES).find(shuffled(sequence(1, 77, 20, 3), sequence(1, 78, 20, 3), sequence(2, 77, 20, 3)))
    clones = events(RowKind.FRAUD_WITHDRAWAL, 1, [77 + HOUR, 78 + 5 * HOUR, 78 + 6 * HOUR, 77 + 20 * HOUR, 79 + HOUR])
    pairs = matches(clones, found, range(1, 6)).sort("foreign")
    assert pairs["foreign"].to_list() == [0, 1]
    assert pairs["hours"].to_list() == [1, 5]


# What may be misclassified


def test_what_may_be_mistaken_is_tolerated() -> None:
    assert [tolerated(mean) for mean in (0, 1e-7, 1e-6, 5e-5, 1e-3, 0.1)] == [0, 0, 0, 1, 1, 3]
    assert tolerated(1.01) is None


def test_few_may_be_missing() -> None:
    assert can_be_tested(8_000, 20, 52_000)
    assert not can_be_tested(8_000, 2_000, 52_000)
    assert can_be_tested(0, 0, 0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"rows": 20_000, "cards": 40, "fraud": {"ratio": 1.0}, "atm": {"cards": 0}}, id="all payments are attacks"),
        pytest.param({"rows": 20_000, "cards": 3, "end": "2022-01-03", "fraud": {"ratio": 0.5}}, id="three cards, two days"),
        pytest.param({"rows": 40_000, "cards": 30, "atm": {"cards": 2, "withdrawals": 20_000}}, id="two cash cards"),
        pytest.param(
            {"rows": 20_000, "cards": 20, "atm": {"lengths": [1, 2], "cards": 2, "withdrawals": 9_000}}, id="short sequences"
        ),
        pytest.param(
            {"rows": 9_000, "cards": 9, "fraud": {"ratio": 1, "chain_lengths": [1, 5], "chain_gap_seconds": [1, 60]}},
            id="short chains",
        ),
    ],
)
def test_crowded_data_are_not_taken_for_wrong(settings: dict[str, Any], seed: int) -> None:
    """What cannot be separated is left out, and the report says so."""
    report = validate(Dataset(Config(seed=seed, **settings)))
    assert [check for check in report.failed if check.p is None] == []
    assert any((check.note and "apart" in check.note) or "close together" in (check.note or "") for check in report.checks)
