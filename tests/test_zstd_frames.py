"""Zstandard frames made by kernels: two decoders give back what went in, and frames are as small as they should be."""

from collections.abc import Callable
from typing import Any

import cramjam
import numpy as np
import polars as pl
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fastgen import Config, Dataset
from fastgen.kernels.zstd import RECENT, WORD_BLOCK
from fastgen.sinks.zstd_frames import hex_frame, word_frame

DECODERS: list[Callable[[Any], Any]] = [cramjam.zstd.decompress, zstandard.ZstdDecompressor().decompress]
REPEATED = 4
"""Bytes that a repeated word takes, at most: 3 + 17 bits of the distance, and 4 to 6 + 5 of the two codes."""


def size_of_frame(words: NDArray[np.uint64]) -> int:
    """The size of the frame of some words, once both decoders have given them back."""
    frame = word_frame(words)
    for decompress in DECODERS:
        assert bytes(decompress(frame)) == words.tobytes()
    assert frame.nbytes <= words.nbytes + 9 + 3 * (words.size // WORD_BLOCK + 1)
    return int(frame.nbytes)


def unique(count: int, seed: int = 1) -> NDArray[np.uint64]:
    """Words each of which occurs once."""
    return np.random.default_rng(seed).permutation(count).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(3)


@given(st.lists(st.sampled_from([0, 1, 2**63, 2**64 - 1]) | st.integers(0, 9) | st.integers(0, 2**64 - 1), min_size=1))
def test_any_words(words: list[int]) -> None:
    size_of_frame(np.array(words, np.uint64))


@pytest.mark.parametrize("size", [1, 2, 127, 128, 129, WORD_BLOCK - 1, WORD_BLOCK, WORD_BLOCK + 1, 2 * WORD_BLOCK, 131_072])
@pytest.mark.parametrize("places", [1, 7, 161, 10_000])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_words_of_which_some_repeat(size: int, places: int, share: float) -> None:
    random = np.random.default_rng(size)
    repeats = random.random(size) < share
    words = np.where(repeats, unique(places)[random.integers(0, places, size)], unique(size, 2) ^ np.uint64(1 << 60))
    least = size_of_frame(words)
    if places <= 161:
        forgotten = 0.1  # the slots of some places are taken by other words in the meantime
        often = (1 - forgotten) * max(0, repeats.sum() - places)
        assert least <= 8 * size - (8 - REPEATED) * often + 100


def test_literals_of_every_length() -> None:
    """Between repeated words there are as many others as each code of a length can stand for, least and most."""
    lengths = [*range(66), *(2**power + less for power in range(7, 14) for less in (-1, 0, 1)), WORD_BLOCK - 1, WORD_BLOCK]
    others = iter(np.split(unique(sum(lengths)), np.cumsum(lengths)[:-1]))
    same = np.full(1, 7, np.uint64)
    assert size_of_frame(np.concatenate([same, *(part for words in others for part in (words, same))])) > 8 * sum(lengths)


@pytest.mark.parametrize("distance", [2**power + more for power in range(17) for more in (-1, 0, 1) if power or more >= 0])
def test_words_at_every_distance(distance: int) -> None:
    """A word that repeats takes less than one that does not, however far away it was."""
    fives = np.full(distance + 19, 5, np.uint64)
    before, behind = fives[: distance - 1], fives[distance - 1 :]
    repeated, new = (size_of_frame(np.concatenate([[7], before, [last], behind]).astype(np.uint64)) for last in (7, 8))
    assert repeated <= new - (8 - REPEATED)


def test_words_that_share_a_slot() -> None:
    """Each is forgotten when another comes, so frames are larger, but right."""
    many = np.tile(unique(4 * RECENT), 3)
    assert size_of_frame(many) > 0.9 * many.nbytes


def test_coordinates_are_smaller_than_those_of_a_fast_compressor() -> None:
    frame = Dataset(Config(rows=300_000)).transactions(["latitude", "longitude"])
    for column in frame.select(pl.all().slice(100_000, 131_072)):
        doubles = np.ascontiguousarray(column.to_numpy())
        assert size_of_frame(doubles.view(np.uint64)) < 0.9 * len(zstandard.ZstdCompressor(level=-20).compress(doubles))


@pytest.mark.parametrize("size", [4, 8, 65_532, 65_536, 65_540, 300_000])
@pytest.mark.parametrize("before", [b"0x", b"\0", b"lengths\0\0\0\0"])
def test_digits(size: int, before: bytes) -> None:
    digests = np.frombuffer(np.random.default_rng(size).bytes(size), np.uint8)
    frame = hex_frame(digests, before)
    for decompress in DECODERS:
        assert bytes(decompress(frame)) == before + digests.tobytes().hex().encode()
    assert len(frame) < 1.002 * size + 150
