"""All that a report shows, gathered from the files in two passes over the transactions and one over the profiles."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.config import Config
from fastgen.errors import InputError
from fastgen.reporting.densities import prices
from fastgen.reporting.histories import Histories
from fastgen.reporting.holders import HolderAges
from fastgen.reporting.rows import COLUMNS, LABEL
from fastgen.reporting.rules import Rule, best_threshold, best_values
from fastgen.reporting.survey import Survey
from fastgen.schema import PROFILES, TABLES, TRANSACTIONS, RowKind
from fastgen.stored import Stored

SORTED_IN_MEMORY: Final = 1_000_000
"""The most rows that are sorted by time, where they are not, for what depends on their order."""
BUSIEST: Final = 10
FOLLOWED_CHAINS: Final = 24
FOLLOWED_HOLDERS: Final = 6
Progress = Callable[[int], object]


class Facts(NamedTuple):
    """What a report shows.

    config: the configuration that the files name, or else the default one, for comparison. known: whether they name one.
    labelled: whether rows have labels. with_histories: whether rows are in order of time, or could be sorted.
    busiest: numbers of the cards with the most rows. rows: the number of rows of each table present.
    """

    stored: Stored
    config: Config
    known: bool
    labelled: bool
    survey: Survey
    histories: Histories
    with_histories: bool
    busiest: list[int]
    holders: HolderAges | None
    rules: list[Rule]
    rows: dict[str, int]

    @property
    def frauds(self) -> int:
        """The number of rows labelled as fraud."""
        return int(self.survey.kinds[RowKind.FRAUD_PAYMENT] + self.survey.kinds[RowKind.FRAUD_WITHDRAWAL])

    @property
    def end(self) -> int | None:
        """The end of the period in seconds since 1970; None if it is not known."""
        return int(self.config.end.replace(tzinfo=UTC).timestamp()) if self.known else None


def gather(stored: Stored, progress: Progress) -> Facts:
    """Read the tables and gather the facts.

    Args:
        progress: called with the number of rows read since the last call.

    Raises:
        InputError: there are no transactions, they have no rows, or columns are missing.
    """
    columns = _columns(stored)
    recorded = stored.config()
    config = recorded or Config()
    survey = Survey(prices(config), int(config.end.replace(tzinfo=UTC).timestamp()) if recorded else None)
    for frame in stored.batches(TRANSACTIONS.name, columns):
        survey.add(frame)
        progress(frame.height)
    if not survey.rows:
        raise InputError(f"{stored.path}: has no rows of transactions to report on")
    sortable = survey.in_order or survey.rows <= SORTED_IN_MEMORY
    histories = Histories(
        survey.first,
        survey.last,
        chain_gap=config.fraud.chain_gap_seconds.high,
        followed=_followed(survey),
        in_order=sortable,
    )
    for frame in _frames(stored, columns, sort=sortable and not survey.in_order):
        histories.add(frame)
        progress(frame.height)
    busiest = np.argsort(-histories.counts.sum(axis=1), kind="stable")[:BUSIEST].tolist()
    holders = _holders(stored, recorded, survey, histories, busiest)
    return Facts(
        stored=stored,
        config=config,
        known=recorded is not None,
        labelled=LABEL in columns,
        survey=survey,
        histories=histories,
        with_histories=sortable,
        busiest=busiest,
        holders=holders,
        rules=_rules(survey, histories if sortable else None),
        rows=_rows(stored, survey, holders),
    )


def _columns(stored: Stored) -> list[str]:
    if TRANSACTIONS.name not in stored.tables:
        raise InputError(f"{stored.path}: has no transactions to report on, only {', '.join(stored.tables)}")
    present = stored.columns(TRANSACTIONS.name)
    missing = [name for name in COLUMNS if name not in present]
    if missing:
        raise InputError(f"{stored.path}: its transactions have no column {missing[0]}; a report needs {', '.join(COLUMNS)}")
    return [name for name in present if name in (*COLUMNS, LABEL)]


def _followed(survey: Survey) -> list[str]:
    """Cards to look at closely: some with attack chains, with fraudulent withdrawals, with withdrawals."""
    limits = (
        (RowKind.FRAUD_PAYMENT, FOLLOWED_CHAINS),
        (RowKind.FRAUD_WITHDRAWAL, FOLLOWED_HOLDERS),
        (RowKind.WITHDRAWAL, FOLLOWED_HOLDERS),
    )
    found = [card for kind, most in limits if (rows := survey.samples[kind].rows) is not None for card in rows["cc_num"].head(most)]
    return list(dict.fromkeys(found))


def _frames(stored: Stored, columns: list[str], *, sort: bool) -> Iterator[pl.DataFrame]:
    """The transactions for the second pass, sorted by time if `sort`."""
    if not sort:
        return stored.batches(TRANSACTIONS.name, columns)
    whole = pl.concat(stored.batches(TRANSACTIONS.name, columns)).sort("datetime", maintain_order=True)
    return whole.iter_slices(131_072)


def _holders(stored: Stored, config: Config | None, survey: Survey, histories: Histories, noted: list[int]) -> HolderAges | None:
    if PROFILES.name not in stored.tables or not {"birthdate", "cc_num"} <= set(stored.columns(PROFILES.name)):
        return None
    withdrawals: NDArray[np.bool_] = histories.counts[:, RowKind.WITHDRAWAL] > 0
    holders = HolderAges(config.start.date() if config else day(survey.first), histories.cards, withdrawals, np.array(noted))
    for frame in stored.batches(PROFILES.name, ["birthdate", "cc_num"]):
        holders.add(frame)
    return holders


def _rules(survey: Survey, histories: Histories | None) -> list[Rule]:
    """The best rule for each obvious column, the best one first; none if no row or every row is a fraud."""
    frauds = int(survey.kinds[RowKind.FRAUD_PAYMENT] + survey.kinds[RowKind.FRAUD_WITHDRAWAL])
    if frauds in (0, survey.rows):
        return []
    since = histories.since_last if histories else {}
    countries = survey.places.table().group_by("country").agg(pl.col("rows", "fraud").sum()).sort("country")
    totals = survey.amounts.sum(axis=1).reshape(-1, 2).T
    rules = [
        best_values("country", countries["country"].to_list(), _by_label(countries), frauds),
        best_values("category", list(survey.categories.numbers), totals, frauds),
        *(best_threshold(name, counts, frauds) for name, counts in (since | survey.by_label).items()),
    ]
    return sorted(rules, key=lambda rule: -rule.f1)


def _by_label(frame: pl.DataFrame) -> NDArray[np.int64]:
    return frame.select(pl.col("rows") - pl.col("fraud"), "fraud").to_numpy().T


def _rows(stored: Stored, survey: Survey, holders: HolderAges | None) -> dict[str, int]:
    """The number of rows of each table present."""
    rows = {TRANSACTIONS.name: survey.rows + survey.incomplete}
    for table in TABLES:
        if table in stored.tables and table not in rows:
            if table == PROFILES.name and holders:
                rows[table] = holders.holders + holders.incomplete
            else:
                rows[table] = sum(frame.height for frame in stored.batches(table, stored.columns(table)[:1]))
    return rows


def day(seconds: int) -> date:
    """The date of a time in seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).date()
