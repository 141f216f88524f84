"""Event times: sorted uniform times inside a window, sorting injected events, merging both."""

import numpy as np

from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.rng import TIMES, TWO_52_BITS, bits_to_float, minus_log, philox, u32, u64

DIGIT_BITS = 12
END_OF_TIME = np.int32(2**31 - 1)
LAST = u64(END_OF_TIME) << u64(32)
"""A key behind all events."""


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


@helper
def radix_pass(source, target, counts, shift, bits):
    """Move keys to where they belong by one digit, those with the same digit in the order they have."""
    mask = (u64(1) << bits) - u64(1)
    counts[: (1 << bits) + 1] = 0
    for i in range(source.size):
        counts[((source[i] >> shift) & mask) + u64(1)] += 1
    for i in range(1 << bits):
        counts[i + 1] += counts[i]
    for i in range(source.size):
        digit = (source[i] >> shift) & mask
        target[counts[digit]] = source[i]
        counts[digit] += 1


@kernel
def order_by_second(keys, spare, seconds, origin, width, counts):
    """A stable radix sort of events by time.

    Args:
        keys: uint64[n + 1], filled: the second from `origin` on in the high half, the index in the low half, and behind
            the last a key that is greater than all.
        spare: uint64[n + 1], scratch. counts: int64[4096 + 1], scratch.
        seconds: int32[n], in [origin, origin + width).
    """
    n = seconds.size
    for i in range(n):
        keys[i] = (u64(seconds[i] - origin) << u64(32)) | u64(i)
    bits = u64(1)
    while u64(width - 1) >> bits:
        bits += u64(1)
    # An even number of passes, so that the keys end where they began.
    passes = u64(2) if bits <= u64(2 * DIGIT_BITS) else u64(4)
    digit = (bits + passes - u64(1)) // passes
    for step in range(0, passes, 2):
        shift = u64(32) + u64(step) * digit
        radix_pass(keys[:n], spare[:n], counts, shift, digit)
        radix_pass(spare[:n], keys[:n], counts, shift + digit, digit)
    keys[n] = LAST


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


@helper
def rows_in_order(payment_rows, event_rows, seconds, keys, event, origin):
    """Where each payment and each event comes in their common order; at equal seconds payments come first.

    Which of the two comes next cannot be predicted, so there is no branch on it: the row is written down for both,
    and for the one that does not get it a later row takes its place.
    """
    payment = u64(0)
    event = u64(event)
    taken = u64(0)
    for row in range(payment_rows.size + event_rows.size - 2):
        key = keys[event + taken]
        injected = u64(np.int64(key >> u64(32)) + origin < np.int64(seconds[payment]))
        payment_rows[payment] = row
        event_rows[taken] = row
        taken += injected
        payment += u64(1) - injected


@kernel
def merge(out, payments, keys, event, events, origin, place_latitude, place_longitude, day_offset, spare):
    """Merge sorted payments and injected events.

    Args:
        out: Block, all of it filled: with all payments and as many events as there is room for besides.
        payments: Block with room for one row more; its positions, `walked` and `label` are not read: a payment is at its place.
        keys: as `order_by_second` leaves them, from position `event` on. events: Events. origin: of the keys.
        day_offset: seconds from midnight to the start of the period. spare: uint32[rows + 2], scratch.
    """
    ordinary = payments.second.size - 1
    payments.second[ordinary] = END_OF_TIME
    injected = out.second.size - ordinary
    payment_rows = spare[: ordinary + 1]
    event_rows = spare[ordinary + 1 : ordinary + injected + 2]
    rows_in_order(payment_rows, event_rows, payments.second, keys, event, origin)
    for i in range(ordinary):
        row = payment_rows[i]
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
    for i in range(injected):
        row = event_rows[i]
        record = keys[u64(event + i)] & u64(0xFFFFFFFF)
        word_0 = events.record[record, 0]
        word_1 = events.record[record, 1]
        word_2 = events.record[record, 2]
        out.second[row] = np.int32(word_0) + day_offset
        out.card[row] = word_0 >> u64(32)
        out.category[row] = np.uint8(word_1 >> u64(48))
        out.cents[row] = u32(word_1)
        out.place[row] = np.uint16(word_1 >> u64(32))
        out.latitude[row] = np.int32(word_2)
        out.longitude[row] = np.int32(word_2 >> u64(32))
        out.walked[row] = np.uint8(word_1 >> u64(56)) & np.uint8(1)
        out.label[row] = np.int8(word_1 >> u64(57))
