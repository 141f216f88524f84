"""Card payments: card, place, category by exact quota, amount given the category."""

import numpy as np

from fastgen.kernels import fields, streams
from fastgen.kernels.jit import helper, inlined_kernel, interleaved_kernel
from fastgen.kernels.permutation import feistel, round_keys, walk_cycles
from fastgen.kernels.rng import below, high_product, philox, u32, u64


@helper
def amount(amounts, category, word_slot, word_offset):
    """Draw cents of one category, by two 32-bit words: an alias table picks the segment, uniform inside it."""
    slot = (u64(category) << u64(amounts.bits)) + (word_slot >> u64(32 - amounts.bits))
    fraction = (word_slot << u64(amounts.bits)) & u64(0xFFFFFFFF)
    segment = slot * u64(2) + u64(fraction >= amounts.threshold[slot])
    return u32(amounts.low[segment] + below(word_offset, amounts.width[segment]))


@helper
def amount_in_ranges(word_range, word_offset, ranges):
    """Draw cents without a category, by two 32-bit words: one chooses a range, uniform inside it."""
    found = 0
    while found < ranges.upper.size and word_range >= ranges.upper[found]:
        found += 1
    return u32(ranges.low[found] + below(word_offset, ranges.width[found]))


@helper
def amounts_in_ranges(cents, span, word_range, word_offset, ranges):
    """The same for many rows, a pass for each range, which vectorizes; span: uint32[n], scratch."""
    for i in range(cents.size):
        cents[i] = ranges.low[0]
        span[i] = ranges.width[0]
    for r in range(ranges.upper.size):
        upper = ranges.upper[r]
        further = u32(ranges.low[r + 1] - ranges.low[r])
        wider = u32(ranges.width[r + 1] - ranges.width[r])
        for i in range(cents.size):
            is_past = u32(word_range[i] >= upper)
            cents[i] += u32(is_past * further)
            span[i] += u32(is_past * wider)
    for i in range(cents.size):
        cents[i] += high_product(word_offset[i], span[i])


@helper
def class_of(number, quota):
    """The class whose range of numbers holds `number`."""
    found = quota.first[number >> u64(quota.shift)]
    while number >= quota.upper[found]:
        found += 1
    return found


@helper
def category_holding(cents, payments):
    """The first category that holds the amount below its greatest price, or else the first whose greatest price it is."""
    found = -1
    for category in range(payments.category_low.size):
        if payments.category_low[category] <= cents <= payments.category_high[category]:
            if cents < payments.category_high[category]:
                return category
            if found < 0:
                found = category
    return found


@interleaved_kernel
def quota_classes(out, first, quota, left, right):
    """Assign classes to items first, first + 1, ... of an exact quota in random order.

    Args:
        out: uint8[n], filled. left, right: uint32[n], scratch.
    """
    columns = np.int64(quota.keys[2])
    keys = round_keys(quota.keys)
    row = first // columns
    column = first % columns
    done = 0
    while done < out.size:
        # Along one row of the grid only the column changes: no division, and the loop vectorizes.
        run = min(out.size - done, columns - column)
        lefts = left[done : done + run]
        rights = right[done : done + run]
        for j in range(run):
            lefts[j], rights[j] = feistel(u32(row), u32(column + j), keys)
        done += run
        row += 1
        column = 0
    walk_cycles(left, right, quota.keys)
    for j in range(out.size):
        out[j] = class_of(u64(left[j]) * u64(columns) + u64(right[j]), quota)


@inlined_kernel
def payment_rows(out, first, payments, word_slot, word_offset, needed):
    """Draw card, place, category and cents of the payments first, first + 1, ...

    Args:
        out: windows.Drawn; `card`, `place`, `category` and `cents` are filled.
        word_slot, word_offset: uint32[n], scratch. needed: see `merge`; without them, categories and cents are left undefined.
    """
    if needed & (fields.CATEGORY | fields.CENTS):
        quota_classes(out.category, first, payments.quota, word_slot, word_offset)
    card = out.card
    place = out.place
    for j in range(card.size):
        w0, w1, w2, w3 = philox(payments.seed, streams.PAYMENT, u64(first + j), 0)
        card[j] = below(w0, u32(payments.cards))
        place[j] = below(w1, u32(payments.places))
        word_slot[j] = w2
        word_offset[j] = w3
    for j in range(card.size if needed & fields.CENTS else 0):
        out.cents[j] = amount(payments.amounts, out.category[j], u64(word_slot[j]), u64(word_offset[j]))
