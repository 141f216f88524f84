"""How many bytes two texts have in common at their start."""

from typing import Any

import numpy as np

from fastgen.kernels.jit import kernel
from fastgen.kernels.memory import load_8

u64 = np.uint64

STRIDE = 4096
"""Bytes that are compared before it is asked whether all of them are equal."""


@kernel
def common_start(one: Any, other: Any) -> int:
    """Count the first bytes that two texts have in common.

    Args:
        one, other: uint8[n].
    """
    same = 0
    while same + STRIDE <= one.size:
        differing = u64(0)
        for i in range(same, same + STRIDE, 8):
            differing |= load_8(one, i) ^ load_8(other, i)
        if differing:
            break
        same += STRIDE
    while same < one.size and one[same] == other[same]:
        same += 1
    return same
