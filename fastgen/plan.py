"""From a configuration to exact counts: how many events of each kind there are, and in which window of time.

The period and the time after it are cut into groups, the unit of work of a thread, and each group into
windows, small enough to stay in the processor's cache. Counts per window come from multinomial draws,
without generating the events. The grid depends only on the configuration.
"""

from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.ages import ages_at, possible_births
from fastgen.config import Config
from fastgen.errors import ConfigError
from fastgen.kernels import cards as card_kernels
from fastgen.kernels import chains as chain_kernels
from fastgen.kernels import permutation, splitting, streams
from fastgen.kernels.columns import looked_up
from fastgen.kernels.structs import AmountRanges, Amounts, AttackStarts, Chains, Payments, Quota, Sequences
from fastgen.kernels.units import DAY, HOUR, MICRODEGREES
from fastgen.locked import locked_property
from fastgen.pools import alias_table, load_pools, microdegrees
from fastgen.sizes import exact_shares

WINDOW_ROWS = 16_384
GROUP_ROWS = 65_536
SMALLEST_CELL = 60
MOST_EXPECTED = 2**25
"""Greatest number of expected rows in a group. Offsets of 32-byte texts have 31 bits: even with foreign withdrawals, which are not
in the expectation, and random variation a group has fewer than 2^26 rows."""
MOST_CELLS = 2**27
"""Greatest number of cells of the period times step lengths: sequences are counted for each pair, in tables of up to a gigabyte."""
MOST_WINDOWS = 2**27
"""Greatest number of windows: payments are counted for each, in tables of a gigabyte."""
CARDS_AT_ONCE = 1 << 16
BIRTHS_AT_ONCE = 1 << 11

# Names of the keyed permutations.
CATEGORY_QUOTA = 1
CARD_NUMBER = 2
CASH_CARD = 3
SEQUENCE_HOLDER = 4


class Grid(NamedTuple):
    """How time is cut: seconds of a window, a group and a cell, and the number of groups.

    A cell is at most an hour and divides it, so that whole hours are whole cells.
    """

    window: int
    group: int
    cell: int
    groups: int

    @property
    def windows_per_group(self) -> int:
        """How many windows a group has."""
        return self.group // self.window


def time_grid(rows: int, period: int, horizon: int) -> Grid:
    """Return the grid for `rows` events in `period` seconds; all events are before `horizon` seconds.

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
    """Return whole quotas of `total` by the largest remainder method; ties go to the first.

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


class Totals(NamedTuple):
    """The counts that do not depend on random draws.

    In each of `rounds`, every cash card gets one sequence of each length. `payments` includes `chain_payments`.
    """

    cash_cards: int
    rounds: int
    sequences: int
    withdrawals: int
    foreign: int
    payments: int
    chain_payments: int


