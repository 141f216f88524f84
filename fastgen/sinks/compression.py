"""Compression functions that release the GIL; threads may call them concurrently."""

import threading
from collections.abc import Callable
from functools import partial

import cramjam
import zstandard

from fastgen.sinks.output import Buffer

Compress = Callable[[Buffer], Buffer]


class Zstd(threading.local):
    """A Zstandard compressor per thread, which is reused: creating one takes longer than compressing a small page."""

    def __init__(self, level: int) -> None:
        self._compressor = zstandard.ZstdCompressor(level=level)

    def __call__(self, data: Buffer) -> Buffer:
        return self._compressor.compress(data)


gzip: Compress = partial(cramjam.gzip.compress, level=6)
"""A gzip member of any data; for text, there is `gzip_members`."""

snappy: Compress = cramjam.snappy.compress_raw
"""Raw Snappy, without the framing format."""

lz4: Compress = partial(cramjam.lz4.compress_block, store_size=False)
"""A raw LZ4 block, without a size prefix."""
