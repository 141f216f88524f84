"""Which judges see which table, and the order in which the checks are reported."""

from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from fastgen.config import Config
from fastgen.plan import Totals, totals
from fastgen.pools import load_pools
from fastgen.schema import CREDIT_CARDS, PROFILES, TRANSACTIONS
from fastgen.validation.card_table import CardTable, read_cards
from fastgen.validation.histories.buckets import EventBuckets
from fastgen.validation.histories.card_histories import CardHistories
from fastgen.validation.histories.cash_cards import AgeBands
from fastgen.validation.judges.amounts import TransactionAmounts
from fastgen.validation.judges.cards import CardNumbers, Expiries, Providers
from fastgen.validation.judges.holders import Births, CardHolders, Homes, Mails, Names
from fastgen.validation.judges.payments import PaymentCards, PaymentTimes
from fastgen.validation.judges.places import TransactionPlaces
from fastgen.validation.judges.tids import Tids
from fastgen.validation.judges.transactions import (
    Abroad,
    AmountDecimals,
    CoordinateDecimals,
    KindCounts,
    KnownCards,
    KnownCategories,
    Labels,
    Order,
)
from fastgen.validation.report import Check
from fastgen.validation.rows import JudgedRows
from fastgen.validation.rules import Rules
from fastgen.validation.statistics.checks import exact, rule
from fastgen.validation.statistics.tally import Violations
from fastgen.validation.table_scan import Judge, Progress, TableScan
from fastgen.validation.tables import Tables

GROUPS: Final = (
    "tables", "counts", "rows", "quotas", "payments", "amounts", "places", "chains",
    "withdrawals", "foreign withdrawals", "cash cards", "cards", "holders",
)  # fmt: skip


class Examination(NamedTuple):
    """The result: checks, whose p-values have no verdicts yet; the number of transactions; notes."""

    checks: list[Check]
    rows: int
    notes: list[str]


def examine(tables: Tables, config: Config, progress: Progress | None) -> Examination:
    """Make all checks of tables against a configuration."""
    rules = Rules(config, load_pools())
    cards, listed = read_cards(tables)
    card_scan, holder_scan, scan = (TableScan(tables, table.name) for table in (CREDIT_CARDS, PROFILES, TRANSACTIONS))
    card_scan.show([CardNumbers(), Providers(), Expiries(config)])
    holders = CardHolders(cards)
    holder_scan.show([holders, Births(config), Names(rules.pools), Mails(rules.pools), Homes(rules.places)])
    bands = AgeBands(config, holders.births) if {"birthdate", "cc_num"} <= set(holder_scan.columns) else None

    @cache
    def expected() -> Totals:
        """The counts. They depend on how many cards can withdraw cash: by the holders' ages, or else those that do."""
        return totals(config, int(bands.susceptible.sum()) if bands else int(histories.cash.sum()))

    with EventBuckets() as buckets:
        histories = CardHistories(rules, cards, buckets, bands, expected)
        judges = _judges(rules, cards, listed, histories, () if bands else histories.needs)
        scan.show(judges, lambda frame, numbers: JudgedRows(frame, numbers, rules, cards), progress)
        checks = [*card_scan.checks(), *holder_scan.checks(), *scan.checks()]
    is_known = bands is not None or config.sizes.rows is not None or set(histories.needs) <= set(scan.columns)
    checks += _row_counts(config, expected() if is_known else None, card_scan, holder_scan, scan)
    if listed:
        checks.append(_unique(cards))
    checks.sort(key=lambda check: GROUPS.index(check.group))
    return Examination(checks, scan.rows, _notes(bands))


def _judges(rules: Rules, cards: CardTable, listed: bool, histories: CardHistories, counted_by: tuple[str, ...]) -> list[Judge]:
    """The judges of transactions; the histories come first, since amounts are judged with what they found.

    Counts are known only if the columns `counted_by` are there.
    """
    config = rules.config
    rows = [Order(), Tids(), AmountDecimals(), CoordinateDecimals(), KnownCategories(rules), Labels(), Abroad()]
    known = [KnownCards()] if listed else []
    payments = [PaymentTimes(config), PaymentCards(config, cards, listed), TransactionPlaces(rules)]
    return [
        histories,
        KindCounts(histories.totals, counted_by),
        *rows,
        *known,
        *payments,
        TransactionAmounts(rules, lambda: histories.chains.first_amounts),
    ]


def _row_counts(
    config: Config, expected: Totals | None, cards: TableScan, holders: TableScan, transactions: TableScan
) -> Iterator[Check]:
    """Check the tables' numbers of rows; of transactions, only if it is known how many there should be."""
    rows = None if expected is None else expected.payments + expected.withdrawals + expected.foreign
    for name, scan, number in (
        ("rows", transactions, rows),
        ("cards", cards, config.sizes.cards),
        ("holders", holders, config.sizes.cards),
    ):
        if scan.is_there and number is not None:
            yield exact("counts", name, scan.rows, number)


def _unique(cards: CardTable) -> Check:
    """Check that no two cards have the same number."""
    repeated = cards.repeated
    example = cards.text(int(repeated[0])) if repeated.size else None
    return rule("cards", "unique", Violations(count=repeated.size, of=cards.size, example=example), "no number twice")


def _notes(bands: AgeBands | None) -> list[str]:
    return [] if bands else ["there are no birthdates: the cards that withdraw cash are taken to be all that can"]
