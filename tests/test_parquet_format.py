"""The Parquet encoder checked with three readers, and its kernels with slow twins."""

import io
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import cramjam
import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgen.kernels import packing
from fastgen.sinks import parquet_columns as kinds
from fastgen.sinks import parquet_format as fmt

CODECS = ["none", "snappy", "lz4", "gzip", "zstd"]
CITIES = [f"Städtchen {7919 * i % 971}" for i in range(971)]
CARDS = np.array([f"4{7919 * i % 1_000_003:015d}" for i in range(70_000)], "S16")
COLUMNS = [
    kinds.Hex("tid", 32),
    kinds.Timestamp("datetime"),
    kinds.Dictionary("card", CARDS),
    kinds.Dictionary("city", CITIES),
    kinds.Dictionary("provider", ["visa"]),
    kinds.Text("expires"),
    kinds.Text("name"),
    kinds.Hundredths("amount"),
    kinds.Double("latitude"),
    kinds.Int8("label"),
    kinds.Date("birthdate"),
    kinds.Int64("number"),
]
TYPES = {
    "tid": pa.string(), "datetime": pa.timestamp("us"), "card": pa.string(), "city": pa.string(),
    "provider": pa.string(), "expires": pa.string(), "name": pa.string(), "amount": pa.float64(),
    "latitude": pa.float64(), "label": pa.int8(), "birthdate": pa.date32(), "number": pa.int64(),
}  # fmt: skip
SCHEMA = pa.schema([pa.field(name, kind, nullable=False) for name, kind in TYPES.items()])


def sample(rows: int, seed: int = 1) -> tuple[dict[str, Any], pa.Table]:
    """Arrays for the encoder, and the table that they represent."""
    random = np.random.default_rng(seed)
    digests = np.frombuffer(random.bytes(16 * rows), np.uint8)
    seconds = 1_640_995_200 + np.sort(random.integers(0, 5_097_600, rows))
    card, city = random.integers(0, len(CARDS), rows, np.uint32), random.integers(0, len(CITIES), rows, np.uint16)
    expires = random.integers(48, 58, 5 * rows, np.uint8)
    offsets = 3 + np.concatenate([[0], np.cumsum(random.integers(0, 9, rows))]).astype(np.int32)
    text = random.integers(97, 123, offsets[-1] + 3, np.uint8)
    cents, latitude = random.integers(1, 3_000_000, rows, np.uint32), np.round(random.uniform(-90, 90, rows), 6)
    label = (random.random(rows) < 0.0025).astype(np.int8)
    birthdate = random.integers(-20_000, 20_000, rows).astype(np.int32)
    number = random.integers(-(2**63), 2**63 - 1, rows)
    arrays = {
        "tid": digests, "datetime": seconds, "card": card, "city": city, "provider": np.zeros(rows, np.uint8),
        "expires": (5 * np.arange(rows + 1), expires), "name": (offsets, text), "amount": cents, "latitude": latitude,
        "label": label,
        "birthdate": birthdate, "number": number,
    }  # fmt: skip

    def pieces(content: bytes, size: int) -> list[str]:
        return [content[i : i + size].decode() for i in range(0, len(content), size)]

    names = [text[a:b].tobytes().decode() for a, b in pairwise(offsets)]
    columns = [
        pieces(digests.tobytes().hex().encode(), 32), seconds * 1_000_000, CARDS[card].astype(str),
        np.array(CITIES)[city], ["visa"] * rows, pieces(expires.tobytes(), 5), names, cents / 100, latitude, label,
        birthdate, number,
    ]  # fmt: skip
    return arrays, pa.table([pa.array(c, t) for c, t in zip(columns, SCHEMA.types, strict=True)], schema=SCHEMA)


def written(encoder: fmt.RowGroupEncoder, groups: Sequence[fmt.RowGroup]) -> bytes:
    file = io.BytesIO()
    writer = fmt.Writer(encoder, file, "fastgen version 0.1.0", {"seed": "7"})
    for group in groups:
        writer.append(group)
    writer.close()
    assert writer.size == len(file.getvalue())
    return file.getvalue()


def one_column(column: kinds.Column, data: Any, rows: int, compression: str = "none") -> pq.ParquetFile:
    encoder = fmt.RowGroupEncoder([column], compression)
    return pq.ParquetFile(io.BytesIO(written(encoder, [encoder.encode({column.name: data}, rows)])))


