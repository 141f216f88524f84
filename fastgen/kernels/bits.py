"""Bits of words: counting them, and what encoders of Zstandard and DEFLATE share: streams of bits, lowest first, and a hash."""

from typing import Any

import numpy as np

from fastgen.kernels.jit import helper
from fastgen.kernels.memory import store

u64 = np.uint64

GOLDEN = u64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: the highest bits of a product with it spread over a table (Knuth, TAOCP vol. 3, 6.4)."""


@helper
def ones(word: Any) -> Any:
    """Count the set bits of 64; compilers recognize this form and have an instruction for it."""
    word = word - ((word >> u64(1)) & u64(0x5555555555555555))
    word = (word & u64(0x3333333333333333)) + ((word >> u64(2)) & u64(0x3333333333333333))
    word = (word + (word >> u64(4))) & u64(0x0F0F0F0F0F0F0F0F)
    return (word * u64(0x0101010101010101)) >> u64(56)


@helper
def hashed(word: Any, width: Any) -> Any:
    """A hash of `width` bits of a uint64."""
    return word * GOLDEN >> u64(64) - u64(width)


@helper
def lowest(value: Any, width: Any) -> Any:
    """The lowest `width` bits of a value, fewer than 64."""
    return value & ((u64(1) << width) - u64(1))


@helper
def appended(bits: Any, used: Any, value: Any, width: Any) -> Any:
    """Append a value of `width` bits to `used` bits; return the bits and their number, which must stay below 64."""
    return bits | value << used, used + width


@helper
def flushed(out: Any, at: Any, bits: Any, used: Any) -> Any:
    """Write bits at a position; return the position after the last whole byte, the up to seven bits after it, their number."""
    store(out, at, bits)
    return at + (used >> u64(3)), bits >> (used & ~u64(7)), used & u64(7)
