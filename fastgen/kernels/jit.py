"""How kernels are compiled: machine code cached on disk, run without the GIL, plain IEEE arithmetic."""

from collections.abc import Callable
from typing import Any

from numba import cfunc, njit
from numba import config as numba_config

from fastgen.errors import FastgenError
from fastgen.kernels.vectors import AS_LLVM_SEES_FIT, COMPILER, INTERLEAVED, interleaving

if numba_config.DISABLE_JIT:
    raise FastgenError("kernels have to be compiled, which NUMBA_DISABLE_JIT forbids", hint="unset it")

OPTIONS = {"pipeline_class": COMPILER, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, "_nrt": False}
"""Without numba's runtime (nrt) kernels can allocate nothing, and count no references: in a loop over the fields of nested
tuples the counting, which is atomic, takes several times as long as the work."""

is_kept = True
"""Whether machine code is kept for later runs: not once a kernel has found no directory for it."""


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile on first use and keep the machine code on disk. Called from Python and from kernels.

    Where no directory for the cache can be written, the code is compiled anew in each process.
    """
    return _with_vectors(AS_LLVM_SEES_FIT, lambda cache: njit(cache=cache, **OPTIONS)(function))


def interleaved_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel whose loops, and those of its helpers, are compiled with INTERLEAVED vectors in flight, where that pays."""
    return _with_vectors(INTERLEAVED, lambda cache: njit(cache=cache, **OPTIONS)(function))


def absorbed(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel that others take in before types are known: compiled by itself only where Python calls it.

    A kernel that is called by another one is optimized by itself and again with its caller, which takes its time on a first run.
    """
    return _with_vectors(INTERLEAVED, lambda cache: njit(cache=cache, inline="always", **OPTIONS)(function))


def callback(signature: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator: compile a function that C code calls, kept like a kernel. Its attribute `address` is where it begins."""
    return lambda function: _kept(lambda cache: cfunc(signature, cache=cache)(function))


def _kept(compiled: Callable[[bool], Any]) -> Any:
    """What a compiler makes, with its cache if there can be one: it refuses where no directory or file for that can be written."""
    global is_kept
    try:
        kept = compiled(True)
    except (RuntimeError, OSError):
        is_kept = False
        return compiled(False)
    kept._cache.save_overload = _saved_if_it_can_be(kept._cache.save_overload)
    return kept


def _with_vectors(count: int, compiled: Callable[[bool], Any]) -> Callable[..., Any]:
    """A kernel whose loops have so many vectors in flight."""
    made = _kept(compiled)
    interleaving.counts[made] = count
    return made  # type: ignore[no-any-return]  # numba has no types


def _saved_if_it_can_be(save: Callable[..., Any]) -> Callable[..., Any]:
    """Numba's method that writes machine code, but where that fails, as on a full disk, the code is only not kept."""

    def save_overload(*arguments: Any) -> None:
        global is_kept
        try:
            save(*arguments)
        except OSError:
            is_kept = False

    return save_overload


def helper(function: Callable[..., Any]) -> Callable[..., Any]:
    """A small function that is always inlined into the kernels that call it."""
    return njit(forceinline=True, no_cpython_wrapper=True, **OPTIONS)(function)  # type: ignore[no-any-return]  # numba has no types


def rewritten(function: Callable[..., Any]) -> Callable[..., Any]:
    """Code that takes the place of its call before types are known: only the kernel around it is compiled, for its types."""
    return njit(inline="always")(function)  # type: ignore[no-any-return]  # numba has no types
