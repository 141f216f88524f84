"""Layouts: what surrounds and separates the values of a row as NDJSON, as CSV and in a message."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels import text as kernels
from fastgen.kernels.memory import SLACK
from fastgen.plan import Plan
from fastgen.schema import CASH_WITHDRAWAL, TRANSACTIONS, Kind

Style = Literal["ndjson", "csv", "bare"]
"""How values are quoted and separated; bare: not at all, as a message's key is written."""
Coordinates = Literal["text", "number"]

PART_OF_KIND: dict[Kind, int] = {
    "tid": kernels.TID,
    "datetime": kernels.DATETIME,
    "cc_num": kernels.CARD,
    "category": kernels.CATEGORY,
    "amount": kernels.AMOUNT,
    "latitude": kernels.LATITUDE,
    "longitude": kernels.LONGITUDE,
    "city": kernels.PLACE,
    "country": kernels.PLACE,
    "label": kernels.LABEL,
}
PREFIX = 32
"""Room for a prefix."""

STRIDE = 64
"""Bytes of a fragment that are copied at once."""

LONGEST_VALUE = 32
"""Of the values that are not fragments; the tid is the longest."""


GAPS = {kernels.TID: 32, kernels.DATETIME: 8, kernels.CARD: 16}
"""Parts whose length never changes, which begin a row: how many bytes of each differ between the rows of a day."""


class Head(NamedTuple):
    """The beginning of a row with gaps, and where the gaps of its parts are."""

    text: bytes
    gaps: dict[int, int]


class RowText(NamedTuple):
    """A layout with what a sink needs around it: the header line and the longest row, in bytes."""

    layout: kernels.Layout
    header: bytes
    longest: int


def unquoted(text: str, style: Style) -> bytes:
    r"""A string value as it stands in a row; of NDJSON's quotes, which belong to the separators, none.

    Example:
        >>> unquoted("Plzeň", "ndjson"), unquoted("a,b", "csv")
        (b'Plze\\u0148', b'"a,b"')
    """
    if style == "bare":
        return text.encode()
    if style == "ndjson":
        return json.dumps(text)[1:-1].encode()
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow([text])
    return buffer.getvalue().encode()


def separators(names: Sequence[str], strings: Sequence[bool], style: Style) -> tuple[list[bytes], bytes]:
    """What stands before each value, a string's opening quote and the last one's closing quote included, and what ends a row."""
    if style == "bare":
        return [b""] * len(names), b"\n"
    if style == "csv":
        return [b"" if i == 0 else b"," for i in range(len(names))], b"\n"
    before = []
    closing = b""
    for i, (name, string) in enumerate(zip(names, strings, strict=True)):
        before.append(closing + (b", " if i else b"{") + b'"' + unquoted(name, style) + b'": ' + (b'"' if string else b""))
        closing = b'"' if string else b""
    return before, closing + b"}\n"


def header_line(names: Sequence[str], style: Style) -> bytes:
    """The line before the rows, if there is one."""
    return ",".join(names).encode() + b"\n" if style == "csv" else b""


