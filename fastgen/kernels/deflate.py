"""A kernel that compresses delimited text by DEFLATE (RFC 1951), whose sections are given in brackets.

In CSV and NDJSON, what repeats (names, places, dates, keys) begins where a word begins, after a delimiter. What lies between
are digits of ids, cards, amounts and positions, in which other compressors search for matches at every byte, in vain.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.bits import appended, flushed, hashed
from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.memory import leading_zeros, load_8, reversed_bits, store, trailing_zeros

u8, u32, u64 = np.uint8, np.uint32, np.uint64

END_OF_BLOCK, LENGTHS, LITERALS, DISTANCES = 256, 257, 286, 30
"""The symbols: 256 bytes, the end of a block and ranges of lengths, together LITERALS; ranges of distances."""
LEAST, LONGEST = 3, 258
"""Bytes of a match that can be coded."""
WINDOW = 1 << 15
"""The greatest distance of a match."""
WIDEST = 14
"""Bits of the widest code. Four such codes and seven bits more are in a register at once."""
RECENT_BITS = 12
SAMPLE = 1 << 16
"""Bytes at the beginning of a text by whose symbols all of it is coded."""


class Alphabet(NamedTuple):
    """The symbols of lengths and distances (3.2.5).

    Attributes:
        ends_word: uint8[256], 1 for a byte after which a match may begin.
        of_length: uint8[LONGEST + 1], the range of each length. least_length, length_widths: uint64[29], the least length of each
            range, and how many extra bits say how much longer a match is.
        of_distance: uint8[512], the range of the distances from 1 to 256, then of each 128 distances from 1 on.
        least_distance, distance_widths: uint64[DISTANCES], the same for distances.
    """

    ends_word: NDArray[np.uint8]
    of_length: NDArray[np.uint8]
    least_length: NDArray[np.uint64]
    length_widths: NDArray[np.uint64]
    of_distance: NDArray[np.uint8]
    least_distance: NDArray[np.uint64]
    distance_widths: NDArray[np.uint64]


class Memory(NamedTuple):
    """What compressing a text needs; what is in it before makes no difference.

    Attributes:
        recent: uint32[1 << RECENT_BITS], where eight bytes with such a hash were last.
        counts: uint32[LITERALS + DISTANCES], how often symbols occur in the sample; shares: uint64, as many.
        codes: uint64[LITERALS + DISTANCES], the code of each symbol: 24 bits for the code, 8 for its width, 1 if it ends a word.
        lengths: uint64[LONGEST + 1], the code of each length with its extra bits, in the same form.
    """

    recent: NDArray[np.uint32]
    counts: NDArray[np.uint32]
    shares: NDArray[np.uint64]
    codes: NDArray[np.uint64]
    lengths: NDArray[np.uint64]


def room(size: int) -> int:
    """Bytes that compressing `size` bytes may need: for each byte a code of 14 bits, before them a description of the codes."""
    return 2 * size + 512


@helper
def _code(code: Any) -> Any:
    return code & u64(0xFFFFFF)


@helper
def _width(code: Any) -> Any:
    return code >> u64(24) & u64(0xFF)


@helper
def _ends_word(code: Any) -> Any:
    return code >> u64(32)


@helper
def _matching(text: Any, start: Any, before: Any, most: Any) -> Any:
    """How many bytes from `start` on are those from `before` on, at most `most`; the first eight are."""
    length = u64(8)
    while length < most:
        differing = load_8(text, start + length) ^ load_8(text, before + length)
        if differing:
            return min(length + (trailing_zeros(differing) >> u64(3)), most)
        length += u64(8)
    return most


@helper
def _put_match(
    length: Any, distance: Any, memory: Any, alphabet: Any, counting: Any, out: Any, at: Any, bits: Any, used: Any
) -> Any:
    """Write a match, and count its symbols if that is wanted."""
    behind = distance - u64(1)
    symbol = u64(alphabet.of_distance[behind if behind < u64(256) else u64(256) + (behind >> u64(7))])
    if counting:
        memory.counts[u64(LENGTHS) + u64(alphabet.of_length[length])] += u32(1)
        memory.counts[u64(LITERALS) + symbol] += u32(1)
    first, second = memory.lengths[length], memory.codes[u64(LITERALS) + symbol]
    bits, used = appended(bits, used, _code(first), _width(first))
    bits, used = appended(bits, used, _code(second), _width(second))
    bits, used = appended(bits, used, distance - alphabet.least_distance[symbol], alphabet.distance_widths[symbol])
    return flushed(out, at, bits, used)


@helper
def _put_word(text: Any, start: Any, stop: Any, memory: Any, counting: Any, out: Any, at: Any, bits: Any, used: Any) -> Any:
    """Write bytes as they are until a word ends, four at a time as long as none of them ends it."""
    i = start
    while i < stop:
        four = load_8(text, i)
        first, second = memory.codes[four & u64(255)], memory.codes[four >> u64(8) & u64(255)]
        third, fourth = memory.codes[four >> u64(16) & u64(255)], memory.codes[four >> u64(24) & u64(255)]
        if _ends_word(first | second | third | fourth):
            break
        if counting:
            for more in range(u64(4)):
                memory.counts[text[i + more]] += u32(1)
        two, two_width = appended(_code(first), _width(first), _code(second), _width(second))
        others, others_width = appended(_code(third), _width(third), _code(fourth), _width(fourth))
        two, two_width = appended(two, two_width, others, others_width)
        bits, used = appended(bits, used, two, two_width)
        at, bits, used = flushed(out, at, bits, used)
        i += u64(4)
    while i < stop:
        code = memory.codes[text[i]]
        if counting:
            memory.counts[text[i]] += u32(1)
        bits, used = appended(bits, used, _code(code), _width(code))
        at, bits, used = flushed(out, at, bits, used)
        i += u64(1)
        if _ends_word(code):
            break
    return i, at, bits, used


@helper
def _put_text(text: Any, stop: Any, memory: Any, alphabet: Any, counting: Any, out: Any, at: Any, bits: Any, used: Any) -> Any:
    """Write matches where words begin, and all else byte by byte, up to `stop` or where the last match ends."""
    for slot in range(memory.recent.size):
        memory.recent[slot] = 0
    i = u64(0)
    while i < stop:
        word = load_8(text, i)
        slot = hashed(word, RECENT_BITS)
        before = u64(memory.recent[slot])
        memory.recent[slot] = i
        distance = i - before
        if load_8(text, before) == word and distance - u64(1) < u64(WINDOW):  # 0, less 1, is not
            length = _matching(text, i, before, min(u64(LONGEST), u64(text.size - 8) - i))
            at, bits, used = _put_match(length, distance, memory, alphabet, counting, out, at, bits, used)
            i += length
        else:
            i, at, bits, used = _put_word(text, i, stop, memory, counting, out, at, bits, used)
    return i, at, bits, used


@helper
def _share_codes(counts: Any, shares: Any) -> None:
    """Share 2^WIDEST codes between symbols by their counts, a power of two for each.

    A symbol gets the greatest power of two not above its part, as in Shannon's code (A Mathematical Theory of Communication,
    1948, 9). What remains doubles the shares of those that lost most, large ones first, until nothing is left, as decoders
    require. So no code is too wide; Huffman's would have to be cut, and was measured to be shorter by less than a thousandth.
    """
    symbols, total, left = u64(counts.size), u64(0), u64(1 << WIDEST)
    for symbol in range(symbols):
        total += u64(counts[symbol])
    for symbol in range(symbols):
        counts[symbol] = u64(1) + u64(counts[symbol]) * (u64(1 << WIDEST) - symbols) // total
        shares[symbol] = u64(1) << u64(63) - leading_zeros(u64(counts[symbol]))
        left -= shares[symbol]
    eighths = u64(16)
    while left:
        eighths -= u64(eighths > 0)
        share = u64(1 << WIDEST - 1)
        while share:
            for symbol in range(symbols):
                if shares[symbol] == share and share <= left and u64(8 * counts[symbol]) >= eighths * share:
                    left -= share
                    shares[symbol] += share
            share >>= u64(1)


@helper
def _assign_codes(shares: Any, codes: Any) -> None:
    """Give symbols their codes by width and then by symbol (3.2.2), lowest bit first."""
    code = u64(0)
    for width in range(u64(1), u64(WIDEST + 1)):
        code <<= u64(1)
        for symbol in range(shares.size):
            if shares[symbol] == u64(1 << WIDEST) >> width:
                codes[symbol] = width << u64(24) | reversed_bits(code) >> u64(64) - width
                code += u64(1)


@helper
def _make_codes(memory: Any, alphabet: Any) -> None:
    """Make the codes of all symbols and lengths from the counts."""
    for first, behind in ((0, LITERALS), (LITERALS, LITERALS + DISTANCES)):
        _share_codes(memory.counts[first:behind], memory.shares[first:behind])
        _assign_codes(memory.shares[first:behind], memory.codes[first:behind])
    for length in range(u64(LEAST), u64(LONGEST + 1)):
        span = u64(alphabet.of_length[length])
        code = memory.codes[u64(LENGTHS) + span]
        more = (length - alphabet.least_length[span]) << _width(code)
        memory.lengths[length] = (alphabet.length_widths[span] << u64(24)) + (code | more)


@helper
def _mark_ends(codes: Any, ends_word: Any) -> None:
    for byte in range(256):
        codes[byte] |= u64(ends_word[byte]) << u64(32)


@helper
def _put_codes(codes: Any, out: Any, at: Any) -> Any:
    """Begin the only block, with the widths of all codes (3.2.7), each as a code of four bits that is the width itself."""
    head = u64(1 | 2 << 1 | LITERALS - 257 << 3 | DISTANCES - 1 << 8 | 15 << 13)
    bits, used = appended(u64(0), u64(0), head, u64(17))
    at, bits, used = flushed(out, at, bits, used)
    for width in range(u64(19)):  # 3 signs for repeats, which are not used, and 16 widths
        bits, used = appended(bits, used, u64(4) if width >= u64(3) else u64(0), u64(3))
        at, bits, used = flushed(out, at, bits, used)
    for symbol in range(LITERALS + DISTANCES):
        bits, used = appended(bits, used, reversed_bits(_width(codes[symbol])) >> u64(60), u64(4))
        at, bits, used = flushed(out, at, bits, used)
    return at, bits, used


@kernel
def deflate(text: NDArray[np.uint8], alphabet: Alphabet, memory: Memory, out: NDArray[np.uint8]) -> int:
    """Compress a text to one block, and return the number of bytes.

    Args:
        text: fewer than 2^32 bytes. alphabet: as `fastgen.sinks.gzip_members` makes it. memory: filled.
        out: uint8[room(text.size)].
    """
    size = u64(text.size)
    stop = size - u64(16) if size > u64(16) else u64(0)  # eight bytes are read at once
    for symbol in range(LITERALS + DISTANCES):
        memory.counts[symbol] = 1
        memory.codes[symbol] = 0
    for length in range(LONGEST + 1):
        memory.lengths[length] = 0
    _mark_ends(memory.codes, alphabet.ends_word)
    _put_text(text, min(stop, u64(SAMPLE)), memory, alphabet, True, out, u64(0), u64(0), u64(0))
    _make_codes(memory, alphabet)
    at, bits, used = _put_codes(memory.codes, out, u64(0))
    _mark_ends(memory.codes, alphabet.ends_word)
    i, at, bits, used = _put_text(text, stop, memory, alphabet, False, out, at, bits, used)
    while i < size:
        code = memory.codes[text[i]]
        bits, used = appended(bits, used, _code(code), _width(code))
        at, bits, used = flushed(out, at, bits, used)
        i += u64(1)
    bits, used = appended(bits, used, _code(memory.codes[END_OF_BLOCK]), _width(memory.codes[END_OF_BLOCK]))
    store(out, at, bits)
    return int(at + (used + u64(7) >> u64(3)))
