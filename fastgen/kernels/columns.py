"""A block's codes as the values of columns: views of text, times, amounts, degrees."""

import numpy as np

from fastgen.kernels.digits import card_texts
from fastgen.kernels.jit import kernel
from fastgen.kernels.rng import u64


@kernel
def text_views(views, size, text, first):
    """Arrow string views of consecutive values of one size: length, first four characters, buffer 0, offset.

    Args:
        views: uint64[n, 2], filled. text: uint32 words of the values, size // 4 words a value.
        first: number of the first value in its buffer.
    """
    words = size // 4
    for i in range(views.shape[0]):
        views[i, 0] = u64(size) | (u64(text[words * i]) << u64(32))
        views[i, 1] = u64((first + i) * size) << u64(32)


@kernel
def scaled(out, values, divisor):
    """float64: whole numbers over a power of ten; one rounding, so it is the double that the decimal text names."""
    for i in range(values.size):
        out[i] = np.float64(values[i]) / divisor


@kernel
def epoch_times(out, seconds, origin, unit):
    """int64 times since 1970 from seconds since `origin` (seconds since 1970); unit: how many make a second."""
    for i in range(seconds.size):
        out[i] = (np.int64(seconds[i]) + origin) * unit


@kernel
def card_numbers(out, indices, cards):
    """Card numbers end to end; out: uint64[2 n], cards: uint64[cards], two digits to a byte."""
    card_texts(out, indices, cards)


@kernel
def looked_up(out, codes, table):
    """out[i] = table[codes[i]]."""
    for i in range(codes.size):
        out[i] = table[codes[i]]


@kernel
def packed_digits(out, words):
    """Decimal digits, two to a byte, the first in the high half; words: uint64, eight characters each, out: uint32."""
    for i in range(words.size):
        digits = words[i] & u64(0x0F0F0F0F0F0F0F0F)
        pairs = ((digits << u64(4)) | (digits >> u64(8))) & u64(0x00FF00FF00FF00FF)
        fours = (pairs | (pairs >> u64(8))) & u64(0x0000FFFF0000FFFF)
        out[i] = fours | (fours >> u64(16))
