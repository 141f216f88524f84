"""What rows of one card form together: attack chains, sequences of withdrawals, cloned cards."""

from collections.abc import Callable, Iterator

import numpy as np

from fastgen.plan import Totals
from fastgen.schema import TRANSACTIONS, RowKind
from fastgen.validation.attacks import Attacks
from fastgen.validation.cards import CardTable
from fastgen.validation.cash_cards import Bands, CashCards, Clones
from fastgen.validation.checks import skipped
from fastgen.validation.events import EventBuckets, ExampleFormatter, tolerated
from fastgen.validation.judge import Judge
from fastgen.validation.report import Check
from fastgen.validation.rows import JudgedRows
from fastgen.validation.rules import Rules
from fastgen.validation.withdrawals import Withdrawals


class CardHistories(Judge):
    """Sets the rows of chains and sequences aside, and examines them card by card once all are there.

    Attributes:
        cash: bool[cards], which cards withdraw cash.
        attacks: what the labelled payments are.
    """

    group, about = "chains", "chains and sequences"
    needs = tuple(name for name in TRANSACTIONS.names if name not in ("tid", "country"))

    def __init__(
        self, rules: Rules, cards: CardTable, buckets: EventBuckets, bands: Bands | None, totals: Callable[[], Totals]
    ) -> None:
        self.rules, self.cards, self.buckets, self.bands, self.totals = rules, cards, buckets, bands, totals
        self.cash = np.zeros(cards.size, bool)
        self.ordinary = np.zeros(len(rules.categories), np.int64)
        self.attacks = Attacks(rules, cards)

    def add(self, part: JudgedRows) -> None:
        self.cash[part.card[(part.kind == RowKind.WITHDRAWAL) & (part.card >= 0)]] = True
        ordinary = part.category[(part.kind == RowKind.PAYMENT) & (part.category >= 0)]
        self.ordinary += np.bincount(ordinary, minlength=self.ordinary.size)
        self.buckets.add(part)

    def checks(self) -> Iterator[Check]:
        rules, cards, examples = self.rules, self.cards, ExampleFormatter(self.rules.config, self.cards)
        withdrawals, clones = Withdrawals(rules, cards), Clones(rules, cards)
        cash_cards = CashCards(rules.config, self.cash, examples)
        for events in self.buckets.each():
            kind = events["kind"]
            self.attacks.add(events[kind == RowKind.FRAUD_PAYMENT])
            found = withdrawals.add(events[kind == RowKind.WITHDRAWAL])
            cash_cards.add(found)
            clones.add(events[kind == RowKind.FRAUD_WITHDRAWAL], found)
        yield from self.attacks.checks(self.ordinary)
        totals = self.totals()
        mistaken = withdrawals.finder.mistaken(int(self.cash.sum()), totals.rounds)
        yield from withdrawals.checks(mistaken)
        yield from clones.checks(tolerated(mistaken))
        yield from cash_cards.checks(totals, tolerated(mistaken))
        if self.bands:
            yield from self.bands.checks(self.cash, examples)
        else:
            yield skipped("cash cards", "ages", "in one of the age bands", "there is no table of holders with birthdates")
