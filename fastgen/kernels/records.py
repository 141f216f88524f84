"""Records: a row as three words, which stay together in memory until it is known where in time the row belongs."""

import numpy as np

from fastgen.kernels import fields
from fastgen.kernels.jit import helper, inlined_kernel
from fastgen.kernels.memory import prefetch
from fastgen.kernels.rng import u32, u64
from fastgen.kernels.structs import RECORD, rows_between

WORDS = u64(RECORD)
BYTES = u64(8 * RECORD)
AT_ONCE = 256
"""Records taken apart at a time: the first-level cache holds their words."""
AHEAD = u64(32)
"""How many rows before it is needed a record is fetched: in time order they are spread over more memory than the cache holds."""


@helper
def when_word(second, card):
    """The first word of a record: second and card, from the low bits on."""
    return u64(u32(second)) | (u64(card) << u64(32))


@helper
def what_word(cents, place, category, walked, label):
    """The second word: cents, place, category, walked and label."""
    return u64(cents) | (u64(place) << u64(32)) | (u64(category) << u64(48)) | (u64(walked) << u64(56)) | (u64(label) << u64(57))


@helper
def where_word(latitude, longitude):
    """The third word: latitude and longitude."""
    return u64(u32(latitude)) | (u64(u32(longitude)) << u64(32))


@helper
def write_record(records, at, when, what, where):
    """Write the words of a record."""
    first = WORDS * u64(at)
    records[first] = when
    records[first + u64(1)] = what
    records[first + u64(2)] = where


@helper
def gather_words(when, what, where, records, source):
    """Read the words of the records with the numbers source[:-AHEAD]."""
    for i in range(u64(when.size)):
        prefetch(records, BYTES * u64(source[i + AHEAD]))
        first = WORDS * u64(source[i])
        when[i] = records[first]
        what[i] = records[first + u64(1)]
        where[i] = records[first + u64(2)]


@helper
def take_when(rows, words, day_offset):
    """Read the first words of rows."""
    for i in range(words.size):
        rows.second[i] = np.int32(words[i]) + np.int32(day_offset)
        rows.card[i] = words[i] >> u64(32)


@helper
def take_what(rows, words, needed):
    """Read the second words of rows, a value at a time: in one loop, the smallest would force all into many small vectors."""
    if needed & fields.CENTS:
        for i in range(words.size):
            rows.cents[i] = u32(words[i])
    if needed & fields.PLACE:
        for i in range(words.size):
            rows.place[i] = np.uint16(words[i] >> u64(32))
    if needed & fields.CATEGORY:
        for i in range(words.size):
            rows.category[i] = np.uint8(words[i] >> u64(48))
    if needed & fields.POSITION:
        for i in range(words.size):
            rows.walked[i] = np.uint8(words[i] >> u64(56)) & np.uint8(1)
    if needed & fields.LABEL:
        for i in range(words.size):
            rows.label[i] = np.int8(words[i] >> u64(57))


@helper
def take_where(rows, words):
    """Read the third words of rows."""
    for i in range(words.size):
        rows.latitude[i] = np.int32(words[i])
        rows.longitude[i] = np.int32(words[i] >> u64(32))


@inlined_kernel
def put_records(out, records, source, words, day_offset, needed):
    """Fill a block with records.

    Args:
        out: Block of n rows, filled. records: uint64[any size]. source: uint32[n + AHEAD], the number of each row's record, then
            anything. words: uint64[3, AT_ONCE], scratch. day_offset: added to the seconds. needed: see `merge`.
    """
    count = out.second.size
    for start in range(0, count, AT_ONCE):
        stop = min(start + AT_ONCE, count)
        size = stop - start
        when, what, where = words[0][:size], words[1][:size], words[2][:size]
        gather_words(when, what, where, records, source[start : stop + np.int64(AHEAD)])
        rows = rows_between(out, start, stop)
        if needed & fields.WHEN:
            take_when(rows, when, day_offset)
        take_what(rows, what, needed)
        if needed & fields.POSITION:
            take_where(rows, where)
