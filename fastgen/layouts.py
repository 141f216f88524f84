"""Layouts: what surrounds and separates the values of a row in NDJSON, CSV and messages."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels import text as kernels
from fastgen.plan import Plan
from fastgen.schema import TRANSACTIONS, Kind

Style = Literal["ndjson", "csv", "bare"]
"""How values are quoted and separated; bare: not at all, as in a message's key."""
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
SHORT, LONG, STRIDE = 16, 32, 64
"""Bytes copied at once: of short and long text between values, and of fragments."""

SIZES: dict[Kind, int] = {"tid": 32, "datetime": 8, "cc_num": 16, "amount": 8, "latitude": 16, "longitude": 16}
"""The most characters of values that differ from row to row; the first three always have that many. `datetime` counts only
the time of day, as all rows of a day share the date."""


class RowText(NamedTuple):
    """A layout, and what a sink needs besides: the header line, and the size of the longest row in bytes."""

    layout: kernels.Layout
    header: bytes
    longest: int


@lru_cache(8192)  # each part of a table, and each layout of messages, needs the same ones again
def escaped(text: str, style: Style) -> bytes:
    r"""A string value escaped for a row, without NDJSON's quotes, which belong to the separators.

    Example:
        >>> escaped("Plzeň", "ndjson"), escaped("a,b", "csv")
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
    """The text before each value and the text that ends a row, the quotes of strings included."""
    if style == "bare":
        return [b""] * len(names), b"\n"
    if style == "csv":
        return [b"" if i == 0 else b"," for i in range(len(names))], b"\n"
    before = []
    closing = b""
    for i, (name, string) in enumerate(zip(names, strings, strict=True)):
        before.append(closing + (b", " if i else b"{") + b'"' + escaped(name, style) + b'": ' + (b'"' if string else b""))
        closing = b'"' if string else b""
    return before, closing + b"}\n"


def header_line(names: Sequence[str], style: Style) -> bytes:
    """The line before the rows; empty if there is none."""
    return ",".join(names).encode() + b"\n" if style == "csv" else b""


def transaction_layout(plan: Plan, names: Sequence[str], style: Style, coordinates: Coordinates, newline: bool = True) -> RowText:
    """The layout of transactions with these columns, which are in the table's order."""
    kinds: list[Kind] = [TRANSACTIONS.kind(name) for name in names]
    bare = {"amount", "label"} | ({"latitude", "longitude"} if coordinates == "number" else set())
    texts, ending = separators(names, [kind not in bare for kind in kinds], style)
    ending = ending if newline else ending.rstrip(b"\n")
    if "label" in kinds:
        ending = b"0" + ending
    before = dict.fromkeys(PART_OF_KIND, b"") | dict(zip(kinds, texts, strict=True))
    sizes = dict.fromkeys(PART_OF_KIND, 0) | {kind: SIZES.get(kind, 0) for kind in kinds}
    head = _head(plan, before, sizes)
    categories, places = _fragments(plan, kinds, before, style)
    layout = kernels.Layout(
        needed=sum(1 << part for part in {PART_OF_KIND[kind] for kind in kinds}),
        head=head,
        categories=_table(categories),
        category_strides=_strides(categories),
        before_latitude=_padded([before["latitude"]], SHORT),
        latitude_gap=len(before["latitude"]),
        before_longitude=_padded([before["longitude"]], LONG),
        longitude_gap=len(before["longitude"]),
        places=_table(places),
        place_strides=_strides(places),
        tail=np.uint64(little_endian(ending)),
        tail_length=len(ending),
        days=plan.day_words,
        cuts=_cuts(plan, kinds),
        shortest=int(coordinates == "number"),
    )
    gaps = len(before["latitude"]) + len(before["longitude"])
    values = sizes["amount"] + sizes["latitude"] + sizes["longitude"]
    longest = head.length + max(map(len, categories)) + values + gaps + max(map(len, places)) + len(ending)
    return RowText(layout, header_line(names, style), longest)


def _head(plan: Plan, before: dict[Kind, bytes], sizes: dict[Kind, int]) -> kernels.Head:
    """The start of rows, up to the card number."""
    days = [plan.midnight + timedelta(days=day) for day in range(len(plan.day_words))]
    dates = [before["datetime"] + (f"{day:%Y-%m-%d} ".encode() if sizes["datetime"] else b"") for day in days]
    tid_at = len(before["tid"])
    date_at = tid_at + sizes["tid"]
    clock_at = date_at + len(dates[0])
    middle_at = clock_at + sizes["datetime"]
    card_at = middle_at + len(before["cc_num"])
    return kernels.Head(
        opening=_padded([before["tid"]], SHORT),
        tid_at=tid_at,
        dates=_padded(dates, LONG),
        date_at=date_at,
        clock_at=clock_at,
        middle=_padded([before["cc_num"]], SHORT),
        middle_at=middle_at,
        card_at=card_at,
        length=card_at + sizes["cc_num"],
    )


def _fragments(plan: Plan, kinds: Sequence[Kind], before: dict[Kind, bytes], style: Style) -> tuple[list[bytes], list[bytes]]:
    """All categories and all places with the text before them and before the next value; without them, the latter text alone."""
    categories, places = [before["amount"]], [before["label"]]
    if "category" in kinds:
        categories = [before["category"] + escaped(name, style) + before["amount"] for name in plan.config.category_names]
    if "city" in kinds or "country" in kinds:
        texts = [b""] * len(plan.pools.places)
        if "city" in kinds:
            texts = [before["city"] + escaped(place.city, style) for place in plan.pools.places]
        if "country" in kinds:
            countries = [before["country"] + escaped(place.country, style) for place in plan.pools.places]
            texts = [text + country for text, country in zip(texts, countries, strict=True)]
        places = [text + before["label"] for text in texts]
    return categories, places


def _strides(fragments: Sequence[bytes]) -> int:
    """How many strides the longest fragment takes."""
    return max(1, -(-max(map(len, fragments)) // STRIDE))


def _table(fragments: Sequence[bytes]) -> NDArray[np.uint8]:
    """Fragments as a kernel reads them: each after its length, all padded to the same number of strides."""
    room = STRIDE * _strides(fragments)
    return _bytes(b"".join(len(text).to_bytes(kernels.LENGTH, "little") + text.ljust(room, b"\0") for text in fragments))


def _padded(texts: Sequence[bytes], size: int) -> NDArray[np.uint8]:
    """Texts of at most `size` bytes, each padded to that size."""
    assert max(map(len, texts)) <= size
    return _bytes(b"".join(text.ljust(size, b"\0") for text in texts))


def little_endian(text: bytes) -> int:
    """Up to eight bytes as a number, the first byte lowest."""
    return int.from_bytes(text, "little")


def _bytes(text: bytes) -> NDArray[np.uint8]:
    """Text as an array."""
    return np.frombuffer(text, np.uint8).copy()


def _cuts(plan: Plan, kinds: Sequence[Kind]) -> NDArray[np.uint64]:
    """See `kernels.Layout`."""
    latitude, longitude = (int(kind in kinds) << shift for kind, shift in (("latitude", 8), ("longitude", 16)))
    places = plan.pools.places
    return np.array([latitude * _cut(place.latitude) + longitude * _cut(place.longitude) for place in places], np.uint64)


def _cut(text: str) -> int:
    """How many characters shorter a coordinate is than with six decimals."""
    return 7 - len(text[text.find(".") :]) if "." in text else 7
