"""Exact counts from the sizes and shares of a configuration."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from fastgen.errors import ConfigError

TUTORIAL_ROWS: Final = 106_020
"""Transactions at scale 1: 54,000 payments, 52,000 withdrawals and 20 foreign ones."""
MOST_CARDS: Final = 2**32 - 1
MOST_PER_SECOND: Final = 500_000
"""In the longest period, 68 years, that is less than 2^50: a double holds any number of withdrawals or sequences exactly."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """The counts that a configuration settles before anything is drawn.

    Of `rows` and `payments`, the one that was not given is None if it depends on the withdrawals, which depend on how
    many cards can withdraw cash. Without withdrawals both are known, and equal. `cash_cards` and `withdrawals` are either
    both 0 or both positive.

    Attributes:
        rows: transactions of all kinds.
        payments: transactions other than withdrawals, attack chains included.
        cards: cards, each with a holder.
        cash_cards: the most cards that withdraw cash. If `rows` is given, neither this number of cards nor any lower one
            makes more withdrawals, foreign ones included, than there are rows.
        withdrawals: the least number of withdrawals; they are made in whole rounds.
        cash_cards_required: whether a number of cash cards was given, so that having none is an error.
    """

    rows: int | None
    payments: int | None
    cards: int
    cash_cards: int
    withdrawals: int
    cash_cards_required: bool


def settle(
    *,
    seconds: int,
    scale: float | None,
    rows: int | None,
    payments: int | None,
    cards: int | None,
    cash_cards: int | None,
    withdrawals: int | None,
    lengths: range,
    foreign: Callable[[int], int],
) -> Sizes:
    """Fill in the counts that are not given, in proportion to `scale` or `rows`.

    `seconds` is the length of the period, `lengths` those of withdrawal sequences; `foreign` maps a
    number of sequences to how many of them have a foreign withdrawal.

    Raises:
        ConfigError: settings exclude each other, or a count is too large.
    """
    for other, value in (("scale", scale), ("payments", payments)):
        if rows is not None and value is not None:
            raise ConfigError("rows", rows, f"cannot be given together with {other}")
    given = {"rows": rows, "payments": payments, "cards": cards, "atm.cards": cash_cards, "atm.withdrawals": withdrawals}
    factor = scale or 1.0 if rows is None else rows / TUTORIAL_ROWS

    if payments is None and rows is None:
        payments = max(1, round(54_000 * factor))
    if cards is None:
        cards = max(1, round(2_000 * factor))
    # A positive number of cash cards, or of withdrawals, asks for at least one of the other.
    if cash_cards is None:
        cash_cards = min(max(int(1_000 * factor), 1 if withdrawals else 0), cards)
    if withdrawals is None:
        withdrawals = max(round(12_000 * factor), 1 if given["atm.cards"] else 0)
    most = MOST_PER_SECOND * seconds
    dense = most, f"{most:,}: {MOST_PER_SECOND:,} for each second from start to end"
    for field, count, limit, text in (
        ("cards", cards, MOST_CARDS, f"{MOST_CARDS:,}"),
        ("atm.cards", cash_cards, cards, f"cards ({cards:,})"),
        ("rows", rows, *dense),
        ("payments", payments, *dense),
        ("atm.withdrawals", withdrawals, *dense),
    ):
        if count is not None and count > limit:
            if given[field] is not None:
                raise ConfigError(field, count, f"must be at most {text}")
            cause, value = ("scale", factor) if rows is None else ("rows", rows)
            raise ConfigError(cause, value, f"makes {field} {count:,}, which must be at most {text}")
    if rows is not None and cash_cards and withdrawals:
        cash_cards = _fitting_cash_cards(rows, cash_cards, withdrawals, lengths, foreign, given)
    if not cash_cards or not withdrawals:
        cash_cards = withdrawals = 0
        rows = payments = payments if rows is None else rows
    return Sizes(rows, payments, cards, cash_cards, withdrawals, bool(given["atm.cards"] and cash_cards))


def _fitting_cash_cards(
    rows: int, cash_cards: int, withdrawals: int, lengths: range, foreign: Callable[[int], int], given: Mapping[str, object]
) -> int:
    """Reduce the cash cards until their withdrawals fit into the rows; refuse given counts that do not fit."""
    room = max(0, _most_cash_cards(rows, withdrawals, lengths, foreign))
    a_round = f"{sum(lengths):,} withdrawals are a round of one card"
    if not room and given["atm.withdrawals"]:
        raise ConfigError("atm.withdrawals", withdrawals, f"does not fit into {rows:,} rows: {a_round}")
    if cash_cards > room and given["atm.cards"]:
        raise ConfigError("atm.cards", cash_cards, f"must be at most {room:,} for {rows:,} rows: {a_round}")
    return min(cash_cards, room)


def _most_cash_cards(rows: int, withdrawals: int, lengths: range, foreign: Callable[[int], int]) -> int:
    """The most cash cards such that neither they nor any lower number make more than `rows` withdrawals.

    Each of c cards makes the same number of rounds, the least that gives enough withdrawals. If w rounds are
    needed in all, that is c * ceil(w / c) <= w + c - 1 rounds, whatever c is.
    """
    needed = -(-withdrawals // sum(lengths))

    def made(rounds: int) -> int:
        return rounds * sum(lengths) + foreign(rounds * len(lengths))

    return bisect_right(range(rows // sum(lengths) + 1), rows, key=made) - needed


def exact_shares(shares: Iterable[float]) -> tuple[Fraction, ...]:
    """Shares as the exact fractions that their decimals denote, scaled to add up to exactly 1.

    Example:
        >>> exact_shares((0.1, 0.2, 0.7))
        (Fraction(1, 10), Fraction(1, 5), Fraction(7, 10))
    """
    exact = [Fraction(str(share)) for share in shares]
    return tuple(share / sum(exact) for share in exact)


def chain_ranges(shares: Sequence[Fraction], later: int) -> tuple[int, ...]:
    """How many of the `later` payments of an attack chain have an amount of each range: small amounts first.

    Example:
        >>> chain_ranges(exact_shares((0.05, 0.075, 0.525, 0.25, 0.099, 0.001)), 9)
        (1, 1, 5, 2, 0, 0)
    """
    counts: list[int] = []
    for share in shares:
        counts.append(min(ceil(share * later), later - sum(counts)))
    return tuple(counts)
