"""Card numbers looked up, packed and checked, compared with plain ways to do it."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import luhn_valid

from fastgen.validation.card_table import CardTable, keys_of, packed
from fastgen.validation.judges.cards import digit, passes_luhn

numbers = st.lists(st.from_regex(r"[0-9]{14,17}|[0-9a-f]{16}|[a-z0-9]{0,3}", fullmatch=True), max_size=30)


def cards(texts: list[str]) -> CardTable:
    series = pl.Series(texts, dtype=pl.String)
    return CardTable(keys_of(series), packed(series))


@given(numbers, numbers)
def test_numbers_are_found_where_they_are(known: list[str], sought: list[str]) -> None:
    found = cards(known).find(pl.Series([*sought, *known], dtype=pl.String))
    assert found.tolist() == [known.index(number) if number in known else -1 for number in [*sought, *known]]


@given(numbers)
def test_repeated_numbers(known: list[str]) -> None:
    assert cards(known).repeated.tolist() == [i for i, number in enumerate(known) if number in known[:i]]


def test_many_numbers_are_found() -> None:
    known = pl.Series(np.random.default_rng(1).permutation(200_000) * 7 + 10**15).cast(pl.String)
    many = CardTable(keys_of(known), packed(known))
    assert (many.find(known.reverse()) == np.arange(200_000)[::-1]).all()
    assert (many.find(known.str.replace("^1", "2")) == -1).all()


@given(st.lists(st.from_regex(r"[0-9]{16}", fullmatch=True), min_size=1))
def test_digits_and_luhn(known: list[str]) -> None:
    words = packed(pl.Series(known))
    assert ["".join(map(str, row)) for row in np.stack([digit(words, place) for place in range(16)], axis=1)] == known
    assert passes_luhn(words).tolist() == [luhn_valid(number) for number in known]
    # Sixteen zeros are packed like what is not a number.
    assert cards(known).text(0) == (f"card {known[0]}" if int(known[0]) else "the card of row 1")


@pytest.mark.parametrize("text", ["", "4", "4" * 15, "4" * 17, "4" * 15 + "a", "４" * 16, "4" * 15 + " ", "+" + "4" * 15, "4" * 8])
def test_other_texts_are_no_numbers(text: str) -> None:
    assert packed(pl.Series([text])).tolist() == [0]
