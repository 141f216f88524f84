"""How kernels are compiled: machine code cached on disk, run without the GIL, plain IEEE arithmetic."""

import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from numba import cfunc, njit
from numba import config as numba_config

from fastgen.errors import FastgenError
from fastgen.kernels.compiler import KernelCompiler
from fastgen.kernels.vectors import AS_LLVM_SEES_FIT, INTERLEAVED, interleaving

if sys.byteorder != "little":
    raise FastgenError("kernels are written for little-endian machines, which this one is not")
if numba_config.DISABLE_JIT:
    raise FastgenError("kernels have to be compiled, which NUMBA_DISABLE_JIT forbids", hint="unset it")

OPTIONS = {"pipeline_class": KernelCompiler, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, "_nrt": False}
"""Without numba's runtime (nrt) kernels can neither allocate nor count references. In a loop over the fields of nested tuples,
atomic reference counting would take several times as long as the work."""

SOURCES: Final = sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))).hexdigest()
"""A hash of all kernels' sources. Numba notices a change in a kernel's own file, but not in what is inlined from others."""

is_kept = True
"""Whether machine code is kept for later runs; False once the code of a kernel could not be written."""


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile on first use and keep the machine code on disk. Callable from Python and from kernels.

    If no cache directory is writable, every process compiles the code again.
    """
    return _with_vectors(AS_LLVM_SEES_FIT, lambda cache: njit(cache=cache, **OPTIONS)(function))


def interleaved_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel whose loops, and those of its helpers, keep INTERLEAVED vectors in flight; for kernels where that pays."""
    return _with_vectors(INTERLEAVED, lambda cache: njit(cache=cache, **OPTIONS)(function))


def inlined_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel inlined into its callers before typing; compiled separately only where Python calls it.

    A `kernel` that another one calls is optimized alone and again with its caller, which makes a first run slower.
    """
    return _with_vectors(INTERLEAVED, lambda cache: njit(cache=cache, inline="always", **OPTIONS)(function))


def callback(signature: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator: compile a function that C code can call, kept on disk like a kernel. Its `address` is its entry point."""
    return lambda function: _kept(lambda cache: cfunc(signature, cache=cache)(function))


def _kept(compiled: Callable[[bool], Any]) -> Any:
    """Compile with a cache, or without one where numba refuses because it cannot write a directory or file for it."""
    global is_kept
    try:
        kept = compiled(True)
    except (RuntimeError, OSError):
        is_kept = False
        return compiled(False)
    kept._cache._cache_file._version += f" {SOURCES}"  # cached code of another version is not even unpickled
    kept._cache.save_overload = _saved_if_it_can_be(kept._cache.save_overload)
    return kept


def _with_vectors(count: int, compiled: Callable[[bool], Any]) -> Callable[..., Any]:
    """Compile a kernel whose loops have `count` vectors in flight."""
    made = _kept(compiled)
    interleaving.counts[made] = count
    return made  # type: ignore[no-any-return]  # numba has no types


def _saved_if_it_can_be(save: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap numba's method that writes machine code: if it fails, as on a full disk, the code is just not kept."""

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


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Code inlined in place of its call before typing: only the kernel around it is compiled, for that kernel's types."""
    return njit(inline="always")(function)  # type: ignore[no-any-return]  # numba has no types
