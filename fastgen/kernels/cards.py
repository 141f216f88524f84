"""Cards and their holders: every value a pure function of the card's index."""

from fastgen.kernels.digits import eight_digits
from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.rng import CARD, PROFILE, below, philox, u64

CARD_NUMBERS = 10**14
"""16-digit VISA numbers: a leading 4, fourteen free digits, a check digit."""


@helper
def doubled_digits(word):
    """The sum of the digits in a word of eight, of which those in even places count double, by Luhn's rule."""
    lanes = u64(0x00FF00FF00FF00FF)
    double = (word & lanes) << u64(1)
    # 118 more than 9 is the high bit of a byte.
    double -= (((double + u64(0x0076007600760076)) >> u64(7)) & u64(0x0001000100010001)) * u64(9)
    return ((double + ((word >> u64(8)) & lanes)) * u64(0x0001000100010001)) >> u64(48)


@kernel
def card_numbers(text, free):
    """Card numbers as text; check digit by Luhn (ISO/IEC 7812-1).

    Args:
        text: uint64[2 n], filled, eight characters to a word. free: uint64[n], the fourteen free digits of each.
    """
    for i in range(free.size):
        high = free[i] // u64(100_000_000)
        low = eight_digits(free[i] - high * u64(100_000_000))
        front = u64(4) | (eight_digits(high) >> u64(8)) | (low << u64(56))
        back = low >> u64(8)
        total = doubled_digits(front) + doubled_digits(back)
        check = u64(200) - total
        check -= u64(10) * ((check * u64(205)) >> u64(11))
        text[2 * i] = front | u64(0x3030303030303030)
        text[2 * i + 1] = back | (check << u64(56)) | u64(0x3030303030303030)


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
