"""Compressing functions that threads may call side by side, without the GIL."""

import threading
from collections.abc import Callable
from functools import partial

import cramjam
import zstandard

from fastgen.sinks.output import Buffer

Compress = Callable[[Buffer], Buffer]


class Zstd(threading.local):
    """A Zstandard compressor for each thread, kept: making one takes longer than compressing a small page."""

    def __init__(self, level: int) -> None:
        self._compressor = zstandard.ZstdCompressor(level=level)

    def __call__(self, data: Buffer) -> Buffer:
        return self._compressor.compress(data)


def gzip(level: int) -> Compress:
    """A gzip member."""
    return partial(cramjam.gzip.compress, level=level)


snappy: Compress = cramjam.snappy.compress_raw
"""Snappy without frames."""

lz4: Compress = partial(cramjam.lz4.compress_block, store_size=False)
"""A block of LZ4, without its size."""
