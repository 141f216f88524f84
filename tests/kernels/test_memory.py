"""Unaligned loads, stores and copies: the intended bytes, and no others."""

from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from fastgen.kernels import memory


@njit
def copy_8(target, target_at, source, source_at):
    memory.store(target, target_at, memory.load_8(source, source_at))


@njit
def copy_16(target, target_at, source, source_at):
    memory.store(target, target_at, memory.load_16(source, source_at))


@njit
def copy_32(target, target_at, source, source_at):
    memory.store(target, target_at, memory.load_32(source, source_at))


@njit
def copy_64(target, target_at, source, source_at):
    memory.store(target, target_at, memory.load_64(source, source_at))


@njit
def swap_16(array, at):
    """Swap two values, both of which are in registers while the array changes."""
    first, second = memory.load_16(array, at), memory.load_16(array, at + 16)
    memory.store(array, at, second)
    memory.store(array, at + 16, first)


@njit
def store_word(target, at, value):
    memory.store(target, at, value)


@njit
def store_eight_times(target, at, value):
    memory.store(target, at, memory.eight_times(value))


@njit
def load_8(source, at):
    return memory.load_8(source, at)


def content(size: int = 160) -> NDArray[np.uint8]:
    return np.arange(size, dtype=np.uint8)


@pytest.mark.parametrize(("copy", "size"), [(copy_8, 8), (copy_16, 16), (copy_32, 32), (copy_64, 64)], ids=["8", "16", "32", "64"])
@pytest.mark.parametrize("to", [0, 1, 7, 13, 64])
@pytest.mark.parametrize("of", [0, 3, 31, 88])
def test_copies(copy: Any, size: int, to: int, of: int) -> None:
    target = np.full(160, 255, np.uint8)
    copy(target, to, content(), of)
    expected = bytearray(b"\xff" * 160)
    expected[to : to + size] = content().tobytes()[of : of + size]
    assert target.tobytes() == expected


def test_copies_between_arrays_of_other_types() -> None:
    """Offsets are in bytes."""
    target = np.zeros(30, np.uint32)
    copy_16(target, 5, content().view(np.uint64), 3)
    assert target.tobytes() == bytes(5) + bytes(range(3, 19)) + bytes(99)


@pytest.mark.parametrize("at", [0, 1, 5, 112])
def test_words(at: int) -> None:
    target = content()
    store_word(target, at, np.uint64(0xFEDCBA9876543210))
    expected = bytearray(content())
    expected[at : at + 8] = bytes.fromhex("1032547698badcfe")
    assert target.tobytes() == expected
    assert load_8(target, at) == 0xFEDCBA9876543210
    assert load_8(content(), at) == int.from_bytes(bytes(range(at, at + 8)), "little")


@pytest.mark.parametrize("at", [0, 4, 13, 128])
def test_a_number_eight_times(at: int) -> None:
    target = content()
    store_eight_times(target, at, np.uint32(0xFEDCBA98))
    expected = bytearray(content())
    expected[at : at + 32] = bytes.fromhex("98badcfe") * 8
    assert target.tobytes() == expected


def test_what_was_loaded_does_not_change() -> None:
    array = content(40)
    swap_16(array, 3)
    assert array.tolist() == [*range(3), *range(19, 35), *range(3, 19), *range(35, 40)]
