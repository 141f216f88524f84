"""Every kernel compared with the ordinary way to get such values, and with its plain twin.

`COMPARISONS` is the table of what is timed, `INPUTS` the table of its inputs. Ordinary ways use numpy if it has one, or
what people usually take (hashlib, json, csv, Polars, pyarrow); their values need not be the same, only as useful.
Plain twins are those of tests/naive.py, or a loop if one line is enough; they run over few rows.
"""

import csv
import hashlib
import io
import json
import math
import os
import struct
import sys
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import cache, partial, reduce
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from itertools import accumulate, chain, count, islice
from operator import or_
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, NamedTuple, cast

import cramjam
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from numba import njit
from numpy.typing import NDArray

import fastgen.kernels
from fastgen import Config, Dataset
from fastgen.arenas import Shelf
from fastgen.digest import TransactionDigests
from fastgen.frames import BUFFERS
from fastgen.ids import HashBuffers, hexadecimal
from fastgen.kernels import (
    atm,
    cards,
    chains,
    columns,
    comparing,
    deflate,
    digest,
    groups,
    md5,
    packing,
    partitions,
    payments,
    permutation,
    rng,
    splitting,
    streams,
    subsequence,
    tallies,
    text,
    timeline,
    zstd,
)
from fastgen.kernels.digits import Tile
from fastgen.kernels.memory import SLACK
from fastgen.kernels.structs import RECORD, Block, Events, SequenceList
from fastgen.kernels.windows import Injected, Scratch, Window, window_rows
from fastgen.layouts import RowText, transaction_layout
from fastgen.plan import GROUP_ROWS, WINDOW_ROWS, proportional
from fastgen.pools import alias_table
from fastgen.schema import TRANSACTIONS
from fastgen.sinks.gzip_members import gzip
from fastgen.sinks.zstd_frames import hex_frame, word_frame
from fastgen.values import Values
from fastgen.workers import FIELDS, Worker, rules_of

Array = NDArray[Any]
Kernel = Callable[..., Any]

SEED = np.uint64(7)
FEW = 200
"""Rows of plain twins, and cards of the dataset whose rows they make."""
MUCH_FRAUD = 0.2
PER_WINDOW = 60_000
"""Events in a window when counts of windows are timed: about as many as with 10^9 events in all."""
KTH = 5
"""The position in their sequences of the withdrawals that are timed alone."""
NO_ENDS = np.empty(0, np.int64)
FREE = 14
"""Digits of a card number that are drawn."""
CHOICES = 59
"""Months in which a card may expire."""
ALL = reduce(or_, FIELDS.values())
"""Bits of the block's columns that all columns of the table need."""


@cache
def twins(name: str) -> Any:
    """Load a module of the tests that has plain twins."""
    spec = spec_from_file_location(name, Path(__file__).parents[1] / "tests" / f"{name}.py")
    assert spec
    assert spec.loader
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


naive = twins("naive")


# Loops around helpers that work on one row. They are not cached on disk: numba would not notice a change in what they inline.


def looped(function: Kernel) -> Kernel:
    """Compile a loop, without a cache."""
    made: Kernel = njit(nogil=True, error_model="numpy")(function)
    return made


@looped
def philox_numbers(out: Any, seed: Any) -> None:
    """Draw 64-bit numbers, two from a counter."""
    half = out.size // 2
    for i in range(half):
        w0, w1, w2, w3 = rng.philox(seed, 5, i, 0)
        out[i] = (w0 << np.uint64(32)) | w1
        out[i + half] = (w2 << np.uint64(32)) | w3


@looped
def amounts(out: Any, table: Any, category: Any, slot: Any, offset: Any) -> None:
    for i in range(out.size):
        out[i] = payments.amount(table, category[i], np.uint64(slot[i]), np.uint64(offset[i]))


@looped
def amounts_in_ranges(out: Any, span: Any, ranges: Any, words: Any, offsets: Any) -> None:
    payments.amounts_in_ranges(out, span, words, offsets, ranges)


# Inputs


@cache
def dataset_of(rows: int, ratio: float = 0, cards: int = 0) -> Dataset:
    """The default mix of rows, optionally with another share of frauds or number of cards."""
    settings: dict[str, Any] = {"rows": rows, "seed": int(SEED)}
    if ratio:
        settings["fraud"] = {"ratio": ratio}
    if cards:
        settings["cards"] = cards
    return Dataset(Config(**settings))


@cache
def twin_of(ratio: float) -> Any:
    """The plain twin of a small dataset."""
    plan = dataset_of(2_000, ratio, FEW).plan
    return naive.Twin(plan.config, plan.pools, plan.grid, plan.amounts)


class Inputs:
    """The inputs of a way, for the given number of rows: an attribute for each of `INPUTS`, made on first access.

    A call before the clock starts makes all that are needed.
    """

    def __init__(self, rows: int, ratio: float) -> None:
        self.rows = rows
        self.dataset = dataset_of(1_000_000, ratio)
        self.plan = self.dataset.plan
        self.small = dataset_of(2_000, ratio, FEW).plan
        self.twin = twin_of(ratio)
        self.random = np.random.default_rng(int(SEED))
        self.philox, self.pcg = np.random.Philox(int(SEED)), np.random.PCG64(int(SEED))
        self.events = Events.empty(2 * GROUP_ROWS, GROUP_ROWS)
        self.tile = Tile.empty()
        self.splitting = splitting.Splitting.empty()
        self.partitions, self.partition_order = np.empty((2, rows), np.int32)
        self.partition_starts = np.empty(13, np.int64)
        self.card_ends = np.arange(rows + 1) * 16
        self.delta_room = np.empty(packing.DELTA_BLOCK + packing.DELTA_GROUP, np.uint64)

    def __getattr__(self, name: str) -> Any:
        if name not in INPUTS:
            raise AttributeError(name)
        made = INPUTS[name](self)
        setattr(self, name, made)
        return made


