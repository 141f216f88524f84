"""ATM withdrawals: sequences with a constant step, and the foreign ones of cloned cards."""

import numpy as np

from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.payments import amount
from fastgen.kernels.rng import (
    FOREIGN,
    SEQUENCE,
    TWO_52_BITS,
    WALK,
    WITHDRAWAL,
    below,
    bits_to_float,
    permute_pair,
    philox,
    u32,
    u64,
)


@kernel
def list_withdrawals(number, second, width, starts, first_cell, group_cells, sequences):
    """The sequences whose k-th withdrawal, if they have one, falls into a group of cells, for k = 1, 2, ...

    A group of cells seen k steps earlier is a range of start cells for each step.

    Args:
        number: uint64, filled with sequence numbers. second: int32, where their cell lies, k steps on.
        width: uint32, seconds of the cell. starts: int64[longest + 2], filled: where the k-th ones begin.

    Returns:
        How many there are; where the arrays are too small, the room needed.
    """
    count = 0
    per_hour = 3600 // sequences.cell_seconds
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
            for cell in range(low, high):
                base = cell * sequences.cell_seconds
                cell_width = min(sequences.cell_seconds, sequences.period - base)
                base += shift * sequences.cell_seconds
                for i in range(sequences.offsets[row + cell], sequences.offsets[row + cell + 1]):
                    if count < number.size:
                        number[count] = i
                        second[count] = base
                        width[count] = cell_width
                    count += 1
    starts[sequences.shortest + sequences.lengths] = count
    return count


@helper
def grid_row(number, columns):
    """Number // columns for numbers below 2^52: the double quotient is exact enough, and it vectorizes."""
    value = bits_to_float(number | TWO_52_BITS) - 4503599627370496.0
    return u32(np.int64(value / columns))


@kernel
def keep_long_enough(number, second, width, left, right, starts, sequences):
    """Drop the sequences that end before their k-th withdrawal; `left` becomes the round's card position.

    Args:
        number, second, width, starts: as `list_withdrawals` made them, compacted in place.
        left, right: uint32, scratch of the same size.

    Returns:
        How many withdrawals are left.
    """
    keys = sequences.keys
    columns = keys[2]
    divisor = np.float64(columns)
    total = number.size
    for i in range(total):
        row = grid_row(number[i], divisor)
        left[i] = row
        right[i] = u32(number[i] - u64(row) * columns)
    for i in range(total):
        left[i], right[i] = permute_pair(left[i], right[i], keys)
    lengths = u32(sequences.lengths)
    groups = columns // u64(sequences.lengths)
    kept = 0
    begin = starts[1]
    for k in range(1, sequences.shortest + sequences.lengths):
        end = starts[k + 1]
        starts[k] = kept
        for i in range(begin, end):
            group = u32(right[i] // lengths)
            length = sequences.shortest + np.int64(right[i] - group * lengths)
            number[kept] = number[i]
            second[kept] = second[i]
            width[kept] = width[i]
            left[kept] = u32((u64(left[i]) * groups + u64(group)) % u64(sequences.cash_cards.size))
            kept += length >= k
        begin = end
    starts[sequences.shortest + sequences.lengths] = kept
    return kept


@kernel
def withdrawal_rows(out, at, number, second, width, holder, starts, sequences, payments, place_latitude, place_longitude, walk):
    """Fill `out` from row `at` with the listed withdrawals.

    Args:
        out: Block of events. number, second, width, starts: as `keep_long_enough` left them.
        holder: uint32, position among the cash cards. walk: whether positions are wanted.
    """
    seed = payments.seed
    n = number.size
    places = out.place[at : at + n]
    seconds = out.second[at : at + n]
    latitude = out.latitude[at : at + n]
    longitude = out.longitude[at : at + n]
    for i in range(n):
        w0, w1, _, _ = philox(seed, SEQUENCE, number[i], 0)
        seconds[i] = second[i] + np.int32(below(w0, width[i]))
        places[i] = below(w1, sequences.home)
    for k in range(1, sequences.shortest + sequences.lengths):
        for i in range(starts[k], starts[k + 1]):
            w0, w1, _, _ = philox(seed, WITHDRAWAL, number[i], k)
            # The holder's position is read below; the words wait where the result goes.
            out.cents[at + i] = w0
            width[i] = w1
    for i in range(n):
        out.cents[at + i] = amount(payments.amounts, sequences.cash, u64(out.cents[at + i]), u64(width[i]))
        out.card[at + i] = sequences.cash_cards[holder[i]]
        out.category[at + i] = sequences.cash
        out.walked[at + i] = 1
        out.label[at + i] = 0
    if not walk:
        return
    for i in range(n):
        latitude[i] = place_latitude[places[i]]
        longitude[i] = place_longitude[places[i]]
    radius = sequences.radius
    span = 2 * radius + 1
    # Withdrawals come in the order of k, so those that take further steps are the tail of the list;
    # one counter gives two steps.
    for k in range(1, sequences.shortest + sequences.lengths, 2):
        for i in range(starts[k], starts[k + 1]):
            w0, w1, _, _ = philox(seed, WALK, number[i], k)
            latitude[i] += np.int32(below(w0, span)) - np.int32(radius)
            longitude[i] += np.int32(below(w1, span)) - np.int32(radius)
        for i in range(starts[k + 1], n):
            w0, w1, w2, w3 = philox(seed, WALK, number[i], k)
            latitude[i] += np.int32(below(w0, span)) + np.int32(below(w2, span)) - np.int32(2 * radius)
            longitude[i] += np.int32(below(w1, span)) + np.int32(below(w3, span)) - np.int32(2 * radius)


@helper
def holder_of(number, sequences):
    """The card index of a sequence."""
    keys = sequences.keys
    left, right = permute_pair(u32(number // keys[2]), u32(number % keys[2]), keys)
    lengths = u64(sequences.lengths)
    position = u64(left) * (keys[2] // lengths) + u64(right) // lengths
    return sequences.cash_cards[position % u64(sequences.cash_cards.size)]


@kernel
def foreign_rows(out, count, first_cell, group_cells, sequences, payments, place_latitude, place_longitude):
    """Append the foreign withdrawals that fall into a group of cells to `out` from row `count`.

    Returns:
        The new count; where `out` is too small, the room needed.
    """
    per_hour = 3600 // sequences.cell_seconds
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
                        out.second[count] = base + shift * sequences.cell_seconds + offset
                        out.card[count] = holder_of(u64(i), sequences)
                        out.category[count] = sequences.cash
                        out.cents[count] = amount(payments.amounts, sequences.cash, w2, w3)
                        out.place[count] = place
                        out.latitude[count] = place_latitude[place]
                        out.longitude[count] = place_longitude[place]
                        out.walked[count] = 0
                        out.label[count] = 1
                    count += 1
    return count
