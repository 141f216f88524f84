"""From a configuration to exact counts: how many of each thing there are, and in which window of time.

The period and what follows it are cut into groups, the unit that a thread takes, and each group into
windows, small enough to stay in the processor's cache. Counts per window come from one multinomial
draw each, without making the events. The grid depends on the configuration alone.
"""

from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.config import Config
from fastgen.errors import ConfigError
from fastgen.kernels import cards as card_kernels
from fastgen.kernels import chains as chain_kernels
from fastgen.kernels import rng, splitting
from fastgen.kernels.columns import looked_up
from fastgen.kernels.tables import Amounts, Anchors, Chains, Payments, Quota, Sequences
from fastgen.kernels.units import DAY, HOUR, MICRODEGREES
from fastgen.pools import alias_table, load_pools, microdegrees
from fastgen.sizes import exact_shares

WINDOW_ROWS = 16_384
GROUP_ROWS = 65_536
SMALLEST_CELL = 60
MOST_EXPECTED = 2**25
"""Rows that are expected in a group at most. Views of 32-byte texts count bytes in 31 bits: with the foreign withdrawals, which are
not expected, and what chance adds there are fewer than 2^26."""
MOST_CELLS = 2**27
"""Cells of the period times lengths of a step: sequences are counted for each pair, in tables of a gigabyte then."""
CARDS_AT_ONCE = 1 << 16
BIRTHS_AT_ONCE = 1 << 11
OLDEST = 200
"""Years up to which ages are told apart."""

# Names of the keyed permutations.
CATEGORY_QUOTA = 1
CARD_NUMBER = 2
CASH_CARD = 3
SEQUENCE_HOLDER = 4


class Grid(NamedTuple):
    """How time is cut: seconds of a window, a group and a cell; groups in all; windows in a group.

    A cell is at most an hour and divides it, so that whole hours are whole cells.
    """

    window: int
    group: int
    cell: int
    groups: int

    @property
    def windows(self) -> int:
        """Windows in a group."""
        return self.group // self.window


