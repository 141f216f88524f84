"""How many bytes two texts have in common."""

import numpy as np
import pytest

from fastgen.kernels.comparing import STRIDE, common_start


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, STRIDE - 1, STRIDE, STRIDE + 1, 3 * STRIDE + 5])
def test_equal_texts(size: int) -> None:
    text = np.random.default_rng(1).integers(0, 256, size, np.uint8)
    assert common_start(text, text.copy()) == size


@pytest.mark.parametrize("place", [0, 1, 7, 8, STRIDE - 1, STRIDE, STRIDE + 1, 2 * STRIDE + 100, 3 * STRIDE + 4])
@pytest.mark.parametrize("bit", [0, 7])
def test_texts_that_differ_in_one_bit(place: int, bit: int) -> None:
    text = np.random.default_rng(2).integers(0, 256, 3 * STRIDE + 5, np.uint8)
    other = text.copy()
    other[place] ^= 1 << bit
    assert common_start(text, other) == place


def test_texts_that_are_not_aligned() -> None:
    text = np.random.default_rng(3).integers(0, 256, 2 * STRIDE, np.uint8)
    other = np.concatenate([np.zeros(3, np.uint8), text])[3:]
    other[-1] ^= 1
    assert common_start(text[1:], other[1:]) == 2 * STRIDE - 2
