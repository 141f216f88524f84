"""Kernels that write the blocks of Zstandard frames, for data whose redundancy is known: a compressor would have to search for it.

To readers they are ordinary blocks. Both kernels work on flat arrays of a little-endian machine and check nothing; frames are
made from blocks in `fastgen.sinks.zstd_frames`. Source: RFC 8878 (Zstandard), whose sections are given in brackets.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.bits import appended, flushed, hashed, lowest
from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.memory import SLACK, leading_zeros, store

u8, u64 = np.uint8, np.uint64
Bytes = NDArray[np.uint8]

BLOCK: int = 1 << 17
"""The most bytes that a block may hold, before and after compression."""
HEX_BLOCK = BLOCK // 2
"""Digest bytes in a block of digits."""
WORD_BLOCK = BLOCK // 8
"""Words in a block."""
RECENT_BITS = 12
RECENT = 1 << RECENT_BITS
"""Words that are remembered, at most: a table of 16 kB, half of the smallest first-level caches."""
LITERALS_LOG, OFFSETS_LOG = 6, 5
"""Binary logarithms of the numbers of states that code lengths of literals and offsets."""


class SequenceCodes(NamedTuple):
    """How sequences are written.

    Attributes:
        of_run: uint8[WORD_BLOCK], the code of so many words of literals.
        baselines: uint32[36], for each of these codes, the number of bytes to which its extra bits are added.
        widths: uint8[36], the number of these bits.
        literals: uint16[36 << LITERALS_LOG], for each of these codes and each state that follows, the state that stands for
            the code and, from bit 8 on, how many bits of the following state are written.
        offsets: uint16[29 << OFFSETS_LOG], the same for the codes of offsets.
    """

    of_run: NDArray[np.uint8]
    baselines: NDArray[np.uint32]
    widths: NDArray[np.uint8]
    literals: NDArray[np.uint16]
    offsets: NDArray[np.uint16]


def hex_room(size: int) -> int:
    """Bytes that `hex_blocks` may need for `size` digest bytes; a block has 71 besides its digits."""
    return size + 128 * (size // HEX_BLOCK + 1)


def word_room(count: int) -> int:
    """Bytes that `word_blocks` may need for `count` words."""
    return 8 * count + 64 * (count // WORD_BLOCK + 1) + SLACK


@kernel
def hex_blocks(digests: Bytes, tree: Bytes, out: Bytes) -> int:
    """Write digests' hexadecimal digits as Zstandard blocks (RFC 8878, 3.1.1.2, 3.1.1.3.1), and return the number of bytes.

    Random digits can be compressed only to four bits each, and if sixteen symbols have equal weight, the Huffman
    code of a digit is its value. Streams are read from their end, so a compressor would arrive at the digests'
    bytes in reverse. There is no need to search for matches or to count symbols.

    Args:
        digests: a multiple of 4 bytes, for the four streams of a block. tree: the weights, as a decoder expects them.
        out: uint8[hex_room(digests.size)].
    """
    at = u64(0)
    for start in range(u64(0), u64(digests.size), u64(HEX_BLOCK)):
        size = min(u64(HEX_BLOCK), u64(digests.size) - start)
        quarter = size // u64(4)
        coded = u64(tree.size) + u64(6) + size + u64(4)  # tree, jump table, four streams and their end marks
        last = u64(start + size == u64(digests.size))
        block = u64(5) + coded + u64(1) << u64(3) | u64(2) << u64(1) | last  # its size; compressed
        literals = coded << u64(22) | size << u64(5) | u64(3) << u64(2) | u64(2)  # both sizes; Huffman, four streams
        for i in range(u64(3)):
            out[at + i] = u8(block >> u64(8) * i)
        at += u64(3)
        for i in range(u64(5)):
            out[at + i] = u8(literals >> u64(8) * i)
        at += u64(5)
        for i in range(u64(tree.size)):
            out[at + i] = tree[i]
        at += u64(tree.size)
        for i in range(u64(6)):  # sizes of the first three streams
            out[at + i] = u8(quarter + u64(1) >> u64(8) * (i & u64(1)))
        at += u64(6)
        for stream in range(u64(1), u64(5)):
            end = start + stream * quarter - u64(1)
            for i in range(quarter):
                out[at + i] = digests[end - i]
            at += quarter
            out[at] = 1  # the end mark
            at += u64(1)
        out[at] = 0  # no sequences: nothing but literals
        at += u64(1)
    return int(at)


@helper
def _repeats(words: Any, start: Any, stop: Any, recent: Any, found: Any, out: Any, at: Any) -> Any:
    """Write the words of a block that have not occurred recently, and list the others; see `word_blocks`.

    Nothing branches: whether a word repeats cannot be predicted. A word that does is overwritten by the next.

    Returns:
        How many words were listed in `found`, each as its distance from the one before and, from bit 32 on, how many words were
        written since the last one listed; and the position after the words written.
    """
    count, run = u64(0), u64(0)
    for i in range(start, stop):
        word = words[i]
        slot = hashed(word, RECENT_BITS)
        before = u64(recent[slot])
        recent[slot] = i
        repeats = u64(words[before] == word) & u64(before != i)
        found[count] = run << u64(32) | (i - before)
        store(out, at, word)
        count += repeats
        at += (u64(1) - repeats) << u64(3)
        run = (run + u64(1)) * (u64(1) - repeats)
    return count, at


@helper
def _sequences(found: Any, count: Any, codes: Any, out: Any, at: Any) -> Any:
    """Write a block's sequences (3.1.1.3.2), one for each repeated word, and return the position after them.

    Each says how many bytes of literals come first, and how far behind the eight bytes are that follow: a code for each, and
    extra bits. Decoders read the bits in reverse, so the last sequence comes first. Codes are those of the predefined tables.
    """
    if count < u64(128):
        out[at] = count
        at += u64(1)
    else:
        out[at] = u64(128) | count >> u64(8)
        out[at + u64(1)] = count
        at += u64(2)
    out[at] = 1 << 2  # the same length of match for all; predefined tables for the rest
    out[at + u64(1)] = 5  # the code for a match of 8 bytes
    at += u64(2)
    bits, used, literals_state, offset_state = u64(0), u64(0), u64(0), u64(0)
    for i in range(count):
        sequence = found[count - u64(1) - i]
        run = sequence >> u64(32)
        literals_code = u64(codes.of_run[run])
        offset = (sequence & u64(0xFFFFFFFF)) * u64(8) + u64(3)  # values to 3 stand for earlier offsets
        offset_code = u64(63) - leading_zeros(offset)
        step = u64(codes.offsets[offset_code << u64(OFFSETS_LOG) | offset_state])
        width = step >> u64(8) if i else u64(0)
        bits, used = appended(bits, used, lowest(offset_state, width), width)
        offset_state = step & u64(255)
        step = u64(codes.literals[literals_code << u64(LITERALS_LOG) | literals_state])
        width = step >> u64(8) if i else u64(0)
        bits, used = appended(bits, used, lowest(literals_state, width), width)
        literals_state = step & u64(255)
        bits, used = appended(bits, used, run * u64(8) - u64(codes.baselines[literals_code]), u64(codes.widths[literals_code]))
        bits, used = appended(bits, used, lowest(offset, offset_code), offset_code)
        at, bits, used = flushed(out, at, bits, used)
    bits, used = appended(bits, used, offset_state, u64(OFFSETS_LOG))
    bits, used = appended(bits, used, literals_state, u64(LITERALS_LOG))
    bits, used = appended(bits, used, u64(1), u64(1))  # the end mark
    store(out, at, bits)
    return at + (used + u64(7) >> u64(3))


@helper
def _put_3(out: Any, at: Any, value: Any) -> None:
    for i in range(u64(3)):
        out[at + i] = u8(value >> u64(8) * i)


@kernel
def word_blocks(words: NDArray[np.uint64], codes: SequenceCodes, recent: NDArray[np.uint32], found: Any, out: Bytes) -> int:
    """Write words as Zstandard blocks (3.1.1.2), and return the number of bytes.

    For words some of which occur often and all others once, such as coordinates of a few places and many positions. A word that
    has occurred recently takes about 20 bits, the others are stored as they are. A table remembers where a word was last; of
    two words with the same slot it forgets the first.

    Args:
        words: at least one, fewer than 2^26. codes: as `fastgen.sinks.zstd_frames` makes them.
        recent: uint32[RECENT], zeros, filled. found: uint64[WORD_BLOCK + 1], filled.
        out: uint8[word_room(words.size)].
    """
    at, total = u64(0), u64(words.size)
    for start in range(u64(0), total, u64(WORD_BLOCK)):
        stop = min(start + u64(WORD_BLOCK), total)
        last, size = u64(stop == total), (stop - start) << u64(3)
        content = at + u64(3)
        count, end = _repeats(words, start, stop, recent, found, out, content + u64(3))
        _put_3(out, content, (end - content - u64(3)) << u64(4) | u64(3) << u64(2))  # the size of raw literals
        if count:
            end = _sequences(found, count, codes, out, end)
        if count and end - content < size:
            _put_3(out, at, (end - content) << u64(3) | u64(2) << u64(1) | last)
        else:
            end = content
            for i in range(start, stop):
                store(out, end, words[i])
                end += u64(8)
            _put_3(out, at, size << u64(3) | last)
        at = end
    return int(at)