def time_grid(rows: int, period: int, horizon: int) -> Grid:
    """The grid for `rows` events in `period` seconds; events may lie before `horizon` seconds.

    Example:
        >>> time_grid(106_020, 59 * 86_400, 59 * 86_400)
        Grid(window=787500, group=3150000, cell=3600, groups=2)
    """
    hourly = Fraction(rows * HOUR, period)
    hours = -(-horizon // HOUR)
    if hourly <= GROUP_ROWS:
        group = HOUR * min(int(GROUP_ROWS / hourly), hours)
    else:
        group = max(
            (d for d in range(SMALLEST_CELL, HOUR + 1) if HOUR % d == 0 and d * hourly <= GROUP_ROWS * HOUR),
            default=SMALLEST_CELL,
        )
    per_window = max(1, int(WINDOW_ROWS * HOUR / hourly))
    parts = -(-group // per_window)
    while group % parts:
        parts += 1
    return Grid(group // parts, group, min(group, HOUR), -(-horizon // group))


def proportional(total: int, shares: list[float]) -> NDArray[np.int64]:
    """Whole quotas of `total` by the method of largest remainders; ties go to the first.

    Example:
        >>> proportional(10, [0.55, 0.25, 0.2]).tolist()
        [6, 2, 2]
    """
    exact = [total * share for share in exact_shares(shares)]
    counts = [int(value) for value in exact]
    order = sorted(range(len(shares)), key=lambda i: counts[i] - exact[i])
    for i in order[: total - sum(counts)]:
        counts[i] += 1
    return np.array(counts, np.int64)


def years_before(moment: date, years: int) -> date:
    """The same day some years earlier; 29 February becomes 28 February where there is none.

    Who was born after it, be it on 1 March, has not had that many birthdays yet.

    Example:
        >>> years_before(date(2024, 2, 29), 1)
        datetime.date(2023, 2, 28)
    """
    try:
        return moment.replace(year=moment.year - years)
    except ValueError:
        return date(moment.year - years, 2, 28)


def possible_births(config: Config) -> tuple[date, int]:
    """The first possible birthdate of a holder, and how many days are possible: ages count at the dataset's start."""
    start, ages = config.start.date(), config.ages
    first = years_before(start, ages.high + 1) + timedelta(days=1)
    return first, (years_before(start, ages.low) - first).days + 1


def ages_at(day: date, births: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64: whole years on a day of those born on other days, in days since 1970; -1 of who is not born yet.

    Example:
        >>> ages_at(date(1988, 1, 1), np.array([0, 1, -366, 6573, 6574, 6575])).tolist()
        [18, 17, 19, 0, 0, -1]
    """
    most = min(day.year - 1, OLDEST)
    birthdays = [(years_before(day, years) - date(1970, 1, 1)).days for years in range(most, -1, -1)]
    return most - np.searchsorted(birthdays, births)


class Totals(NamedTuple):
    """How many there are of what does not depend on chance.

    rounds: in which each cash card gets a sequence of each length. payments: those of chains, chain_payments, included.
    """

    cash_cards: int
    rounds: int
    sequences: int
    withdrawals: int
    foreign: int
    payments: int
    chain_payments: int


def totals(config: Config, available: int) -> Totals:
    """The counts that a configuration comes to where so many cards can withdraw cash.

    Example:
        >>> totals(Config(), 1_400).withdrawals, totals(Config(), 200).withdrawals
        (52000, 20800)
    """
    sizes, lengths = config.sizes, config.atm.lengths.values
    cash_cards = min(sizes.cash_cards, available)
    per_round = cash_cards * sum(lengths)
    rounds = -(-sizes.withdrawals // per_round) if per_round else 0
    sequences = cash_cards * len(lengths) * rounds
    foreign = config.fraud.of(sequences)
    payments = sizes.payments
    if payments is None:
        assert sizes.rows is not None
        payments = sizes.rows - per_round * rounds - foreign
    return Totals(cash_cards, rounds, sequences, per_round * rounds, foreign, payments, config.fraud.of(payments))


class Plan:
    """Exact counts and the tables that kernels read. Parts are made when they are first asked for."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.pools = load_pools()
        self.seed = np.uint64(config.seed)
        sizes = config.sizes
        self.cards = sizes.cards
        self.period = config.seconds
        self.origin = datetime(config.start.year, config.start.month, config.start.day)
        self.day_offset = int((config.start - self.origin).total_seconds())
        self.origin_seconds = int((self.origin - datetime(1970, 1, 1)).total_seconds())
        self.cash_cards_wanted = sizes.cash_cards
        self.totals = found = totals(config, self._available())
        self.cash_cards, self.sequences, self.withdrawals = found.cash_cards, found.sequences, found.withdrawals
        self.foreign, self.payments, self.chain_payments = found.foreign, found.payments, found.chain_payments
        self.ordinary = self.payments - self.chain_payments
        chains = config.fraud.chain_lengths
        count, last = chain_kernels.count_chains(self.seed, chains.low, chains.high - chains.low + 1, self.chain_payments)
        self.chains, self.last_chain = int(count), int(last)
        self.rows = self.payments + self.withdrawals + self.foreign
        self.frauds = self.chain_payments + self.foreign
        self.grid = time_grid(max(self.rows, 1), self.period, self.period + self._tail())
        self._check_cells()
        self._check_groups()

    def _available(self) -> int:
        """How many cards can withdraw cash."""
        sizes = self.config.sizes
        available = self.susceptible.size if sizes.cash_cards else 0
        if sizes.cash_cards_required and not available:
            raise ConfigError("atm.cards", sizes.cash_cards, "must be 0: no card has a holder in an age band of atm.bands")
        return available

    def _check_cells(self) -> None:
        """The table of sequences fits into memory."""
        steps, cell = self.config.atm.step_hours, self.grid.cell
        cells, count = -(-self.period // cell), len(steps.values)
        if self.sequences and count * cells > MOST_CELLS:
            allowed = f"{count:,} lengths of a step times {cells:,} cells of {cell:,} seconds must be at most {MOST_CELLS:,}"
            raise ConfigError("atm.step_hours", list(steps), allowed)

    def _check_groups(self) -> None:
        """The rows of a group can be told apart."""
        if self.rows > MOST_EXPECTED:
            most = float(np.diff(self.expected_rows).max())
            if most > MOST_EXPECTED:
                told = f"{self.grid.group} seconds would have {most:,.0f} rows, and can have {MOST_EXPECTED:,}"
                raise ConfigError("end", self.config.end, f"must be later: {told}")

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of what."""
        return {
            "transactions": self.rows,
            "payments": self.payments,
            "chains": self.chains,
            "chain_payments": self.chain_payments,
            "cash_cards": self.cash_cards,
            "sequences": self.sequences,
            "withdrawals": self.withdrawals,
            "foreign_withdrawals": self.foreign,
            "frauds": self.frauds,
            "cards": self.cards,
        }

    def _tail(self) -> int:
        """Seconds after the period's end in which events may still fall."""
        fraud, atm = self.config.fraud, self.config.atm
        return max(fraud.reach if self.chains else 0, atm.reach if self.sequences else 0) + 1

    @cached_property
    def births(self) -> tuple[date, int]:
        """The first possible birthdate, and how many days are possible."""
        return possible_births(self.config)

    @cached_property
    def ages(self) -> NDArray[np.int64]:
        """int64[days]: whole years at the dataset's start of someone born on each possible day."""
        first, days = self.births
        return ages_at(self.config.start.date(), (first - date(1970, 1, 1)).days + np.arange(days))

    @cached_property
    def susceptible(self) -> NDArray[np.uint32]:
        """uint32: indices of the cards that may become cash cards."""
        bands = self.config.atm.bands
        room = np.array([*self.config.band_rooms, 0], np.int64)
        band_of_birth = np.full(self.ages.size, len(bands), np.uint8)
        for number, band in enumerate(bands):
            band_of_birth[(self.ages >= band.low) & (self.ages <= band.high)] = number
        found = np.empty(min(self.cards, int(room.sum())) + 1, np.uint32)
        births = np.empty(BIRTHS_AT_ONCE, np.uint32)
        return found[: card_kernels.susceptible_cards(found, self.cards, self.seed, band_of_birth, room, births)]

    @cached_property
    def amounts(self) -> Amounts:
        """Alias tables of the amount: a row a category, the last for the whole distribution."""
        shares, cents = [part.share for part in self.config.amounts], self.config.amount_cents
        bits = max(1, (len(cents) - 1).bit_length())
        limits = [range(c.low_cents, c.high_cents + 1) for c in self.config.categories] + [range(1 << 62)]
        shape = (len(limits), 1 << bits)
        threshold = np.zeros(shape, np.uint64)
        low, width = np.zeros((*shape, 2), np.uint64), np.ones((*shape, 2), np.uint64)
        for row, prices in enumerate(limits):
            cut = [range(max(part.start, prices.start), min(part.stop, prices.stop)) for part in cents]
            weights = [share * len(left) / len(part) for share, left, part in zip(shares, cut, cents, strict=True)]
            weights += [0.0] * (shape[1] - len(weights))
            threshold[row], others = alias_table(tuple(weights))
            for slot, other in enumerate(others.tolist()):
                for side, segment in enumerate((slot, other)):
                    if weights[segment] > 0:
                        low[row, slot, side], width[row, slot, side] = cut[segment].start, len(cut[segment])
        return Amounts(threshold.ravel(), low.ravel(), width.ravel(), bits)

    @cached_property
    def category_quotas(self) -> NDArray[np.int64]:
        """int64[categories]: how many ordinary payments (the first of a chain is one) each category has."""
        return proportional(self.ordinary + self.chains, [c.share for c in self.config.categories])

    @cached_property
    def payment_rules(self) -> Payments:
        """What payments are drawn from."""
        upper = np.cumsum(self.category_quotas).astype(np.uint64)
        total = int(upper[-1])
        shift = max(0, total.bit_length() - 12)
        slots = np.arange((total >> shift) + 1, dtype=np.uint64) << np.uint64(shift)
        first = np.minimum(np.searchsorted(upper, slots, side="right"), upper.size - 1).astype(np.uint8)
        keys = rng.permutation_keys(self.config.seed, CATEGORY_QUOTA, total)
        return Payments(
            seed=self.seed,
            cards=self.cards,
            card_keys=self.card_keys,
            places=self.pools.home,
            amounts=self.amounts,
            quota=Quota(keys, upper, first, shift),
            category_low=np.array([c.low_cents for c in self.config.categories], np.int64),
            category_high=np.array([c.high_cents for c in self.config.categories], np.int64),
        )

    @cached_property
    def payment_offsets(self) -> NDArray[np.int64]:
        """int64[windows + 1]: ordinary payments (without chains' firsts) before each window."""
        edges = np.minimum(np.arange(self.grid.groups * self.grid.windows + 1, dtype=np.int64) * self.grid.window, self.period)
        return self._offsets(rng.SPLIT_PAYMENTS, self.ordinary, edges)

    @cached_property
    def expected_rows(self) -> NDArray[np.float64]:
        """float64[groups + 1]: how many rows are to be expected before each group; exact for payments outside of chains.

        Parts are cut by it, so that it must be the same on every machine: each step is one operation of IEEE arithmetic.
        """
        payments: NDArray[np.float64] = self.payment_offsets[:: self.grid.windows].astype(np.float64)
        if self.chains:
            attacks: NDArray[np.float64] = self.chain_rules.anchors.offsets.astype(np.float64)
            attacks *= float(self.chain_payments)
            attacks /= float(self.chains)
            payments += attacks
        if not self.withdrawals:
            return payments
        edges = np.arange(self.grid.groups + 1, dtype=np.int64) * self.grid.group
        before = self._withdrawals_before(edges).astype(np.float64)
        withdrawals: NDArray[np.float64] = before * float(self.withdrawals)
        withdrawals /= before[-1]
        return payments + withdrawals

    def _withdrawals_before(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[times]: withdrawals to be expected before times (seconds since the start), on some scale.

        Withdrawal k of a sequence is k steps after its start, which may be any second of the period.
        """
        atm, lowest = self.config.atm, self.config.atm.step_hours.low
        steps = atm.step_hours.high - lowest + 1
        total = np.zeros(times.size, np.int64)
        for k in range(1, atm.lengths.high + 1):
            lengths = atm.lengths.high - max(atm.lengths.low, k) + 1
            # Of the steps some have their whole period before the time, others a part of it, which shrinks step by step.
            whole = np.clip((times - self.period) // (k * HOUR) - lowest + 1, 0, steps)
            partly = np.clip(times // (k * HOUR) - lowest + 1, 0, steps) - whole
            steps_of_partly = partly * (lowest + whole) + partly * (partly - 1) // 2
            total += lengths * (whole * self.period + partly * times - k * HOUR * steps_of_partly)
        return total

    def part(self, number: int, of: int) -> range:
        """The groups of one of several parts, which are about equal in rows; each has a group at least."""
        expected, groups = self.expected_rows, self.grid.groups
        wanted = np.array([expected[-1] * i / of for i in range(of + 1)])
        edges = np.searchsorted(expected, wanted) - np.arange(of + 1)
        edges = np.minimum(np.maximum.accumulate(edges), groups - of) + np.arange(of + 1)
        edges[0], edges[-1] = 0, groups
        return range(int(edges[number - 1]), int(edges[number]))

    def _anchors(self, stream: int, attacks: int, reach: int) -> Anchors:
        """Where so many attacks start that take up to `reach` seconds; their stream is that of their splitting."""
        group = self.grid.group
        edges = np.minimum(np.arange(self.grid.groups + 1, dtype=np.int64) * group, self.period)
        return Anchors(self._offsets(stream, attacks, edges), group, self.period, -(-reach // group))

    @cached_property
    def fraud_rules(self) -> tuple[NamedTuple, ...]:
        """A table for each kind of fraud that is injected; within a second their events come in this order."""
        return (self.chain_rules,)

    @cached_property
    def chain_rules(self) -> Chains:
        """Attack chains and where they start."""
        fraud = self.config.fraud
        lengths, gaps, cents = fraud.chain_lengths, fraud.chain_gap_seconds, self.config.amount_cents
        return Chains(
            anchors=self._anchors(rng.SPLIT_CHAINS, self.chains, fraud.reach),
            first_payment=self.ordinary,
            shortest=lengths.low,
            lengths=len(lengths.values),
            last_length=self.last_chain,
            gap_low=gaps.low,
            gaps=len(gaps.values),
            range_counts=np.array(self.config.chain_range_counts, np.int64),
            range_low=np.array([amounts.start for amounts in cents], np.uint64),
            range_width=np.array([len(amounts) for amounts in cents], np.uint64),
        )

    @cached_property
    def sequence_rules(self) -> Sequences:
        """ATM sequences and where they start."""
        atm, cell = self.config.atm, self.grid.cell
        steps = atm.step_hours.high - atm.step_hours.low + 1
        lengths = atm.lengths.high - atm.lengths.low + 1
        cells = -(-self.period // cell) if self.sequences else 0
        starts = np.minimum(np.arange(cells + 1, dtype=np.int64) * cell, self.period)
        edges = (np.arange(steps, dtype=np.int64)[:, None] * self.period + starts[None, :-1]).ravel()
        edges = np.append(edges, steps * self.period)
        cloned = self._offsets(rng.SPLIT_CLONED, self.foreign, edges)
        return Sequences(
            offsets=self._offsets(rng.SPLIT_SEQUENCES, self.sequences - self.foreign, edges) + cloned,
            cloned=cloned,
            cells=cells,
            cell_seconds=cell,
            period=self.period,
            step_low=atm.step_hours.low,
            steps=steps,
            shortest=atm.lengths.low,
            lengths=lengths,
            keys=rng.permutation_keys(self.config.seed, SEQUENCE_HOLDER, self.sequences, multiple=lengths),
            cash_cards=self._drawn_cards(),
            foreign_low=atm.foreign_hours.low,
            foreign_hours=atm.foreign_hours.high - atm.foreign_hours.low + 1,
            home=self.pools.home,
            abroad=len(self.pools.places) - self.pools.home,
            radius=round(atm.radius * MICRODEGREES),
            cash=len(self.config.categories),
        )

    def _drawn_cards(self) -> NDArray[np.uint32]:
        """uint32[cash cards]: cards drawn without replacement from the susceptible ones, by a permutation."""
        drawn = np.empty(self.cash_cards, np.uint32)
        if not drawn.size:
            return drawn
        keys = rng.permutation_keys(self.config.seed, CASH_CARD, self.susceptible.size)
        places = np.empty(CARDS_AT_ONCE, np.uint64)
        for start in range(0, drawn.size, CARDS_AT_ONCE):
            part = drawn[start : start + CARDS_AT_ONCE]
            rng.images(places[: part.size], start, keys)
            looked_up(part, places[: part.size], self.susceptible)
        return drawn

    @cached_property
    def place_coordinates(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """int32[places] twice: latitude and longitude in millionths of a degree."""
        places = self.pools.places
        return (
            np.array([microdegrees(place.latitude) for place in places], np.int32),
            np.array([microdegrees(place.longitude) for place in places], np.int32),
        )

    @cached_property
    def day_words(self) -> NDArray[np.uint32]:
        """uint32[days, 3]: "YYYY-MM-DD " of all days that may have events, eleven characters in three little-endian words."""
        days = (self.day_offset + self.grid.groups * self.grid.group) // DAY + 1
        text = "".join(f"{self.origin + timedelta(days=day):%Y-%m-%d} \0" for day in range(days))
        return np.frombuffer(text.encode(), np.uint32).reshape(-1, 3)

    def card_digits(self, cards: range) -> NDArray[np.uint64]:
        """uint64[cards]: their numbers, two digits to a byte; unique, since they follow from a permutation."""
        numbers, left, right = np.arange(cards.start, cards.stop, dtype=np.uint32), *np.empty((2, len(cards)), np.uint32)
        digits = np.empty(len(cards), np.uint64)
        card_kernels.card_digits(digits, numbers, self.card_keys, left, right)
        return digits

    @cached_property
    def card_keys(self) -> NDArray[np.uint64]:
        """The permutation that gives card i its fourteen free digits."""
        return rng.permutation_keys(self.config.seed, CARD_NUMBER, card_kernels.CARD_NUMBERS)

    def _offsets(self, stream: int, total: int, edges: NDArray[np.int64]) -> NDArray[np.int64]:
        """Running totals of `total` events over the leaves between `edges`."""
        offsets = np.zeros(edges.size, np.int64)
        if not total:
            return offsets
        splitting.split_counts(offsets[1:], self.seed, stream, total, edges, splitting.Splitting.empty())
        return np.cumsum(offsets, out=offsets)
