"""Text files as blocks of whole lines, decompressed as their content says."""

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import zstandard

from fastgen.reading.pieces import REFUSALS, readable, told

BLOCK = 1 << 24
"""Bytes of lines that are taken at once."""
COMPRESSED: Final = 1 << 16
"""Bytes that are decompressed at once: with a damaged byte among them all of these are lost."""
LONGEST = 1 << 20
"""Bytes of a line: what has none of its end so far is no table."""
DECOMPRESSORS: Final[dict[bytes, Callable[[], Any]]] = {
    b"\x1f\x8b": partial(zlib.decompressobj, wbits=31),
    b"\x28\xb5\x2f\xfd": lambda: zstandard.ZstdDecompressor().decompressobj(),
}
"""By how files begin; each for one of the members or frames of which a file consists."""


class Lines:
    r"""The lines of a file, each with its end; the last one may have none.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.txt"
        >>> _ = path.write_text("one\ntwo\nthree")
        >>> list(Lines(path).blocks(4))
        [b'one\n', b'two\n', b'three']
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with readable(path), path.open("rb") as file:
            begin = file.read(4)
        self._decompressor = next((made for magic, made in DECOMPRESSORS.items() if begin.startswith(magic)), None)

    def blocks(self, size: int = BLOCK) -> Iterator[bytes | str]:
        """Whole lines, about so many bytes at a time, and at last, where there is one, the reason why there are no more.

        That is what cannot be decompressed, or is no text of lines. What comes before it is there, and may end within a line.
        """
        waiting: list[bytes] = []
        held = 0
        reason = ""
        for read in self._bytes(size):
            if isinstance(read, str):
                reason = read
                break
            waiting.append(read)
            held += len(read)
            if held < size:
                continue
            block = b"".join(waiting)
            end = block.rfind(b"\n") + 1
            if held - end > max(LONGEST, size):
                reason = f"a line has more than {LONGEST:,} bytes"
                break
            if end:
                yield block[:end]
            waiting, held = [block[end:]], held - end
        if rest := b"".join(waiting):
            yield rest
        if reason:
            yield reason

    def _bytes(self, size: int) -> Iterator[bytes | str]:
        """The decompressed bytes, and at last, where there is one, why there are no more."""
        try:
            with open(self.path, "rb", buffering=0) as file:
                yield from _read(file, size) if self._decompressor is None else _decompressed(file, self._decompressor)
        except (*REFUSALS, zlib.error, zstandard.ZstdError) as error:
            yield told(error)


def _read(file: BinaryIO, size: int) -> Iterator[bytes]:
    while read := file.read(size):
        yield read


def _decompressed(file: BinaryIO, make: Callable[[], Any]) -> Iterator[bytes | str]:
    """Members or frames, one behind the other."""
    current = None
    while read := file.read(COMPRESSED):
        while read:
            current = current or make()
            yield current.decompress(read)
            read = current.unused_data if current.eof else b""
            current = None if current.eof else current
    if current is not None:
        yield "it ends in the middle of what is compressed"
