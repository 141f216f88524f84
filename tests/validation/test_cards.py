"""Card numbers looked up, packed and checked, compared with plain ways to do it."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import luhn_valid

from fastgen.validation.cards import CardTable, digit, keys_of, packed, passes_luhn

numbers = st.lists(st.from_regex(r"[0-9]{14,17}|[0-9a-f]{16}|[a-z0-9]{0,3}", fullmatch=True), max_size=30)


def cards(texts: list[str]) -> CardTable:
    series = pl.Series(texts, dtype=pl.String)
    return CardTable(keys_of(series), packed(series))


@given(numbers, numbers)
def test_numbers_are_found_where_they_are(there: list[str], asked: list[str]) -> None:
    found = cards(there).find(pl.Series([*asked, *there], dtype=pl.String))
    assert found.tolist() == [there.index(number) if number in there else -1 for number in [*asked, *there]]


@given(numbers)
def test_repeated_numbers(there: list[str]) -> None:
    assert cards(there).repeated.tolist() == [i for i, number in enumerate(there) if number in there[:i]]


def test_many_numbers_are_found() -> None:
    there = pl.Series(np.random.default_rng(1).permutation(200_000) * 7 + 10**15).cast(pl.String)
    many = CardTable(keys_of(there), packed(there))
    assert (many.find(there.reverse()) == np.arange(200_000)[::-1]).all()
    assert (many.find(there.str.replace("^1", "2")) == -1).all()


@given(st.lists(st.from_regex(r"[0-9]{16}", fullmatch=True), min_size=1))
def test_digits_and_luhn(there: list[str]) -> None:
    words = packed(pl.Series(there))
    assert ["".join(map(str, row)) for row in np.stack([digit(words, place) for place in range(16)], axis=1)] == there
    assert passes_luhn(words).tolist() == [luhn_valid(number) for number in there]
    # Sixteen zeros are packed like what is not a number.
    assert cards(there).text(0) == (f"card {there[0]}" if int(there[0]) else "the card of row 1")


@pytest.mark.parametrize("text", ["", "4", "4" * 15, "4" * 17, "4" * 15 + "a", "４" * 16, "4" * 15 + " ", "+" + "4" * 15, "4" * 8])
def test_other_texts_are_no_numbers(text: str) -> None:
    assert packed(pl.Series([text])).tolist() == [0]
