"""Content digests compared with their definition, and the digest of a whole from those of its parts."""

from itertools import pairwise
from typing import Any

import naive
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgen.config import Config
from fastgen.dataset import Dataset
from fastgen.digest import Digest, HolderDigests, TransactionDigests, text_values
from fastgen.kernels import digest as kernels
from fastgen.schema import TABLES, TRANSACTIONS
from fastgen.workers import RowSource
from kernels import Sample, card_texts, each_sample, make_sample

numbers = st.integers(-(2**63), 2**64 - 1)


def digest_of(rows: list[list[int]]) -> int:
    columns = np.array([[value % 2**64 for value in row] for row in rows], np.uint64).reshape(len(rows), -1)
    return int(kernels.rows_digest(np.ascontiguousarray(columns.T)))


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_values_of_texts(texts: list[bytes]) -> None:
    assert text_values(texts).tolist() == [naive.text_value(text) for text in texts]


def test_texts_of_all_lengths_differ() -> None:
    """Even if they end in zeros, like the padding."""
    texts = [bytes(size) for size in range(40)] + [b"a" + bytes(size) for size in range(40)]
    values = text_values(texts).tolist()
    assert values == [naive.text_value(text) for text in texts]
    assert len(set(values)) == len(texts)


@given(st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(numbers, min_size=n, max_size=n), min_size=1, max_size=30)))
def test_digests_of_rows(rows: list[list[int]]) -> None:
    assert digest_of(rows) == naive.rows_digest(rows)


@given(st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=1, max_size=30), st.lists(st.integers(0, 30), max_size=5))
def test_parts_make_the_whole(rows: list[list[int]], cuts: list[int]) -> None:
    whole = Digest()
    for start, stop in pairwise([0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]):
        part = rows[start:stop]
        whole.add(len(part), digest_of(part) if part else 0)
    assert whole.total == naive.rows_digest(rows)
    assert whole.rows == len(rows)
    assert whole.text == f"{naive.rows_digest(rows):016x}"


@given(st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=2, max_size=9), st.data())
def test_any_change_changes_the_digest(rows: list[list[int]], data: st.DataObject) -> None:
    i, j = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, 2))
    changed = [list(row) for row in rows]
    changed[i][j] = data.draw(numbers.filter(lambda value: (value - rows[i][j]) % 2**64 != 0))
    assert digest_of(changed) != digest_of(rows)
    other = [*rows[1:], rows[0]]
    assert (digest_of(other) == digest_of(rows)) == (all(a == b for a, b in pairwise(reduced(rows))))


def reduced(rows: list[list[int]]) -> list[list[int]]:
    return [[value % 2**64 for value in row] for row in rows]


# Tables


def block_digests(sample: Sample, names: tuple[str, ...]) -> Digest:
    digests, source = TransactionDigests(sample.plan, names), RowSource(sample.plan, names)
    found = Digest()
    for group in range(sample.plan.grid.groups):
        block, tids = source.fill(range(group, group + 1))
        found.add(block.second.size, digests.of(block, tids))
    return found


def values_of(sample: Sample, names: tuple[str, ...]) -> list[list[int]]:
    cards = card_texts(sample.plan)
    texts: list[dict[str, Any]] = [naive.values(row, sample.twin, cards) for row in sample.rows]
    ordered = [name for name in TRANSACTIONS.names if name in names]
    return [
        [naive.transaction_value(name, row, text) for name in ordered]
        for row, text in zip(sample.rows, texts, strict=True)
    ]  # fmt: skip


@each_sample
def test_digests_of_transactions(name: str) -> None:
    sample = make_sample(name)
    found = block_digests(sample, TRANSACTIONS.names)
    assert found.total == naive.rows_digest(values_of(sample, TRANSACTIONS.names))
    assert found.rows == sample.plan.rows


@settings(max_examples=25)
@given(names=st.lists(st.sampled_from(TRANSACTIONS.names), min_size=1, unique=True).map(tuple))
def test_digests_of_some_columns(names: tuple[str, ...]) -> None:
    """In the table's order, whatever the order in which they are requested."""
    sample = make_sample("all sequences cloned")
    assert block_digests(sample, names).total == naive.rows_digest(values_of(sample, names))


@pytest.mark.parametrize("table", ["credit_cards", "profiles"])
def test_digests_of_card_tables(table: str) -> None:
    data = Dataset(Config(rows=1, cards=500))
    frame = getattr(data, table)()
    every = TABLES[table].names
    for names in (every, every[1:], every[::-1][:2]):
        ordered = [name for name in every if name in names]
        # The value of a birthdate is its days since 1970.
        columns = frame.select(pl.col(pl.Date).to_physical() if name == "birthdate" else name for name in ordered)
        rows = [[v if isinstance(v, int) else naive.text_value(v.encode()) for v in row] for row in columns.iter_rows()]
        digests, whole = HolderDigests(data.plan, table, names), Digest()
        for part in (range(1), range(1, 333), range(333, 500)):
            whole.add(len(part), digests.of(part))
        assert whole.total == naive.rows_digest(rows)
