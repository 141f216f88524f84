"""Columns of text put together from vocabularies, without a Python object per row."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.memory import SLACK
from fastgen.kernels.text import join_fragments


class Texts(NamedTuple):
    """Texts end to end, as in Arrow: text i is text[offsets[i]:offsets[i + 1]]. offsets: int64[n + 1]. text: uint8."""

    offsets: NDArray[np.int64]
    text: NDArray[np.uint8]

    @classmethod
    def of(cls, texts: Iterable[bytes]) -> "Texts":
        """Join the texts of a vocabulary."""
        listed = list(texts)
        return cls(np.cumsum([0, *map(len, listed)], dtype=np.int64), np.frombuffer(b"".join(listed), np.uint8))

    @property
    def values(self) -> list[str]:
        """The texts as Python strings."""
        return [self.text[start:stop].tobytes().decode() for start, stop in pairwise(self.offsets)]


class TextPart(NamedTuple):
    """A part of the values of a column: for each row, which of the texts it is. codes: uint32[n]."""

    texts: Texts
    codes: NDArray[np.uint32]


def constant(text: str, rows: int) -> TextPart:
    """The same text in each of these rows."""
    return TextPart(Texts.of([text.encode()]), np.zeros(rows, np.uint32))


def joined(parts: list[TextPart]) -> Texts:
    """The values of a column: its parts joined row by row.

    Example:
        >>> names = TextPart(Texts.of([b"Ann", b"Bo"]), np.array([1, 0, 1], np.uint32))
        >>> joined([names, constant("!", 3)]).values
        ['Bo!', 'Ann!', 'Bo!']
    """
    rows = len(parts[0].codes)
    tables = [part.texts for part in parts]
    before = np.cumsum([0, *(table.text.size for table in tables)])
    starts = np.concatenate([table.offsets + place for table, place in zip(tables, before, strict=False)])
    first = np.cumsum([0, *(table.offsets.size for table in tables)])[:-1]
    codes = np.stack([part.codes for part in parts])
    longest = sum(int(np.diff(table.offsets).max(initial=0)) for table in tables)
    out = np.empty(rows * longest + SLACK, np.uint8)
    offsets = np.empty(rows + 1, np.int64)
    text = np.concatenate([*(table.text for table in tables), np.zeros(SLACK, np.uint8)])
    size = join_fragments(out, offsets, codes, first, starts, text)
    return Texts(offsets, out[:size])
