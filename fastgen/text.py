"""Layouts: what surrounds and separates the values of a row as NDJSON, as CSV and in a message."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels import text as kernels
from fastgen.kernels.md5 import MessageText, little_endian
from fastgen.kernels.memory import SLACK
from fastgen.plan import Plan
from fastgen.schema import CASH_WITHDRAWAL, TRANSACTIONS, Kind

Style = Literal["ndjson", "csv"]
Coordinates = Literal["text", "number"]

STEP_OF_KIND: dict[Kind, int] = {
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
LONGEST_VALUE = 32
"""Of the values that are not fragments; the tid is the longest."""


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
    if style == "ndjson":
        return json.dumps(text)[1:-1].encode()
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow([text])
    return buffer.getvalue().encode()


def separators(names: Sequence[str], strings: Sequence[bool], style: Style) -> tuple[list[bytes], bytes]:
    """What stands before each value, a string's opening quote and the last one's closing quote included, and what ends a row."""
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


def transaction_layout(
    plan: Plan, names: Sequence[str], style: Style, coordinates: Coordinates, numbers: MessageText, newline: bool = True
) -> RowText:
    """The layout of transactions with these columns, in this order."""
    kinds: list[Kind] = [TRANSACTIONS.kind(name) for name in names]
    bare = {"amount", "label"} | ({"latitude", "longitude"} if coordinates == "number" else set())
    before, ending = separators(names, [kind not in bare for kind in kinds], style)
    fragments = [_fragments(plan, kind, prefix, style, coordinates) for kind, prefix in zip(kinds, before, strict=True)]
    codes = max(1, max(len(texts) for texts in fragments))
    starts = np.zeros((len(kinds), codes + 1), np.int64)
    place = 0
    for row, texts in zip(starts, fragments, strict=True):
        row[: len(texts) + 1] = place + np.cumsum([0, *map(len, texts)])
        place += sum(map(len, texts))
    ending = ending if newline else ending.rstrip(b"\n")
    longest = sum(max([len(prefix) + LONGEST_VALUE, *map(len, texts)]) for prefix, texts in zip(before, fragments, strict=True))
    layout = kernels.Layout(
        kinds=np.array([STEP_OF_KIND[kind] for kind in kinds], np.uint8),
        prefixes=_bytes(b"".join(prefix.ljust(32, b"\0") for prefix in before)),
        prefix_lengths=np.array([len(prefix) for prefix in before], np.int64),
        starts=starts,
        fragments=_bytes(b"".join(b"".join(texts) for texts in fragments)),
        tail=np.uint64(little_endian(ending)),
        tail_length=len(ending),
        days=_bytes(b"".join(f"{plan.origin + timedelta(days=d):%Y-%m-%d }".encode().ljust(16) for d in range(len(numbers.days)))),
        minutes=np.array([little_endian(b"%02d:%02d" % divmod(m, 60)) for m in range(1440)], np.uint64),
        seconds=np.array([little_endian(b":%02d" % s) << 40 for s in range(60)], np.uint64),
        degrees=np.array([_packed_degrees(b"%s%d." % (sign, d)) for sign in (b"", b"-") for d in range(181)], np.uint64),
        thousandths=np.array([little_endian(b"%03d" % n) for n in range(1000)], np.uint64),
        shortest=coordinates == "number",
        numbers=numbers,
    )
    return RowText(layout, header_line(names, style), longest + len(ending))


def _bytes(text: bytes) -> NDArray[np.uint8]:
    """Text as an array that may be read past its end."""
    return np.frombuffer(text + bytes(SLACK), np.uint8).copy()


def _packed_degrees(text: bytes) -> int:
    return little_endian(text) | len(text) << 59


def _fragments(plan: Plan, kind: Kind, prefix: bytes, style: Style, coordinates: Coordinates) -> list[bytes]:
    """The texts of a column whose values are few, each behind its prefix; none for the other columns."""
    if kind == "category":
        values = [*(category.name for category in plan.config.categories), CASH_WITHDRAWAL]
    elif kind in ("latitude", "longitude"):
        values = [place.latitude if kind == "latitude" else place.longitude for place in plan.pools.places]
        if coordinates == "number":
            values = [json.dumps(float(value)) for value in values]
    elif kind in ("city", "country"):
        values = [place.city if kind == "city" else place.country for place in plan.pools.places]
    else:
        return []
    return [prefix + unquoted(value, style) for value in values]
