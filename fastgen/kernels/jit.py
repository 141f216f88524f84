"""How kernels are compiled: machine code cached on disk, run without the GIL, plain IEEE arithmetic."""

from collections.abc import Callable
from typing import Any

from numba import njit


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile on first use and keep the machine code on disk. Called from Python and from kernels.

    Where no directory for the cache can be written, the code is compiled anew in each process.
    """
    options = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    try:
        compiled = njit(cache=True, **options)(function)
    except RuntimeError:
        compiled = njit(**options)(function)
    return compiled  # type: ignore[no-any-return]


def helper(function: Callable[..., Any]) -> Callable[..., Any]:
    """A small function that is always inlined into the kernels that call it."""
    return njit(nogil=True, error_model="numpy", forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)  # type: ignore[no-any-return]


def rewritten(function: Callable[..., Any]) -> Callable[..., Any]:
    """A line that takes the place of its call before types are known: what it calls is compiled for one type only."""
    return njit(inline="always")(function)  # type: ignore[no-any-return]
