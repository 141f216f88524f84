"""What a page is made of: sections of parts, each a finding with a chart, what its colours mean, and figures as a table."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from markupsafe import Markup


class Table(NamedTuple):
    """Figures: the heads of the columns, and rows of text. Columns after the first are numbers if `numeric`."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: bool = True


class Key(NamedTuple):
    """What a colour means: the name of its variable in the style sheet, how it is drawn, what it stands for."""

    colour: str
    shape: str
    text: str


class Part(NamedTuple):
    """A finding, in a sentence, and what shows it.

    chart: pieces of SVG. how: how to read it. table: its figures; open: whether they are shown at once. half: of the page's width.
    """

    finding: str
    chart: Markup = Markup("")
    keys: Sequence[Key] = ()
    how: str = ""
    table: Table | None = None
    open: bool = False
    half: bool = False


class Chapter(NamedTuple):
    """A title and its parts; name: where a link leads."""

    name: str
    title: str
    parts: Sequence[Part]


KEY_PAYMENT: Final = Key("payment", "square", "payments")
KEY_WITHDRAWAL: Final = Key("withdrawal", "square", "withdrawals")
KEY_FRAUD_PAYMENT: Final = Key("fraud-payment", "square", "fraudulent payments")
KEY_FRAUD_WITHDRAWAL: Final = Key("fraud-withdrawal", "square", "fraudulent withdrawals")
KIND_KEYS: Final = (KEY_PAYMENT, KEY_FRAUD_PAYMENT, KEY_WITHDRAWAL, KEY_FRAUD_WITHDRAWAL)
"""By `Kind`."""
