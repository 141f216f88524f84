"""Statistics of rows, whoever wrote them: values counted in bins, keys as dense numbers, and differences from a card's last row.

Bins are decimal: whole numbers are kept to three digits, so that a bin is 1 wide below 1,000, 10 wide below 10,000 and so on.
If the boundaries of ranges are such numbers, counts between them are exact.
Source of the layout: log-linear histograms (Tene, HdrHistogram), with base ten instead of two.
"""

import math

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.bits import GOLDEN
from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.rng import u64

i64 = np.int64

EXACT = 1_000
"""Whole numbers below this one have a bin each; above it each power of ten has 900 bins."""
POWERS = 9
BINS = EXACT + 900 * POWERS
"""Numbers from 10^12 on share the last bin."""
EARTH_METRES = 6_371_008.8
"""Mean radius of the Earth (IUGG)."""
MISSING = -1


@helper
def bin_of(value):
    """The bin of a whole number that is not negative."""
    shift = i64(0)
    while value >= EXACT:
        value //= 10
        shift += 1
    return min(value + shift * 900, i64(BINS - 1))


@kernel
def tally(counts: NDArray[np.int64], groups: NDArray[np.uint16], values: NDArray[np.int64]) -> None:
    """Count values by group and bin; negative ones, such as MISSING, are left out.

    Args:
        counts: int64[groups, BINS], added to. groups: uint16[n]. values: int64[n].
    """
    for i in range(values.size):
        if values[i] >= 0:
            counts[groups[i], bin_of(values[i])] += 1


@kernel
def count_kinds(counts: NDArray[np.int32], cards: NDArray[np.int32], kinds: NDArray[np.uint8]) -> None:
    """Count rows by card and kind; counts: int32[cards, kinds], added to. cards, kinds: int32 and uint8[n]."""
    for i in range(cards.size):
        counts[cards[i], kinds[i]] += 1


@helper
def slot_of(slots, known, key):
    """Where a key is in a hash table, or where it belongs; a slot holds the key's number + 1, or zero if it is free."""
    mask = slots.size - 1
    hashed = u64(key) * GOLDEN
    at = i64((hashed ^ (hashed >> u64(32))) & u64(mask))
    while slots[at] != 0 and known[slots[at] - 1] != key:
        at = (at + 1) & mask
    return at


@kernel
def number_keys(
    numbers: NDArray[np.int32], keys: NDArray[np.int64], slots: NDArray[np.int32], known: NDArray[np.int64], count: int
) -> int:
    """Number keys in the order of their first occurrence; return how many are known then.

    Args:
        numbers: int32[n], filled. keys: int64[n]. slots: int32[power of two], zero or a number + 1: the hash table.
        known: int64, the keys by number, with space for all. count: how many are known before.
    """
    for i in range(keys.size):
        at = slot_of(slots, known, keys[i])
        if slots[at] == 0:
            known[count] = keys[i]
            count += 1
            slots[at] = count
        numbers[i] = slots[at] - 1
    return count


@kernel
def find_keys(numbers: NDArray[np.int32], keys: NDArray[np.int64], slots: NDArray[np.int32], known: NDArray[np.int64]) -> None:
    """Look up the numbers of keys, MISSING for those that are not known; arrays as in `number_keys`."""
    for i in range(keys.size):
        numbers[i] = slots[slot_of(slots, known, keys[i])] - 1


@kernel
def fill_slots(slots: NDArray[np.int32], known: NDArray[np.int64], count: int) -> None:
    """Fill a new hash table, all zero, with the first `count` known keys."""
    for number in range(count):
        slots[slot_of(slots, known, known[number])] = number + 1


@kernel
def metres_between(latitude_a, longitude_a, latitude_b, longitude_b):
    """Whole metres between two places (float64 degrees) on a sphere, by the haversine formula."""
    a, b = math.radians(latitude_a), math.radians(latitude_b)
    across = math.sin(math.radians(longitude_b - longitude_a) / 2)
    up = math.sin((b - a) / 2)
    return i64(2 * EARTH_METRES * math.asin(math.sqrt(min(1.0, up * up + math.cos(a) * math.cos(b) * across * across))))


@kernel
def since_last(
    seconds_since: NDArray[np.int64],
    metres_since: NDArray[np.int64],
    cards: NDArray[np.int32],
    seconds: NDArray[np.int64],
    latitudes: NDArray[np.float64],
    longitudes: NDArray[np.float64],
    last_seconds: NDArray[np.int64],
    last_places: NDArray[np.float32],
) -> None:
    """Compute seconds and metres from the card's previous row, MISSING for its first; rows are in time order.

    Args:
        seconds_since, metres_since: int64[n], filled. cards: int32[n], numbers of cards.
        seconds, latitudes, longitudes: int64 and float64[n], of the rows.
        last_seconds: int64[cards], negative for a card without a row yet. last_places: float32[cards, 2], degrees. Both are
            updated, for the next call.
    """
    for i in range(cards.size):
        card = cards[i]
        if last_seconds[card] < 0:
            seconds_since[i] = metres_since[i] = MISSING
        else:
            seconds_since[i] = seconds[i] - last_seconds[card]
            metres_since[i] = metres_between(
                np.float64(last_places[card, 0]), np.float64(last_places[card, 1]), latitudes[i], longitudes[i]
            )
        last_seconds[card] = seconds[i]
        last_places[card, 0] = latitudes[i]
        last_places[card, 1] = longitudes[i]


@kernel
def chain_lengths(lengths, cards, seconds, gap, last_seconds, runs):
    """Count runs of rows of one card by length; rows come in time order.

    A run continues if the card's next row comes at most `gap` seconds later. It is counted from its first row on, and moves to
    the next length with each more.

    Args:
        lengths: int64, runs by length; the last item has longer ones too. cards, seconds: int32 and int64[n].
        gap: seconds.
        last_seconds: int64[cards], negative for a card without a row yet. runs: int32[cards], length of its last run. Both are
            updated, for the next call.
    """
    longest = lengths.size - 1
    for i in range(cards.size):
        card = cards[i]
        if last_seconds[card] >= 0 and seconds[i] - last_seconds[card] <= gap:
            lengths[min(i64(runs[card]), longest)] -= 1
            runs[card] += 1
        else:
            runs[card] = 1
        lengths[min(i64(runs[card]), longest)] += 1
        last_seconds[card] = seconds[i]
