"""ATM withdrawals: sequences with a constant step, and the foreign ones of cloned cards."""

import numpy as np

from fastgen.kernels.jit import helper, interleaved_kernel, part
from fastgen.kernels.payments import amount
from fastgen.kernels.rng import (
    FOREIGN,
    SEQUENCE,
    WALK,
    WITHDRAWAL,
    below,
    feistel,
    grid_row,
    network,
    permute,
    philox,
    u32,
    u64,
    walk_cycle,
)
from fastgen.kernels.tables import CARD, CENTS, POSITION
from fastgen.kernels.timeline import pack_event
from fastgen.kernels.units import HOUR

AT_ONCE = 8
"""Sequences whose cells are written at once; a list needs so much room behind its last one."""


@helper
def write_cells(second, width, row, low, high, shift, sequences):
    """Where the start cells of a range's sequences lie, `shift` cells on, and how wide they are.

    Most cells have few sequences: a fixed number of them is written at once, and what is too much is overwritten.
    """
    at = u64(0)
    for cell in range(low, high):
        base = cell * sequences.cell_seconds
        cell_width = min(sequences.cell_seconds, sequences.period - base)
        base += shift * sequences.cell_seconds
        found = u64(sequences.offsets[row + cell + 1] - sequences.offsets[row + cell])
        for i in range(u64(AT_ONCE)):
            second[at + i] = base
            width[at + i] = cell_width
        if found > u64(AT_ONCE):
            for i in range(u64(AT_ONCE), found):
                second[at + i] = base
                width[at + i] = cell_width
        at += found


@part
def list_withdrawals(listed, first_cell, group_cells, sequences):
    """The sequences whose k-th withdrawal, if they have one, falls into a group of cells, for k = 1, 2, ...

    A group of cells seen k steps earlier is a range of start cells for each step.

    Args:
        listed: Listed; number, second (where the start's cell lies, k steps on), width and starts are filled.

    Returns:
        How many there are; where the arrays have less than AT_ONCE more, nothing or a part is filled.
    """
    starts = listed.starts
    count = 0
    per_hour = HOUR // sequences.cell_seconds
    cells = sequences.cells
    starts[0] = 0
    for k in range(1, sequences.shortest + sequences.lengths):
        starts[k] = count
        for step in range(sequences.steps):
            shift = k * (sequences.step_low + step) * per_hour
            low = max(first_cell - shift, 0)
            high = min(first_cell + group_cells - shift, cells)
            if low >= high:
                if high <= 0:
                    break
                continue
            row = step * cells
            if sequences.offsets[row + low] == sequences.offsets[row + high]:
                continue
            first = sequences.offsets[row + low]
            found = sequences.offsets[row + high] - first
            if count + found + AT_ONCE <= listed.number.size:
                number = listed.number[count : count + found]
                for i in range(found):
                    number[i] = u64(first + i)
                write_cells(listed.second[count:], listed.width[count:], row, low, high, shift, sequences)
            count += found
    starts[sequences.shortest + sequences.lengths] = count
    return count


