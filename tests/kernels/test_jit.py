"""Kernels are kept on disk if that is possible, and work if it is not."""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit, types
from numba.core import event
from numba.core.caching import IndexDataCacheFile

from fastgen.kernels import jit, vectors
from fastgen.kernels.cards import card_digits
from fastgen.kernels.jit import callback, helper, interleaved_kernel, kernel


def test_kernels_are_cached_on_disk() -> None:
    assert type(card_digits._cache).__name__ == "FunctionCache"
    assert card_digits.stats.cache_path


@pytest.fixture(autouse=True)
def is_kept_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that cannot be cached sets a global flag, which is restored for other tests."""
    monkeypatch.setattr(jit, "is_kept", jit.is_kept)


def in_no_file() -> Callable[..., Any]:
    """A function that cannot be cached, like one of a package in a directory that is not writable."""
    scope: dict[str, Any] = {}
    exec("def double(x):\n    return x + x", scope)
    double: Callable[..., Any] = scope["double"]
    return double


def test_without_a_place_for_a_cache_kernels_are_compiled() -> None:
    double = kernel(in_no_file())
    assert type(double._cache).__name__ == "NullCache"
    assert double(21) == 42


def test_without_a_place_for_a_cache_callbacks_are_compiled() -> None:
    double = callback(types.int64(types.int64))(in_no_file())
    assert ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(double.address)(21) == 42


def treble(x):
    """A function in a file."""
    return x + x + x


def test_on_a_full_disk_kernels_are_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(IndexDataCacheFile, "save", full)
    monkeypatch.setattr(jit, "is_kept", True)
    assert kernel(treble)(14) == 42
    assert not jit.is_kept
    again = callback(types.int64(types.int64))(treble)
    assert ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(again.address)(14) == 42


def cached_after(call: Callable[[], object]) -> bool:
    """Whether a call compiles nothing."""
    compiled = []

    class Listener(event.Listener):  # type: ignore[misc]  # numba has no types
        def on_start(self, _: object) -> None:
            compiled.append(True)

        def on_end(self, _: object) -> None: ...

    with event.install_listener("numba:compile", Listener()):
        call()
    return not compiled


def test_code_of_other_sources_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it loaded: it may refer to classes that are no more."""
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    assert not cached_after(lambda: kernel(treble)(14))
    assert cached_after(lambda: kernel(treble)(14))
    monkeypatch.setattr(jit, "SOURCES", "others")
    monkeypatch.setattr("numba.core.caching.pickle.loads", lambda _: 1 / 0)
    assert not cached_after(lambda: kernel(treble)(14))


def test_division_by_zero_is_that_of_ieee() -> None:
    """Even in a helper."""

    @helper
    def over(a, b):
        return a / b

    @njit(error_model="numpy")
    def quotient(a, b):
        return over(a, b)

    assert np.isinf(quotient(1.0, 0.0))


def assembly(compiler: Any) -> list[str]:
    """The machine code of a loop over a long chain of products."""

    @helper
    def mixed(x):
        for _ in range(8):
            x = np.uint32(np.uint32(x ^ np.uint32(x >> np.uint32(15))) * np.uint32(0x7FEB352D))
        return x

    def mix(values):
        for i in range(np.uint64(values.size)):
            values[i] = mixed(values[i])

    made = compiler(mix)
    made(np.zeros(8, np.uint32))
    [text] = made.inspect_asm().values()
    return list(text.splitlines())


WIDEST = "zmm" if "+avx512vbmi2" in vectors.FEATURES else "ymm" if "+avx2" in vectors.FEATURES else "xmm"
"""The name of the registers of the widest vectors."""


def vector_products(compiler: Any, registers: str = WIDEST) -> int:
    """How many vector products are in that code."""
    return sum("pmulld" in line and registers in line for line in assembly(compiler))


def test_loops_of_kernels_have_several_vectors_in_flight_where_asked() -> None:
    other, one = vector_products(njit, "mm"), vector_products(kernel)
    assert vector_products(interleaved_kernel) == vectors.INTERLEAVED * one
    assert vector_products(kernel) == one
    assert vector_products(njit, "mm") == other  # other code is compiled as before


@pytest.mark.parametrize("compiler", [kernel, interleaved_kernel])
def test_vectors_of_kernels_fill_the_registers_that_there_are(compiler: Any) -> None:
    assert vector_products(compiler) > 0


@pytest.mark.skipif("+sse2" not in vectors.FEATURES, reason="the instruction is that of x86 processors")
def test_kernels_align_the_stack_for_vectors() -> None:
    def is_aligned(compiler: Any) -> bool:
        return any("and" in line and f"$-{4 * vectors.WIDEST}, %rsp" in line for line in assembly(compiler))

    assert is_aligned(kernel)
    assert is_aligned(interleaved_kernel)
    assert not is_aligned(njit)


def test_other_code_has_vectors_as_llvm_sees_fit() -> None:
    def is_wide(compiler: Any) -> bool:
        made = compiler(in_no_file())  # from a cache, it would have no LLVM IR
        assert made(21) == 42
        return any("prefer-vector-width" in text for text in made.inspect_llvm().values())

    assert is_wide(kernel) == (vectors.WIDEST == 16)
    assert not is_wide(njit)
