"""Event times: sorted uniform times inside a window, sorting of injected events, and merging of both."""

import numpy as np

from fastgen.kernels import fields, streams
from fastgen.kernels.jit import helper, inlined_kernel, kernel
from fastgen.kernels.memory import prefetch
from fastgen.kernels.rng import TWO_52_BITS, bits_to_float, minus_log, philox, u32, u64

DIGIT_BITS = 12
END_OF_TIME = np.int32(2**31 - 1)
LAST = u64(END_OF_TIME) << u64(32)
"""A key greater than those of all events."""
LANES = 4
"""Stretches of rows that are merged side by side in one loop."""
AHEAD = 16
"""How many events before it is needed a record is fetched: in time order they are spread over more memory than the cache holds."""
RECORD_BYTES = u64(24)
"""Three words, see `pack_event`."""


@inlined_kernel
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
        w0, w1, w2, w3 = philox(seed, streams.TIMES, j, window)
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
def when_word(second, card):
    """The first word of an event's record: second and card, from the low bits on."""
    return u64(u32(second)) | (u64(card) << u64(32))


@helper
def what_word(cents, place, category, walked, label):
    """The second word: cents, place, category, walked and label."""
    return u64(cents) | (u64(place) << u64(32)) | (u64(category) << u64(48)) | (u64(walked) << u64(56)) | (u64(label) << u64(57))


@helper
def where_word(latitude, longitude):
    """The third word: latitude and longitude."""
    return u64(u32(latitude)) | (u64(u32(longitude)) << u64(32))


@helper
def pack_event(record, at, second, card, category, cents, place, latitude, longitude, walked, label):
    """Write a row into a record."""
    record[at, 0] = when_word(second, card)
    record[at, 1] = what_word(cents, place, category, walked, label)
    record[at, 2] = where_word(latitude, longitude)


@helper
def radix_pass(source, target, counts, shift, bits):
    """Move keys to where they belong by one digit; those with the same digit keep their order."""
    mask = (u64(1) << bits) - u64(1)
    counts[: (1 << bits) + 1] = 0
    for i in range(source.size):
        counts[((source[i] >> shift) & mask) + u64(1)] += 1
    for i in range(1 << bits):
        counts[i + 1] += counts[i]
    for i in range(source.size):
        digit = (source[i] >> shift) & mask
        target[u64(counts[digit])] = source[i]
        counts[digit] += 1


@kernel
def order_by_second(keys, spare, seconds, origin, width, counts):
    """Sort events by time with a stable radix sort.

    Args:
        keys: uint64[n + 1], filled: seconds since `origin` in the high half, the event's index in the low half; then LAST,
            which is greater than all.
        spare: uint64[n + 1], scratch. counts: int64[4096 + 1], scratch.
        seconds: int32[n], in [origin, origin + width).
    """
    n = seconds.size
    # The keys are written to the scratch memory too, as the first pass is slow unless the cache holds all of it.
    for i in range(n):
        keys[i] = spare[i] = (u64(seconds[i] - origin) << u64(32)) | u64(i)
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


@helper
def payments_before(row, payments, seconds, keys, events, origin):
    """How many of the first `row` rows are payments.

    Source: Odeh, Green, Mwassi, Shmueli, Birk, "Merge Path", 2012.
    """
    low = max(row - events, 0)
    high = min(row, payments)
    while low < high:
        middle = (low + high) // 2
        if np.int64(seconds[middle]) <= np.int64(keys[row - middle - 1] >> u64(32)) + origin:
            low = middle + 1
        else:
            high = middle
    return u64(low)


@helper
def place_next(payment_rows, event_rows, row, payment, event, gap, seconds, keys, origin):
    """Write a row's number for both the next payment and the next event, and return which are next after it.

    Which of the two comes first cannot be predicted, so there is no branch on it: the number of the one that comes later
    is overwritten by a later row's.
    """
    injected = u64(np.int64(keys[event] >> u64(32)) + origin < np.int64(seconds[payment]))
    payment_rows[payment + gap] = row
    event_rows[event + gap] = row
    return payment + u64(1) - injected, event + injected