@part
def keep_long_enough(listed, total, sequences):
    """Drop the sequences that end before their k-th withdrawal; `left` becomes the position among the cash cards.

    Args:
        listed: Listed, as `list_withdrawals` made its first `total` items; compacted in place.

    Returns:
        How many withdrawals are left.
    """
    number = listed.number[:total]
    left = listed.left[:total]
    right = listed.right[:total]
    second = listed.second
    width = listed.width
    starts = listed.starts
    keys = sequences.keys
    unpacked = network(keys)
    columns = keys[2]
    divisor = np.float64(columns)
    for i in range(number.size):
        row = grid_row(number[i], divisor)
        left[i], right[i] = row, u32(number[i] - u64(row) * columns)
    for i in range(number.size):
        left[i], right[i] = feistel(left[i], right[i], unpacked)
    for i in range(number.size):
        if u64(left[i]) * columns + u64(right[i]) >= keys[0]:
            left[i], right[i] = walk_cycle(left[i], right[i], keys)
    lengths = u32(sequences.lengths)
    # Exact for numbers below 2^32 / lengths, as the columns of a grid are.
    reciprocal = (u64(1) << u64(32)) // u64(lengths) + u64(1)
    groups = columns // u64(lengths)
    cards = u64(sequences.cash_cards.size)
    one_round = keys[0] == u64(lengths) * cards
    for i in range(number.size):
        group = u32((u64(right[i]) * reciprocal) >> u64(32))
        right[i] = u32(right[i] - u32(group * lengths)) + u32(sequences.shortest)
        position = u64(left[i]) * groups + u64(group)
        left[i] = u32(position if one_round else position % cards)
    kept = u64(0)
    begin = u64(starts[1])
    for k in range(1, sequences.shortest + sequences.lengths):
        end = u64(starts[k + 1])
        starts[k] = kept
        for i in range(begin, end):
            number[kept] = number[i]
            second[kept] = second[i]
            width[kept] = width[i]
            left[kept] = left[i]
            kept += u64(right[i] >= u32(k))
        begin = end
    starts[sequences.shortest + sequences.lengths] = kept
    return np.int64(kept)


@helper
def walk_once(latitude, longitude, number, seed, k, radius):
    """Move positions by the k-th step."""
    span = 2 * radius + 1
    for i in range(number.size):
        w0, w1, _, _ = philox(seed, WALK, number[i], k)
        latitude[i] += np.int32(below(w0, span)) - np.int32(radius)
        longitude[i] += np.int32(below(w1, span)) - np.int32(radius)


@helper
def walk_twice(latitude, longitude, number, seed, k, radius):
    """Move positions by the k-th step and the one after it, which share a counter."""
    span = 2 * radius + 1
    for i in range(number.size):
        w0, w1, w2, w3 = philox(seed, WALK, number[i], k)
        latitude[i] += np.int32(below(w0, span)) + np.int32(below(w2, span)) - np.int32(2 * radius)
        longitude[i] += np.int32(below(w1, span)) + np.int32(below(w3, span)) - np.int32(2 * radius)


@helper
def withdrawal_words(slot, offset, number, seed, k):
    """The words of the k-th withdrawals' amounts."""
    for i in range(number.size):
        w0, w1, _, _ = philox(seed, WITHDRAWAL, number[i], k)
        slot[i] = w0
        offset[i] = w1


@part
def withdrawal_rows(out, listed, count, sequences, payments, place_latitude, place_longitude, wanted):
    """Make the listed withdrawals the first `count` events of `out`.

    Args:
        out: Events. listed: Listed, as `keep_long_enough` left it; used up. wanted: see `merge`.
    """
    seed = payments.seed
    starts = listed.starts
    number = listed.number[:count]
    second = listed.second[:count]
    offset = listed.width[:count]
    slot = listed.right[:count]
    places = listed.place[:count]
    latitude = listed.latitude[:count]
    longitude = listed.longitude[:count]
    for i in range(count):
        w0, w1, _, _ = philox(seed, SEQUENCE, number[i], 0)
        second[i] += np.int32(below(w0, offset[i]))
        places[i] = below(w1, sequences.home)
    longest = sequences.shortest + sequences.lengths - 1
    for k in range(1, longest + 1 if wanted & CENTS else 0):
        ks = slice(starts[k], starts[k + 1])
        withdrawal_words(slot[ks], offset[ks], number[ks], seed, k)
    if wanted & POSITION:
        for i in range(count):
            latitude[i] = place_latitude[places[i]]
            longitude[i] = place_longitude[places[i]]
    # Withdrawals come in the order of k, so those that take further steps are the tail of the list.
    for k in range(1, longest + 1 if wanted & POSITION else 0, 2):
        one = slice(starts[k], starts[k + 1])
        two = slice(starts[k + 1], count)
        walk_once(latitude[one], longitude[one], number[one], seed, k, sequences.radius)
        walk_twice(latitude[two], longitude[two], number[two], seed, k, sequences.radius)
    card = listed.left[:count]
    if wanted & CARD:
        # A loop of its own: with many cards each is a cache miss, of which many are in flight then.
        for i in range(count):
            card[i] = sequences.cash_cards[card[i]]
    for i in range(count):
        cents = amount(payments.amounts, sequences.cash, u64(slot[i]), u64(offset[i]))
        out.second[i] = second[i]
        pack_event(out.record, i, second[i], card[i], sequences.cash, cents, places[i], latitude[i], longitude[i], 1, 0)


