"""Gzip members made by a kernel: a decoder gives back what went in, and members are as small as they should be."""

import gzip
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgen import Config, Dataset, write
from fastgen.kernels.deflate import LONGEST, SAMPLE, WIDEST, WINDOW
from fastgen.sinks import gzip_members

MATCH = 6
"""Bytes that a match takes, at most: two codes of 14 bits, 5 and 13 extra bits."""


def size_of_member(text: bytes) -> int:
    """The size of the member of a text, once zlib has given the text back and has found nothing behind it."""
    member = bytes(gzip_members.gzip(text))
    decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert decoder.decompress(member) + decoder.flush() == text
    assert decoder.eof
    assert not decoder.unused_data
    return len(member)


def noise(size: int, seed: int = 1) -> bytes:
    """Random bytes, none of which ends a word."""
    possible = np.array([byte for byte in range(256) if byte not in gzip_members.DELIMITERS], np.uint8)
    return np.random.default_rng(seed).choice(possible, size).tobytes()


@given(
    st.binary()
    | st.text(alphabet='ab,"\n @é').map(str.encode)
    | st.lists(st.sampled_from(["Boston,", "Fresno,", " "])).map(lambda w: "".join(w).encode())
)
def test_any_text(text: bytes) -> None:
    assert size_of_member(text) <= 2 * len(text) + 200


@pytest.mark.parametrize("size", [0, 1, 8, 15, 16, 17, 23, 24, 25, 32, 33, 257, 258, 259, 300, 10_000])
@pytest.mark.parametrize("text", [b"\n", b"abc,", b"0123456789,", b'"city": "Boston", '])
def test_what_repeats_at_once(text: bytes, size: int) -> None:
    assert size_of_member((text * size)[:size]) < 250 + size / 30


@pytest.mark.parametrize(
    "length",
    [
        *range(8, 70),
        *range(94, 100),
        *range(126, 134),
        *range(158, 166),
        *range(190, 198),
        *range(222, 230),
        *range(254, 262),
    ],
)
def test_matches_of_every_length(length: int) -> None:
    word = b"," + noise(length, seed=2)
    repeated = size_of_member(word + noise(300) + word + b"!" * 20)
    assert repeated <= size_of_member(word + noise(300) + b"," + noise(length, seed=3) + b"!" * 20) - length + 8 + MATCH * -(
        -length // LONGEST
    )


@pytest.mark.parametrize(
    "distance", [*range(10, 30), *(2**power + more for power in range(5, 15) for more in (-1, 0, 1)), WINDOW - 1, WINDOW]
)
def test_matches_at_every_distance(distance: int) -> None:
    word = b"," + noise(9, seed=2)
    between = (noise(distance, seed=3) + b",")[len(word) :]
    repeated, other = (
        size_of_member(b"," + word[1:] + between[:-1] + b"," + last + b"!" * 20) for last in (word[1:], noise(9, seed=4))
    )
    assert repeated < other


def test_nothing_is_matched_beyond_the_window() -> None:
    word = b"," + noise(50, seed=2)
    near, far = (
        size_of_member(word + noise(between, seed=3) + word + b"!" * 20) for between in (WINDOW - len(word), WINDOW + 1 - len(word))
    )
    assert far > near + 30


@pytest.mark.parametrize("size", [SAMPLE - 1, SAMPLE, SAMPLE + 1, SAMPLE + 9, 3 * SAMPLE])
def test_what_comes_after_the_sample_can_be_coded(size: int) -> None:
    """Bytes that do not occur in the sample have codes too, the widest ones."""
    start = (b"0123456789," * SAMPLE)[:size]
    text = start + noise(5_000)
    assert size_of_member(text) <= size / 20 + 5_000 * WIDEST / 8 + 500


@pytest.mark.parametrize("growth", [1.0, 1.2, 1.618, 2.0, 3.0])
def test_counts_of_every_kind(growth: float) -> None:
    """Where counts grow like this, Huffman's codes would be as long as there are symbols."""
    random = np.random.default_rng(5)
    weights = growth ** np.arange(40.0)
    text = random.choice(np.arange(100, 140, dtype=np.uint8), 200_000, p=weights / weights.sum())
    shares = np.bincount(text, minlength=140)[100:] / text.size
    shares = shares[shares > 0]
    ideal = -float((shares * np.log2(shares)).sum()) * text.size / 8
    assert size_of_member(text.tobytes()) <= 1.1 * max(ideal, text.size / 8) + 250


def test_threads_and_what_was_compressed_before_make_no_difference() -> None:
    texts = [noise(50_000, seed) + b",Boston" * seed for seed in range(16)]
    alone = [bytes(gzip_members.gzip(text)) for text in texts]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda text: bytes(gzip_members.gzip(text)), texts[::-1] * 3))
    assert together == alone[::-1] * 3


@pytest.mark.parametrize(
    "kind", [bytes, bytearray, memoryview, lambda text: np.frombuffer(text, np.uint8), lambda text: np.array([*text], np.uint8)]
)
def test_any_buffer(kind: type) -> None:
    text = b"city,country\nBoston,US\n"
    assert bytes(gzip_members.gzip(kind(text))) == bytes(gzip_members.gzip(text))


@pytest.mark.parametrize("format", ["csv", "ndjson"])
@pytest.mark.parametrize(("table", "larger"), [("transactions", 1.15), ("credit_cards", 1.15), ("profiles", 1.45)])
def test_tables_are_hardly_larger_than_those_of_zlib(tmp_path: Path, format: str, table: str, larger: float) -> None:
    """And smaller than those of its fastest level, except for profiles."""
    data = Dataset(Config(rows=50_000, cards=20_000))
    write(data, tmp_path / f"x.{format}", table=table)
    write(data, tmp_path / f"x.{format}.gz", table=table)
    text, members = (tmp_path / f"x.{format}").read_bytes(), (tmp_path / f"x.{format}.gz").read_bytes()
    assert gzip.decompress(members) == text
    assert len(members) < larger * len(gzip.compress(text, 6))
    if table != "profiles":
        assert len(members) < len(gzip.compress(text, 1))
