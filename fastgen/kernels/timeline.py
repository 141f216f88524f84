"""Event times: sorted uniform times inside a window, sorting of injected events, and merging of both."""

import numpy as np

from fastgen.kernels import streams
from fastgen.kernels.jit import helper, inlined_kernel, kernel
from fastgen.kernels.records import put_records
from fastgen.kernels.rng import TWO_52_BITS, bits_to_float, minus_log, philox, u32, u64

DIGIT_BITS = 12
LAST = u64(2**31 - 1) << u64(32)
"""A key greater than those of all events."""
END = u64(2**64 - 1)
"""What is greater than all keys."""
LANES = 4
"""Stretches of rows that are merged side by side in one loop."""


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
    for j in range(4 * quarter):
        spacing[j] = minus_log((spacing[j] - 4503599627370495.0) * (1.0 / 4294967296.0))
    sum_0 = sum_1 = sum_2 = sum_3 = 0.0
    for j in range(quarter):
        # Four sums side by side, as each addition waits for the one before.
        spacing[j] = sum_0 = sum_0 + spacing[j]
        spacing[j + quarter] = sum_1 = sum_1 + spacing[j + quarter]
        spacing[j + 2 * quarter] = sum_2 = sum_2 + spacing[j + 2 * quarter]
        spacing[j + 3 * quarter] = sum_3 = sum_3 + spacing[j + 3 * quarter]
    before = (0.0, sum_0, sum_0 + sum_1, sum_0 + sum_1 + sum_2)
    scale = np.float64(width) / (before[n // quarter] + spacing[n])
    last = np.float64(width - 1)
    for part in range(4):
        first, behind = min(part * quarter, n), min((part + 1) * quarter, n)
        times, sums, start = seconds[first:behind], spacing[first:behind], before[part]
        for j in range(times.size):
            times[j] = np.int32(low) + np.int32(min((start + sums[j]) * scale, last))


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
def fill_bounds(bounds, seconds, origin):
    """Write for each payment the least key of an event that comes after it, and a last one that no key reaches."""
    for i in range(seconds.size):
        bounds[i] = u64(seconds[i] - origin) << u64(32)
    bounds[seconds.size] = END


@helper
def payments_before(row, bounds, keys, payments, events):
    """How many of the first `row` rows are payments.

    Source: Odeh, Green, Mwassi, Shmueli, Birk, "Merge Path", 2012.
    """
    low = max(row - events, 0)
    high = min(row, payments)
    while low < high:
        middle = (low + high) // 2
        if bounds[middle] <= keys[row - middle - 1]:
            low = middle + 1
        else:
            high = middle
    return u64(low)


@helper
def put_source(source, row, payment, bounds, keys, first):
    """Write the number of a row's record, and return how many payments there are up to this row.

    Which of the next payment and the next event comes first cannot be predicted, so there is no branch on it.
    """
    key = keys[row - payment]
    is_payment = bounds[payment] <= key
    source[row] = u32(payment + first) if is_payment else u32(key)
    return payment + u64(is_payment)


@inlined_kernel
def sources_in_order(source, rows, bounds, keys, first):
    """Find the record of each row: payments and events in their common order; at equal seconds payments come first.

    Each row depends on the one before it, which is slow, so LANES quarters of the rows are merged side by side.

    Args:
        source: uint32[rows or more], filled. bounds: see `fill_bounds`. first: the number of the first payment's record.
    """
    payments = bounds.size - 1
    quarter = u64(rows // LANES)
    at_1, at_2, at_3 = quarter, u64(2) * quarter, u64(3) * quarter
    p0 = u64(0)
    p1 = payments_before(np.int64(at_1), bounds, keys, payments, rows - payments)
    p2 = payments_before(np.int64(at_2), bounds, keys, payments, rows - payments)
    p3 = payments_before(np.int64(at_3), bounds, keys, payments, rows - payments)
    for row in range(quarter):
        p0 = put_source(source, row, p0, bounds, keys, first)
        p1 = put_source(source, at_1 + row, p1, bounds, keys, first)
        p2 = put_source(source, at_2 + row, p2, bounds, keys, first)
        p3 = put_source(source, at_3 + row, p3, bounds, keys, first)
    for row in range(u64(LANES) * quarter, u64(rows)):
        p3 = put_source(source, row, p3, bounds, keys, first)


@kernel
def merge(out, seconds, keys, event, records, first, origin, day_offset, bounds, source, words, needed):
    """Merge sorted payments and injected events.

    Args:
        out: Block, filled: with all payments, and with events in the rows that remain.
        seconds: int32[payments], of the payments, at least `origin`.
        keys: as `order_by_second` leaves them, from position `event` on. origin: of the keys.
        records: uint64, those of events where the keys say, those of payments one after the other from number `first` on.
        day_offset: seconds from midnight to the start of the period.
        bounds: uint64[payments + 1], scratch. source: uint32[rows + records.AHEAD], scratch. words: see `put_records`.
        needed: bits of the columns of `out` to fill; the others are left undefined.
    """
    fill_bounds(bounds, seconds, origin)
    sources_in_order(source, out.second.size, bounds, keys[event:], u64(first))
    put_records(out, records, source, words, day_offset, needed)
