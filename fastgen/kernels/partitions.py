"""Find the partition of a message, and sort messages by partition.

Source of the hash: Appleby, MurmurHash2; the seed and the dropped sign bit are as in Apache Kafka's Java client, so that
producers in Java, Python and Spark put a key into the same partition.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.memory import load_8
from fastgen.kernels.rng import u32, u64

SEED = 0x9747B28C
MULTIPLIER = u32(0x5BD1E995)


@helper
def mixed(word):
    """Mix a word of the key before it goes into the hash."""
    word = u32(word * MULTIPLIER)
    return u32(u32(word ^ u32(word >> u32(24))) * MULTIPLIER)


@helper
def murmur2(text, start, size):
    """Hash `size` bytes from `start` on; eight bytes are read at a time, so SLACK bytes must follow."""
    value = u32(u32(SEED) ^ u32(size))
    for at in range(start, start + size - size % 4, 4):
        value = u32(u32(value * MULTIPLIER) ^ mixed(u32(load_8(text, at))))
    rest = size % 4
    if rest:
        last = u32(load_8(text, start + size - rest) & ((u64(1) << u64(8 * rest)) - u64(1)))
        value = u32(u32(value ^ last) * MULTIPLIER)
    value = u32(u32(value ^ u32(value >> u32(13))) * MULTIPLIER)
    return u32(value ^ u32(value >> u32(15)))


@kernel
def key_partitions(partitions: NDArray[np.int32], keys: NDArray[np.uint8], ends: NDArray[np.int64], count: int) -> None:
    """Find the partitions of keys, out of `count`.

    Args:
        partitions: int32[n], filled. keys: uint8, keys end to end and SLACK bytes. ends: int64[n + 1], 0 and where each key ends.
    """
    for i in range(partitions.size):
        value = murmur2(keys, ends[i], ends[i + 1] - ends[i])
        partitions[i] = u32(value & u32(0x7FFFFFFF)) % u32(count)


@kernel
def order_by_partition(order: NDArray[np.int32], starts: NDArray[np.int64], partitions: NDArray[np.int32], first: Any) -> None:
    """Sort messages first, first + 1, ... by partition; within a partition they keep their order.

    Args:
        order: int32[n], filled with the numbers of messages. starts: int64[count + 1], filled with where each partition begins.
        partitions: int32, of all messages.
    """
    starts[:] = 0
    for i in range(order.size):
        starts[partitions[first + i] + 1] += 1
    for partition in range(starts.size - 1):
        starts[partition + 1] += starts[partition]
    for i in range(order.size - 1, -1, -1):
        # Backwards, so that the order is kept; afterwards starts[p + 1] is where partition p begins.
        partition = partitions[first + i] + 1
        starts[partition] -= 1
        order[starts[partition]] = first + i
    for partition in range(starts.size - 1):
        starts[partition] = starts[partition + 1]
    starts[starts.size - 1] = order.size
