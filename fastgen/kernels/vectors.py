"""How loops of kernels are vectorized: how wide the vectors are, and how many of one loop are in flight."""

from typing import Any
from weakref import WeakKeyDictionary

from llvmlite import binding
from numba.core import config, event
from numba.core.codegen import get_host_cpu_features

FEATURES = (get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES).split(",")
"""What kernels are compiled for, the processor's features or NUMBA_CPU_FEATURES: LLVM's names, each after a plus or a minus."""

WIDEST = 16 if "+avx512vbmi2" in FEATURES else 8
"""Words of 32 bits in the widest vectors that pay."""

WHOLE_REGISTERS = '"prefer-vector-width"="512"'
"""LLVM's attribute of a function whose loops may fill AVX-512's registers. By default it uses half of each on Intel's
processors (not on AMD's), as the first ones lowered their clock for full vectors; those with VBMI2, from 2019 on, hardly do."""
ALIGNED_STACK = f"alignstack({4 * WIDEST})"
"""The attribute of a function whose stack is aligned for the vectors that do not fit into registers. A stack begins at any multiple
of 16 bytes, so that most of these vectors would be in two cache lines, in some processes and not in others."""
ATTRIBUTES = {ALIGNED_STACK, WHOLE_REGISTERS} if WIDEST == 16 else {ALIGNED_STACK}
"""What every kernel and helper is compiled with."""

INTERLEAVED = 4
"""Vectors of a loop that are in flight at a time. A draw is a chain of a hundred instructions each of which waits for the one
before, so one vector leaves most of the processor idle; by default LLVM adds a second one only if a loop is short."""
AS_LLVM_SEES_FIT = 0


class Interleaving(event.Listener):  # type: ignore[misc]  # numba has no types
    """Sets LLVM's option for each kernel that is compiled. The option is process-wide, but compiling requires numba's lock.

    counts: vectors in flight for each kernel.
    """

    def __init__(self) -> None:
        self.counts: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._begun = [AS_LLVM_SEES_FIT]

    def on_start(self, begun: Any) -> None:
        """Begin a function, perhaps within another: a helper is compiled like its kernel, whose loops it becomes a part of."""
        self._begun.append(self.counts.get(begun.data["dispatcher"], self._begun[-1]))
        self._interleave(self._begun[-2])

    def on_end(self, _: Any) -> None:
        self._interleave(self._begun.pop())

    def _interleave(self, before: int) -> None:
        if self._begun[-1] != before:
            binding.set_option("fastgen", f"-force-vector-interleave={self._begun[-1]}")


interleaving = Interleaving()
event.register("numba:compile", interleaving)