def totals(config: Config, available: int) -> Totals:
    """Return the counts of a configuration if `available` cards can withdraw cash.

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
    """Exact counts and the tables that kernels read. Tables are built on first use."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.pools = load_pools()
        self.seed = np.uint64(config.seed)
        sizes = config.sizes
        self.cards = sizes.cards
        self.period = config.seconds
        self.midnight = datetime(config.start.year, config.start.month, config.start.day)
        self.day_offset = int((config.start - self.midnight).total_seconds())
        self.midnight_seconds = int((self.midnight - datetime(1970, 1, 1)).total_seconds())
        self.cash_cards_requested = sizes.cash_cards
        found = totals(config, self._available())
        self.cash_cards, self.sequences, self.withdrawals = found.cash_cards, found.sequences, found.withdrawals
        self.foreign, self.payments, self.chain_payments = found.foreign, found.payments, found.chain_payments
        self.ordinary = self.payments - self.chain_payments
        self.rows = self.payments + self.withdrawals + self.foreign
        self.frauds = self.chain_payments + self.foreign
        self.horizon = self.period + self._tail()
        self.grid = time_grid(max(self.rows, 1), self.period, self.horizon)
        self._check_cells()
        self._check_windows()
        chains = config.fraud.chain_lengths
        count, last = chain_kernels.count_chains(self.seed, chains.low, len(chains.values), self.chain_payments)
        self.chains, self.last_chain = int(count), int(last)
        self._check_groups()

    def _available(self) -> int:
        """Number of cards that can withdraw cash."""
        sizes = self.config.sizes
        available = self.susceptible.size if sizes.cash_cards else 0
        if sizes.cash_cards_required and not available:
            allowed = "must be 0: no card has a holder in an age band of atm.bands that has room"
            hint = "a band has room for as many cards as its share of atm.withdrawals, rounded down"
            raise ConfigError("atm.cards", sizes.cash_cards, allowed, hint=hint)
        return available

    def _check_cells(self) -> None:
        """Check that the table of sequences fits into memory."""
        steps, cell = self.config.atm.step_hours, self.grid.cell
        cells, count = -(-self.period // cell), len(steps.values)
        if self.sequences and count * cells > MOST_CELLS:
            allowed = f"{count:,} lengths of a step times {cells:,} cells of {cell:,} seconds must be at most {MOST_CELLS:,}"
            raise ConfigError("atm.step_hours", list(steps), allowed)

    def _check_windows(self) -> None:
        """Check that the counts of all windows fit into memory."""
        windows = self.grid.groups * self.grid.windows_per_group
        if windows > MOST_WINDOWS:
            allowed = f"must be fewer: they would be made in {windows:,} windows of time, and there can be {MOST_WINDOWS:,}"
            raise ConfigError("rows", self.rows, allowed)

    def _check_groups(self) -> None:
        """Check that the rows of a group can be addressed."""
        if self.rows > MOST_EXPECTED:
            most = float(np.diff(self.expected_rows).max())
            if most > MOST_EXPECTED:
                reason = f"{self.grid.group} seconds would have {most:,.0f} rows, and can have {MOST_EXPECTED:,}"
                raise ConfigError("end", self.config.end, f"must be later: {reason}")

    @property
    def start_seconds(self) -> int:
        """Seconds from 1970 to the start of the period, where the first group begins."""
        return self.midnight_seconds + self.day_offset

    @property
    def counts(self) -> dict[str, int]:
        """All counts by name."""
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
        """Seconds after the period's end in which events can still occur."""
        fraud, atm = self.config.fraud, self.config.atm
        return max(fraud.reach if self.chain_payments else 0, atm.reach if self.sequences else 0) + 1

    @locked_property
    def births(self) -> tuple[date, int]:
        """The first possible birthdate, and the number of possible days."""
        return possible_births(self.config)

    @locked_property
    def ages(self) -> NDArray[np.int64]:
        """int64[days]: age in whole years at the dataset's start for each possible birthdate."""
        first, days = self.births
        return ages_at(self.config.start.date(), (first - date(1970, 1, 1)).days + np.arange(days))

    @locked_property
    def susceptible(self) -> NDArray[np.uint32]:
        """uint32: indices of the cards that may become cash cards."""
        bands = self.config.atm.bands
        remaining = np.array([*self.config.band_capacities, 0], np.int64)
        band_of_birth = np.full(self.ages.size, len(bands), np.uint8)
        for number, band in enumerate(bands):
            band_of_birth[(self.ages >= band.low) & (self.ages <= band.high)] = number
        found = np.empty(min(self.cards, int(remaining.sum())) + 1, np.uint32)
        births = np.empty(BIRTHS_AT_ONCE, np.uint32)
        return found[: card_kernels.susceptible_cards(found, self.cards, self.seed, band_of_birth, remaining, births)]

    @locked_property
    def amounts(self) -> Amounts:
        """Alias tables of the amounts of payments, by category."""
        shares, cents = [part.share for part in self.config.amounts], self.config.amount_cents
        bits = max(1, (len(cents) - 1).bit_length())
        limits = [range(c.low_cents, c.high_cents + 1) for c in self.config.categories]
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

    @locked_property
    def amount_ranges(self) -> AmountRanges:
        """The ranges of the amounts of withdrawals."""
        shares = exact_shares(part.share for part in self.config.amounts)
        ranges = [(share, cents) for share, cents in zip(shares, self.config.amount_cents, strict=True) if share]
        upper = [int(until * 2**32) for until in accumulate(share for share, _ in ranges)]
        low, width = ([number(cents) for _, cents in ranges] for number in (min, len))
        return AmountRanges(*(np.array(numbers, np.uint32) for numbers in (upper[:-1], low, width)))

    @locked_property
    def category_quotas(self) -> NDArray[np.int64]:
        """int64[categories]: ordinary payments, including the first of each chain, per category."""
        return proportional(self.ordinary + self.chains, [c.share for c in self.config.categories])

    @locked_property
    def payment_rules(self) -> Payments:
        """The tables that payments are drawn from."""
        upper = np.cumsum(self.category_quotas).astype(np.uint64)
        total = int(upper[-1])
        shift = max(0, total.bit_length() - 12)
        slots = np.arange((total >> shift) + 1, dtype=np.uint64) << np.uint64(shift)
        first = np.minimum(np.searchsorted(upper, slots, side="right"), upper.size - 1).astype(np.uint8)
        keys = permutation.permutation_keys(self.config.seed, CATEGORY_QUOTA, total)
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

    @locked_property
    def payment_offsets(self) -> NDArray[np.int64]:
        """int64[windows + 1]: ordinary payments, without the first ones of chains, before each window."""
        edges = np.minimum(
            np.arange(self.grid.groups * self.grid.windows_per_group + 1, dtype=np.int64) * self.grid.window, self.period
        )
        return self._offsets(streams.SPLIT_PAYMENTS, self.ordinary, edges)

    @locked_property
    def expected_rows(self) -> NDArray[np.float64]:
        """float64[groups + 1]: expected rows before each group; exact for payments outside of chains.

        Parts are cut by these values, so they must be the same on every machine: each step is one IEEE 754 operation.
        """
        payments: NDArray[np.float64] = self.payment_offsets[:: self.grid.windows_per_group].astype(np.float64)
        if self.chains:
            attacks: NDArray[np.float64] = self.chain_rules.starts.offsets.astype(np.float64)
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
        """int64[times]: expected withdrawals before times (seconds since the start), up to a constant factor.

        Withdrawal k of a sequence is k steps after its start, which may be any second of the period.
        """
        atm, lowest = self.config.atm, self.config.atm.step_hours.low
        steps = atm.step_hours.high - lowest + 1
        total = np.zeros(times.size, np.int64)
        for k in range(1, atm.lengths.high + 1):
            lengths = atm.lengths.high - max(atm.lengths.low, k) + 1
            # For some steps the whole period lies before the time, for others a part of it, which shrinks step by step.
            whole = np.clip((times - self.period) // (k * HOUR) - lowest + 1, 0, steps)
            partly = np.clip(times // (k * HOUR) - lowest + 1, 0, steps) - whole
            steps_of_partly = partly * (lowest + whole) + partly * (partly - 1) // 2
            total += lengths * (whole * self.period + partly * times - k * HOUR * steps_of_partly)
        return total

    def part(self, number: int, of: int) -> range:
        """Return the groups of one of several parts, which have about equal numbers of rows and at least one group each."""
        expected, groups = self.expected_rows, self.grid.groups
        targets = np.array([expected[-1] * i / of for i in range(of + 1)])
        edges = np.searchsorted(expected, targets) - np.arange(of + 1)
        edges = np.minimum(np.maximum.accumulate(edges), groups - of) + np.arange(of + 1)
        edges[0], edges[-1] = 0, groups
        return range(int(edges[number - 1]), int(edges[number]))

    def _attack_starts(self, stream: int, attacks: int, reach: int) -> AttackStarts:
        """The starts of attacks that take up to `reach` seconds; `stream` is that of splitting their number."""
        group = self.grid.group
        edges = np.minimum(np.arange(self.grid.groups + 1, dtype=np.int64) * group, self.period)
        return AttackStarts(self._offsets(stream, attacks, edges), group, self.period, -(-reach // group))

    @locked_property
    def fraud_rules(self) -> tuple[NamedTuple, ...]:
        """One table per kind of injected fraud; within a second their events come in this order."""
        return (self.chain_rules,)

    @locked_property
    def chain_rules(self) -> Chains:
        """Attack chains and where they start."""
        fraud = self.config.fraud
        lengths, gaps, cents = fraud.chain_lengths, fraud.chain_gap_seconds, self.config.amount_cents
        return Chains(
            starts=self._attack_starts(streams.SPLIT_CHAINS, self.chains, fraud.reach),
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

    @locked_property
    def sequence_rules(self) -> Sequences:
        """ATM sequences and where they start."""
        atm, cell = self.config.atm, self.grid.cell
        steps = len(atm.step_hours.values)
        lengths = len(atm.lengths.values)
        cells = -(-self.period // cell) if self.sequences else 0
        starts = np.minimum(np.arange(cells + 1, dtype=np.int64) * cell, self.period)
        edges = (np.arange(steps, dtype=np.int64)[:, None] * self.period + starts[None, :-1]).ravel()
        edges = np.append(edges, steps * self.period)
        cloned = self._offsets(streams.SPLIT_CLONED, self.foreign, edges)
        offsets = self._offsets(streams.SPLIT_SEQUENCES, self.sequences - self.foreign, edges)
        offsets += cloned
        return Sequences(
            offsets=offsets,
            cloned=cloned,
            cells=cells,
            cell_seconds=cell,
            period=self.period,
            step_low=atm.step_hours.low,
            steps=steps,
            shortest=atm.lengths.low,
            lengths=lengths,
            keys=permutation.permutation_keys(self.config.seed, SEQUENCE_HOLDER, self.sequences, multiple=lengths),
            cash_cards=self._drawn_cards(),
            foreign_low=atm.foreign_hours.low,
            foreign_hours=len(atm.foreign_hours.values),
            home=self.pools.home,
            abroad=len(self.pools.places) - self.pools.home,
            radius=round(atm.radius * MICRODEGREES),
            cash=len(self.config.categories),
            amounts=self.amount_ranges,
        )

    def _drawn_cards(self) -> NDArray[np.uint32]:
        """uint32[cash cards]: cards drawn from the susceptible ones without replacement, by a permutation."""
        drawn = np.empty(self.cash_cards, np.uint32)
        if not drawn.size:
            return drawn
        keys = permutation.permutation_keys(self.config.seed, CASH_CARD, self.susceptible.size)
        places = np.empty(CARDS_AT_ONCE, np.uint64)
        for start in range(0, drawn.size, CARDS_AT_ONCE):
            part = drawn[start : start + CARDS_AT_ONCE]
            permutation.permuted_range(places[: part.size], start, keys)
            looked_up(part, places[: part.size], self.susceptible)
        return drawn

    @locked_property
    def positions(self) -> NDArray[np.uint64]:
        """uint64[places]: each place's latitude in the low half, its longitude in the high half, int32, millionths of a degree."""
        degrees = [(microdegrees(place.latitude), microdegrees(place.longitude)) for place in self.pools.places]
        return np.array(degrees, np.int32).view(np.uint64).ravel()

    @locked_property
    def day_words(self) -> NDArray[np.uint32]:
        """uint32[days, 3]: "YYYY-MM-DD " of every day that can have events, eleven characters in three little-endian words."""
        days = -(-(self.day_offset + self.horizon) // DAY)
        text = "".join(f"{self.midnight + timedelta(days=day):%Y-%m-%d} \0" for day in range(days))
        return np.frombuffer(text.encode(), np.uint32).reshape(-1, 3)

    def card_digits(self, cards: range) -> NDArray[np.uint64]:
        """uint64[cards]: card numbers, two digits per byte; unique, since they come from a permutation."""
        numbers, left, right = np.arange(cards.start, cards.stop, dtype=np.uint32), *np.empty((2, len(cards)), np.uint32)
        digits = np.empty(len(cards), np.uint64)
        card_kernels.card_digits(digits, numbers, self.card_keys, left, right)
        return digits

    @locked_property
    def card_keys(self) -> NDArray[np.uint64]:
        """The permutation that gives card i its fourteen free digits."""
        return permutation.permutation_keys(self.config.seed, CARD_NUMBER, card_kernels.CARD_NUMBERS)

    def _offsets(self, stream: int, total: int, edges: NDArray[np.int64]) -> NDArray[np.int64]:
        """Cumulative counts of `total` events over the intervals between `edges`."""
        offsets = np.zeros(edges.size, np.int64)
        if not total:
            return offsets
        splitting.split_counts(offsets[1:], self.seed, stream, total, edges, splitting.Splitting.empty())
        return np.cumsum(offsets, out=offsets)
