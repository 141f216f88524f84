"""The judgements distinguish good samples from bad ones."""

from collections.abc import Callable

import numpy as np
import pytest
from judging import assert_independent, assert_random_order, assert_shares, assert_uniform, assert_unrelated, assert_whole_numbers


def drawn() -> np.random.Generator:
    return np.random.default_rng(7)


def test_good_samples_pass() -> None:
    good = drawn()
    assert_shares(good.multinomial(10_000, [0.2, 0.3, 0.5, 0.0]), [2, 3, 5, 0])
    assert_shares(good.multinomial(1_000, [0.001, 0.001, 0.998 / 2, 0.998 / 2]), [0.001, 0.001, 0.499, 0.499])
    assert_whole_numbers(good.integers(3, 11, 10_000), 3, 10)
    assert_uniform(good.integers(5, 30, 10_000), 5, 25)
    assert_unrelated(good.random(1_000), good.random(1_000))
    assert_independent(good.integers(0, 3, 1_000), good.integers(0, 4, 1_000))
    assert_random_order(good.random(1_000) < 0.3)


@pytest.mark.parametrize(
    "judge",
    [
        pytest.param(lambda: assert_shares([2_200, 3_000, 4_800], [2, 3, 5]), id="wrong shares"),
        pytest.param(lambda: assert_shares([20_000, 30_001, 50_000], [2, 3, 5]), id="too even"),
        pytest.param(lambda: assert_shares([5_000, 4_999, 1], [1, 1, 0]), id="impossible class"),
        pytest.param(lambda: assert_shares([10_000], [1]), id="one class"),
        pytest.param(lambda: assert_whole_numbers(drawn().integers(3, 11, 10_000), 3, 9), id="outside"),
        pytest.param(lambda: assert_whole_numbers(drawn().integers(3, 10, 10_000), 3, 10), id="one never drawn"),
        pytest.param(lambda: assert_uniform((drawn().random(10_000) ** 1.1 * 1_000).astype(int), 0, 1_000), id="skewed"),
        pytest.param(lambda: assert_uniform(np.arange(10_000), 0, 10_000), id="evenly spaced"),
        pytest.param(lambda: assert_unrelated(np.arange(999), np.arange(999) + drawn().normal(0, 1_500, 999)), id="related"),
        pytest.param(lambda: assert_independent(np.arange(1_000) % 6, np.arange(1_000) % 3), id="dependent"),
        pytest.param(lambda: assert_random_order(np.arange(1_000) % 2), id="alternating"),
        pytest.param(lambda: assert_random_order(np.arange(1_000) < 300), id="sorted"),
    ],
)
def test_bad_samples_fail(judge: Callable[[], None]) -> None:
    with pytest.raises(AssertionError):
        judge()
