"""Slow, obvious twins of the kernels: one row at a time, in plain Python.

Numbers are Python's own, of any size; logarithms are libm's, digests hashlib's, text json's and csv's. Shared
with the package are only the settings, the grid that cuts time into windows, the alias tables (their distribution
has a test of its own) and the names of streams and permutations. Which word of which counter decides what is part
of the definition of the data, and is repeated here.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from hashlib import md5
from itertools import accumulate, count, islice
from typing import Any, NamedTuple

from fastgen import plan as names
from fastgen.config import Config
from fastgen.kernels import streams
from fastgen.kernels.structs import Amounts
from fastgen.plan import Grid
from fastgen.pools import Alias, Pools

WORD = 2**32
LONG = 2**64


# Draws


def philox4x32(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Philox4x32-7 (Salmon, Moraes, Dror, Shaw 2011): seven rounds of two products, the key bumped in between."""
    for _ in range(7):
        high_0, low_0 = divmod(0xD2511F53 * counter[0], WORD)
        high_1, low_1 = divmod(0xCD9E8D57 * counter[2], WORD)
        counter = high_1 ^ counter[1] ^ key[0], low_1, high_0 ^ counter[3] ^ key[1], low_0
        key = (key[0] + 0x9E3779B9) % WORD, (key[1] + 0xBB67AE85) % WORD
    return counter