def middle_group(given: Inputs) -> int:
    """The group in the middle of the period, which has rows of all kinds; after the period there are only withdrawals."""
    return int(given.plan.period // given.plan.grid.group // 2)


def middle_cells(given: Inputs) -> tuple[int, int]:
    """The cells of the middle group: the first one, and how many."""
    cells = given.plan.grid.group // given.plan.grid.cell
    return given.group * cells, cells


def rows_of_block(given: Inputs) -> Block:
    """Rows from the middle of the period on."""
    return Worker(given.plan).fill(range(given.group, given.plan.grid.groups)).rows(0, given.rows)


def sorted_keys(seconds: NDArray[np.int32]) -> Array:
    """Keys of events in time order, as `merge` reads them."""
    keys, spare = np.empty((2, seconds.size + 1), np.uint64)
    timeline.order_by_second(keys, spare, seconds, 0, int(seconds.max()) + 1, np.empty(4097, np.int64))
    return keys


def halves_of_block(given: Inputs) -> list[Block]:
    """The block's card payments, and its withdrawals."""
    cash = given.block.category == given.cash
    return [Block(*(column[kind] for column in given.block)) for kind in (~cash, cash)]


def merged(given: Inputs) -> tuple[Any, ...]:
    """The arguments of `merge` besides its output."""
    drawn, cash = given.halves
    u64, keys = np.uint64, sorted_keys(cash.second)
    both = Block(*map(np.concatenate, zip(cash, drawn, strict=True)))
    packed = Events.empty(0, given.rows).records
    words = packed.reshape(-1, RECORD)
    words[:, 0] = both.second.astype(u64) | both.card.astype(u64) << u64(32)
    words[:, 1] = both.cents.astype(u64) | both.place.astype(u64) << u64(32) | both.category.astype(u64) << u64(48)
    words[:, 1] |= both.walked.astype(u64) << u64(56)
    words[:, 2] = both.latitude.view(np.uint32) | both.longitude.view(np.uint32).astype(u64) << u64(32)
    scratch = given.scratch
    return (
        drawn.second,
        keys,
        0,
        packed,
        cash.second.size,
        0,
        0,
        scratch.longs[: drawn.second.size + 1],
        scratch.source,
        scratch.words,
        ALL,
    )


def room_for_withdrawals(given: Inputs) -> SequenceList:
    """Space for twice the sequences listed for `KTH`; for each other position there are about as many."""
    room = 2 * int(atm.list_withdrawals(SequenceList.empty(0, 0), KTH, *given.cells, given.plan.sequence_rules)) + atm.AT_ONCE
    return SequenceList.empty(room, room)


def bands_of_births(given: Inputs) -> NDArray[np.uint8]:
    """The age band of each possible birthdate; those in no band share an extra one."""
    ages = given.plan.ages
    found = np.full(ages.size, len(given.plan.config.atm.bands), np.uint8)
    for number, band in enumerate(given.plan.config.atm.bands):
        found[(ages >= band.low) & (ages <= band.high)] = number
    return found


def split_weights(given: Inputs) -> list[Any]:
    """Weights of women's, men's and families' names."""
    pools = given.plan.pools
    return [pools.first_weights[: pools.female], pools.first_weights[pools.female :], pools.last_weights]


class Prices(NamedTuple):
    """The amount given the category, for `searchsorted`: the steps of category c lie between c and c + 1."""

    steps: Array
    low: Array
    width: Array


def prices_of_categories(given: Inputs) -> Prices:
    config = given.plan.config
    limits = [(category.low_cents, category.high_cents) for category in config.categories] + [(0, 2**62)]
    shares = [naive.amount_shares(config, *limit) for limit in limits]
    steps = [number + float(step) for number, share in enumerate(shares) for step in accumulate(share.values())]
    parts = [part for share in shares for part in share]
    return Prices(np.array(steps), np.array([part.start for part in parts]), np.array([len(part) for part in parts]))


def end_to_end(texts: list[str]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Where texts begin and where the last one ends, and their bytes."""
    encoded = [name.encode() for name in texts]
    return np.array([0, *accumulate(map(len, encoded))]), np.frombuffer(b"".join(encoded) + bytes(SLACK), np.uint8)


def ready_rows(given: Inputs) -> list[dict[str, Any]]:
    """Rows with the values that are written."""
    moment = pl.col("datetime").dt.strftime("%Y-%m-%d %H:%M:%S")
    rows: list[dict[str, Any]] = given.frame.with_columns(moment, pl.col("latitude", "longitude").cast(pl.String)).to_dicts()
    return rows


def layout(given: Inputs, style: Any) -> RowText:
    return transaction_layout(given.plan, TRANSACTIONS.names, style, "text")


def hashed(given: Inputs, out: Array) -> Array:
    """The tids of the block."""
    md5.transaction_digests(out, given.block, given.plan.day_words, given.tile)
    return out


def slots_of_cards(given: Inputs) -> tuple[Array, Array]:
    """A hash table with the cards of the rows, and the cards in the order of their numbers."""
    slots, known = np.zeros_like(given.key_slots), np.zeros_like(given.known_keys)
    tallies.number_keys(given.numbered, given.card_integers, slots, known, 0)
    return slots, known


def numbers_of(keys: list[Any]) -> dict[Any, int]:
    """The number of each distinct key."""
    return {key: number for number, key in enumerate(dict.fromkeys(keys))}


INPUTS: dict[str, Callable[[Inputs], Any]] = {
    # Memory to write to
    "longs": lambda g: np.empty(g.rows, np.uint64),
    "signed": lambda g: np.empty(g.rows, np.int64),
    "ends": lambda g: np.empty(g.rows + 1, np.int64),
    "doubles": lambda g: np.empty(g.rows),
    "pairs": lambda g: np.empty(2 * g.rows, np.uint64),
    "words": lambda g: np.empty((3, g.rows), np.uint32),
    "octets": lambda g: np.empty(32 * g.rows + 2_000, np.uint8),
    "out": lambda g: Block.empty(g.rows),
    "room": lambda g: np.empty(g.rows * g.ndjson.longest + SLACK, np.uint8),
    # Random numbers
    "drawn": lambda g: g.random.integers(0, 2**32, (2, g.rows), np.uint32),
    "values": lambda g: g.random.integers(0, 2**64, (4, g.rows), np.uint64),
    "value_frame": lambda g: pl.DataFrame(g.values.T),
    # Times
    "edges": lambda g: np.arange(g.rows + 1),
    "equal_shares": lambda g: np.full(g.rows, 1 / g.rows),
    "spacing": lambda g: np.empty(g.rows + 8),
    "seconds": lambda g: g.random.integers(0, g.plan.grid.group, g.rows, np.int32),
    "key_room": lambda g: np.empty((2, g.rows + 1), np.uint64),
    "halves": halves_of_block,
    "scratch": lambda g: Scratch.empty(g.rows),
    "merged": merged,
    "whole_group": lambda g: group_to_fill(g),
    "whole_window": lambda g: window_to_fill(g),
    "column_room": lambda g: room_for_columns(g),
    # Payments
    "cash": lambda g: len(g.plan.config.categories),
    "shops": lambda g: g.block.category % np.uint8(g.cash),
    "quota": lambda g: dataset_of(2 * g.rows + 1_000_000).plan.payment_rules.quota,
    "quotas": lambda g: proportional(g.rows, [category.share for category in g.plan.config.categories]),
    "prices": prices_of_categories,
    # Withdrawals and chains
    "group": middle_group,
    "cells": middle_cells,
    "listed": room_for_withdrawals,
    "found": lambda g: list_sequences(g),
    "kept": lambda g: list_and_keep(g),
    "rules": lambda g: (g.plan.sequence_rules, g.plan.payment_rules, g.plan.positions),
    "chain_rules": lambda g: (g.plan.chain_rules, g.plan.payment_rules, g.plan.positions),
    "ranges": lambda g: np.empty(g.plan.config.fraud.chain_lengths.high, np.int64),
    # Cards and their holders
    "numbers": lambda g: np.empty(g.rows, np.uint64),
    "draw_keys": lambda g: permutation.permutation_keys(int(SEED), 3, g.rows),
    "bands": bands_of_births,
    "band_room": lambda g: np.array([g.rows // 20] * len(g.plan.config.atm.bands) + [0]),
    "holder_bounds": lambda g: (g.bands.size, g.plan.pools.home, 2, 300),
    "female": lambda g: g.random.integers(0, 2, g.rows, np.uint8),
    "weights": split_weights,
    "aliases": lambda g: [alias_table(weights) for weights in g.weights],
    "name_shares": lambda g: [np.array(weights) / np.sum(weights) for weights in g.weights],
    # Rows, and their values
    "block": rows_of_block,
    "row_list": lambda g: [naive.Row(*row) for row in zip(*(column.tolist() for column in g.block[:-1]), strict=True)],
    "frame": lambda g: g.dataset.transactions().slice(g.dataset.num_rows // 2, g.rows).rechunk(),
    "ready": ready_rows,
    "columns": lambda g: Values(g.plan),
    "card_bytes": lambda g: np.append(hexadecimal(g.block.digits), np.zeros(SLACK, np.uint8)),
    "partitions_drawn": lambda g: g.random.integers(0, 12, g.rows, np.int32),
    "card_list": lambda g: g.frame["cc_num"].to_list(),
    "places": lambda g: np.where(g.random.random(g.rows) < 0.01, g.random.integers(0, g.rows, g.rows), np.arange(g.rows)),
    "place_list": lambda g: g.places.tolist(),
    "rising_room": lambda g: (np.empty(g.rows, bool), g.places, *np.empty((2, g.rows), np.int64)),
    "countries": lambda g: g.columns.vocabularies["country"].of_code,
    "city_names": lambda g: g.columns.vocabularies["city"].values,
    "city_bits": lambda g: (len(g.city_names) - 1).bit_length(),
    "city_ranks": lambda g: g.random.permutation(len(g.city_names)).astype(np.uint32),
    "rank_list": lambda g: g.city_ranks.tolist(),
    "cities": lambda g: g.columns.codes("city", g.block),
    "city_list": lambda g: g.cities.tolist(),
    "cents_list": lambda g: g.block.cents.tolist(),
    "city_series": lambda g: g.frame["city"].cast(pl.String),
    "city_text": lambda g: end_to_end(g.city_series.to_list()),
    "epoch": lambda g: g.columns.seconds(g.block),
    "epoch_table": lambda g: pa.table({"datetime": g.epoch}),
    # Transaction ids
    "messages": lambda g: [f"{row['datetime']}{row['cc_num']}{row['amount']}".encode() for row in g.ready],
    "digests": lambda g: hashed(g, np.empty(16 * g.rows, np.uint8)),
    "digest_offsets": lambda g: np.arange(g.rows + 1, dtype=np.uint64) * np.uint64(16),
    "tids": lambda g: [g.digests[i : i + 16].tobytes().hex() for i in range(0, 16 * g.rows, 16)],
    "tid_text": lambda g: np.frombuffer("".join(g.tids).encode(), np.uint32),
    "tid_array": lambda g: pa.array(g.tids),
    "digester": lambda g: TransactionDigests(g.plan, TRANSACTIONS.names),
    # Tallies
    "tally": lambda _: np.zeros((2, tallies.BINS), np.int64),
    "labels": lambda g: (g.block.label == 1).astype(np.uint16),
    "cents": lambda g: g.block.cents.astype(np.int64),
    "holders": lambda g: g.block.card.astype(np.int32),
    "kinds": lambda g: (2 * (g.block.category == g.cash) + g.labels).astype(np.uint8),
    "kind_counts": lambda g: np.zeros((g.plan.cards, 4), np.int32),
    "card_integers": lambda g: g.frame["cc_num"].cast(pl.Int64).to_numpy(),
    "key_slots": lambda g: np.zeros(1 << (2 * g.rows).bit_length(), np.int32),
    "known_keys": lambda g: np.zeros(g.rows, np.int64),
    "filled_slots": slots_of_cards,
    "sorted_cards": lambda g: np.unique(g.card_integers),
    "unique_keys": lambda g: g.random.permutation(g.rows) + 4 * 10**15,
    "numbered": lambda g: np.empty(g.rows, np.int32),
    "since": lambda g: np.empty((2, g.rows), np.int64),
    "since_state": lambda g: (np.full(g.plan.cards, -1, np.int64), np.zeros((g.plan.cards, 2), np.float32)),
    "degrees": lambda g: (g.block.latitude / 1e6, g.block.longitude / 1e6),
    "moments": lambda g: g.block.second.astype(np.int64),
    "run_state": lambda g: (np.full(g.plan.cards, -1, np.int64), np.zeros(g.plan.cards, np.int32)),
    # Text
    "ndjson": lambda g: layout(g, "ndjson"),
    "csv": lambda g: layout(g, "csv"),
    "csv_lines": lambda g: csv_text(g.ready).encode(),
    "equal_texts": lambda g: [np.frombuffer(bytearray(g.csv_lines), np.uint8) for _ in range(2)],
    "piece_codes": lambda g: g.random.integers(0, len(g.city_names), (3, g.rows), np.uint32),
    "piece_texts": lambda g: end_to_end(g.city_names),
    "pieces": lambda g: [[g.city_names[code] for code in codes] for codes in g.piece_codes.tolist()],
    "piece_frame": lambda g: pl.DataFrame(g.pieces, ["a", "b", "c"]),
    # A small dataset for the plain twins
    "twin_rows": lambda g: g.twin.rows[:: len(g.twin.rows) // g.rows][: g.rows],
    "twin_cards": lambda g: [naive.card_number(7, card) for card in range(g.small.cards)],
}


# Kernels that take more than a line


def windows_of_quotas(given: Inputs) -> None:
    """Categories of a whole dataset's payments, window by window."""
    for first in range(0, given.rows, WINDOW_ROWS):
        window = given.out.category[first : first + WINDOW_ROWS]
        payments.quota_classes(window, first, given.quota, *given.words[:2, : window.size])


def list_sequences(given: Inputs) -> int:
    return int(atm.list_withdrawals(given.listed, KTH, *given.cells, given.plan.sequence_rules))


def keep_sequences(given: Inputs) -> int:
    few = SequenceList(*(column[: given.found] for column in cast("Iterable[Array]", given.listed)))
    return int(atm.keep_long_enough(few, KTH, given.plan.sequence_rules, ALL))


def list_and_keep(given: Inputs) -> int:
    list_sequences(given)
    return keep_sequences(given)


def withdraw(given: Inputs) -> None:
    atm.withdrawal_rows(given.events, 0, given.listed, given.kept, KTH, *given.rules, ALL)


def withdraw_all(given: Inputs) -> int:
    """All steps in one call, as a worker makes it."""
    count, needed = atm.withdrawals(given.events, given.listed, given.group, given.cells[1], *given.rules, ALL)
    assert needed <= given.listed.number.size
    return int(count)


def window_to_fill(given: Inputs) -> tuple[Any, ...]:
    """The arguments for filling the group's first window."""
    plan, grid = given.plan, given.plan.grid
    seconds = given.events.second[: withdraw_all(given)]
    keys, spare = np.empty((2, seconds.size + 1), np.uint64)
    start = given.group * grid.group
    timeline.order_by_second(keys, spare, seconds, start, grid.group, np.empty(4097, np.int64))
    number = given.group * grid.windows_per_group
    first, behind = plan.payment_offsets[number : number + 2].tolist()
    window = Window(number, start, grid.window, first, behind - first, 0)
    rows = behind - first + int(np.count_nonzero(seconds < start + grid.window))
    rules = plan.payment_rules, plan.positions, plan.day_offset
    return Block.empty(rows), window, Injected(given.events, keys, start), *rules, Scratch.empty(rows), ALL


def fill_window(given: Inputs) -> int:
    window_rows(*given.whole_window)
    return int(given.whole_window[0].second.size)


def group_to_fill(given: Inputs) -> tuple[Any, ...]:
    """The arguments for filling a group, as a worker has them."""
    plan, hashing = given.plan, HashBuffers(given.plan).hashing
    rules = rules_of(plan)
    memory = groups.Memory.empty(2 * GROUP_ROWS, plan.config.fraud.chain_lengths.high)
    target = groups.RowTarget(Block.empty(2 * GROUP_ROWS), np.empty(0, np.uint8), True, columns.NO_COLUMNS, 0)
    steps = target.steps(rules, memory, hashing)
    return target, 0, given.group, given.group + 1, steps, steps.kinds(rules), plan.grid, rules, memory, ALL, hashing


def fill_group(given: Inputs) -> int:
    group, rows, *_ = groups.fill_groups(*given.whole_group)
    assert group == given.group + 1
    return int(rows)


def room_for_columns(given: Inputs) -> columns.Columns:
    """Buffers for all columns."""
    shelf = Shelf({field: kind for field, (_, _, kind) in BUFFERS.items()})
    return columns.Columns(**shelf.lease({field: items * given.rows for field, (_, items, _) in BUFFERS.items()}))


def withdraw_abroad(given: Inputs) -> int:
    return int(atm.foreign_rows(given.events, 0, *given.cells, *given.rules))


def attack(given: Inputs) -> int:
    grid = given.plan.grid
    span = given.group * grid.group, (given.group + 1) * grid.group
    return int(chains.chain_events(given.events, 0, given.group, *span, *given.chain_rules, given.ranges))


def count_chains(given: Inputs) -> int:
    return int(chains.count_chains(SEED, 4, 9, 8 * given.rows)[0])


def hold(given: Inputs) -> None:
    birth, place, mail = given.words
    days, home, _, mails = given.holder_bounds
    cards.holder_codes(birth, place, given.female, mail, 0, SEED, days, home, mails)


def render(given: Inputs, row: RowText) -> None:
    tids = given.octets[: 16 * given.rows]
    text.transaction_text(given.room, 0, NO_ENDS, tids, given.block, 0, given.rows, row.layout, given.tile)


# Ordinary ways that take more than a line


def numpy_prices(given: Inputs, category: Array) -> Array:
    """Amounts in cents for each row's category."""
    part = np.searchsorted(given.prices.steps, category + given.random.random(category.size), side="right")
    offset: Array = given.random.random(category.size) * given.prices.width[part]
    cents: Array = given.prices.low[part] + offset.astype(np.int64)
    return cents


def numpy_quotas(given: Inputs) -> Array:
    """A permutation of exact quotas."""
    permuted: Array = given.random.permutation(np.repeat(np.arange(given.cash, dtype=np.uint8), given.quotas))
    return permuted


def numpy_payments(given: Inputs) -> list[Array]:
    """Card, place, category and amount; with quotas for these rows alone, not for the whole dataset."""
    n, category = given.rows, numpy_quotas(given)
    card, place = given.random.integers(0, given.plan.cards, n), given.random.integers(0, given.plan.pools.home, n)
    return [card, place, category, numpy_prices(given, category)]


class Laid(NamedTuple):
    """Sequences laid out one after the other: how many, the sequence of each event, and where that one's events begin."""

    total: int
    sequence: Array
    first: Array


def laid_out(given: Inputs, lengths: Any) -> Laid:
    """Enough sequences for the rows."""
    drawn = given.random.integers(lengths.low, lengths.high + 1, math.ceil(2.2 * given.rows / (lengths.low + lengths.high)))
    sequence = np.repeat(np.arange(drawn.size), drawn)[: given.rows]
    return Laid(drawn.size, sequence, (np.cumsum(drawn) - drawn)[sequence])


def sums_of_each(values: Array, laid: Laid) -> Array:
    """Running sums, restarted for each sequence."""
    sums: Array = np.cumsum(values)
    return sums - sums[laid.first] + values[laid.first]


def numpy_withdrawals(given: Inputs) -> list[Array]:
    """Time, card, amount and position."""
    plan, random, rules = given.plan, given.random, given.plan.config.atm
    laid = laid_out(given, rules.lengths)
    hours = random.integers(rules.step_hours.low, rules.step_hours.high + 1, laid.total)[laid.sequence]
    steps = np.arange(1, laid.sequence.size + 1) - laid.first
    second = random.integers(0, plan.period, laid.total)[laid.sequence] + 3600 * hours * steps
    card = random.integers(0, plan.cards, laid.total)[laid.sequence]
    place = random.integers(0, plan.pools.home, laid.total)[laid.sequence]
    radius = plan.sequence_rules.radius
    moves = random.integers(-radius, radius + 1, (2, laid.sequence.size))
    position = [
        at[place] + sums_of_each(move, laid) for at, move in zip(plan.positions.view(np.int32).reshape(-1, 2).T, moves, strict=True)
    ]
    return [second, card, numpy_prices(given, np.full(second.size, given.cash)), *position]


def numpy_chains(given: Inputs) -> list[Array]:
    """Time, card, category, amount and place."""
    plan, random, rules = given.plan, given.random, given.plan.config.fraud
    laid = laid_out(given, rules.chain_lengths)
    gap = random.integers(rules.chain_gap_seconds.low, rules.chain_gap_seconds.high + 1, laid.sequence.size)
    second = random.integers(0, plan.period, laid.total)[laid.sequence] + sums_of_each(gap, laid)
    card = random.integers(0, plan.cards, laid.total)[laid.sequence]
    cents = numpy_prices(given, np.full(second.size, given.cash))
    low, high = plan.payment_rules.category_low, plan.payment_rules.category_high
    category = ((cents[:, None] >= low) & (cents[:, None] <= high)).argmax(axis=1)
    return [second, card, category, cents, random.integers(0, plan.pools.home, second.size)]


def numpy_card_numbers(given: Inputs) -> Array:
    """Digits by division, check digits by Luhn; numbers may repeat."""
    free = given.random.integers(0, 10**FREE, given.rows)
    digits = np.empty((given.rows, FREE + 2), np.uint8)
    digits[:, 0] = 4
    digits[:, 1:-1] = free[:, None] // 10 ** np.arange(FREE - 1, -1, -1) % 10
    doubled = digits[:, :-1:2] * 2
    digits[:, -1] = -((doubled - 9 * (doubled > 9)).sum(axis=1) + digits[:, 1:-1:2].sum(axis=1)).astype(int) % 10
    return digits + np.uint8(48)


def numpy_susceptible(given: Inputs) -> Array:
    band = given.bands[given.random.integers(0, given.bands.size, given.rows)]
    firsts = [np.flatnonzero(band == number)[:room] for number, room in enumerate(given.band_room)]
    return np.sort(np.concatenate(firsts))


def numpy_names(given: Inputs) -> list[Array]:
    women, men, families = given.name_shares
    hers, his = (given.random.choice(shares.size, given.rows, p=shares) for shares in (women, men))
    return [np.where(given.female, hers, his + women.size), given.random.choice(families.size, given.rows, p=families)]


def numpy_merge(given: Inputs) -> list[Array]:
    """Concatenate both halves, then sort every column by time."""
    both = [np.concatenate(pair) for pair in zip(*given.halves, strict=True)]
    order = np.argsort(both[0], kind="stable")
    return [column[order] for column in both]


def numpy_bits(given: Inputs) -> Array:
    bits = given.cities[:, None] >> np.arange(given.city_bits, dtype=given.cities.dtype) & 1
    return np.packbits(bits.astype(np.uint8), bitorder="little")


def numpy_rank_range(given: Inputs) -> tuple[Any, Any]:
    ranks = given.city_ranks[given.cities]
    return ranks.min(), ranks.max()


def ranked(given: Inputs) -> int:
    cents = given.block.cents
    least = int(cents.min())
    present = np.zeros((int(cents.max()) - least) // 64 + 1, np.uint64)
    count = int(packing.rank_values(cents, least, given.words[0], present, np.empty(present.size, np.uint32)))
    packing.ranked_values(given.words[1][:count], least, present)
    return count


def plain_ranks(given: Inputs) -> list[int]:
    ranks = {cents: rank for rank, cents in enumerate(sorted(set(given.cents_list)))}
    return [ranks[cents] for cents in given.cents_list]


def pyarrow_deltas(given: Inputs) -> int:
    options: dict[str, Any] = {"use_dictionary": False, "compression": "none", "write_statistics": False}
    out = io.BytesIO()
    pq.write_table(given.epoch_table, out, column_encoding="DELTA_BINARY_PACKED", **options)
    return out.tell()


def csv_text(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([row.values() for row in rows])
    return out.getvalue()


def json_text(rows: list[dict[str, Any]]) -> str:
    return "\n".join([json.dumps(row) for row in rows])


# Plain ways that take more than a line


def plain_withdrawals(given: Inputs) -> list[Any]:
    sequences = (given.twin.sequence(i, i, 5, 0, 3600, False).rows for i in count())
    return list(islice(chain.from_iterable(sequences), given.rows))


def plain_chains(given: Inputs) -> list[Any]:
    lengths = given.twin.chain_lengths
    made = (given.twin.chain(i, 0, 3600, length) for i, length in enumerate(lengths))
    return list(islice(chain.from_iterable(made), given.rows))


def plain_susceptible(given: Inputs) -> list[int]:
    """The susceptible cards of the small dataset, which has as many cards as there are rows here."""
    found: list[int] = type(given.twin).susceptible.func(given.twin)
    return found


def plain_holders(given: Inputs) -> list[tuple[int, ...]]:
    drawn = (naive.draw(7, streams.PROFILE, card) for card in range(given.rows))
    return [tuple(map(naive.pick, words, given.holder_bounds)) for words in drawn]


def plain_names(given: Inputs) -> list[tuple[int, int]]:
    women, men, families = given.aliases
    drawn = [naive.draw(7, streams.PROFILE, card, 1) for card in range(given.rows)]
    firsts = [men if number % 2 else women for number in range(given.rows)]
    return [
        (naive.alias_item(first, *words[:2]), naive.alias_item(families, *words[2:]))
        for first, words in zip(firsts, drawn, strict=True)
    ]


def plain_permutation(given: Inputs) -> list[int]:
    return list(map(naive.Permutation(7, 3, given.rows), range(given.rows)))


def plain_values(given: Inputs) -> list[dict[str, Any]]:
    return [naive.values(row, given.twin, given.twin_cards) for row in given.twin_rows]


def plain_tids(given: Inputs) -> list[str]:
    texts = (
        f"{given.small.config.start + timedelta(seconds=row.second)}{given.twin_cards[row.card]}{row.cents / 100}"
        for row in given.twin_rows
    )
    return [hashlib.md5(message.encode()).hexdigest() for message in texts]


def plain_digest(given: Inputs) -> int:
    rows = zip(given.twin_rows, plain_values(given), strict=True)
    return int(naive.rows_digest([[naive.transaction_value(name, row, texts) for name in texts] for row, texts in rows]))


def plain_views(texts: list[str]) -> bytes:
    return b"".join([struct.pack("<i4sii", len(one), one[:4].encode(), 0, len(one) * i) for i, one in enumerate(texts)])


def plain_deltas(given: Inputs) -> bytes:
    pytest.importorskip("hypothesis")
    return bytes(twins("test_parquet_format").naive_deltas(given.epoch.tolist()))


# The table

Way = Callable[[Inputs], object]


def length_of_rising(values: list[int]) -> int:
    """The length of the longest strictly increasing subsequence."""
    tails: list[int] = []
    for value in values:
        at = bisect_left(tails, value)
        tails[at : at + 1] = [value]
    return len(tails)


class Comparison(NamedTuple):
    """A kernel, and other ways to get such values.

    kernels: which ones are timed; none for a helper. rows: for the kernel and the ordinary ways, unless `made` says how many the
    kernel makes. before: called before each round of the kernel. plain: a twin, for `few` rows. of: what a row is.
    ratio: a share of frauds other than the default.
    """

    kernels: tuple[Any, ...]
    kernel: Way
    ordinary: dict[str, Way]
    plain: Way | None
    rows: int = WINDOW_ROWS
    few: int = FEW
    of: str = "row"
    made: Callable[[Inputs], int] | None = None
    before: Way | None = None
    ratio: float = 0

    @property
    def ways(self) -> Iterator[str]:
        """The names of the ways."""
        yield "kernel"
        yield from self.ordinary
        if self.plain:
            yield "plain"


COMPARISONS: dict[str, Comparison] = {
    # Draws
    "rng.philox": Comparison(
        (rng.fill_words,),  # makes one such draw; other kernels make loops of them
        lambda g: philox_numbers(g.longs, SEED),
        {"numpy Philox": lambda g: g.philox.random_raw(g.rows), "numpy PCG64": lambda g: g.pcg.random_raw(g.rows)},
        lambda g: [naive.draw(7, 5, i) for i in range(g.rows // 2)],
        of="number of 64 bits",
    ),
    "permutation.permuted_range": Comparison(
        (permutation.permuted_range,),
        lambda g: permutation.permuted_range(g.numbers, 0, g.draw_keys),
        {"numpy permutation": lambda g: g.random.permutation(g.rows)},
        plain_permutation,
        of="number",
    ),
    "splitting.split_counts": Comparison(
        (splitting.split_counts,),
        lambda g: splitting.split_counts(g.signed, SEED, 1, PER_WINDOW * g.rows, g.edges, g.splitting),
        {"numpy multinomial": lambda g: g.random.multinomial(PER_WINDOW * g.rows, g.equal_shares)},
        lambda g: naive.split(7, 1, PER_WINDOW * g.rows, [1] * g.rows),
        of="window",
    ),
    "splitting.split_counts, few": Comparison(
        (splitting.split_counts,),
        lambda g: splitting.split_counts(g.signed, SEED, 1, 3 * g.rows, g.edges, g.splitting),
        {"numpy multinomial": lambda g: g.random.multinomial(3 * g.rows, g.equal_shares)},
        lambda g: naive.split(7, 1, 3 * g.rows, [1] * g.rows),
        of="window",
    ),
    # Times
    "timeline.sorted_times": Comparison(
        (timeline.sorted_times,),
        lambda g: timeline.sorted_times(g.out.second, SEED, 0, 0, 787_500, g.spacing),
        {"numpy sort": lambda g: np.sort(g.random.integers(0, 787_500, g.rows, np.int32))},
        lambda g: naive.sorted_times(g.rows, 7, 0, 0, 787_500),
    ),
    "timeline.order_by_second": Comparison(
        (timeline.order_by_second,),
        lambda g: timeline.order_by_second(*g.key_room, g.seconds, 0, g.plan.grid.group, np.empty(4097, np.int64)),
        {"numpy argsort": lambda g: np.argsort(g.seconds, kind="stable")},
        lambda g: sorted(range(g.rows), key=g.seconds.tolist().__getitem__),
        rows=GROUP_ROWS // 2,
        of="event",
    ),
    "timeline.merge": Comparison(
        (timeline.merge,),
        lambda g: timeline.merge(g.out, *g.merged),
        {"numpy argsort": numpy_merge},
        lambda g: sorted(g.row_list, key=lambda row: row.second),
    ),
    "windows.window_rows": Comparison((window_rows,), fill_window, {}, None, made=fill_window),
    "groups.fill_groups": Comparison((groups.fill_groups,), fill_group, {}, None, made=fill_group),
    # Payments
    "payments.quota_classes": Comparison(
        (payments.quota_classes,),
        windows_of_quotas,
        {"numpy permutation": numpy_quotas},
        lambda g: [g.twin.category(number) for number in range(g.rows)],
        rows=256 * WINDOW_ROWS,
    ),
    "payments.amount": Comparison(
        (),
        lambda g: amounts(g.out.cents, g.plan.amounts, g.shops, *g.drawn),
        {"numpy searchsorted": lambda g: numpy_prices(g, g.shops)},
        lambda g: [naive.amount(g.plan.amounts, *row) for row in zip(g.shops.tolist(), *g.drawn.tolist(), strict=True)],
    ),
    "payments.amounts_in_ranges": Comparison(
        (),
        lambda g: amounts_in_ranges(g.out.cents, g.words[0], g.plan.amount_ranges, *g.drawn),
        {"numpy searchsorted": lambda g: numpy_prices(g, np.full(g.rows, g.cash))},
        lambda g: [naive.amount_in_ranges(g.plan.config, *row) for row in zip(*g.drawn.tolist(), strict=True)],
    ),
    "payments.payment_rows": Comparison(
        (payments.payment_rows,),
        lambda g: payments.payment_rows(g.out, 1_000, g.plan.payment_rules, *g.words[:2], ALL),
        {"numpy": numpy_payments},
        lambda g: [g.twin.payment(number, 0) for number in range(g.rows)],
    ),
    # Withdrawals
    "atm.list_withdrawals": Comparison((atm.list_withdrawals,), list_sequences, {}, None, made=list_sequences, of="sequence"),
    "atm.keep_long_enough": Comparison(
        (atm.keep_long_enough,), keep_sequences, {}, None, made=list_sequences, before=list_sequences, of="sequence"
    ),
    "atm.withdrawal_rows": Comparison((atm.withdrawal_rows,), withdraw, {}, None, made=list_and_keep, before=list_and_keep),
    "atm.withdrawals": Comparison(
        (atm.withdrawals,), withdraw_all, {"numpy": numpy_withdrawals}, plain_withdrawals, made=withdraw_all
    ),
    "atm.foreign_rows": Comparison((atm.foreign_rows,), withdraw_abroad, {}, None, made=withdraw_abroad, ratio=MUCH_FRAUD),
    # Chains
    "chains.count_chains": Comparison(
        (chains.count_chains,),
        count_chains,
        {"numpy searchsorted": lambda g: np.searchsorted(np.cumsum(g.random.integers(4, 13, g.rows)), 8 * g.rows)},
        lambda g: [4 + naive.pick(naive.draw(7, streams.CHAIN, number)[1], 9) for number in range(g.rows)],
        made=count_chains,
        of="chain",
    ),
    "chains.chain_events": Comparison(
        (chains.chain_events,), attack, {"numpy": numpy_chains}, plain_chains, made=attack, few=100, ratio=MUCH_FRAUD
    ),
    # Cards and their holders
    "cards.card_digits": Comparison(
        (cards.card_digits,),
        lambda g: cards.card_digits(g.longs, g.block.card, g.plan.card_keys, *g.words[:2]),
        {"numpy": numpy_card_numbers},
        lambda g: [naive.card_number(7, row.card) for row in g.twin_rows],
    ),
    "cards.expiry_months": Comparison(
        (cards.expiry_months,),
        lambda g: cards.expiry_months(g.words[0], 0, SEED, CHOICES),
        {"numpy integers": lambda g: g.random.integers(1, CHOICES + 1, g.rows, np.uint32)},
        lambda g: [1 + naive.pick(naive.draw(7, streams.CARD, card)[0], CHOICES) for card in range(g.rows)],
        of="card",
    ),
    "cards.holder_codes": Comparison(
        (cards.holder_codes,),
        hold,
        {"numpy integers": lambda g: [g.random.integers(0, bound, g.rows, np.uint32) for bound in g.holder_bounds]},
        plain_holders,
        of="holder",
    ),
    "cards.holder_names": Comparison(
        (cards.holder_names,),
        lambda g: cards.holder_names(*g.words[:2], g.female, 0, SEED, *g.aliases),
        {"numpy choice": numpy_names},
        plain_names,
        of="holder",
    ),
    "cards.susceptible_cards": Comparison(
        (cards.susceptible_cards,),
        lambda g: cards.susceptible_cards(g.words[0], g.rows - 1, SEED, g.bands, g.band_room.copy(), g.words[1, :4096]),
        {"numpy": numpy_susceptible},
        plain_susceptible,
        of="card",
    ),
    # Columns
    "columns.text_views": Comparison(
        (columns.text_views,),
        lambda g: columns.text_views(g.pairs, 32, g.tid_text, 0),
        {"polars, of a list": lambda g: pl.Series(g.tids)},
        lambda g: plain_views(g.tids),
        rows=GROUP_ROWS,
    ),
    "columns.scaled": Comparison(
        (columns.scaled,),
        lambda g: columns.scaled(g.doubles, g.block.cents, 100.0),
        {"numpy": lambda g: g.block.cents / 100.0},
        lambda g: [row.cents / 100 for row in g.twin_rows],
        rows=GROUP_ROWS,
    ),
    "columns.epoch_times": Comparison(
        (columns.epoch_times,),
        lambda g: columns.epoch_times(g.signed, g.block.second, g.plan.midnight_seconds, 1_000_000),
        {"numpy": lambda g: (g.block.second.astype(np.int64) + g.plan.midnight_seconds) * 1_000_000},
        lambda g: [(row.second + g.plan.midnight_seconds) * 1_000_000 for row in g.twin_rows],
        rows=GROUP_ROWS,
    ),
    "columns.fill_columns": Comparison(
        (columns.fill_columns,),
        lambda g: columns.fill_columns(
            g.column_room, 0, g.block, g.digests, g.plan.midnight_seconds, md5.Hashing(g.plan.day_words, g.tile)
        ),
        {},
        None,
        rows=GROUP_ROWS,
    ),
    "columns.looked_up": Comparison(
        (columns.looked_up,),
        lambda g: columns.looked_up(g.octets[: g.rows], g.block.place, g.countries),
        {"numpy": lambda g: g.countries[g.block.place]},
        lambda g: [g.small.pools.places[row.place].country for row in g.twin_rows],
        rows=GROUP_ROWS,
    ),
    # Digests of content
    "digest.text_values": Comparison(
        (digest.text_values,),
        lambda g: digest.text_values(g.longs, *g.city_text),
        {"polars hash": lambda g: g.city_series.hash()},
        lambda g: [naive.text_value(name.encode()) for name in g.city_series],
        of="text",
    ),
    "digest.rows_digest": Comparison(
        (digest.rows_digest,),
        lambda g: digest.rows_digest(g.values),
        {"polars hash_rows": lambda g: g.value_frame.hash_rows()},
        lambda g: naive.rows_digest(g.values.T.tolist()),
    ),
    "digest.transactions_digest": Comparison(
        (digest.transactions_digest,),
        lambda g: g.digester.of(g.block, g.digests),
        {"polars hash_rows": lambda g: g.frame.hash_rows()},
        plain_digest,
    ),
    # Transaction ids
    "md5.transaction_digests": Comparison(
        (md5.transaction_digests,),
        lambda g: hashed(g, g.octets[: 16 * g.rows]),
        {"hashlib, of ready messages": lambda g: [hashlib.md5(message).digest() for message in g.messages]},
        plain_tids,
    ),
    "md5.hex_digits": Comparison(
        (md5.hex_digits,),
        lambda g: md5.hex_digits(g.digests, g.octets[: 32 * g.rows].view(np.uint16)),
        {"bytes.hex": lambda g: g.digests.data.hex()},
        lambda g: "".join([f"{byte:02x}" for byte in g.digests.tolist()]),
    ),
    # Messages
    "partitions.key_partitions": Comparison(
        (partitions.key_partitions,),
        lambda g: partitions.key_partitions(g.partitions, g.card_bytes, g.card_ends, 12),
        {},
        lambda g: [(naive.murmur2(number.encode()) & 0x7FFFFFFF) % 12 for number in g.card_list],
        rows=GROUP_ROWS,
    ),
    "partitions.order_by_partition": Comparison(
        (partitions.order_by_partition,),
        lambda g: partitions.order_by_partition(g.partition_order, g.partition_starts, g.partitions_drawn, 0),
        {"numpy argsort": lambda g: np.argsort(g.partitions_drawn, kind="stable")},
        lambda g: sorted(range(g.rows), key=g.partitions_drawn.tolist().__getitem__),
        rows=GROUP_ROWS,
    ),
    # Order
    "subsequence.longest_increasing": Comparison(
        (subsequence.longest_increasing,),
        lambda g: subsequence.longest_increasing(*g.rising_room),
        {"bisect, the length alone": lambda g: length_of_rising(g.place_list)},
        lambda g: naive.longest_increasing(g.place_list),
    ),
    # Tallies of what is there
    "tallies.tally": Comparison(
        (tallies.tally,),
        lambda g: tallies.tally(g.tally, g.labels, g.cents),
        {"numpy bincount": lambda g: np.bincount(np.minimum(g.cents, tallies.BINS - 1))},
        lambda g: [naive.bin_of(cents) for cents in g.cents.tolist()],
    ),
    "tallies.count_kinds": Comparison(
        (tallies.count_kinds,),
        lambda g: tallies.count_kinds(g.kind_counts, g.holders, g.kinds),
        {"numpy add.at": lambda g: np.add.at(g.kind_counts, (g.holders, g.kinds), 1)},
        lambda g: Counter(zip(g.holders.tolist(), g.kinds.tolist(), strict=True)),
    ),
    "tallies.number_keys": Comparison(
        (tallies.number_keys,),
        lambda g: tallies.number_keys(g.numbered, g.card_integers, g.key_slots, g.known_keys, 0),
        {"numpy unique": lambda g: np.unique(g.card_integers, return_inverse=True)},
        lambda g: numbers_of(g.card_list),
        before=lambda g: g.key_slots.fill(0),
    ),
    "tallies.find_keys": Comparison(
        (tallies.find_keys,),
        lambda g: tallies.find_keys(g.numbered, g.card_integers, *g.filled_slots),
        {"numpy searchsorted": lambda g: np.searchsorted(g.sorted_cards, g.card_integers)},
        lambda g: list(map(numbers_of(g.card_list).get, g.card_list)),
    ),
    "tallies.fill_slots": Comparison(
        (tallies.fill_slots,),
        lambda g: tallies.fill_slots(g.key_slots, g.unique_keys, g.rows),
        {},
        lambda g: numbers_of(g.unique_keys.tolist()),
        before=lambda g: g.key_slots.fill(0),
        of="key",
    ),
    "tallies.since_last": Comparison(
        (tallies.since_last, tallies.metres_between),
        lambda g: tallies.since_last(*g.since, g.holders, g.moments, *g.degrees, *g.since_state),
        {"Polars diff over": lambda g: g.frame.select(pl.col("datetime", "latitude", "longitude").diff().over("cc_num"))},
        lambda g: [naive.metres_between(place, (0.0, 0.0)) for place in zip(*(part.tolist() for part in g.degrees), strict=True)],
        before=lambda g: g.since_state[0].fill(-1),
    ),
    "tallies.chain_lengths": Comparison(
        (tallies.chain_lengths,),
        lambda g: tallies.chain_lengths(g.tally[0], g.holders, g.moments, 120, *g.run_state),
        {},
        lambda g: naive.run_lengths(list(zip(g.holders.tolist(), g.moments.tolist(), strict=True)), 120),
        before=lambda g: g.run_state[0].fill(-1),
    ),
    # Encodings of Parquet
    "packing.pack_bits": Comparison(
        (packing.pack_bits,),
        lambda g: packing.pack_bits(g.cities, g.city_bits, g.longs),
        {"numpy packbits": numpy_bits},
        lambda g: sum(code << g.city_bits * i for i, code in enumerate(g.city_list)).to_bytes(2 * g.rows, "little"),
        rows=GROUP_ROWS,
    ),
    "packing.pack_deltas": Comparison(
        (packing.pack_deltas,),
        lambda g: packing.pack_deltas(g.epoch, g.octets, g.delta_room),
        {"pyarrow": pyarrow_deltas},
        plain_deltas,
        rows=GROUP_ROWS,
    ),
    "packing.rank_range": Comparison(
        (packing.rank_range,),
        lambda g: packing.rank_range(g.cities, g.city_ranks),
        {"numpy": numpy_rank_range},
        lambda g: [choose(g.rank_list[code] for code in g.city_list) for choose in (min, max)],
        rows=GROUP_ROWS,
    ),
    "packing.text_range": Comparison(
        (packing.text_range,),
        lambda g: packing.text_range(g.digests, g.digest_offsets),
        {"pyarrow min_max": lambda g: pc.min_max(g.tid_array)},
        lambda g: (min(g.tids), max(g.tids)),
        rows=GROUP_ROWS,
    ),
    "packing.bytes_range": Comparison(
        (packing.bytes_range,),
        lambda g: packing.bytes_range(g.digests.view(np.uint64), 2),
        {"pyarrow min_max": lambda g: pc.min_max(g.tid_array)},
        lambda g: (min(g.tids), max(g.tids)),
        rows=GROUP_ROWS,
    ),
    "packing.rank_values": Comparison(
        (packing.rank_values, packing.ranked_values),
        ranked,
        {"numpy unique": lambda g: np.unique(g.block.cents, return_inverse=True)},
        plain_ranks,
        rows=GROUP_ROWS,
    ),
    "zstd.hex_blocks": Comparison(
        (zstd.hex_blocks,),
        lambda g: hex_frame(g.digests, b"0x"),
        {"zstd, level 1": lambda g: cramjam.zstd.compress(g.tid_text.data.cast("B"), level=1)},
        None,
        rows=GROUP_ROWS,
    ),
    "zstd.word_blocks": Comparison(
        (zstd.word_blocks,),
        lambda g: word_frame(g.degrees[0].view(np.uint64)),
        {"zstd, level 1": lambda g: cramjam.zstd.compress(g.degrees[0].view(np.uint8), level=1)},
        None,
        rows=GROUP_ROWS,
    ),
    # Text
    "text.transaction_text, NDJSON": Comparison(
        (text.transaction_text,),
        lambda g: render(g, g.ndjson),
        {"json, of ready rows": lambda g: json_text(g.ready), "polars, of a frame": lambda g: g.frame.write_ndjson(os.devnull)},
        lambda g: json_text(plain_values(g)),
    ),
    "text.transaction_text, CSV": Comparison(
        (text.transaction_text,),
        lambda g: render(g, g.csv),
        {"csv, of ready rows": lambda g: csv_text(g.ready), "polars, of a frame": lambda g: g.frame.write_csv(os.devnull)},
        lambda g: csv_text(plain_values(g)),
    ),
    "deflate.deflate, CSV": Comparison(
        (deflate.deflate,),
        lambda g: gzip(g.csv_lines),
        {
            "zlib, level 6": lambda g: zlib.compress(g.csv_lines, 6),
            "zlib, level 1": lambda g: zlib.compress(g.csv_lines, 1),
            "zstd, level 1": lambda g: cramjam.zstd.compress(g.csv_lines, level=1),
        },
        None,
    ),
    "comparing.common_start": Comparison(
        (comparing.common_start,),
        lambda g: comparing.common_start(*g.equal_texts),
        {"numpy": lambda g: np.array_equal(*g.equal_texts)},
        None,
    ),
    "text.join_fragments": Comparison(
        (text.join_fragments,),
        lambda g: text.join_fragments(g.room, g.ends, g.piece_codes, np.zeros(3, np.int64), *g.piece_texts),
        {"polars concat_str": lambda g: g.piece_frame.select(pl.concat_str("a", "b", "c"))},
        lambda g: ["".join(row) for row in zip(*g.pieces, strict=True)],
    ),
}


@pytest.mark.benchmark(max_time=0.3, min_rounds=5, disable_gc=True)
@pytest.mark.parametrize(
    ("name", "way"), [pytest.param(name, way, id=f"{name}: {way}") for name, c in COMPARISONS.items() for way in c.ways]
)
def test_kernels(meter: Any, name: str, way: str) -> None:
    """Time one way of one comparison."""
    compared = COMPARISONS[name]
    if way == "kernel":
        given = Inputs(compared.rows, compared.ratio)
        made = compared.made(given) if compared.made else given.rows
        before = partial(compared.before, given) if compared.before else None
        meter(name, way, partial(compared.kernel, given), f"ns/{compared.of}", rows=made, before=before)
    else:
        given = Inputs(compared.few if way == "plain" else compared.rows, compared.ratio)
        run = compared.ordinary.get(way, compared.plain)
        assert run
        meter(name, way, partial(run, given), f"ns/{compared.of}", rows=given.rows)


def test_every_kernel_is_in_the_table() -> None:
    """All kernels that are compiled separately; helpers and `inlined_kernel` kernels are always inlined into others."""
    modules = [import_module(f"fastgen.kernels.{found.name}") for found in iter_modules(fastgen.kernels.__path__)]
    compiled = {value for module in modules for value in vars(module).values() if hasattr(value, "targetoptions")}
    kernels = {value for value in compiled if value.targetoptions.get("nogil") and not value.targetoptions.get("forceinline")}
    alone = {str(kernel) for kernel in kernels if kernel.targetoptions.get("inline", "never") == "never"}
    timed = {str(kernel) for compared in COMPARISONS.values() for kernel in compared.kernels}
    assert alone <= timed <= {str(kernel) for kernel in kernels}
