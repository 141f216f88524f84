"""The longest part of a sequence that rises: what is in order, so that as little as possible is not.

Source: Schensted, Longest increasing and decreasing subsequences (1961), in the form of Fredman (1975) with links backward.
"""

from fastgen.kernels.jit import kernel


@kernel
def longest_rising(kept, values, tails, before):
    """Mark one of the longest strictly rising subsequences, and return how long it is.

    Args:
        kept: bool[n], filled. values: int64[n].
        tails: int64[n], scratch: where the least end of a rising subsequence of each length is.
        before: int64[n], scratch: what comes before each value in the longest one that it ends.
    """
    length = 0
    for i in range(values.size):
        low, high = 0, length
        while low < high:
            middle = (low + high) // 2
            if values[tails[middle]] < values[i]:
                low = middle + 1
            else:
                high = middle
        before[i] = tails[low - 1] if low else -1
        tails[low] = i
        length = max(length, low + 1)
        kept[i] = False
    at = tails[length - 1] if length else -1
    while at >= 0:
        kept[at] = True
        at = before[at]
    return length