def draw(seed: int, stream: int, index: int, lane: int = 0) -> tuple[int, int, int, int]:
    """The four words at an address."""
    return philox4x32((index % WORD, index // WORD, stream, lane), (seed % WORD, seed // WORD))


def pick(word: int, bound: int) -> int:
    """One of 0 .. bound - 1: the whole part of bound times the fraction word / 2^32 (Lemire 2019)."""
    return math.floor(Fraction(word, WORD) * bound)


def uniform(high: int, low: int) -> float:
    """A double in (0, 1) from 52 bits: the middles of 2^52 intervals."""
    return ((high * WORD + low) // 2**12 + 0.5) / 2**52


class Permutation:
    """A keyed permutation of 0 .. size - 1 (Black, Rogaway 2002: generalized Feistel, cycle walking).

    Numbers are laid out row by row on a grid that is about square, with at least 16 rows and columns. Row and column take
    turns, six in all, to be moved around by a keyed hash of the other one. A result outside [0, size) goes through it again.
    """

    def __init__(self, seed: int, name: int, size: int, multiple: int = 1, turns: int = 6) -> None:
        side = max(math.isqrt(max(size - 1, 0)) + 1, 16)
        self.size = size
        self.columns = math.ceil(Fraction(side, multiple)) * multiple
        self.rows = max(math.ceil(Fraction(size, self.columns)), 16)
        self.keys = (draw(seed, streams.KEYS, name) + draw(seed, streams.KEYS, name, 1))[:turns]

    def __call__(self, number: int) -> int:
        while True:
            row, column = divmod(number, self.columns)
            for turn, key in enumerate(self.keys):
                if turn % 2:
                    column = (column + pick(hashed(row, key), self.columns)) % self.columns
                else:
                    row = (row + pick(hashed(column, key), self.rows)) % self.rows
            number = row * self.columns + column
            if number < self.size:
                return number


def hashed(value: int, key: int) -> int:
    """A keyed hash of 32 bits: multiply, fold by 15, multiply."""
    value = (value ^ key) * 0x7FEB352D % WORD
    return (value ^ value >> 15) * 0x846CA68B % WORD


def binomial(seed: int, stream: int, index: int, trials: int, p: float) -> int:
    """How many of the given number of trials succeed."""
    if p > 0.5:
        return trials - binomial(seed, stream, index, trials, 1 - p)
    if trials * p == 0:
        return 0
    draws = (draw(seed, stream, index, lane) for lane in count())
    if p == 0.5 and trials <= 1024:
        return _by_tossing(draws, trials)
    return _by_waiting(draws, trials, p) if trials * p < 10 else _by_rejection(draws, trials, p)


def _by_tossing(draws: Iterator[tuple[int, int, int, int]], trials: int) -> int:
    """A coin for each trial: the bits of the words, the lowest one first."""
    bits = (word >> bit & 1 for words in draws for word in words for bit in range(32))
    return sum(islice(bits, trials))


def _by_waiting(draws: Iterator[tuple[int, int, int, int]], trials: int, p: float) -> int:
    """Successes are a geometric number of failures apart."""
    position = 0
    for successes in count():
        high, low, _, _ = next(draws)
        position += math.floor(math.log(uniform(high, low)) / math.log1p(-p)) + 1
        if position > trials:
            return successes
    raise AssertionError


def _by_rejection(draws: Iterator[tuple[int, int, int, int]], n: int, p: float) -> int:
    """Algorithm BTRS (Hormann 1993); the ratio of two probabilities is computed factor by factor."""
    mode = math.floor((n + 1) * p)
    deviation = math.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    alpha = (2.83 + 5.1 / b) * deviation
    for words in draws:
        u, v = uniform(*words[:2]) - 0.5, uniform(*words[2:])
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + n * p + 0.5)
        if us >= 0.07 and v <= 0.92 - 4.2 / b:
            return k
        if not 0 <= k <= n:
            continue
        steps = range(min(mode, k) + 1, max(mode, k) + 1)
        # P(i) / P(i - 1) for each step from one to the other.
        ratio = math.fsum(math.log((n - i + 1) / i * p / (1 - p)) for i in steps)
        if math.log(v * alpha / (a / us**2 + b)) <= (ratio if k > mode else -ratio):
            return k
    raise AssertionError


def split(seed: int, stream: int, total: int, widths: Sequence[int], node: int = 1) -> list[int]:
    """`total` events over leaves in proportion to their widths: cut the leaves in two, draw how many go left, and again.

    The left part has as many leaves as the largest power of two below their number.
    """
    if total == 0 or len(widths) <= 1:
        return [total] * len(widths) if len(widths) == 1 else [0] * len(widths)
    middle = 2 ** ((len(widths) - 1).bit_length() - 1)
    left, right = widths[:middle], widths[middle:]
    on_left = binomial(seed, stream, node, total, sum(left) / sum(widths))
    return split(seed, stream, on_left, left, 2 * node) + split(seed, stream, total - on_left, right, 2 * node + 1)


def running(counts: Sequence[int]) -> list[int]:
    """Running totals: how many come before each, and how many there are in all."""
    return [0, *accumulate(counts)]


def cut(length: int, piece: int) -> list[int]:
    """Widths of the pieces of a length; the last may be shorter."""
    return [min(piece, length - start) for start in range(0, length, piece)]


# Times


def sorted_times(n: int, seed: int, window: int, low: int, width: int) -> list[int]:
    """Sums of n + 1 exponential spacings, scaled to the width: sorted uniform times (Devroye 1986, V.2).

    One counter gives four uniforms, which are a quarter of the list apart.
    """
    quarter = math.ceil((n + 1) / 4)
    draws = [draw(seed, streams.TIMES, j, window) for j in range(quarter)]
    uniforms = [(draws[j % quarter][j // quarter] + 1) / WORD for j in range(n + 1)]
    *sums, total = accumulate(-math.log(u) for u in uniforms)
    return [low + min(math.floor(part / total * width), width - 1) for part in sums]


# Rows


class Row(NamedTuple):
    """A transaction, with the fields of a block except for the card's number, which follows from the card."""

    second: int
    card: int
    category: int
    cents: int
    place: int
    latitude: int
    longitude: int
    walked: int
    label: int


def alias_item(table: Alias, word_item: int, word_keep: int) -> int:
    """An item of an alias table: the one that is hit, or its alias."""
    item = pick(word_item, len(table.threshold))
    return item if word_keep < int(table.threshold[item]) else int(table.other[item])


def alias_shares(table: Alias) -> list[Fraction]:
    """The probabilities that an alias table stands for."""
    n = len(table.threshold)
    shares = [Fraction(0)] * n
    for item, (threshold, other) in enumerate(zip(table.threshold.tolist(), table.other.tolist(), strict=True)):
        shares[item] += Fraction(threshold, WORD) / n
        shares[other] += (1 - Fraction(threshold, WORD)) / n
    return shares


def amount(table: Amounts, category: int, word_slot: int, word_offset: int) -> int:
    """Cents: the first word hits a slot, and the rest of it chooses between the slot's own segment and its alias."""
    slots = 2**table.bits
    hit, rest = divmod(word_slot * slots, WORD)
    slot = category * slots + hit
    segment = 2 * slot + (0 if rest < int(table.threshold[slot]) else 1)
    return int(table.low[segment]) + pick(word_offset, int(table.width[segment]))


def amount_in_ranges(config: Config, word_range: int, word_offset: int) -> int:
    """Cents of the whole distribution: the first word chooses a range, the second one an amount in it."""
    shares = list(accumulate(Fraction(str(part.share)) for part in config.amounts))
    found = next(r for r, until in enumerate(shares) if word_range < int(until / shares[-1] * WORD))
    cents = config.amount_cents[found]
    return cents[pick(word_offset, len(cents))]


def amount_shares(config: Config, low: int, high: int) -> dict[range, Fraction]:
    """The distribution of amounts between two prices, both included: ranges of cents that are equally likely inside."""
    shares: dict[range, Fraction] = {}
    for part, cents in zip(config.amounts, config.amount_cents, strict=True):
        inside = range(max(cents.start, low), min(cents.stop, high + 1))
        if inside and part.share:
            shares[inside] = Fraction(part.share) * len(inside) / len(cents)
    total = sum(shares.values())
    return {inside: share / total for inside, share in shares.items()}


def quotas(total: int, shares: Sequence[float]) -> list[int]:
    """Whole parts, and one more for the largest remainders (for equal ones, the first)."""
    exact = [Fraction(str(share)) for share in shares]
    exact = [total * share / sum(exact) for share in exact]
    whole = [math.floor(x) for x in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: whole[i] - exact[i])
    return [n + (i in by_remainder[: total - sum(whole)]) for i, n in enumerate(whole)]


def later_ranges(shares: Sequence[float], later: int) -> list[int]:
    """The amount ranges of a chain's m later payments: ceil(m x share) of each, in ascending order, cut to m."""
    exact = [Fraction(str(share)) for share in shares]
    every = [r for r, share in enumerate(exact) for _ in range(math.ceil(later * share / sum(exact)))]
    return every[:later]


def age(birth: date, day: date) -> int:
    """Birthdays up to a day: in a year without 29 February, such a birthday is on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def possible_births(day: date, low: int, high: int) -> list[date]:
    """All birthdates of people who are `low` to `high` years old on a day."""
    span = range((day - date(day.year - high - 2, 1, 1)).days + 1)
    days = (day - timedelta(days=back) for back in reversed(span))
    return [birth for birth in days if low <= age(birth, day) <= high]


def luhn_valid(number: str) -> bool:
    """ISO/IEC 7812-1: with every second digit from the right doubled, all digits add up to a multiple of ten."""
    doubled = [str(int(d) * (1 + i % 2)) for i, d in enumerate(reversed(number))]
    return sum(int(digit) for digit in "".join(doubled)) % 10 == 0


def card_number(seed: int, card: int) -> str:
    """A 4, fourteen digits from a permutation, and the digit that makes the number valid."""
    free = f"4{Permutation(seed, names.CARD_NUMBER, 10**14, turns=4)(card):014}"
    return next(free + check for check in "0123456789" if luhn_valid(free + check))


class AtmSequence(NamedTuple):
    """An ATM sequence, and its foreign withdrawal if there is one."""

    card: int
    length: int
    start: int
    step: int
    place: int
    rows: list[Row]
    foreign: list[tuple[int, Row]]


class Twin:
    """All rows of a dataset as docs/data.md defines them, in order. Seconds count from the start of the period."""

    def __init__(self, config: Config, pools: Pools, grid: Grid, amounts: Amounts) -> None:
        self.config, self.pools, self.grid, self.amounts = config, pools, grid, amounts
        self.seed, self.period = config.seed, config.seconds
        self.coordinates = [(_millionths(place.latitude), _millionths(place.longitude)) for place in pools.places]

    # Counts

    def frauds_of(self, total: int) -> int:
        """int(ratio x total), in exact decimal arithmetic."""
        return int(Decimal(str(self.config.fraud.ratio)) * total)

    @cached_property
    def payments(self) -> int:
        """Card payments, chains included."""
        sizes = self.config.sizes
        return sizes.rows - len(self.withdrawals) - len(self.foreign) if sizes.payments is None else sizes.payments

    @cached_property
    def ordinary(self) -> int:
        """Payments outside of chains."""
        return self.payments - self.frauds_of(self.payments)

    # Ordinary payments

    @cached_property
    def quotas(self) -> list[int]:
        """How many payments each category has; the first of a chain is one of them."""
        return quotas(self.ordinary + len(self.chain_lengths), [c.share for c in self.config.categories])

    @cached_property
    def _places_of_categories(self) -> Permutation:
        return Permutation(self.seed, names.CATEGORY_QUOTA, sum(self.quotas))

    def category(self, payment: int) -> int:
        """The category whose share of all payments, in random order, this one falls into."""
        return bisect_right(list(accumulate(self.quotas)), self._places_of_categories(payment))

    def payment(self, number: int, second: int) -> Row:
        """Card, place and amount of a payment."""
        words = draw(self.seed, streams.PAYMENT, number)
        category = self.category(number)
        cents = amount(self.amounts, category, *words[2:])
        return self._row(second, pick(words[0], self.config.sizes.cards), category, cents, pick(words[1], self.pools.home), 0)

    def _row(self, second: int, card: int, category: int, cents: int, place: int, label: int) -> Row:
        return Row(second, card, category, cents, place, *self.coordinates[place], 0, label)

    @cached_property
    def ordinary_rows(self) -> list[Row]:
        """Payments outside of chains, in the order of their numbers, which is that of time."""
        windows = cut(self.period, self.grid.window)
        windows += [0] * (self.grid.groups * self.grid.windows_per_group - len(windows))
        counts = split(self.seed, streams.SPLIT_PAYMENTS, self.ordinary, windows)
        seconds: list[int] = []
        for window, (n, width) in enumerate(zip(counts, windows, strict=True)):
            seconds += sorted_times(n, self.seed, window, window * self.grid.window, width)
        return [self.payment(number, second) for number, second in enumerate(seconds)]

    # Attack chains

    @cached_property
    def chain_lengths(self) -> list[int]:
        """Lengths until the number of frauds is reached; the last one is cut."""
        low, high = self.config.fraud.chain_lengths
        lengths: list[int] = []
        while (left := self.frauds_of(self.payments) - sum(lengths)) > 0:
            word = draw(self.seed, streams.CHAIN, len(lengths))[1]
            lengths.append(min(low + pick(word, high - low + 1), left))
        return lengths

    @cached_property
    def chains(self) -> list[list[Row]]:
        """The payments of each chain."""
        groups = cut(self.period, self.grid.group)
        groups += [0] * (self.grid.groups - len(groups))
        counts = split(self.seed, streams.SPLIT_CHAINS, len(self.chain_lengths), groups)
        group_of = [group for group, n in enumerate(counts) for _ in range(n)]
        return [
            self.chain(number, group * self.grid.group, groups[group], length)
            for number, (group, length) in enumerate(zip(group_of, self.chain_lengths, strict=True))
        ]

    def chain(self, number: int, low: int, width: int, length: int) -> list[Row]:
        """A chain that starts in [low, low + width)."""
        config = self.config
        second = low + pick(draw(self.seed, streams.CHAIN, number)[0], width)
        rows = [self.payment(self.ordinary + number, second)._replace(label=1)]
        ranges = later_ranges([part.share for part in config.amounts], length - 1)
        steps = [draw(self.seed, streams.CHAIN_STEP, number, step) for step in range(1, length)]
        for last in range(length - 2, 0, -1):  # Fisher-Yates
            other = pick(steps[last][2], last + 1)
            ranges[last], ranges[other] = ranges[other], ranges[last]
        gap_low, gap_high = config.fraud.chain_gap_seconds
        for words, r in zip(steps, ranges, strict=True):
            second += gap_low + pick(words[0], gap_high - gap_low + 1)
            cents = config.amount_cents[r][pick(words[3], len(config.amount_cents[r]))]
            rows.append(self._row(second, rows[0].card, self.category_holding(cents), cents, pick(words[1], self.pools.home), 1))
        return rows

    def category_holding(self, cents: int) -> int:
        """The first category with the amount in its price range; one whose range ends there only if no other holds it."""
        holding = [i for i, c in enumerate(self.config.categories) if c.low_cents <= cents <= c.high_cents]
        return min(holding, key=lambda i: self.config.categories[i].high_cents == cents)

    # Withdrawals

    @cached_property
    def births(self) -> list[date]:
        """Possible birthdates."""
        return possible_births(self.config.start.date(), *self.config.ages)

    def birth(self, card: int) -> date:
        """When a card's holder was born."""
        return self.births[pick(draw(self.seed, streams.PROFILE, card)[0], len(self.births))]

    @cached_property
    def susceptible(self) -> list[int]:
        """Cards, in order, whose holder's age band is not full."""
        sizes, start = self.config.sizes, self.config.start.date()
        room = [int(Fraction(str(band.share)) * sizes.withdrawals) for band in self.config.atm.bands]
        found = []
        for card in range(sizes.cards):
            years = age(self.birth(card), start)
            for number, band in enumerate(self.config.atm.bands):
                if band.low <= years <= band.high and room[number]:
                    room[number] -= 1
                    found.append(card)
        return found

    @cached_property
    def cash_cards(self) -> list[int]:
        """Cards drawn without replacement from the susceptible ones."""
        sizes = self.config.sizes
        if not sizes.withdrawals:
            return []
        image = Permutation(self.seed, names.CASH_CARD, len(self.susceptible))
        return [self.susceptible[image(i)] for i in range(min(sizes.cash_cards, len(self.susceptible)))]

    @cached_property
    def rounds(self) -> int:
        """How often each cash card gets each length."""
        a_round = len(self.cash_cards) * sum(self.config.atm.lengths.values)
        return next(rounds for rounds in count() if rounds * a_round >= self.config.sizes.withdrawals) if a_round else 0

    @cached_property
    def sequences(self) -> list[AtmSequence]:
        """All sequences in the order of their numbers: by step, then by the cell of time in which they start."""
        atm = self.config.atm
        total = len(self.cash_cards) * len(atm.lengths.values) * self.rounds
        if not total:
            return []
        cloned = self.frauds_of(total)
        cells = cut(self.period, self.grid.cell)
        leaves = [(step, cell) for step in atm.step_hours.values for cell in range(len(cells))]
        widths = [cells[cell] for _, cell in leaves]
        foreign = split(self.seed, streams.SPLIT_CLONED, cloned, widths)
        plain = split(self.seed, streams.SPLIT_SEQUENCES, total - cloned, widths)
        image = Permutation(self.seed, names.SEQUENCE_HOLDER, total, multiple=len(atm.lengths.values))
        made: list[AtmSequence] = []
        for (step, cell), clones, others in zip(leaves, foreign, plain, strict=True):
            for i in range(clones + others):
                start = cell * self.grid.cell, cells[cell]
                made.append(self.sequence(len(made), image(len(made)), step, *start, cloned=i < clones))
        return made

    def sequence(self, number: int, holder: int, step: int, low: int, width: int, cloned: bool) -> AtmSequence:
        """A sequence that starts in [low, low + width)."""
        atm, cash = self.config.atm, len(self.config.categories)
        card_and_round, length = divmod(holder, len(atm.lengths.values))
        card = self.cash_cards[card_and_round % len(self.cash_cards)]
        words = draw(self.seed, streams.SEQUENCE, number)
        start, place = low + pick(words[0], width), pick(words[1], self.pools.home)
        latitude, longitude = self.coordinates[place]
        radius = int(Decimal(str(atm.radius)) * 10**6)
        rows = []
        for k in range(1, atm.lengths.low + length + 1):
            # The first two steps come from the words that are left, four later ones from a counter each.
            walk = words[1 + k] if k <= 2 else draw(self.seed, streams.WALK, number, k - 3 - (k - 3) % 4 + 2)[(k - 3) % 4]
            north, rest = divmod(walk * (2 * radius + 1), WORD)
            latitude += north - radius
            longitude += pick(rest, 2 * radius + 1) - radius
            drawn = draw(self.seed, streams.WITHDRAWAL, number, k)
            cents = amount_in_ranges(self.config, *drawn[:2])
            rows.append(Row(start + k * step * 3600, card, cash, cents, place, latitude, longitude, 1, 0))
        foreign = []
        if cloned:
            words = draw(self.seed, streams.FOREIGN, number)
            hours = atm.foreign_hours.values[pick(words[0], len(atm.foreign_hours.values))]
            abroad = self.pools.home + pick(words[1], len(self.pools.places) - self.pools.home)
            second = rows[0].second + hours * 3600
            foreign.append((hours, self._row(second, card, cash, amount_in_ranges(self.config, *words[2:]), abroad, 1)))
        return AtmSequence(card, len(rows), start, step, place, rows, foreign)

    @cached_property
    def withdrawals(self) -> list[Row]:
        """All first withdrawals, all second ones, and so on."""
        most = max((sequence.length for sequence in self.sequences), default=0)
        return [sequence.rows[k] for k in range(most) for sequence in self.sequences if k < sequence.length]

    @cached_property
    def foreign(self) -> list[Row]:
        """Foreign withdrawals, ordered by how soon they follow the first withdrawal."""
        every = [foreign for sequence in self.sequences for foreign in sequence.foreign]
        return [row for _, row in sorted(every, key=lambda foreign: foreign[0])]

    # The whole

    @cached_property
    def rows(self) -> list[Row]:
        """All rows by time; at equal times in the order payments, withdrawals, foreign withdrawals, chains."""
        chained = [row for chain in self.chains for row in chain]
        return sorted(self.ordinary_rows + self.withdrawals + self.foreign + chained, key=lambda row: row.second)


def _millionths(degrees: str) -> int:
    return int(Decimal(degrees) * 10**6)


# Values as text


def values(row: Row, twin: Twin, cards: Sequence[str]) -> dict[str, Any]:
    """The columns of a row as Python's own values."""
    moment = twin.config.start + timedelta(seconds=row.second)
    place = twin.pools.places[row.place]
    names = [*(category.name for category in twin.config.categories), "Cash Withdrawal"]
    amount, when = row.cents / 100, str(moment)
    return {
        "tid": md5(f"{when}{cards[row.card]}{amount}".encode()).hexdigest(),
        "datetime": when,
        "cc_num": cards[row.card],
        "category": names[row.category],
        "amount": amount,
        "latitude": _six_decimals(row.latitude) if row.walked else place.latitude,
        "longitude": _six_decimals(row.longitude) if row.walked else place.longitude,
        "city": place.city,
        "country": place.country,
        "fraud_label": row.label,
    }


def _six_decimals(millionths: int) -> str:
    return f"{Decimal(millionths).scaleb(-6):.6f}"


# Digests


def mix(x: int) -> int:
    """The finalizer of splitmix64 (Steele, Lea, Flood 2014)."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % LONG
    x = (x ^ x >> 27) * 0x94D049BB133111EB % LONG
    return x ^ x >> 31


def text_value(text: bytes) -> int:
    """A text's value: its length, then eight bytes at a time, the last padded with zeros."""
    value = len(text)
    for at in range(0, len(text), 8):
        value = mix(value ^ int.from_bytes(text[at : at + 8].ljust(8, b"\0"), "little"))
    return value


def rows_digest(rows: Sequence[Sequence[int]]) -> int:
    """The digest of rows of values: columns are chained, rows are summed."""
    total = 0
    for row in rows:
        chained = 0
        for value in row:
            chained = mix((chained + 0x9E3779B97F4A7C15) % LONG ^ value % LONG)
        total = (total * 0xD1342543DE82EF95 + chained) % LONG
    return total


def transaction_value(name: str, row: Row, text: dict[str, Any]) -> int:
    """The value of a row's column for the digest."""
    match name:
        case "tid":
            return text_value(bytes.fromhex(text["tid"]))
        case "datetime":
            return int((datetime.fromisoformat(text["datetime"]) - datetime(1970, 1, 1)).total_seconds())
        case "amount":
            return row.cents
        case "latitude":
            return row.latitude
        case "longitude":
            return row.longitude
        case "fraud_label":
            return row.label
    return text_value(text[name].encode())


# Partitions


def murmur2(key: bytes) -> int:
    """MurmurHash2 as in Apache Kafka's Java client, as an unsigned number."""
    multiplier, value = 0x5BD1E995, 0x9747B28C ^ len(key)
    whole = len(key) // 4 * 4
    for at in range(0, whole, 4):
        word = int.from_bytes(key[at : at + 4], "little") * multiplier % 2**32
        word = (word ^ word >> 24) * multiplier % 2**32
        value = value * multiplier % 2**32 ^ word
    if rest := key[whole:]:
        value = (value ^ int.from_bytes(rest, "little")) * multiplier % 2**32
    value = (value ^ value >> 13) * multiplier % 2**32
    return value ^ value >> 15


# Order


def longest_increasing(values: Sequence[int]) -> int:
    """The length of the longest strictly increasing subsequence."""
    longest: list[int] = []
    for value in values:
        longest.append(1 + max([most for most, before in zip(longest, values, strict=False) if before < value], default=0))
    return max(longest, default=0)


# Tallies


def bin_of(value: int) -> int:
    """The bin of a number: its first three digits, and 900 bins for each further digit."""
    digits = len(str(value))
    more = max(0, digits - 3)
    return min(value // 10**more + 900 * more, 1_000 + 900 * 9 - 1)


def metres_between(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The length of the arc between two places (latitude, longitude), by the angle between their directions from the centre."""

    def direction(place: tuple[float, float]) -> tuple[float, float, float]:
        up, along = math.radians(place[0]), math.radians(place[1])
        return math.cos(up) * math.cos(along), math.cos(up) * math.sin(along), math.sin(up)

    return 6_371_008.8 * 2 * math.asin(min(1.0, math.dist(direction(a), direction(b)) / 2))


def run_lengths(rows: Sequence[tuple[int, int]], gap: int) -> list[int]:
    """The lengths, in any order, of runs of rows (card, second) of one card that are at most `gap` seconds apart."""
    runs: dict[int, list[list[int]]] = {}
    for card, second in sorted(rows, key=lambda row: row[1]):
        own = runs.setdefault(card, [])
        if own and second - own[-1][-1] <= gap:
            own[-1].append(second)
        else:
            own.append([second])
    return [len(run) for own in runs.values() for run in own]
