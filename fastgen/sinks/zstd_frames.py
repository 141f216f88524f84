"""Zstandard frames of two kinds of data, made without a search; to readers they are ordinary frames. Source: RFC 8878."""

from collections.abc import Sequence
from struct import pack

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels import zstd
from fastgen.sinks.output import Buffer

MAGIC = b"\x28\xb5\x2f\xfd"


def hex_frame(digests: NDArray[np.uint8], before: bytes) -> Buffer:
    """Compress bytes as hexadecimal digits, lower case, which follow a few other bytes.

    For digests: as their digits are random, the best that a compressor can do is to store each in four bits.

    Args:
        digests: a multiple of 4 bytes. before: not empty.

    Example:
        >>> import zstandard
        >>> zstandard.decompress(hex_frame(np.array([222, 173, 190, 239], np.uint8), b"0x"))
        b'0xdeadbeef'
    """
    size = len(before) + 2 * len(digests)
    # 3.1.1: a frame with its content size and a window of 128 KiB. The bytes before are a raw block and, for trailing
    # zeros, an RLE block; then come the blocks of digits.
    start = before.rstrip(b"\0")
    zeros = len(before) - len(start)
    head = MAGIC + b"\x80\x38" + pack("<I", size)
    head += pack("<I", len(start) << 3)[:3] + start
    head += pack("<I", zeros << 3 | 1 << 1)[:3] + b"\0" if zeros else b""
    frame = np.empty(len(head) + zstd.hex_room(len(digests)), np.uint8)
    frame[: len(head)] = np.frombuffer(head, np.uint8)
    return frame[: len(head) + zstd.hex_blocks(digests, _HEX_WEIGHTS, frame[len(head) :])]


def word_frame(words: NDArray[np.uint64]) -> Buffer:
    """Compress words of eight bytes, some of which occur often and all others once.

    Args:
        words: at least one, fewer than 2^26.

    Example:
        >>> import zstandard
        >>> np.frombuffer(zstandard.decompress(word_frame(np.array([5, 7, 5], np.uint64))), np.uint64).tolist()
        [5, 7, 5]
    """
    # 3.1.1: a single segment, which a decoder holds whole, with its content size.
    head = MAGIC + b"\xa0" + pack("<I", 8 * words.size)
    frame = np.empty(len(head) + zstd.word_room(words.size), np.uint8)
    frame[: len(head)] = np.frombuffer(head, np.uint8)
    recent, found = np.zeros(zstd.RECENT, np.uint32), np.empty(zstd.WORD_BLOCK + 1, np.uint64)
    return frame[: len(head) + zstd.word_blocks(words, _CODES, recent, found, frame[len(head) :])]


def _hex_weights() -> NDArray[np.uint8]:
    """A Huffman tree description (4.2.1.1): the weights of all symbols from 0 on, two in a byte.

    The digits have weight 1. The last one, "f", is left out: its weight follows from the others.
    """
    weights = [int(chr(symbol) in "0123456789abcde") for symbol in range(ord("f"))]
    pairs = zip(weights[::2], weights[1::2], strict=True)
    return np.array([127 + len(weights), *(a << 4 | b for a, b in pairs)], np.uint8)


def _decoded(shares: Sequence[int], log: int) -> list[tuple[int, int, int]]:
    """The states of a table (4.1.1): for each its symbol, how many bits lead to the next state, and the least next state.

    Args:
        shares: for each symbol, its share of the 2^log states; -1 for a share of less than one. log: binary logarithm.
    """
    size = 1 << log
    symbols = [symbol for symbol, share in enumerate(shares) if share < 0][::-1]
    spread = [-1] * (size - len(symbols)) + symbols
    at = 0
    for symbol, share in enumerate(shares):
        for _ in range(share):
            spread[at] = symbol
            at = (at + (size >> 1) + (size >> 3) + 3) % size
            while at >= size - len(symbols):
                at = (at + (size >> 1) + (size >> 3) + 3) % size
    states, following = [], [abs(share) for share in shares]
    for symbol in spread:
        width = log - following[symbol].bit_length() + 1
        states.append((symbol, width, (following[symbol] << width) - size))
        following[symbol] += 1
    return states


def _steps(shares: Sequence[int], log: int) -> NDArray[np.uint16]:
    """For each symbol and each next state, the state that has the symbol and leads there, and from bit 8 on by how many bits."""
    steps = np.zeros((len(shares), 1 << log), np.uint16)
    for state, (symbol, width, least) in enumerate(_decoded(shares, log)):
        steps[symbol, least : least + (1 << width)] = state | width << 8
    return steps.reshape(-1)


def _sequence_codes() -> zstd.SequenceCodes:
    """The codes of 3.1.1.3.2.1.1, with the predefined tables of 3.1.1.3.2.2."""
    widths = np.array([0] * 16 + [1, 1, 1, 1, 2, 2, 3, 3, 4, *range(6, 17)])
    baselines = np.cumsum(1 << widths) - (1 << widths)
    of_run = np.searchsorted(baselines, 8 * np.arange(zstd.WORD_BLOCK), side="right") - 1
    literals = [4, 3, *[2] * 11, 1, 1, 1, *[2] * 9, 3, 2, *[1] * 5, *[-1] * 4]
    offsets = [*[1] * 6, 2, 2, 2, *[1] * 15, *[-1] * 5]
    return zstd.SequenceCodes(
        of_run.astype(np.uint8),
        baselines.astype(np.uint32),
        widths.astype(np.uint8),
        _steps(literals, zstd.LITERALS_LOG),
        _steps(offsets, zstd.OFFSETS_LOG),
    )


_HEX_WEIGHTS = _hex_weights()
_CODES = _sequence_codes()
