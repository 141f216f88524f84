"""As many values as possible are kept in order."""

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgen.kernels.subsequence import longest_increasing


def kept_of(values: list[int]) -> list[int]:
    """The values that are kept; checks the returned length."""
    array = np.array(values, np.int64)
    kept = np.ones(array.size, bool)
    tails, before = np.full((2, array.size), -7, np.int64)
    assert longest_increasing(kept, array, tails, before) == np.count_nonzero(kept)
    return array[kept].tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ([], []),
        ([5], [5]),
        ([1, 2, 3], [1, 2, 3]),
        ([3, 2, 1], [1]),
        ([1, 9, 2, 3], [1, 2, 3]),
        ([4, 4, 4], [4]),
        ([1, 5, 3, 4, 2, 6], [1, 3, 4, 6]),
    ],
)
def test_examples(values: list[int], kept: list[int]) -> None:
    assert kept_of(values) == kept


@given(st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 9), max_size=60))
def test_the_longest_one_is_kept(values: list[int]) -> None:
    kept = kept_of(values)
    assert len(kept) == naive.longest_increasing(values)
    assert kept == sorted(set(kept))


@given(st.permutations(range(40)))
def test_of_a_permutation(values: list[int]) -> None:
    assert len(kept_of(values)) == naive.longest_increasing(values)
