"""Cards and their holders: every value a pure function of the card's index."""

import numpy as np

from fastgen.kernels import streams
from fastgen.kernels.jit import helper, interleaved_kernel, kernel
from fastgen.kernels.permutation import four_rounds, round_keys
from fastgen.kernels.rng import below, philox, u32, u64

HALF = 10**7
CARD_NUMBERS = HALF * HALF
"""How many 16-digit VISA numbers there are: a leading 4, fourteen free digits, a check digit. As this is the square of 10^7,
each half of the permuted index gives seven of the digits, and no cycle walking is needed."""


@helper
def four_digits(value):
    """The decimal digits of a number below 10,000, two to a byte, the first in the high half of the first byte."""
    high = u32(u32(value * u32(5243)) >> u32(19))
    pairs = u32(high | u32(u32(value - u32(high * u32(100))) << u32(16)))
    tens = u32(u32(u32(pairs * u32(103)) >> u32(10)) & u32(0x000F000F))
    packed = u32(pairs + u32(tens * u32(6)))
    return u32(u32(packed | u32(packed >> u32(8))) & u32(0xFFFF))


@helper
def luhn_sums(packed):
    """The sum of the two digits of each of four bytes; the first digit counts double, less 9 if that has two digits."""
    double = u32(u32(u32(packed >> u32(4)) & u32(0x0F0F0F0F)) << u32(1))
    carried = u32(u32(u32(double + u32(0x76767676)) >> u32(7)) & u32(0x01010101))
    return u32(u32(double - u32(carried * u32(9))) + u32(packed & u32(0x0F0F0F0F)))


@helper
def check_digit(front, back):
    """The Luhn check digit (ISO/IEC 7812-1) of a number in two halves that has a 0 in place of that digit."""
    total = u32(u32(u32(luhn_sums(front) + luhn_sums(back)) * u32(0x01010101)) >> u32(24))
    missing = u32(u32(200) - total)
    return u32(missing - u32(u32(10) * u32(u32(missing * u32(205)) >> u32(11))))


@helper
def both_halves(left, right):
    """The first and the last eight digits of the card number whose free digits these are, seven and seven."""
    first = u32(left // u32(10_000))
    front = u32(four_digits(u32(first + u32(4000))) | u32(four_digits(u32(left - u32(first * u32(10_000)))) << u32(16)))
    third = u32(right // u32(1000))
    last = u32(u32(right - u32(third * u32(1000))) * u32(10))
    back = u32(four_digits(third) | u32(four_digits(last) << u32(16)))
    return front, u32(back | u32(check_digit(front, back) << u32(24)))


@interleaved_kernel
def card_digits(out, cards, keys, left, right):
    """The numbers of cards, two digits to a byte: a leading 4, the permuted index, a check digit.

    They are computed for every row, because a table of millions of cards would not stay in the cache.

    Args:
        out: uint64[n], filled. cards: uint32[n]. keys: of the permutation of [0, CARD_NUMBERS). left, right: uint32[n], scratch.
    """
    unpacked = round_keys(keys)
    for i in range(cards.size):
        high = u32(cards[i] // u32(HALF))
        left[i], right[i] = four_rounds(high, u32(cards[i] - u32(high * u32(HALF))), unpacked)
    for i in range(cards.size):
        left[i], right[i] = both_halves(left[i], right[i])
    for i in range(cards.size):
        out[i] = u64(left[i]) | (u64(right[i]) << u64(32))


@kernel
def expiry_months(months, first, seed, choices):
    """Draw the months from that of the start to that of the expiry, 1 .. choices."""
    for i in range(months.size):
        months[i] = 1 + below(philox(seed, streams.CARD, u64(first + i), 0)[0], choices)


@kernel
def holder_codes(birth, place, female, mail, first, seed, days, places, mails):
    """Draw the birthdate (days from the first possible one), place, sex (1: female) and mail variant of holders."""
    for i in range(birth.size):
        w0, w1, w2, w3 = philox(seed, streams.PROFILE, u64(first + i), 0)
        birth[i] = below(w0, days)
        place[i] = below(w1, places)
        female[i] = w2 >> u64(31)
        mail[i] = below(w3, mails)


@helper
def weighted(word_item, word_keep, threshold, other):
    """Draw an item of an alias table by two 32-bit words."""
    item = below(word_item, threshold.size)
    return item if word_keep < threshold[item] else other[item]


@kernel
def holder_names(given, family, female, first, seed, women, men, families):
    """Draw the codes of first and last names; men's first names are numbered after women's.

    Args:
        given, family: uint32[n], filled. female: uint8[n]. women, men, families: Alias.
    """
    for i in range(given.size):
        w0, w1, w2, w3 = philox(seed, streams.PROFILE, u64(first + i), 1)
        if female[i]:
            given[i] = weighted(w0, w1, women.threshold, women.other)
        else:
            given[i] = u64(women.threshold.size) + weighted(w0, w1, men.threshold, men.other)
        family[i] = weighted(w2, w3, families.threshold, families.other)


@interleaved_kernel
def susceptible_cards(found, cards, seed, band_of_birth, remaining, births):
    """Find the first cards of each age band, as many as the band takes, in the order of cards.

    Args:
        found: uint32[capacity + 1], filled except for the last item. band_of_birth: uint8[days], the band of a birthdate.
        remaining: int64[bands], how many each band still takes, counted down; 0 for the extra band of holders who are in none.
        births: uint32[any size], scratch.

    Returns:
        How many cards were found.
    """
    count = u64(0)
    for start in range(0, cards, births.size):
        batch = births[: min(births.size, cards - start)]
        for i in range(batch.size):
            batch[i] = below(philox(seed, streams.PROFILE, u64(start + i), 0)[0], band_of_birth.size)
        for i in range(batch.size):
            band = band_of_birth[batch[i]]
            # No branch, as it would be unpredictable: every card is written, and the next one overwrites it unless it is taken.
            is_taken = remaining[band] > 0
            remaining[band] -= np.int64(is_taken)
            found[count] = start + i
            count += u64(is_taken)
    return np.int64(count)
