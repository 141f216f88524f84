"""The longest increasing subsequence: the values that are in order, so that as few as possible are not.

Source: Schensted, Longest increasing and decreasing subsequences (1961), in the form of Fredman (1975) with back links.
"""

from fastgen.kernels.jit import kernel


@kernel
def longest_increasing(kept, values, tails, before):
    """Mark one of the longest strictly increasing subsequences, and return its length.

    Args:
        kept: bool[n], filled. values: int64[n].
        tails: int64[n], scratch: by length, where the increasing subsequence with the least end has that end.
        before: int64[n], scratch: what comes before each value in the longest one that ends with it.
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