@pytest.mark.parametrize("compression", CODECS)
@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9, 1000, 300_001])
def test_readers_agree(rows: int, compression: str, tmp_path: Path) -> None:
    encoder = fmt.RowGroupEncoder(COLUMNS, compression)
    sizes = [rows, 0, min(rows, 13)]  # row groups of several sizes
    arrays, tables = zip(*(sample(size, seed) for seed, size in enumerate(sizes)), strict=True)
    expected = pa.concat_tables(tables).combine_chunks()
    content = written(encoder, [encoder.encode(a, size) for a, size in zip(arrays, sizes, strict=True)])
    path = tmp_path / "t.parquet"
    path.write_bytes(content)

    read = pq.read_table(path)
    assert read.schema.remove_metadata() == SCHEMA
    assert read.equals(expected)
    frame = pl.read_parquet(path)
    assert frame.schema == pl.DataFrame(expected).schema
    assert frame.equals(pl.DataFrame(expected))
    relation = duckdb.connect().read_parquet(str(path))
    assert [str(t) for t in relation.types] == [
        "VARCHAR", "TIMESTAMP", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "DOUBLE", "DOUBLE", "TINYINT",
        "DATE", "BIGINT",
    ]  # fmt: skip
    assert pl.DataFrame(relation.to_arrow_table()).equals(frame)


@pytest.mark.parametrize("rows", [1, 1000, 300_001])
def test_metadata(rows: int, tmp_path: Path) -> None:
    """Statistics equal those that pyarrow computes, and sizes add up."""
    encoder = fmt.RowGroupEncoder(COLUMNS)
    arrays, table = sample(rows)
    content = written(encoder, [encoder.encode(arrays, rows)])
    other = io.BytesIO()
    pq.write_table(table, other, row_group_size=rows)
    ours, theirs = (pq.read_metadata(file) for file in (io.BytesIO(content), other))
    assert ours.created_by == "fastgen version 0.1.0"
    assert ours.metadata == {b"seed": b"7"}
    assert ours.num_rows == rows
    assert ours.schema.to_arrow_schema() == SCHEMA
    position, chunks = 4, [ours.row_group(0).column(i) for i in range(len(COLUMNS))]
    for i, chunk in enumerate(chunks):
        mine, other_statistics = chunk.statistics, theirs.row_group(0).column(i).statistics
        assert (mine.min, mine.max, mine.null_count) == (other_statistics.min, other_statistics.max, 0), SCHEMA.names[i]
        first = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
        assert first == position
        position += chunk.total_compressed_size
    group = ours.row_group(0)
    assert position == len(content) - ours.serialized_size - 8
    assert group.total_byte_size == sum(chunk.total_uncompressed_size for chunk in chunks)
    (tmp_path / "t.parquet").write_bytes(content)
    query = f"select distinct min_is_exact, max_is_exact, row_group_compressed_bytes from parquet_metadata('{tmp_path}/t.parquet')"
    assert duckdb.connect().execute(query).fetchall() == [(True, True, position - 4)]
    plain = fmt.RowGroupEncoder(COLUMNS, "none")
    group = pq.read_metadata(io.BytesIO(written(plain, [plain.encode(arrays, rows)]))).row_group(0)
    for i in range(len(COLUMNS)):
        assert group.column(i).total_compressed_size == group.column(i).total_uncompressed_size


def test_readers_may_skip_by_statistics(tmp_path: Path) -> None:
    encoder = fmt.RowGroupEncoder(COLUMNS)
    arrays, table = sample(5_000)
    later = {**arrays, "datetime": arrays["datetime"] + 10_000_000}
    (tmp_path / "t.parquet").write_bytes(written(encoder, [encoder.encode(a, 5_000) for a in (arrays, later)]))
    scan = pl.scan_parquet(tmp_path / "t.parquet")
    for name in SCHEMA.names:
        for value in (pc.min(table[name]).as_py(), pc.max(table[name]).as_py()):
            count = pc.sum(pc.equal(table[name], value)).as_py() * (1 if name == "datetime" else 2)
            assert scan.filter(pl.col(name) == value).collect().height == count
            query = f"select count(*) from '{tmp_path}/t.parquet' where {name} = $1"
            assert duckdb.connect().execute(query, [value]).fetchone() == (count,)


