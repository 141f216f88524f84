"""What hashing rows for `tid` takes, and bytes as hexadecimal text."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels import md5
from fastgen.kernels.digits import Tile
from fastgen.plan import Plan


class HashBuffers:
    """Tables and scratch memory for hashing and rendering rows, and space for their digests; one for each thread."""

    def __init__(self, plan: Plan) -> None:
        self.days = plan.day_words
        self.tile = Tile.empty()
        self._digests = np.empty(0, np.uint8)

    @property
    def hashing(self) -> md5.Hashing:
        """The table and the scratch memory that rows are hashed with."""
        return md5.Hashing(self.days, self.tile)

    def digests(self, rows: int, kept: int = 0) -> NDArray[np.uint8]:
        """uint8[16 n]: the digests of the first n rows, or space for them behind the `kept` ones; valid until the next call."""
        if self._digests.size < 16 * rows:
            larger = np.empty(20 * rows, np.uint8)
            larger[: 16 * kept] = self._digests[: 16 * kept]
            self._digests = larger
        return self._digests[: 16 * rows]


def hexadecimal(values: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8: the hexadecimal digits of bytes, in a new array: of MD5 digests, or of card numbers packed two digits to a byte."""
    octets = values.view(np.uint8)
    text = np.empty(octets.size, np.uint16)
    md5.hex_digits(octets, text)
    return text.view(np.uint8)
