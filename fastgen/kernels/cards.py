"""Cards and their holders: every value a pure function of the card's index."""

import numpy as np

from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.rng import CARD, PROFILE, below, permute, philox, u64

CARD_NUMBERS = 10**14
"""16-digit VISA numbers: a leading 4, fourteen free digits, a check digit."""


@kernel
def card_numbers(text, first, keys):
    """Card numbers as text, unique since they are a permutation; check digit by Luhn (ISO/IEC 7812-1).

    Args:
        text: uint8[n, 16], filled. keys: of a permutation of [0, 10^14).
    """
    for i in range(text.shape[0]):
        free = permute(u64(first + i), keys)
        # The digits at even distance from the check digit count double; the leading 4 is one of them.
        total = 8
        text[i, 0] = 52
        for position in range(14, 0, -1):
            rest = free // u64(10)
            digit = np.int64(free - rest * u64(10))
            free = rest
            text[i, position] = 48 + digit
            if position % 2 == 0:
                digit = digit * 2 - 9 * (digit > 4)
            total += digit
        text[i, 15] = 48 + (10 - total % 10) % 10


@kernel
def expiry_months(months, first, seed, choices):
    """Months from the start's month to the expiry's, 1 .. choices."""
    for i in range(months.size):
        months[i] = 1 + below(philox(seed, CARD, u64(first + i), 0)[0], choices)


@helper
def birth_offset(seed, card, days):
    """Days from the first possible birthdate."""
    return below(philox(seed, PROFILE, u64(card), 0)[0], days)


@kernel
def holder_codes(birth, place, female, mail, first, seed, days, places, mails):
    """Birthdate (days from the first possible one), place, sex (1 female) and mail variant of holders."""
    for i in range(birth.size):
        w0, w1, w2, w3 = philox(seed, PROFILE, u64(first + i), 0)
        birth[i] = below(w0, days)
        place[i] = below(w1, places)
        female[i] = w2 >> u64(31)
        mail[i] = below(w3, mails)


@helper
def weighted(word_item, word_keep, threshold, other):
    """An item of an alias table from two 32-bit words."""
    item = below(word_item, threshold.size)
    return item if word_keep < threshold[item] else other[item]


@kernel
def holder_names(given, family, female, first, seed, women, men, families):
    """Codes of first and last names; a man's first names are numbered after the women's.

    Args:
        given, family: uint16[n], filled. female: uint8[n]. women, men, families: Alias.
    """
    for i in range(given.size):
        w0, w1, w2, w3 = philox(seed, PROFILE, u64(first + i), 1)
        if female[i]:
            given[i] = weighted(w0, w1, women.threshold, women.other)
        else:
            given[i] = u64(women.threshold.size) + weighted(w0, w1, men.threshold, men.other)
        family[i] = weighted(w2, w3, families.threshold, families.other)


@kernel
def susceptible_cards(found, cards, seed, band_of_birth, room):
    """The first cards, in their order, of each age band, as many as the band has room for.

    Args:
        found: uint32[capacity], filled. band_of_birth: uint8[days], the band of a birthdate, or 255.
        room: int64[bands], counted down.

    Returns:
        How many cards were found.
    """
    count = 0
    for card in range(cards):
        band = band_of_birth[birth_offset(seed, card, band_of_birth.size)]
        if band != 255 and room[band] > 0:
            room[band] -= 1
            found[count] = card
            count += 1
    return count


@kernel
def draw_cards(drawn, susceptible, keys):
    """Cards drawn without replacement: the images of 0, 1, ... under a permutation."""
    for i in range(drawn.size):
        drawn[i] = susceptible[permute(u64(i), keys)]