def test_threads_give_the_same_bytes() -> None:
    encoder = fmt.RowGroupEncoder(COLUMNS)
    arrays = [sample(70_000, seed)[0] for seed in range(4)]
    alone = [encoder.encode(a, 70_000) for a in arrays]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda a: encoder.encode(a, 70_000), arrays))
    assert written(encoder, together) == written(encoder, alone)


@pytest.mark.parametrize("compression", CODECS)
def test_the_arrays_may_be_reused(compression: str) -> None:
    encoder = fmt.RowGroupEncoder(COLUMNS, compression)
    arrays, table = sample(1000)
    arrays = {k: tuple(map(np.copy, v)) if isinstance(v, tuple) else v.copy() for k, v in arrays.items()}
    group = encoder.encode(arrays, 1000)
    for array in arrays.values():
        for part in array if isinstance(array, tuple) else (array,):
            part[:] = 0
    assert pq.read_table(io.BytesIO(written(encoder, [group]))).equals(table)


def test_only_write_is_needed_of_a_file() -> None:
    class Pipe:
        def __init__(self) -> None:
            self.parts: list[bytes] = []

        def write(self, data: Any) -> None:
            self.parts.append(bytes(memoryview(data)))

    encoder, pipe = fmt.RowGroupEncoder(COLUMNS), Pipe()
    arrays, table = sample(1000)
    writer = fmt.Writer(encoder, pipe, "fastgen version 0.1.0", {})  # type: ignore[arg-type]
    writer.append(encoder.encode(arrays, 1000))
    writer.close()
    assert pq.read_table(io.BytesIO(b"".join(pipe.parts))).equals(table)


def test_more_rows_than_32_bits_can_count() -> None:
    encoder, rows = fmt.RowGroupEncoder([kinds.Int8("label")]), 1 << 24
    group = encoder.encode({"label": np.zeros(rows, np.int8)}, rows)
    assert len(group.chunks[0].pages) == 128
    assert pq.read_metadata(io.BytesIO(written(encoder, [group] * 130))).num_rows == 130 << 24


def test_pages_are_of_moderate_size() -> None:
    arrays, _ = sample(300_001)
    for chunk in fmt.RowGroupEncoder(COLUMNS).encode(arrays, 300_001).chunks:
        assert all(page.plain_size < 1.1 * fmt.PAGE_BYTES for page in chunk.pages)
        assert sum(len(page.header) + len(page.body) for page in chunk.dictionary) < max(fmt.PAGE_BYTES, 8 * 300_001)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 255, 256, 257, 65_535, 65_536, 65_537])
def test_dictionaries_of_any_width(size: int) -> None:
    values = [f"{i:x}" for i in range(size)]
    codes = np.random.default_rng(size).integers(0, size, 1003).astype(np.uint32)
    for dtype in (np.uint8, np.uint16, np.uint32):
        if size - 1 <= np.iinfo(dtype).max:
            file = one_column(kinds.Dictionary("c", values), codes.astype(dtype), 1003)
            assert file.read()["c"].to_pylist() == [values[code] for code in codes]
            statistics = file.metadata.row_group(0).column(0).statistics
            used = {values[code] for code in codes}
            assert (statistics.min, statistics.max) == (min(used), max(used))


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=6), min_size=1, max_size=40))
def test_texts(texts: list[str]) -> None:
    encoded = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)])
    file = one_column(kinds.Text("t"), (offsets, np.frombuffer(b"".join(encoded), np.uint8)), len(texts))
    assert file.read()["t"].to_pylist() == texts
    statistics = file.metadata.row_group(0).column(0).statistics
    assert (statistics.min.encode(), statistics.max.encode()) == (min(encoded), max(encoded))


def test_long_texts_have_no_statistics() -> None:
    file = one_column(kinds.Text("t"), (np.array([0, 1, 5001]), np.full(5001, 97, np.uint8)), 2)
    assert file.read()["t"].to_pylist() == ["a", "a" * 5000]
    assert not file.metadata.row_group(0).column(0).statistics.has_min_max


