"""Attack chains: an ordinary payment, then more with the same card within minutes."""

import numpy as np

from fastgen.kernels import streams
from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.payments import amount, category_holding, class_of
from fastgen.kernels.permutation import permute
from fastgen.kernels.records import what_word, when_word, write_record
from fastgen.kernels.rng import below, philox, u64


@helper
def chain_length(seed, chain, chains):
    """Payments in a chain; the last chain is cut so that the total is exact."""
    if chain == chains.starts.offsets[-1] - 1:
        return chains.last_length
    return chains.shortest + np.int64(below(philox(seed, streams.CHAIN, u64(chain), 0)[1], chains.lengths))


@kernel
def count_chains(seed, shortest, lengths, total):
    """How many chains have `total` payments together, and the length of the last one, which may be cut."""
    chain = 0
    length = 0
    while total > 0:
        length = shortest + np.int64(below(philox(seed, streams.CHAIN, u64(chain), 0)[1], lengths))
        length = min(length, total)
        total -= length
        chain += 1
    return chain, length


@helper
def shuffled_ranges(ranges, seed, chain, later, chains):
    """Fill `ranges` with the amount range of each later payment: exact counts, shuffled (Fisher-Yates)."""
    position = 0
    for r in range(chains.range_counts.shape[1]):
        for _ in range(chains.range_counts[later, r]):
            ranges[position] = r
            position += 1
    for j in range(later - 1, 0, -1):
        other = below(philox(seed, streams.CHAIN_STEP, u64(chain), j + 1)[2], j + 1)
        ranges[j], ranges[other] = ranges[other], ranges[j]


@kernel
def chain_events(out, count, group, group_start, group_stop, chains, payments, positions, attack):
    """Append the chain payments in [group_start, group_stop) to `out` from row `count`.

    Args:
        out: Events. attack: int64[longest], scratch for the amount range of each later payment.

    Returns:
        The new count; if it exceeds the size of `out`, events past its end were not written: call again with more space.
    """
    seed = payments.seed
    starts = chains.starts
    for start_group in range(max(group - starts.reach, 0), group + 1):
        low = start_group * starts.group_seconds
        width = min(starts.group_seconds, starts.period - low)
        for chain in range(starts.offsets[start_group], starts.offsets[start_group + 1]):
            second = low + np.int64(below(philox(seed, streams.CHAIN, u64(chain), 0)[0], width))
            number = u64(chains.first_payment + chain)
            w0, w1, w2, w3 = philox(seed, streams.PAYMENT, number, 0)
            card = below(w0, payments.cards)
            place = below(w1, payments.places)
            category = np.int64(class_of(permute(number, payments.quota.keys), payments.quota))
            cents = np.int64(amount(payments.amounts, category, w2, w3))
            later = chain_length(seed, chain, chains) - 1
            shuffled_ranges(attack, seed, chain, later, chains)
            for j in range(later + 1):
                if j > 0:
                    w0, w1, w2, w3 = philox(seed, streams.CHAIN_STEP, u64(chain), j)
                    second += chains.gap_low + np.int64(below(w0, chains.gaps))
                    place = below(w1, payments.places)
                    r = attack[j - 1]
                    cents = np.int64(chains.range_low[r] + below(w3, chains.range_width[r]))
                    category = category_holding(cents, payments)
                if group_start <= second < group_stop:
                    if count < out.second.size:
                        out.second[count] = second
                        what = what_word(cents, place, category, 0, 1)
                        write_record(out.records, count, when_word(second, card), what, positions[place])
                    count += 1
    return count
