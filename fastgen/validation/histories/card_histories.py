"""What rows of one card form together: attack chains, sequences of withdrawals, cloned cards."""

from collections.abc import Callable, Iterator

import numpy as np

from fastgen.plan import Totals
from fastgen.schema import TRANSACTIONS, RowKind
from fastgen.validation.card_table import CardTable
from fastgen.validation.histories.buckets import EventBuckets
from fastgen.validation.histories.cash_cards import AgeBands, CashCardChecks
from fastgen.validation.histories.chain_checks import ChainChecks
from fastgen.validation.histories.clone_checks import CloneChecks
from fastgen.validation.histories.events import ExampleFormatter
from fastgen.validation.histories.sequence_checks import SequenceChecks
from fastgen.validation.histories.tolerance import tolerated
from fastgen.validation.report import Check
from fastgen.validation.rows import JudgedRows
from fastgen.validation.rules import Rules
from fastgen.validation.statistics.checks import skipped
from fastgen.validation.table_scan import Judge


class CardHistories(Judge):
    """Sets the rows of chains and sequences aside, and examines them card by card once all are there.

    Attributes:
        cash: bool[cards], which cards withdraw cash.
        chains: the chains of labelled payments.
    """

    group, about = "chains", "chains and sequences"
    needs = tuple(name for name in TRANSACTIONS.names if name not in ("tid", "country"))

    def __init__(
        self, rules: Rules, cards: CardTable, buckets: EventBuckets, bands: AgeBands | None, totals: Callable[[], Totals]
    ) -> None:
        self.rules, self.cards, self.buckets, self.bands, self.totals = rules, cards, buckets, bands, totals
        self.cash = np.zeros(cards.size, bool)
        self.ordinary = np.zeros(len(rules.categories), np.int64)
        self.chains = ChainChecks(rules, cards)

    def add(self, batch: JudgedRows) -> None:
        self.cash[batch.card[(batch.kind == RowKind.WITHDRAWAL) & (batch.card >= 0)]] = True
        ordinary = batch.category[(batch.kind == RowKind.PAYMENT) & (batch.category >= 0)]
        self.ordinary += np.bincount(ordinary, minlength=self.ordinary.size)
        self.buckets.add(batch)

    def checks(self) -> Iterator[Check]:
        rules, cards, examples = self.rules, self.cards, ExampleFormatter(self.rules.config, self.cards)
        withdrawals, clones = SequenceChecks(rules, cards), CloneChecks(rules, cards)
        cash_cards = CashCardChecks(rules.config, self.cash, examples)
        for events in self.buckets.each():
            kind = events["kind"]
            self.chains.add(events[kind == RowKind.FRAUD_PAYMENT])
            found = withdrawals.add(events[kind == RowKind.WITHDRAWAL])
            cash_cards.add(found)
            clones.add(events[kind == RowKind.FRAUD_WITHDRAWAL], found)
        yield from self.chains.checks(self.ordinary)
        totals = self.totals()
        mistaken = withdrawals.finder.mistaken(int(self.cash.sum()), totals.rounds)
        yield from withdrawals.checks(mistaken)
        yield from clones.checks(tolerated(mistaken))
        yield from cash_cards.checks(totals, tolerated(mistaken))
        if self.bands:
            yield from self.bands.checks(self.cash, examples)
        else:
            yield skipped("cash cards", "ages", "in one of the age bands", "there is no table of holders with birthdates")
