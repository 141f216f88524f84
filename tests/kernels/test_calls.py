"""Kernels called from Python without resolving types again, and from other kernels by address."""

from typing import Any

import numpy as np
import pytest
from numba import types
from numba.core.errors import TypingError

from fastgen.kernels.calls import Callee, Repeated, call
from fastgen.kernels.jit import kernel


def doubling() -> Any:
    """A kernel that has not been compiled for any types yet."""

    @kernel
    def double(x):
        return x + x

    return double


def test_a_kernel_that_is_called_again_is_the_one_for_the_types_of_the_first_call() -> None:
    """Even if it has been compiled for other types before."""
    double = doubling()
    assert (double(21), double(0.25)) == (42, 0.5)
    halves, whole = Repeated(double), Repeated(double)
    assert [halves(0.25), halves(0.75), whole(21), whole(22)] == [0.5, 1.5, 42, 44]


def test_a_kernel_that_is_called_again_refuses_other_types() -> None:
    total = Repeated(doubling())
    total(21)
    with pytest.raises(TypeError):
        total(None)


@kernel
def called(callee, argument):
    return call(callee, (argument,))


@kernel
def called_if(callee, argument, is_called):
    return call(callee, (argument,)) if is_called else argument


@kernel
def halved(number):
    return number // 2, number % 2


@kernel
def doubled_bytes(x):
    return np.uint8(x + x)


@kernel
def trebled_bytes(x):
    return np.uint8(x + x + x)


def test_a_callee_is_the_kernel_for_the_types_of_its_arguments() -> None:
    double = doubling()
    assert double(np.uint8(200)) == 400
    whole, half = Callee(double, types.int64, (0,)), Callee(double, types.float64, (0.0,))
    assert (called(whole, 21), called(half, 0.25), called(whole, 22)) == (42, 0.5, 44)
    assert called(Callee(halved, types.UniTuple(types.int64, 2), (0,)), 7) == (3, 1)


def test_callees_of_one_signature_are_told_apart_when_the_code_runs() -> None:
    """The kernel that calls them is compiled once."""

    before = len(called.signatures)
    results = [called(Callee(made, types.uint8, (np.uint8(0),)), np.uint8(5)) for made in (doubled_bytes, trebled_bytes)]
    assert (results, len(called.signatures)) == ([10, 15], before + 1)


def test_a_callee_has_the_declared_types() -> None:
    whole = Callee(doubling(), types.int64, (0,))
    with pytest.raises(TypingError, match="is called with"):
        called(whole, 0.25)
    with pytest.raises(AssertionError):
        Callee(doubling(), types.float64, (0,))


def test_a_callee_that_is_not_called_is_not_compiled() -> None:
    double = doubling()
    callee = Callee(double, types.int64, (0,), is_called=False)
    assert called_if(callee, 21, False) == 21
    assert not double.signatures
    assert called_if(Callee(double, types.int64, (0,)), 21, True) == 42


@kernel
def root(number):
    if number < 0:
        raise ValueError("negative")
    return number**0.5


def test_what_a_callee_raises_comes_out_of_its_caller() -> None:
    callee = Callee(root, types.float64, (0.0,))
    assert called(callee, 9.0) == 3
    with pytest.raises(ValueError, match="negative"):
        called(callee, -9.0)
