"""ATM withdrawals: sequences with a constant step, and foreign withdrawals with cloned cards."""

import numpy as np

from fastgen.kernels import fields, streams
from fastgen.kernels.jit import helper, inlined_kernel, interleaved_kernel
from fastgen.kernels.memory import eight_times, store
from fastgen.kernels.payments import amount_in_ranges, amounts_in_ranges
from fastgen.kernels.permutation import feistel, permute, round_keys, walk_cycles
from fastgen.kernels.records import WORDS, what_word, when_word, where_word, write_record
from fastgen.kernels.rng import LOW32, below, philox, u32, u64
from fastgen.kernels.structs import RECORD, SequenceList
from fastgen.kernels.units import HOUR

AT_ONCE = 8
"""Sequences written for every cell, however few it has, by one store of `eight_times`; a list needs this many spare items after its
last one."""
BATCH_SIZE = 512
"""Sequences processed at a time, so that each step finds the output of the last in the first-level cache."""

STEPS_AT_ONCE = 4
"""Steps of a walk that share a counter, after the first two, which are drawn with their sequence."""


@helper
def write_cells(second, width, row, low, high, shift, sequences):
    """Write where the start cells of a range's sequences lie, `shift` cells later, and how wide they are.

    Most cells have few sequences, so a fixed number is written for each cell; the next cell overwrites the surplus.
    """
    at = u64(0)
    base = np.int32((low + shift) * sequences.cell_seconds)
    before = u64(sequences.offsets[row + low])
    # Unsigned: the test for a negative index would double the time.
    for cell in range(u64(row + low), u64(row + high)):
        behind = u64(sequences.offsets[cell + u64(1)])
        found = behind - before
        before = behind
        store(second, u64(4) * at, eight_times(u32(base)))
        if found > u64(AT_ONCE):
            for i in range(u64(AT_ONCE), found):
                second[at + i] = base
        at += found
        base += np.int32(sequences.cell_seconds)
    for i in range(at):
        width[i] = sequences.cell_seconds
    if high == sequences.cells:
        first = at - u64(sequences.offsets[row + high] - sequences.offsets[row + high - 1])
        for i in range(first, at):
            width[i] = sequences.period - (high - 1) * sequences.cell_seconds


@helper
def number_sequences(listed, at, first, count, keys):
    """Write the numbers first, first + 1, ... and their rows and columns in the permutation's grid, from position `at` on."""
    columns = keys[2]
    row = u64(first) // columns
    column = u64(first) - row * columns
    done = 0
    while done < count:
        run = min(count - done, np.int64(columns - column))
        number = listed.number[at + done : at + done + run]
        left = listed.left[at + done : at + done + run]
        right = listed.right[at + done : at + done + run]
        for i in range(run):
            number[i] = u64(first + done + i)
            left[i] = row
            right[i] = column + u64(i)
        done += run
        row += u64(1)
        column = u64(0)


@helper
def reaching_steps(first_cell, group_cells, per_step, sequences):
    """The numbers of the steps by which some start cell comes into a group: those that shift cells by `per_step` times the step."""
    shortest = (first_cell - sequences.cells) // per_step + 1
    longest = (first_cell + group_cells - 1) // per_step
    return range(max(shortest - sequences.step_low, 0), min(longest - sequences.step_low + 1, sequences.steps))


