"""Counts of events by where they fall: binomial draws, and recursive splitting of a total by them.

Sources:
    Binomial draws: Hormann, "The Generation of Binomial Random Variates", 1993 (algorithm BTRS).
    Waiting times: Devroye, "Non-Uniform Random Variate Generation", 1986, X.4.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.bits import ones
from fastgen.kernels.jit import helper, inlined_kernel, interleaved_kernel
from fastgen.kernels.memory import leading_zeros
from fastgen.kernels.rng import log, minus_log, philox, u64, uniform

SIDE_BY_SIDE = 4096
"""Leaves, at most, of a tree that is split level by level; a power of two."""
COINS = u64(128)
"""Coins of a draw: its bits."""
MOST_TOSSED = 1024
"""The most events that are divided between two equal sides by tossing a coin for each. Few nodes have more."""


class Splitting(NamedTuple):
    """Scratch memory of `split_counts`.

    stack: uint64[3, 64], ranges of leaves still to be split. edges: int64[2, SIDE_BY_SIDE + 1], of the ranges of two levels.
    The next arrays, [SIDE_BY_SIDE], are for the nodes of a level that are drawn by waiting times. node: int64, twice the position
    in the level, plus one if the drawn count goes to the right. drawn: int64, that count. For the nodes still waiting for another
    success: slot: int64, index into `drawn`. number: uint64, of the node. left: float64, trials left. rate, wait: float64,
    see `next_waits`. tossed: uint64[4, SIDE_BY_SIDE], for nodes with two equal sides: position in the level, number, count, and the
    count of the left side.
    """

    stack: NDArray[np.uint64]
    edges: NDArray[np.int64]
    node: NDArray[np.int64]
    drawn: NDArray[np.int64]
    slot: NDArray[np.int64]
    number: NDArray[np.uint64]
    left: NDArray[np.float64]
    rate: NDArray[np.float64]
    wait: NDArray[np.float64]
    tossed: NDArray[np.uint64]

    @classmethod
    def empty(cls) -> "Splitting":
        """Uninitialized memory."""
        size = SIDE_BY_SIDE
        left, rate, wait = np.empty((3, size))
        return cls(
            np.empty((3, 64), np.uint64),
            np.empty((2, size + 1), np.int64),
            np.empty(size, np.int64),
            np.empty(size, np.int64),
            np.empty(size, np.int64),
            np.empty(size, np.uint64),
            left,
            rate,
            wait,
            np.empty((4, size), np.uint64),
        )


@helper
def stirling_tail(k):
    """ln(k!) minus Stirling's approximation, k >= 0 (Hormann 1993, table and series)."""
    if k == 0:
        return 0.08106146679532726
    if k == 1:
        return 0.04134069595540929
    if k == 2:
        return 0.02767792568499834
    if k == 3:
        return 0.02079067210376509
    if k == 4:
        return 0.01664469118982119
    if k == 5:
        return 0.01387612882307075
    if k == 6:
        return 0.01189670994589177
    if k == 7:
        return 0.01041126526197209
    if k == 8:
        return 0.009255462182712733
    if k == 9:
        return 0.008330563433362871
    next_k = np.float64(k + 1)
    square = next_k * next_k
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / next_k


