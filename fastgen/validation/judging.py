"""Which judges see which table, and the order in which the checks are reported."""

from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from fastgen.config import Config
from fastgen.plan import Totals, totals
from fastgen.pools import load_pools
from fastgen.validation.amounts import AmountsOfRows
from fastgen.validation.card_histories import CardHistories
from fastgen.validation.cards import CardNumbers, CardTable, Expiries, Providers, read_cards
from fastgen.validation.cash_cards import Bands
from fastgen.validation.checks import exact, rule
from fastgen.validation.events import EventBuckets
from fastgen.validation.holders import Births, HolderJudge, Homes, Mails, Names
from fastgen.validation.judge import Judge
from fastgen.validation.payments import CardsOfPayments, PlacesOfRows, Times
from fastgen.validation.report import Check
from fastgen.validation.rows import JudgedRows
from fastgen.validation.rules import Rules
from fastgen.validation.tables import Progress, Tables, TableScan
from fastgen.validation.tally import Violations
from fastgen.validation.tids import Tids
from fastgen.validation.transactions import Abroad, Amounts, Categories, Coordinates, Counts, KnownCards, Labels, Order

GROUPS: Final = (
    "tables", "counts", "rows", "quotas", "payments", "amounts", "places", "chains",
    "withdrawals", "foreign withdrawals", "cash cards", "cards", "holders",
)  # fmt: skip


class Examination(NamedTuple):
    """The result: checks, whose p-values have no verdicts yet; the number of transactions; notes."""

    checks: list[Check]
    rows: int
    notes: list[str]


def examined(tables: Tables, config: Config, progress: Progress | None) -> Examination:
    """Make all checks of tables against a configuration."""
    rules = Rules(config, load_pools())
    cards, listed = read_cards(tables)
    numbers, holders, transactions = (TableScan(tables, name) for name in ("credit_cards", "profiles", "transactions"))
    numbers.to([CardNumbers(), Providers(), Expiries(config)])
    owners = HolderJudge(cards)
    holders.to([owners, Births(config), Names(rules.pools), Mails(rules.pools), Homes(rules.places)])
    bands = Bands(config, owners.births) if {"birthdate", "cc_num"} <= set(holders.columns) else None

    @cache
    def settled() -> Totals:
        """The counts. They depend on how many cards can withdraw cash: by the holders' ages, or else those that do."""
        return totals(config, int(bands.susceptible.sum()) if bands else int(histories.cash.sum()))

    with EventBuckets() as buckets:
        histories = CardHistories(rules, cards, buckets, bands, settled)
        judges = _judges(rules, cards, listed, histories)
        transactions.to(judges, lambda frame, rows: JudgedRows(frame, rows, rules, cards), progress)
        checks = [*numbers.checks(), *holders.checks(), *transactions.checks()]
    checks += _counts(config, settled(), numbers, holders, transactions)
    if listed:
        repeated = cards.repeated
        example = cards.text(int(repeated[0])) if repeated.size else None
        checks.append(rule("cards", "unique", Violations(count=repeated.size, of=cards.size, example=example), "no number twice"))
    checks.sort(key=lambda check: GROUPS.index(check.group))
    return Examination(checks, transactions.rows, _notes(bands))


def _judges(rules: Rules, cards: CardTable, listed: bool, histories: CardHistories) -> list[Judge]:
    """The judges of transactions; the histories come first, since amounts are judged with what they found."""
    config = rules.config
    rows = [Order(), Tids(), Amounts(), Coordinates(), Categories(rules), Labels(), Abroad()]
    known = [KnownCards()] if listed else []
    payments = [Times(config), CardsOfPayments(config, cards, listed), PlacesOfRows(rules)]
    return [
        histories,
        Counts(histories.totals),
        *rows,
        *known,
        *payments,
        AmountsOfRows(rules, lambda: histories.attacks.first_amounts),
    ]


def _counts(config: Config, settled: Totals, numbers: TableScan, holders: TableScan, transactions: TableScan) -> Iterator[Check]:
    """Check the tables' numbers of rows."""
    rows = settled.payments + settled.withdrawals + settled.foreign
    for name, shown, expected in (
        ("rows", transactions, rows),
        ("cards", numbers, config.sizes.cards),
        ("holders", holders, config.sizes.cards),
    ):
        if shown.is_there:
            yield exact("counts", name, shown.rows, expected)


def _notes(bands: Bands | None) -> list[str]:
    return [] if bands else ["there are no birthdates: the cards that withdraw cash are taken to be all that can"]
