"""Event times: sorted uniform times inside a window, sorting injected events, merging both."""

import numpy as np

from fastgen.kernels.jit import kernel
from fastgen.kernels.rng import TIMES, TWO_52_BITS, bits_to_float, minus_log, philox

DIGIT_BITS = 12


@kernel
def sorted_times(seconds, seed, window, low, width, spacing):
    """Fill `seconds` with sorted times, uniform over the whole seconds [low, low + width).

    The order statistics of n uniform times are the partial sums of n + 1 exponential spacings over
    their total (Devroye, "Non-Uniform Random Variate Generation", 1986, V.2).

    Args:
        seconds: int32[n], filled.
        spacing: float64, scratch of at least n + 4.
    """
    n = seconds.size
    quarter = (n + 4) // 4
    for j in range(quarter):
        w0, w1, w2, w3 = philox(seed, TIMES, j, window)
        spacing[j] = bits_to_float(w0 | TWO_52_BITS)
        spacing[j + quarter] = bits_to_float(w1 | TWO_52_BITS)
        spacing[j + 2 * quarter] = bits_to_float(w2 | TWO_52_BITS)
        spacing[j + 3 * quarter] = bits_to_float(w3 | TWO_52_BITS)
    for j in range(n + 1):
        spacing[j] = minus_log((spacing[j] - 4503599627370495.0) * (1.0 / 4294967296.0))
    total = 0.0
    for j in range(n + 1):
        total += spacing[j]
        spacing[j] = total
    scale = np.float64(width) / total
    start = np.int32(low)
    last = np.float64(width - 1)
    for j in range(n):
        seconds[j] = start + np.int32(min(spacing[j] * scale, last))


@kernel
def order_by_second(order, spare, seconds, origin, width, counts):
    """A stable radix sort: the indices of `seconds` in time order.

    Args:
        order, spare: uint32[n]; the result is in the array that is returned, one of the two.
        seconds: int32[n], in [origin, origin + width).
        counts: int64[4096 + 1], scratch.
    """
    n = seconds.size
    for i in range(n):
        order[i] = i
    shift = 0
    while shift == 0 or (width - 1) >> shift:
        counts[:] = 0
        for i in range(n):
            counts[(((seconds[i] - origin) >> shift) & 4095) + 1] += 1
        for i in range(4096):
            counts[i + 1] += counts[i]
        for i in range(n):
            index = order[i]
            digit = ((seconds[index] - origin) >> shift) & 4095
            spare[counts[digit]] = index
            counts[digit] += 1
        order, spare = spare, order
        shift += DIGIT_BITS
    return order


@kernel
def first_from(order, seconds, start, second):
    """The first position >= start in `order` whose event is not before `second`."""
    low = start
    high = order.size
    while low < high:
        middle = (low + high) // 2
        if seconds[order[middle]] < second:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def merge(out, payments, events, order, place_latitude, place_longitude, day_offset):
    """Merge sorted payments and the injected events that `order` names; at equal seconds payments come first.

    Args:
        out: Block of payments + events rows, filled.
        payments: Block; its positions, `walked` and `label` are not read: a payment is at its place.
        events: Block; order: uint32, indices of the events that fall into this window, by time.
        day_offset: seconds from midnight to the start of the period.
    """
    n = payments.second.size
    i = 0
    row = 0
    for k in range(order.size + 1):
        e = np.int64(order[k]) if k < order.size else np.int64(-1)
        while i < n and (e < 0 or payments.second[i] <= events.second[e]):
            place = payments.place[i]
            out.second[row] = payments.second[i] + day_offset
            out.card[row] = payments.card[i]
            out.category[row] = payments.category[i]
            out.cents[row] = payments.cents[i]
            out.place[row] = place
            out.latitude[row] = place_latitude[place]
            out.longitude[row] = place_longitude[place]
            out.walked[row] = 0
            out.label[row] = 0
            i += 1
            row += 1
        if e >= 0:
            out.second[row] = events.second[e] + day_offset
            out.card[row] = events.card[e]
            out.category[row] = events.category[e]
            out.cents[row] = events.cents[e]
            out.place[row] = events.place[e]
            out.latitude[row] = events.latitude[e]
            out.longitude[row] = events.longitude[e]
            out.walked[row] = events.walked[e]
            out.label[row] = events.label[e]
            row += 1
