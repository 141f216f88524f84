"""Text files as blocks of whole lines, decompressed according to their first bytes."""

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import zstandard

from fastgen.reading.pieces import REFUSALS, message_of, readable

BLOCK = 1 << 24
"""Bytes of a block of lines."""
COMPRESSED: Final = 1 << 16
"""Compressed bytes that are decompressed at once: one damaged byte among them loses them all."""
LONGEST = 1 << 24
"""Bytes that are searched for the end of a line. Without one, the file is not a table, and would fill the memory."""
DECOMPRESSORS: Final[dict[bytes, Callable[[], Any]]] = {
    b"\x1f\x8b": partial(zlib.decompressobj, wbits=31),
    b"\x28\xb5\x2f\xfd": lambda: zstandard.ZstdDecompressor().decompressobj(),
}
"""By magic number. Each decompresses a single gzip member or zstd frame; a file may have several."""


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
        """Yield whole lines, about `size` bytes at a time; if the file cannot be read to its end, the last item is the reason.

        Reasons are damaged compression, a read error or a line that is too long. What could be read before is yielded, and may
        end within a line.
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
            if held - end > LONGEST:
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
        """The decompressed bytes; if they cannot be read to the end, the last item is the reason."""
        try:
            with open(self.path, "rb", buffering=0) as file:
                yield from _read(file, size) if self._decompressor is None else _decompressed(file, self._decompressor)
        except (*REFUSALS, zlib.error, zstandard.ZstdError) as error:
            yield message_of(error)


def _read(file: BinaryIO, size: int) -> Iterator[bytes]:
    while read := file.read(size):
        yield read


def _decompressed(file: BinaryIO, make: Callable[[], Any]) -> Iterator[bytes | str]:
    """The content of consecutive gzip members or zstd frames."""
    current = None
    while read := file.read(COMPRESSED):
        while read:
            current = current or make()
            yield current.decompress(read)
            read = current.unused_data if current.eof else b""
            current = None if current.eof else current
    if current is not None:
        yield "it ends in the middle of what is compressed"