class Part:
    """A part of a row: the text before it, and all texts that it can be if they are few (then with that text)."""

    def __init__(self, prefix: bytes = b"", fragments: Sequence[bytes] = ()) -> None:
        self.prefix, self.fragments = prefix, list(fragments)

    @property
    def table(self) -> tuple[int, NDArray[np.uint8], NDArray[np.int64]]:
        """The fragments as a kernel reads them: strides of each, all of them padded, their lengths."""
        lengths = np.array([*map(len, self.fragments)], np.int64)
        strides = int(-(-lengths.max(initial=0) // STRIDE))
        return strides, _bytes(b"".join(text.ljust(STRIDE * strides, b"\0") for text in self.fragments)), lengths

    @property
    def longest(self) -> int:
        """The most bytes that it writes."""
        return max(map(len, self.fragments)) if self.fragments else len(self.prefix) + LONGEST_VALUE


def transaction_layout(plan: Plan, names: Sequence[str], style: Style, coordinates: Coordinates, newline: bool = True) -> RowText:
    """The layout of transactions with these columns, which are in the table's order."""
    kinds: list[Kind] = [TRANSACTIONS.kind(name) for name in names]
    bare = {"amount", "label"} | ({"latitude", "longitude"} if coordinates == "number" else set())
    before, ending = separators(names, [kind not in bare for kind in kinds], style)
    ending = ending if newline else ending.rstrip(b"\n")
    parts = _parts(kinds, before, [_values(plan, kind, style) for kind in kinds])
    if "label" in kinds:
        ending = b"0" + ending
    wanted = {PART_OF_KIND[kind] for kind in kinds}
    heads = [_head(parts, wanted, plan.origin + timedelta(days=day)) for day in range(len(plan.day_words))]
    head_strides, head_texts, _ = Part(fragments=[head.text.rstrip(b"\0") for head in heads]).table
    category_strides, categories, category_lengths = parts[kernels.CATEGORY].table
    place_strides, places, place_lengths = parts[kernels.PLACE].table
    layout = kernels.Layout(
        wanted=sum(1 << part for part in wanted),
        heads=head_texts,
        head_strides=head_strides,
        head_length=len(heads[0].text),
        tid_at=heads[0].gaps[kernels.TID],
        clock_at=heads[0].gaps[kernels.DATETIME],
        card_at=heads[0].gaps[kernels.CARD],
        prefixed=sum(1 << number for number, part in enumerate(parts) if part.prefix),
        prefixes=_bytes(b"".join(part.prefix.ljust(PREFIX, b"\0") for part in parts)),
        prefix_lengths=np.array([len(part.prefix) for part in parts], np.int64),
        categories=categories,
        category_lengths=category_lengths,
        category_strides=category_strides,
        places=places,
        place_lengths=place_lengths,
        place_strides=place_strides,
        tail=np.uint64(little_endian(ending)),
        tail_length=len(ending),
        days=plan.day_words,
        latitude_cuts=_cuts([place.latitude for place in plan.pools.places]),
        longitude_cuts=_cuts([place.longitude for place in plan.pools.places]),
        shortest=int(coordinates == "number"),
    )
    return RowText(layout, header_line(names, style), sum(part.longest for part in parts) + len(ending))


def _head(parts: list[Part], wanted: set[int], day: date) -> Head:
    """What rows of a day begin with."""
    text = b""
    gaps = dict.fromkeys(GAPS, 0)
    for part, room in GAPS.items():
        if part in wanted:
            text += parts[part].prefix + (f"{day:%Y-%m-%d} ".encode() if part == kernels.DATETIME else b"")
            gaps[part] = len(text)
            text += bytes(room)
    return Head(text, gaps)


def _parts(kinds: list[Kind], before: list[bytes], values: list[list[bytes]]) -> list[Part]:
    """All parts of a row; text between values joins the fragments before it, which saves a copy."""
    parts = [Part() for _ in range(kernels.LABEL + 1)]
    previous = Part()
    for kind, prefix, texts in zip(kinds, before, values, strict=True):
        part = parts[PART_OF_KIND[kind]]
        if part is previous:
            part.fragments = [head + prefix + text for head, text in zip(part.fragments, texts, strict=True)]
        elif texts:
            part.fragments = [prefix + text for text in texts]
        elif previous.fragments:
            previous.fragments = [text + prefix for text in previous.fragments]
        else:
            part.prefix = prefix
        previous = part
    return parts


def little_endian(text: bytes) -> int:
    """Up to eight bytes as a number, the first one lowest."""
    return int.from_bytes(text, "little")


def _bytes(text: bytes) -> NDArray[np.uint8]:
    """Text as an array that may be read past its end."""
    return np.frombuffer(text + bytes(SLACK), np.uint8).copy()


def _cuts(texts: Sequence[str]) -> NDArray[np.uint64]:
    """uint64[n]: by how many characters coordinates are shorter than with six decimals."""
    return np.array([7 - len(text[text.find(".") :]) if "." in text else 7 for text in texts], np.uint64)


def _values(plan: Plan, kind: Kind, style: Style) -> list[bytes]:
    """The texts of a column whose values are few; none for the other columns."""
    if kind == "category":
        values = [*(category.name for category in plan.config.categories), CASH_WITHDRAWAL]
    elif kind in ("city", "country"):
        values = [place.city if kind == "city" else place.country for place in plan.pools.places]
    else:
        return []
    # The quotes are part of the separators.
    return [unquoted(value, style) for value in values]