def test_peculiar_doubles() -> None:
    column = kinds.Double("d")
    for values in ([0.0, 1.0], [-1.0, -0.0], [0.0], [-0.0], [1.5, float("inf")], [1.0, float("nan"), 2.0]):
        file = one_column(column, np.array(values), len(values))
        np.testing.assert_array_equal(np.array(file.read()["d"]), values)
        statistics, numbers = file.metadata.row_group(0).column(0).statistics, np.array(values)
        assert statistics.has_min_max == (not np.isnan(numbers).any())
        if statistics.has_min_max:
            assert (statistics.min, statistics.max) == (numbers.min(), numbers.max())
            assert statistics.min != 0 or np.signbit(statistics.min)
            assert statistics.max != 0 or not np.signbit(statistics.max)


@pytest.mark.parametrize("width", [16, 32, 48, 64, 128])
@pytest.mark.parametrize("rows", [1, 2, 129, 4096, 4097, 40_000])
def test_hexadecimal_frames(width: int, rows: int) -> None:
    """Zstandard decompresses the hand-written frames to the page, and they are not larger than expected."""
    column = kinds.Hex("h", width)
    digests = np.frombuffer(np.random.default_rng(rows).bytes(rows * width // 2), np.uint8)
    page = column.page(digests, 0, rows)
    size, frame = column.compressed_page(digests, 0, rows, kinds.codec("zstd"))
    assert size == len(page)
    assert bytes(cramjam.zstd.decompress(frame)) == page.tobytes()
    assert page.tobytes()[-rows * width :] == digests.tobytes().hex().encode()
    assert len(frame) < 0.502 * size + 100


@pytest.mark.parametrize(
    ("column", "data", "complaint"),
    [
        (kinds.Hex("h", 32), np.zeros(47, np.uint8), "47 uint8 instead of 48 uint8"),
        (kinds.Timestamp("t"), np.zeros(3), "3 float64 instead of 3 int64"),
        (kinds.Int8("i"), np.zeros(3, np.int64), "3 int64 instead of 3 int8"),
        (kinds.Dictionary("d", ["a", "b"]), np.array([0, 1, 2], np.uint8), "code 2 in a vocabulary of 2"),
        (kinds.Dictionary("d", []), np.zeros(3, np.uint8), "code 0 in a vocabulary of 0"),
        (kinds.Dictionary("d", ["a"]), np.zeros(3, np.int64), "codes of type int64"),
        (kinds.Text("t"), (np.array([0, 2, 1, 2]), np.zeros(2, np.uint8)), "offsets that fall"),
        (kinds.Text("t"), (np.array([0, 1, 2, 3]), np.zeros(2, np.uint8)), "outside the text"),
    ],
)
def test_data_that_do_not_fit(column: kinds.Column, data: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        fmt.RowGroupEncoder([column]).encode({column.name: data}, 3)


def test_settings_that_do_not_exist() -> None:
    with pytest.raises(ValueError, match="no compression 'brotli'"):
        fmt.RowGroupEncoder([], "brotli")
    with pytest.raises(ValueError, match="no multiple of 16"):
        kinds.Hex("h", 12)


@pytest.mark.parametrize("compression", CODECS)
def test_an_empty_dictionary_and_no_rows(compression: str) -> None:
    file = one_column(kinds.Dictionary("d", []), np.zeros(0, np.uint8), 0, compression)
    assert file.read()["d"].to_pylist() == []
    assert file.schema_arrow.types == [pa.string()]


def test_imports_stay_small() -> None:
    code = "import sys, fastgen.sinks.parquet_format; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"polars", "pyarrow", "pandas"} & set(result.stdout.split())


# --- Slow twins -------------------------------------------------------------------------------------------------------


def naive_bits(values: Sequence[int], width: int) -> bytes:
    """All values in one long integer, the first in the lowest bits."""
    number = sum(value << i * width for i, value in enumerate(values))
    return number.to_bytes((len(values) * width + 7) // 8, "little")


def naive_varint(number: int) -> bytes:
    low, rest = number % 128, number // 128
    return bytes([low + 128]) + naive_varint(rest) if rest else bytes([low])


def naive_zigzag(number: int) -> bytes:
    return naive_varint(2 * number if number >= 0 else -2 * number - 1)


def naive_deltas(values: Sequence[int]) -> bytes:
    out = naive_varint(128) + naive_varint(4) + naive_varint(len(values)) + naive_zigzag(values[0])
    deltas = [(b - a + 2**63) % 2**64 - 2**63 for a, b in pairwise(values)]
    for start in range(0, len(deltas), 128):
        block = deltas[start : start + 128]
        least = min(block)
        excess = [(delta - least) % 2**64 for delta in block] + [0] * (128 - len(block))
        groups = [excess[i : i + 32] for i in range(0, 128, 32)]
        widths = [max(group).bit_length() for group in groups]
        out += naive_zigzag(least) + bytes(widths)
        out += b"".join(naive_bits(group, width) for group, width in zip(groups, widths, strict=True))
    return out


@settings(deadline=None)  # the kernels compile on the first example
@given(st.data(), st.integers(1, 32))
def test_bits(data: st.DataObject, width: int) -> None:
    codes = data.draw(st.lists(st.integers(0, 2**width - 1), min_size=1, max_size=150))
    words = np.zeros((len(codes) * width + 63) // 64, np.uint64)
    packing.pack_bits(np.array(codes, np.uint32), width, words)
    expected = naive_bits(codes, width)
    assert words.tobytes()[: len(expected)] == expected
    assert not any(words.tobytes()[len(expected) :])


@settings(deadline=None)
@given(
    st.one_of(
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=300),
        st.lists(st.integers(0, 100), min_size=1, max_size=300),
        st.lists(st.sampled_from([-(2**63), 0, 2**63 - 1]), min_size=1, max_size=300),
    )
)
def test_deltas(values: list[int]) -> None:
    out = np.empty(packing.delta_room(len(values)), np.uint8)
    assert out[: packing.pack_deltas(np.array(values, np.int64), out, np.empty(160, np.uint64))].tobytes() == naive_deltas(values)
    assert one_column(kinds.Int64("i"), np.array(values, np.int64), len(values)).read()["i"].to_pylist() == values


@settings(deadline=None)
@given(st.lists(st.binary(max_size=3), min_size=1, max_size=30))
def test_text_range(texts: list[bytes]) -> None:
    offsets = np.cumsum([0, *map(len, texts)]).astype(np.uint64)
    low, high = packing.text_range(np.frombuffer(b"".join(texts) or b"\0", np.uint8), offsets)
    assert (texts[low], texts[high]) == (min(texts), max(texts))


@settings(deadline=None)
@given(st.integers(1, 3), st.data())
def test_bytes_range(size: int, data: st.DataObject) -> None:
    """Also if rows share a prefix or are equal."""
    rows = st.lists(st.sampled_from([b"\0\0\0\0\0\0\0\1", b"abcdefgh", b"\xff" * 8]), min_size=size, max_size=size)
    texts = [b"".join(row) for row in data.draw(st.lists(rows, min_size=1, max_size=20))]
    low, high = packing.bytes_range(np.frombuffer(b"".join(texts), np.uint64), size)
    assert (texts[low], texts[high]) == (min(texts), max(texts))


@settings(deadline=None)
@given(st.lists(st.one_of(st.integers(0, 300), st.integers(0, 9_999_999)), min_size=1, max_size=200))
def test_ranks(values: list[int]) -> None:
    """Ranks of integers, as used by `Hundredths`."""
    different = sorted(set(values))
    codes, found = kinds.Hundredths("amount").load(np.array(values, np.uint32), len(values))
    assert found.tolist() == [value / 100 for value in different]
    assert codes.tolist() == [different.index(value) for value in values]
    file = one_column(kinds.Hundredths("amount"), np.array(values, np.uint32), len(values))
    assert file.read()["amount"].to_pylist() == [value / 100 for value in values]
    statistics = file.metadata.row_group(0).column(0).statistics
    assert (statistics.min, statistics.max) == (min(values) / 100, max(values) / 100)


def test_ranges() -> None:
    random = np.random.default_rng(5)
    ranks = random.permutation(1000).astype(np.uint32)
    for dtype in (np.uint8, np.uint16, np.uint32):
        codes = random.integers(0, 200, 50).astype(dtype)
        assert packing.rank_range(codes, ranks) == (ranks[codes].min(), ranks[codes].max())
