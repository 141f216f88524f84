"""Tables, columns and names: the one source of truth about what the data look like."""

from enum import IntEnum
from typing import Final, Literal, NamedTuple

DATA_VERSION: Final = 5
"""Changes whenever the rows of some configuration change; see "Data" in CHANGELOG.md."""

DEFAULT_TOPIC: Final = "credit_card_transactions"
PROVIDER: Final = "visa"
CASH_WITHDRAWAL: Final = "Cash Withdrawal"
HOME_COUNTRY: Final = "US"

Kind = Literal[
    "tid", "datetime", "cc_num", "category", "amount", "latitude", "longitude", "city", "country", "label", "text", "word", "date"
]
"""A word is text with few distinct values. The kinds in transactions are named after their columns."""


class RowKind(IntEnum):
    """The kind of a transaction, by its category and label: 2 for a withdrawal, and 1 more for a fraud."""

    PAYMENT = 0
    FRAUD_PAYMENT = 1
    WITHDRAWAL = 2
    FRAUD_WITHDRAWAL = 3


class Column(NamedTuple):
    """A column: its name and the kind of its values."""

    name: str
    kind: Kind


class Table(NamedTuple):
    """A table: its name and its columns, in the order in which they are written."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)

    def kind(self, name: str) -> Kind:
        """The kind of the column with this name."""
        return next(column.kind for column in self.columns if column.name == name)


TRANSACTIONS: Final = Table(
    "transactions",
    (
        Column("tid", "tid"),
        Column("datetime", "datetime"),
        Column("cc_num", "cc_num"),
        Column("category", "category"),
        Column("amount", "amount"),
        Column("latitude", "latitude"),
        Column("longitude", "longitude"),
        Column("city", "city"),
        Column("country", "country"),
        Column("fraud_label", "label"),
    ),
)
CREDIT_CARDS: Final = Table(
    "credit_cards",
    (Column("cc_num", "cc_num"), Column("provider", "word"), Column("expires", "word")),
)
PROFILES: Final = Table(
    "profiles",
    (
        Column("name", "text"),
        Column("sex", "word"),
        Column("mail", "text"),
        Column("birthdate", "date"),
        Column("City", "city"),
        Column("Country", "country"),
        Column("cc_num", "cc_num"),
    ),
)
TABLES: Final = {table.name: table for table in (TRANSACTIONS, CREDIT_CARDS, PROFILES)}