@inlined_kernel
def rows_in_order(payment_rows, event_rows, first, seconds, keys, payments, events, origin):
    """Find the row of each payment and each event in their common order; at equal seconds payments come first.

    Each row depends on the one before it, which is slow, so LANES quarters of the rows are merged side by side. Each quarter
    writes one number too many after its last payment and its last event, so there is a gap between quarters.

    Args:
        payment_rows, event_rows: uint32[payments + LANES], uint32[events + LANES], filled; quarter q begins at first[:, q] + q.
        first: uint64[2, LANES + 1], filled with the first payment and the first event of each quarter.
    """
    rows = payments + events
    quarter = rows // LANES
    for q in range(LANES + 1):
        row = rows if q == LANES else q * quarter
        first[0, q] = payments_before(row, payments, seconds, keys, events, origin)
        first[1, q] = u64(row) - first[0, q]
    p0, p1, p2, p3 = first[0, 0], first[0, 1], first[0, 2], first[0, 3]
    e0, e1, e2, e3 = first[1, 0], first[1, 1], first[1, 2], first[1, 3]
    for row in range(quarter):
        p0, e0 = place_next(payment_rows, event_rows, row, p0, e0, u64(0), seconds, keys, origin)
        p1, e1 = place_next(payment_rows, event_rows, row + quarter, p1, e1, u64(1), seconds, keys, origin)
        p2, e2 = place_next(payment_rows, event_rows, row + 2 * quarter, p2, e2, u64(2), seconds, keys, origin)
        p3, e3 = place_next(payment_rows, event_rows, row + 3 * quarter, p3, e3, u64(3), seconds, keys, origin)
    for row in range(LANES * quarter, rows):
        p3, e3 = place_next(payment_rows, event_rows, row, p3, e3, u64(3), seconds, keys, origin)


@helper
def scatter(out, rows, values):
    """out[rows[i]] = values[i]."""
    for i in range(rows.size):
        out[rows[i]] = values[i]


@inlined_kernel
def put_payments(out, rows, payments, first, place_latitude, place_longitude, day_offset, needed):
    """Write payments from number `first` on to their rows, a column at a time."""
    span = slice(first, first + rows.size)
    if needed & fields.SECOND:
        second = payments.second[span]
        for i in range(rows.size):
            out.second[rows[i]] = second[i] + day_offset
    if needed & fields.CARD:
        scatter(out.card, rows, payments.card[span])
    if needed & fields.CATEGORY:
        scatter(out.category, rows, payments.category[span])
    if needed & fields.CENTS:
        scatter(out.cents, rows, payments.cents[span])
    if needed & fields.PLACE:
        scatter(out.place, rows, payments.place[span])
    if needed & fields.POSITION:
        place = payments.place[span]
        for i in range(rows.size):
            out.latitude[rows[i]] = place_latitude[place[i]]
            out.longitude[rows[i]] = place_longitude[place[i]]


@inlined_kernel
def put_events(out, rows, keys, events, day_offset, needed):
    """Write events to their rows, an event at a time, since its record is in one piece; columns that share a word go together."""
    last = u64(rows.size - 1)
    for i in range(rows.size):
        row = rows[i]
        record = keys[i] & u64(0xFFFFFFFF)
        later = keys[min(u64(i) + u64(AHEAD), last)] & u64(0xFFFFFFFF)
        prefetch(events.record, later * RECORD_BYTES)
        if needed & fields.WHEN:
            word = events.record[record, 0]
            out.second[row] = np.int32(word) + day_offset
            out.card[row] = word >> u64(32)
        if needed & fields.WHAT:
            word = events.record[record, 1]
            out.cents[row] = u32(word)
            out.place[row] = np.uint16(word >> u64(32))
            out.category[row] = np.uint8(word >> u64(48))
            out.walked[row] = np.uint8(word >> u64(56)) & np.uint8(1)
            out.label[row] = np.int8(word >> u64(57))
        if needed & fields.POSITION:
            word = events.record[record, 2]
            out.latitude[row] = np.int32(word)
            out.longitude[row] = np.int32(word >> u64(32))


@kernel
def merge(out, payments, keys, event, events, origin, place_latitude, place_longitude, day_offset, spare, quarters, needed):
    """Merge sorted payments and injected events.

    Args:
        out: Block, filled: with all payments, and with events in the rows that remain.
        payments: windows.Drawn with space for one more row; a payment is at its place, and has no label.
        keys: as `order_by_second` leaves them, from position `event` on. events: Events. origin: of the keys.
        day_offset: seconds from midnight to the start of the period.
        spare: uint32[rows + 2 * LANES], scratch. quarters: uint64[2, LANES + 1], scratch.
        needed: bits of the columns of `out` to fill; the others are left undefined.
    """
    ordinary = payments.second.size - 1
    payments.second[ordinary] = END_OF_TIME
    injected = out.second.size - ordinary
    payment_rows = spare[: ordinary + LANES]
    event_rows = spare[ordinary + LANES : ordinary + injected + 2 * LANES]
    keys = keys[event:]
    rows_in_order(payment_rows, event_rows, quarters, payments.second, keys, ordinary, injected, origin)
    if needed & fields.LABEL:
        out.label[:] = 0
    if needed & fields.POSITION:
        out.walked[:] = 0
    for q in range(LANES):
        first, behind = quarters[0, q], quarters[0, q + 1]
        rows = payment_rows[first + u64(q) : behind + u64(q)]
        put_payments(out, rows, payments, first, place_latitude, place_longitude, day_offset, needed)
        first, behind = quarters[1, q], quarters[1, q + 1]
        put_events(out, event_rows[first + u64(q) : behind + u64(q)], keys[first:behind], events, day_offset, needed)
