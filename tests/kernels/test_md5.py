"""The tid of every row is hashlib's MD5 of its own time, card number and amount."""

from datetime import timedelta
from hashlib import md5

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fastgen.config import Config
from fastgen.ids import hexadecimal
from fastgen.kernels.digits import Tile
from fastgen.kernels.md5 import hex_digits, transaction_digests
from fastgen.kernels.structs import Block
from fastgen.plan import Plan
from fastgen.schema import TRANSACTIONS
from fastgen.workers import RowSource
from kernels import DAY_WORDS, DAYS, ORIGIN, SAMPLES, card_texts, each_sample, make_sample, packed

CARDS = [naive.card_number(1, card) for card in range(40)]
LARGEST = 99_999_99
NUMBERS = packed(CARDS)


class Hasher:
    """Calls the kernel as the package does, with scratch memory that is reused and begins with garbage."""

    def __init__(self) -> None:
        self.tile = Tile.empty()
        for column in self.tile[:5]:
            column[:] = np.iinfo(column.dtype).max

    def __call__(self, block: Block) -> list[str]:
        out = np.empty(16 * block.second.size, np.uint8)
        transaction_digests(out, block, DAY_WORDS, self.tile)
        return texts_of(out)


def texts_of(digests: NDArray[np.uint8]) -> list[str]:
    text = hexadecimal(digests).tobytes().decode()
    return [text[i : i + 32] for i in range(0, len(text), 32)]


def block_of(seconds: list[int], cards: list[int], cents: list[int]) -> Block:
    block = Block.empty(len(seconds))
    block.second[:], block.card[:], block.cents[:] = seconds, cards, cents
    block.digits[:] = NUMBERS[cards]
    return block


def expected(block: Block) -> list[str]:
    rows = zip(block.second.tolist(), block.card.tolist(), block.cents.tolist(), strict=True)
    return [md5(f"{ORIGIN + timedelta(seconds=s)}{CARDS[card]}{cents / 100}".encode()).hexdigest() for s, card, cents in rows]


def random_block(n: int, days: int = DAYS) -> Block:
    random = np.random.default_rng(n)
    cents = (10 ** random.uniform(0, 7, n)).astype(np.int64).clip(1, LARGEST)
    seconds = np.sort(random.integers(0, days * 86_400, n))
    return block_of(seconds.tolist(), random.integers(0, len(CARDS), n).tolist(), cents.tolist())


@each_sample
def test_rows_of_whole_datasets(name: str) -> None:
    """Hashed window by window, as they are made, each after the one before."""
    sample = make_sample(name)
    rows, digests = RowSource(sample.plan, TRANSACTIONS.names).fill(range(sample.plan.grid.groups))
    cards = card_texts(sample.plan)
    assert rows.second.size == len(sample.rows)
    assert texts_of(digests) == [naive.values(row, sample.twin, cards)["tid"] for row in sample.rows]


def test_the_samples_have_what_may_go_wrong() -> None:
    """Amounts with one to five digits before the point and one or two after it, and starts within a day."""
    amounts = [str(row.cents / 100) for name in SAMPLES for row in make_sample(name).rows]
    assert {len(amount.split(".")[0]) for amount in amounts} == {1, 2, 3, 4, 5}
    assert {len(amount.split(".")[1]) for amount in amounts} == {1, 2}
    assert any(make_sample(name).plan.day_offset for name in SAMPLES)


def test_blocks_of_all_sizes() -> None:
    """Lanes and tiles may be partly filled; what an earlier block left there is not seen."""
    hashed = Hasher()
    block = random_block(1_000)
    texts = expected(block)
    for size in [*range(1_001), *range(900, 0, -37)]:
        assert hashed(block.rows(0, size)) == texts[:size]


@pytest.mark.parametrize("start", [1, 15, 383, 384, 385, 999])
def test_parts_of_a_block(start: int) -> None:
    block = random_block(1_500)
    assert Hasher()(block.rows(start, 1_500)) == expected(block)[start:]


@pytest.mark.parametrize("days", [1, 2, 3, DAYS])
def test_days_change_inside_a_block(days: int) -> None:
    block = random_block(2_000, days)
    assert Hasher()(block) == expected(block)


def test_midnights() -> None:
    """Last and first seconds of days, alone and in runs, with days without a row in between."""
    seconds = [day * 86_400 + offset for day in (0, 1, 2, 5, 64) for offset in (0, 0, 1, 86_398, 86_399, 86_399)]
    for repeats in (1, 13, 100):
        times = [second for second in seconds for _ in range(repeats)]
        block = block_of(times, [i % len(CARDS) for i in range(len(times))], [100 + i for i in range(len(times))])
        assert Hasher()(block) == expected(block)


def test_all_times_of_a_day() -> None:
    block = block_of(list(range(86_400)), [3] * 86_400, [1_250] * 86_400)
    assert Hasher()(block) == expected(block)


@pytest.mark.parametrize("whole", [0, 1, 9, 10, 99, 100, 999, 1_000, 9_999, 10_000, 99_999])
def test_amounts_with_every_number_of_digits(whole: int) -> None:
    cents = [whole * 100 + part for part in range(100)]
    block = block_of(list(range(100)), [i % len(CARDS) for i in range(100)], cents)
    assert Hasher()(block) == expected(block)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, DAYS * 86_400 - 1), st.integers(0, len(CARDS) - 1), st.integers(1, LARGEST)),
        min_size=1,
        max_size=40,
    )
)
def test_rows_of_any_kind(rows: list[tuple[int, int, int]]) -> None:
    seconds, cards, cents = map(list, zip(*sorted(rows), strict=True))
    block = block_of(seconds, cards, cents)
    assert Hasher()(block) == expected(block)


def test_the_last_years() -> None:
    plan = Plan(Config(rows=500, start="9899-12-31 23:00:00", end="9900-02-01"))
    source = RowSource(plan, TRANSACTIONS.names)
    cards = card_texts(plan)
    for group in range(plan.grid.groups):
        block, digests = source.fill(range(group, group + 1))
        rows = zip(block.second.tolist(), block.card.tolist(), block.cents.tolist(), strict=True)
        texts = [f"{plan.midnight + timedelta(seconds=second)}{cards[card]}{cents / 100}" for second, card, cents in rows]
        assert texts_of(digests) == [md5(text.encode()).hexdigest() for text in texts]


@given(st.binary(max_size=100))
def test_hexadecimal_digits(content: bytes) -> None:
    text = np.empty(len(content), np.uint16)
    hex_digits(np.frombuffer(content, np.uint8), text)
    assert text.tobytes().decode() == content.hex()


def test_hexadecimal_digits_of_every_byte() -> None:
    content = bytes(range(256)) * 3
    assert hexadecimal(np.frombuffer(content, np.uint8)).tobytes().decode() == content.hex()