@helper
def binomial_many(seed, stream, index, n, p):
    """Draw Binomial(n, p) for p <= 1/2, n * p >= 10 by transformed rejection (BTRS)."""
    count = np.float64(n)
    spread = np.sqrt(count * p * (1.0 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = count * p + 0.5
    accept = 0.92 - 4.2 / b
    odds = p / (1.0 - p)
    alpha = (2.83 + 5.1 / b) * spread
    mode = np.floor((count + 1.0) * p)
    lane = 0
    while True:
        w0, w1, w2, w3 = philox(seed, stream, index, lane)
        lane += 1
        u = uniform(w0, w1) - 0.5
        v = uniform(w2, w3)
        us = 0.5 - abs(u)
        k = np.floor((2.0 * a / us + b) * u + c)
        if us >= 0.07 and v <= accept:
            return np.int64(k)
        if k < 0.0 or k > count:
            continue
        height = log(v * alpha / (a / (us * us) + b))
        bound = (
            (mode + 0.5) * log((mode + 1.0) / (odds * (count - mode + 1.0)))
            + (count + 1.0) * log((count - mode + 1.0) / (count - k + 1.0))
            + (k + 0.5) * log(odds * (count - k + 1.0) / (k + 1.0))
            + stirling_tail(np.int64(mode))
            + stirling_tail(np.int64(count - mode))
            - stirling_tail(np.int64(k))
            - stirling_tail(np.int64(count - k))
        )
        if height <= bound:
            return np.int64(k)


@inlined_kernel
def next_waits(few, count, seed, stream, lane):
    """Draw how many trials fail before each node's next success: geometric, by the logarithm of a uniform number."""
    number = few.number[:count]
    rate = few.rate[:count]
    wait = few.wait[:count]
    for i in range(count):
        w0, w1, _, _ = philox(seed, stream, number[i], lane)
        wait[i] = np.floor(minus_log(uniform(w0, w1)) / rate[i])


@helper
def middle_of(low, high):
    """Where a range of two leaves or more is cut. On the left are a power of two of them, so that most cuts leave equal halves."""
    half = np.int64(1) << (np.int64(63) - np.int64(leading_zeros(u64(high - low - 1))))
    return low + half


@helper
def heads(word_0, word_1, word_2, word_3, count):
    """How many of the first `count` bits of four words are set."""
    low, high = word_0 | (word_1 << u64(32)), word_2 | (word_3 << u64(32))
    dropped_low, dropped_high = u64(64) - min(count, u64(64)), COINS - max(count, u64(64))
    # A shift by 64 is undefined: two shifts instead.
    low = (low << (dropped_low >> u64(1))) << (dropped_low - (dropped_low >> u64(1)))
    high = (high << (dropped_high >> u64(1))) << (dropped_high - (dropped_high >> u64(1)))
    return ones(low) + ones(high)


@inlined_kernel
def toss_all(numbers, counts, heads_of, seed, stream):
    """Toss as many coins as each node has events; heads_of: uint64[n], filled with how many fell to the left."""
    most = u64(0)
    for i in range(counts.size):
        most = max(most, counts[i])
        heads_of[i] = 0
    for lane in range((most + COINS - u64(1)) // COINS):
        before = COINS * u64(lane)
        for i in range(counts.size):
            w0, w1, w2, w3 = philox(seed, stream, numbers[i], lane)
            heads_of[i] += heads(w0, w1, w2, w3, min(counts[i] - min(counts[i], before), COINS))


@helper
def settle(counts, edges, node, drawn):
    """Split the count of a node: the drawn count goes to one side, the rest to the other."""
    low, high = edges[node >> 1], edges[(node >> 1) + 1]
    first = counts[low] - drawn if node & 1 else drawn
    counts[middle_of(low, high)] = counts[low] - first
    counts[low] = first


@inlined_kernel
def wait_for_all(few, count, seed, stream):
    """Draw Binomial(n, p) for p <= 1/2, n * p < 10, for many nodes side by side, by adding geometric waiting times.

    The number of successes that fit into n trials is written to `few.drawn`.
    """
    for i in range(count):
        few.slot[i] = i
    lane = 0
    while count:
        next_waits(few, count, seed, stream, lane)
        kept = 0
        for i in range(count):
            slot = few.slot[i]
            # No branch, as whether a node goes on is unpredictable: later writes replace earlier ones.
            few.drawn[slot] = lane
            few.slot[kept] = slot
            few.number[kept] = few.number[i]
            few.rate[kept] = few.rate[i]
            # If the rate is 0, the wait is infinite or NaN.
            goes_on = few.wait[i] < few.left[i]
            few.left[kept] = few.left[i] - (few.wait[i] + 1.0)
            kept += np.int64(goes_on)
        count = kept
        lane += 1


@inlined_kernel
def split_level(counts, leaves, edges, nodes, first, seed, stream, few):
    """Split the counts of all ranges of a level in two; leaves: the `edges` of `split_counts`."""
    count = tosses = 0
    for j in range(nodes):
        low, high = edges[j], edges[j + 1]
        if high - low < 2:
            continue
        n = counts[low]
        if n == 0:
            continue
        middle = middle_of(low, high)
        left, right = leaves[middle] - leaves[low], leaves[high] - leaves[middle]
        if left == right and n <= MOST_TOSSED:
            few.tossed[0, tosses] = j
            few.tossed[1, tosses] = first + u64(j)
            few.tossed[2, tosses] = n
            tosses += 1
            continue
        p = np.float64(left) / np.float64(left + right)
        q = min(p, 1.0 - p)
        node = 2 * j + np.int64(p > 0.5)
        if 1.0 - q == 1.0:  # zero or nearly so: the first success would never come
            settle(counts, edges, node, 0)
        elif np.float64(n) * q < 10.0:
            few.node[count] = node
            few.number[count] = first + u64(j)
            few.left[count] = np.float64(n)
            few.rate[count] = 1.0 - q
            count += 1
        else:
            settle(counts, edges, node, binomial_many(seed, stream, first + u64(j), n, q))
    for i in range(count):
        few.rate[i] = max(minus_log(few.rate[i]), 0.0)
    wait_for_all(few, count, seed, stream)
    for i in range(count):
        settle(counts, edges, few.node[i], few.drawn[i])
    toss_all(few.tossed[1][:tosses], few.tossed[2][:tosses], few.tossed[3][:tosses], seed, stream)
    for i in range(tosses):
        settle(counts, edges, np.int64(2 * few.tossed[0, i]), np.int64(few.tossed[3, i]))


@inlined_kernel
def split_levels(counts, leaves, low, high, most, first, seed, stream, scratch):
    """Split the count of a range, counts[low], level by level until it has `most` parts or more.

    Draws of one level do not depend on each other. A range of one leaf is cut into none and one.
    """
    edges, finer = scratch.edges[0], scratch.edges[1]
    edges[0], edges[1] = low, high
    nodes = 1
    while nodes < most:
        split_level(counts, leaves, edges, nodes, first, seed, stream, scratch)
        for j in range(nodes):
            finer[2 * j] = edges[j]
            finer[2 * j + 1] = middle_of(edges[j], edges[j + 1]) if edges[j + 1] - edges[j] > 1 else edges[j]
        finer[2 * nodes] = high
        edges, finer = finer, edges
        nodes *= 2
        first *= u64(2)


@interleaved_kernel
def split_counts(counts, seed, stream, total, edges, scratch):
    """Distribute `total` events over the leaves of a tree by recursive binomial splitting.

    The result is one multinomial draw with probabilities proportional to the leaves' widths. The number
    of a node is the index of its draws (the root is 1, the children of node v are 2v and 2v + 1).

    Args:
        counts: int64[leaves], filled.
        edges: int64[leaves + 1], non-decreasing; leaf i has the width edges[i + 1] - edges[i].
        scratch: Splitting.
    """
    first = scratch.stack[0].view(np.int64)
    last = scratch.stack[1].view(np.int64)
    node = scratch.stack[2]
    first[0], last[0], node[0] = 0, counts.size, 1
    counts[:] = 0
    counts[:1] = total
    depth = 0 if counts.size else -1
    while depth >= 0:
        low, high, number = first[depth], last[depth], node[depth]
        depth -= 1
        if counts[low] == 0:
            continue
        is_small = high - low <= SIDE_BY_SIDE
        split_levels(counts, edges, low, high, high - low if is_small else 2, number, seed, stream, scratch)
        if not is_small:
            middle = middle_of(low, high)
            first[depth + 1], last[depth + 1], node[depth + 1] = middle, high, u64(2) * number + u64(1)
            first[depth + 2], last[depth + 2], node[depth + 2] = low, middle, u64(2) * number
            depth += 2