@helper
def holder_of(number, sequences):
    """The card index of a sequence."""
    return sequences.cash_cards[permute(number, sequences.keys) // u64(sequences.lengths) % u64(sequences.cash_cards.size)]


@part
def foreign_rows(out, count, first_cell, group_cells, sequences, payments, place_latitude, place_longitude):
    """Append the foreign withdrawals that fall into a group of cells to `out` from row `count`.

    Returns:
        The new count; where `out` is too small, the room needed.
    """
    per_hour = HOUR // sequences.cell_seconds
    seed = payments.seed
    for hours in range(sequences.foreign_low, sequences.foreign_low + sequences.foreign_hours):
        for step in range(sequences.steps):
            shift = (sequences.step_low + step + hours) * per_hour
            row = step * sequences.cells
            low = max(first_cell - shift, 0)
            high = min(first_cell + group_cells - shift, sequences.cells)
            if low >= high or sequences.cloned[row + low] == sequences.cloned[row + high]:
                continue
            for cell in range(low, high):
                base = cell * sequences.cell_seconds
                width = min(sequences.cell_seconds, sequences.period - base)
                first = sequences.offsets[row + cell]
                for i in range(first, first + sequences.cloned[row + cell + 1] - sequences.cloned[row + cell]):
                    w0, w1, w2, w3 = philox(seed, FOREIGN, u64(i), 0)
                    if sequences.foreign_low + np.int64(below(w0, sequences.foreign_hours)) != hours:
                        continue
                    if count < out.second.size:
                        offset = np.int64(below(philox(seed, SEQUENCE, u64(i), 0)[0], width))
                        place = sequences.home + np.int64(below(w1, sequences.abroad))
                        second = base + shift * sequences.cell_seconds + offset
                        card = holder_of(u64(i), sequences)
                        cents = amount(payments.amounts, sequences.cash, w2, w3)
                        out.second[count] = second
                        pack_event(
                            out.record,
                            count,
                            second,
                            card,
                            sequences.cash,
                            cents,
                            place,
                            place_latitude[place],
                            place_longitude[place],
                            0,
                            1,
                        )
                    count += 1
    return count


@interleaved_kernel
def withdrawals(out, listed, group, group_cells, sequences, payments, place_latitude, place_longitude, wanted):
    """Fill `out` with the withdrawals that fall into a group of cells, foreign ones last.

    Args:
        out: Events. listed: Listed, scratch. group: its number. wanted: see `merge`; what is not is left with anything.

    Returns:
        How many there are, and how many `listed` needs room for; where either is too small nothing is filled, or a part.
    """
    first_cell = group * group_cells
    needed = list_withdrawals(listed, first_cell, group_cells, sequences) + AT_ONCE
    if needed > listed.number.size:
        return np.int64(0), np.int64(needed)
    count = keep_long_enough(listed, needed - AT_ONCE, sequences)
    if count <= out.second.size:
        withdrawal_rows(out, listed, count, sequences, payments, place_latitude, place_longitude, wanted)
    count = foreign_rows(out, count, first_cell, group_cells, sequences, payments, place_latitude, place_longitude)
    return np.int64(count), np.int64(needed)
