"""What a page consists of: chapters of findings, each with a chart, its key, and a table of figures."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray


class Table(NamedTuple):
    """A table: column heads and rows of text. Columns after the first hold numbers if `numeric`."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: bool = True


class Key(NamedTuple):
    """An entry of a chart's key: the colour's variable in the style sheet, the shape of the mark, what it stands for."""

    colour: str
    shape: str
    text: str


class Finding(NamedTuple):
    """A finding, and what shows it.

    text: the finding, in a sentence or two. chart: SVG. how: how to read it. table: its figures. open: whether the table is shown
    unfolded. half: half as wide as the page.
    """

    text: str
    chart: Markup = Markup("")
    keys: Sequence[Key] = ()
    how: str = ""
    table: Table | None = None
    open: bool = False
    half: bool = False


class Chapter(NamedTuple):
    """A title and its findings. name: the target of links to it."""

    name: str
    title: str
    findings: Sequence[Finding]


KEY_PAYMENT: Final = Key("payment", "square", "payments")
KEY_WITHDRAWAL: Final = Key("withdrawal", "square", "withdrawals")
KEY_FRAUD_PAYMENT: Final = Key("fraud-payment", "square", "fraudulent payments")
KEY_FRAUD_WITHDRAWAL: Final = Key("fraud-withdrawal", "square", "fraudulent withdrawals")
KIND_KEYS: Final = (KEY_PAYMENT, KEY_FRAUD_PAYMENT, KEY_WITHDRAWAL, KEY_FRAUD_WITHDRAWAL)
"""By `RowKind`."""


def keys_of(kinds: NDArray[np.int64]) -> list[Key]:
    """The keys of the kinds that occur. kinds: the number of rows of each `RowKind`."""
    return [key for key, number in zip(KIND_KEYS, kinds.tolist(), strict=True) if number]
