"""Event times: sorted uniform times inside a window, sorting injected events, merging both."""

import numpy as np

from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.rng import TIMES, TWO_52_BITS, bits_to_float, minus_log, philox, u32, u64

DIGIT_BITS = 12
END_OF_TIME = np.int32(2**31 - 1)
LAST = u64(END_OF_TIME) << u64(32)
"""A key behind all events. Its record is the first one: read with the others, never taken."""


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


@helper
def pack_event(record, at, second, card, category, cents, place, latitude, longitude, walked, label):
    """Write a row into a record: second and card, cents to label, latitude and longitude, each from low to high bits."""
    flags = (u64(category) << u64(48)) | (u64(walked) << u64(56)) | (u64(label) << u64(57))
    record[at, 0] = u64(u32(second)) | (u64(card) << u64(32))
    record[at, 1] = u64(cents) | (u64(place) << u64(32)) | flags
    record[at, 2] = u64(u32(latitude)) | (u64(u32(longitude)) << u64(32))


@kernel
def order_by_second(keys, spare, seconds, origin, width, counts):
    """A stable radix sort of events by time.

    Args:
        keys, spare: uint64[n + 1]; the result is in the one that is returned: the second from `origin` on in the high
            half, the index in the low half, and behind the last a key that is greater than all.
        seconds: int32[n], in [origin, origin + width).
        counts: int64[4096 + 1], scratch.
    """
    n = seconds.size
    for i in range(n):
        keys[i] = (u64(seconds[i] - origin) << u64(32)) | u64(i)
    shift = u64(32)
    while shift == u64(32) or u64(width - 1) >> (shift - u64(32)):
        counts[:] = 0
        for i in range(n):
            counts[((keys[i] >> shift) & u64(4095)) + u64(1)] += 1
        for i in range(4096):
            counts[i + 1] += counts[i]
        for i in range(n):
            digit = (keys[i] >> shift) & u64(4095)
            spare[counts[digit]] = keys[i]
            counts[digit] += 1
        keys, spare = spare, keys
        shift += u64(DIGIT_BITS)
    keys[n] = LAST
    return keys


@kernel
def first_from(keys, start, second):
    """The first position >= start in sorted keys whose event is not before `second` (from the keys' origin on)."""
    low = start
    high = keys.size - 1
    while low < high:
        middle = (low + high) // 2
        if np.int64(keys[middle] >> u64(32)) < second:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def merge(out, payments, keys, event, events, origin, place_latitude, place_longitude, day_offset):
    """Merge sorted payments and injected events; at equal seconds payments come first.

    Which of the two comes next cannot be predicted, so there is no branch on it: both candidates are at hand.

    Args:
        out: Block, all of it filled: with all payments and as many events as there is room for besides.
        payments: Block with room for one row more; its positions, `walked` and `label` are not read: a payment is at its place.
        keys: as `order_by_second` leaves them, from position `event` on. events: Events. origin: of the keys.
        day_offset: seconds from midnight to the start of the period.
    """
    payment = 0
    end = payments.second.size - 1
    payments.second[end] = END_OF_TIME
    payments.place[end] = 0
    for row in range(out.second.size):
        place = payments.place[payment]
        category = payments.category[payment]
        second = payments.second[payment]
        key = keys[event]
        record = key & u64(0xFFFFFFFF)
        injected = np.int64(key >> u64(32)) + origin < second
        word_0 = u64(u32(second)) | (u64(payments.card[payment]) << u64(32))
        word_1 = u64(payments.cents[payment]) | (u64(place) << u64(32)) | (u64(category) << u64(48))
        word_2 = u64(u32(place_latitude[place])) | (u64(u32(place_longitude[place])) << u64(32))
        event_0 = events.record[record, 0]
        event_1 = events.record[record, 1]
        event_2 = events.record[record, 2]
        word_0 = event_0 if injected else word_0
        word_1 = event_1 if injected else word_1
        word_2 = event_2 if injected else word_2
        event += np.int64(injected)
        payment += 1 - np.int64(injected)
        out.second[row] = np.int32(word_0) + day_offset
        out.card[row] = word_0 >> u64(32)
        out.cents[row] = u32(word_1)
        out.place[row] = np.uint16(word_1 >> u64(32))
        out.category[row] = np.uint8(word_1 >> u64(48))
        out.walked[row] = np.uint8(word_1 >> u64(56)) & np.uint8(1)
        out.label[row] = np.int8(word_1 >> u64(57))
        out.latitude[row] = np.int32(word_2)
        out.longitude[row] = np.int32(word_2 >> u64(32))