@inlined_kernel
def list_withdrawals(listed, k, first_cell, group_cells, sequences):
    """List the sequences whose k-th withdrawal, if they have one, falls into a group of cells.

    For each step, shifting the group back by k steps gives a range of start cells.

    Args:
        listed: SequenceList; its first five arrays are filled, `second` with where the start's cell lies, k steps later.

    Returns:
        How many there are; unless the arrays have AT_ONCE items more than that, they are filled partly or not at all.
    """
    count = 0
    cells = sequences.cells
    per_step = k * (HOUR // sequences.cell_seconds)
    for step in reaching_steps(first_cell, group_cells, per_step, sequences):
        shift = per_step * (sequences.step_low + step)
        low = max(first_cell - shift, 0)
        high = min(first_cell + group_cells - shift, cells)
        row = step * cells
        if sequences.offsets[row + low] == sequences.offsets[row + high]:
            continue
        first = sequences.offsets[row + low]
        found = sequences.offsets[row + high] - first
        if count + found + AT_ONCE <= listed.number.size:
            number_sequences(listed, count, first, found, sequences.keys)
            write_cells(listed.second[count:], listed.width[count:], row, low, high, shift, sequences)
        count += found
    return count


@helper
def pull(values, at):
    """values[i] = values[at[i]] for ascending positions, each at least its index."""
    for i in range(at.size):
        values[i] = values[at[i]]


@inlined_kernel
def keep_long_enough(batch, k, sequences, needed):
    """Drop sequences that end before their k-th withdrawal; turn `left` into the position among the cash cards, if needed.

    Args:
        batch: SequenceList, compacted in place. needed: see `merge`.

    Returns:
        How many remain.
    """
    number = batch.number
    left = batch.left
    right = batch.right
    keys = sequences.keys
    are_all_kept = k <= sequences.shortest
    if are_all_kept and not needed & fields.CARD:
        return number.size
    unpacked = round_keys(keys)
    columns = keys[2]
    for i in range(number.size):
        left[i], right[i] = feistel(left[i], right[i], unpacked)
    walk_cycles(left, right, keys)
    lengths = u32(sequences.lengths)
    # Exact for numbers below 2^32 / lengths, as the columns of a grid are.
    reciprocal = (u64(1) << u64(32)) // u64(lengths) + u64(1)
    groups = columns // u64(lengths)
    cards = u64(sequences.cash_cards.size)
    one_round = keys[0] == u64(lengths) * cards
    for i in range(number.size if needed & fields.CARD else 0):
        position = u64(left[i]) * groups + ((u64(right[i]) * reciprocal) >> u64(32))
        left[i] = u32(position if one_round else position % cards)
    if are_all_kept:
        return number.size
    for i in range(number.size):
        group = u32((u64(right[i]) * reciprocal) >> u64(32))
        right[i] = u32(right[i] - u32(group * lengths)) + u32(sequences.shortest)
    kept = u64(0)
    for i in range(number.size):
        batch.place[kept] = np.uint16(i)
        kept += u64(right[i] >= u32(k))
    at = batch.place[: np.int64(kept)]
    # One array at a time: their addresses stay in registers.
    pull(number, at)
    pull(batch.second, at)
    pull(batch.width, at)
    if needed & fields.CARD:
        pull(left, at)
    return np.int64(kept)


@helper
def both_steps(word, span):
    """A step of a walk, from one word: millionths of a degree in [0, span), north and east.

    The product of the word and the span has the first in its high half, and the fraction that remains gives the second. For a given
    step north there are at most about 2^32 / span different steps east, evenly spaced.
    """
    north = word * u64(span)
    return np.int32(north >> u64(32)), np.int32(below(north & LOW32, span))


@helper
def first_steps(latitude, longitude, word_1, word_2, k, radius):
    """Move positions by the first step and, if k is at least 2, the second one."""
    span = u32(2 * radius + 1)
    gone = np.int32(radius * min(k, 2))
    second = u64(k > 1)
    for i in range(latitude.size):
        north_1, east_1 = both_steps(u64(word_1[i]), span)
        north_2, east_2 = both_steps(u64(word_2[i]) * second, span)
        latitude[i] += north_1 + north_2 - gone
        longitude[i] += east_1 + east_2 - gone


@helper
def later_steps(latitude, longitude, number, seed, done, steps, radius):
    """Move positions by the steps after the first `done` ones: `steps` of them, 1 to STEPS_AT_ONCE, which share a counter."""
    span = u32(2 * radius + 1)
    gone = np.int32(radius * steps)
    for i in range(number.size):
        w0, w1, w2, w3 = philox(seed, streams.WALK, number[i], done)
        north_0, east_0 = both_steps(w0, span)
        north_1, east_1 = both_steps(w1 * u64(steps > 1), span)
        north_2, east_2 = both_steps(w2 * u64(steps > 2), span)
        north_3, east_3 = both_steps(w3 * u64(steps > 3), span)
        latitude[i] += north_0 + north_1 + north_2 + north_3 - gone
        longitude[i] += east_0 + east_1 + east_2 + east_3 - gone


@helper
def withdrawal_words(slot, offset, number, seed, k):
    """Draw the words of the k-th withdrawals' amounts."""
    for i in range(number.size):
        w0, w1, _, _ = philox(seed, streams.WITHDRAWAL, number[i], k)
        slot[i] = w0
        offset[i] = w1


@helper
def write_records(records, batch, cash):
    """Write the records of withdrawals, also words in which nothing is needed, so that the loop writes whole vectors."""
    for i in range(u64(records.size) // WORDS):
        what = what_word(batch.cents[i], batch.place[i], cash, 1, 0)
        write_record(records, i, when_word(batch.second[i], batch.left[i]), what, where_word(batch.latitude[i], batch.longitude[i]))


@inlined_kernel
def withdrawal_rows(out, first, batch, count, k, sequences, payments, positions, needed):
    """Write the k-th withdrawals of a batch of sequences to `out`, from event number `first` on.

    Args:
        out: Events. batch: SequenceList, whose first `count` items `keep_long_enough` kept; overwritten. needed: see `merge`.
    """
    seed = payments.seed
    number = batch.number[:count]
    second = batch.second[:count]
    offset = batch.width[:count]
    slot = batch.right[:count]
    places = batch.place[:count]
    latitude = batch.latitude[:count]
    longitude = batch.longitude[:count]
    for i in range(count):
        w0, w1, w2, w3 = philox(seed, streams.SEQUENCE, number[i], 0)
        second[i] += np.int32(below(w0, offset[i]))
        places[i] = below(w1, u32(sequences.home))
        slot[i] = w2
        offset[i] = w3
    if needed & fields.POSITION:
        for i in range(count):
            position = positions[places[i]]
            latitude[i] = np.int32(position)
            longitude[i] = np.int32(position >> u64(32))
        first_steps(latitude, longitude, slot, offset, k, sequences.radius)
        for done in range(2, k, STEPS_AT_ONCE):
            later_steps(latitude, longitude, number, seed, done, min(k - done, STEPS_AT_ONCE), sequences.radius)
    if needed & fields.CENTS:
        withdrawal_words(slot, offset, number, seed, k)
        amounts_in_ranges(batch.cents[:count], batch.span[:count], slot, offset, sequences.amounts)
    card = batch.left[:count]
    if needed & fields.CARD:
        # A loop of its own: with many cards each lookup is a cache miss, and this keeps many of them in flight.
        for i in range(count):
            card[i] = sequences.cash_cards[card[i]]
    times = out.second[first : first + count]
    for i in range(count):
        times[i] = second[i]
    write_records(out.records[RECORD * first : RECORD * (first + count)], batch, sequences.cash)


@helper
def holder_of(number, sequences):
    """The card index of a sequence."""
    return sequences.cash_cards[permute(number, sequences.keys) // u64(sequences.lengths) % u64(sequences.cash_cards.size)]


@inlined_kernel
def foreign_rows(out, count, first_cell, group_cells, sequences, payments, positions):
    """Append the foreign withdrawals that fall into a group of cells to `out` from row `count`.

    Returns:
        The new count; if it exceeds the size of `out`, events past its end were not written.
    """
    per_hour = HOUR // sequences.cell_seconds
    seed = payments.seed
    for hours in range(sequences.foreign_low, sequences.foreign_low + sequences.foreign_hours):
        for step in reaching_steps(first_cell - hours * per_hour, group_cells, per_hour, sequences):
            shift = (sequences.step_low + step + hours) * per_hour
            row = step * sequences.cells
            low = max(first_cell - shift, 0)
            high = min(first_cell + group_cells - shift, sequences.cells)
            if sequences.cloned[row + low] == sequences.cloned[row + high]:
                continue
            for cell in range(low, high):
                base = cell * sequences.cell_seconds
                width = min(sequences.cell_seconds, sequences.period - base)
                first = sequences.offsets[row + cell]
                for i in range(first, first + sequences.cloned[row + cell + 1] - sequences.cloned[row + cell]):
                    w0, w1, w2, w3 = philox(seed, streams.FOREIGN, u64(i), 0)
                    if sequences.foreign_low + np.int64(below(w0, sequences.foreign_hours)) != hours:
                        continue
                    if count < out.second.size:
                        offset = np.int64(below(philox(seed, streams.SEQUENCE, u64(i), 0)[0], width))
                        place = sequences.home + np.int64(below(w1, sequences.abroad))
                        second = base + shift * sequences.cell_seconds + offset
                        card = holder_of(u64(i), sequences)
                        cents = amount_in_ranges(w2, w3, sequences.amounts)
                        out.second[count] = second
                        what = what_word(cents, place, sequences.cash, 0, 1)
                        write_record(out.records, count, when_word(second, card), what, positions[place])
                    count += 1
    return count


@interleaved_kernel
def withdrawals(out, listed, group, group_cells, sequences, payments, positions, needed):
    """Fill `out` with the withdrawals that fall into a group of cells, foreign ones last.

    Args:
        out: Events. listed: SequenceList, scratch. group: its number. needed: see `merge`; the rest is left undefined.

    Returns:
        How many there are, and how many items `listed` needs. If either array is too small, some withdrawals are not written;
        if it is `listed`, they are not counted either.
    """
    first_cell = group * group_cells
    count = listed_needed = 0
    for k in range(1, sequences.shortest + sequences.lengths):
        found = list_withdrawals(listed, k, first_cell, group_cells, sequences)
        listed_needed = max(listed_needed, found + AT_ONCE)
        if listed_needed > listed.number.size:
            continue
        for start in range(0, found, BATCH_SIZE):
            stop = min(start + BATCH_SIZE, found)
            size = stop - start
            batch = SequenceList(
                listed.number[start:stop],
                listed.second[start:stop],
                listed.width[start:stop],
                listed.left[start:stop],
                listed.right[start:stop],
                listed.place[:size],
                listed.latitude[:size],
                listed.longitude[:size],
                listed.cents[:size],
                listed.span[:size],
            )
            kept = keep_long_enough(batch, k, sequences, needed)
            if count + kept <= out.second.size:
                withdrawal_rows(out, count, batch, kept, k, sequences, payments, positions, needed)
            count += kept
    count = foreign_rows(out, count, first_cell, group_cells, sequences, payments, positions)
    return np.int64(count), np.int64(listed_needed)
