"""Columns written a cache line at a time and past the caches, in which a frame would not stay anyway.

An ordinary store first reads the line from memory. A line that is written as a whole, with a hint that it will not be needed
soon, is not read, and leaves the caches to what is needed again. Vectors are explicit, as LLVM makes no such stores of loops.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from fastgen.kernels.jit import helper
from fastgen.kernels.memory import LINE, BytesType, address, load_32, load_64, pointer_to
from fastgen.kernels.rng import u64
from fastgen.kernels.units import MICROSECONDS

ROWS, CODES = 8, 16
"""Rows in a line of 64-bit values, and of codes. Of single bytes it has as many as LINE: columns are written in lines from a row
on that is a multiple of this."""

_i8, _i32, _i64 = (ir.IntType(bits) for bits in (8, 32, 64))
_line = BytesType(LINE)


def _vector(kind: Any, values: list[Any]) -> Any:
    return ir.Constant(ir.VectorType(kind, len(values)), values)


def _splat(builder: Any, value: Any, count: int) -> Any:
    """A vector of equal lanes."""
    vector = ir.Constant(ir.VectorType(value.type, count), ir.Undefined)
    vector = builder.insert_element(vector, value, ir.Constant(_i32, 0))
    return builder.shuffle_vector(vector, vector, _vector(_i32, [0] * count))


def _as_line(builder: Any, vector: Any) -> Any:
    return builder.bitcast(vector, ir.VectorType(_i8, LINE))


@intrinsic
def store_line(typing_context: Any, target: Any, target_at: Any, line: Any) -> Any:
    """store_line(target, offset, line): write 64 bytes past the caches, to an address that must be a multiple of 64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        stored = builder.store(args[2], pointer_to(context, builder, signature.args[0], args[0], args[1], args[2].type), align=LINE)
        stored.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(_i32, 1)]))
        return context.get_dummy_value()

    return types.void(target, types.int64, line), codegen


@intrinsic
def finish_lines(typing_context: Any) -> Any:
    """finish_lines(): order all lines stored before anything that is stored later, for other threads too."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.fence("seq_cst")  # on x86 an instruction with a lock, for which lines wait as well
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def hex_line(typing_context: Any, values: Any) -> Any:
    """hex_line(values): the hexadecimal digits of 32 bytes."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        high = builder.lshr(args[0], _vector(_i8, [4] * 32))
        low = builder.and_(args[0], _vector(_i8, [15] * 32))
        digits = builder.shuffle_vector(high, low, _vector(_i32, [lane for i in range(32) for lane in (i, 32 + i)]))
        is_letter = builder.icmp_unsigned(">", digits, _vector(_i8, [9] * 64))
        return builder.add(digits, builder.select(is_letter, _vector(_i8, [ord("a") - 10] * 64), _vector(_i8, [ord("0")] * 64)))

    return _line(values), codegen


def _views(size: int, starts: list[int]) -> Any:
    """Makes views of four texts of `size` characters, which begin with the given words of two lines."""

    @intrinsic
    def views(typing_context: Any, front: Any, back: Any, first: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            words = ir.VectorType(_i32, 16)
            beginnings = _vector(_i32, [lane for start in starts for lane in (0, start, 0, 0)])
            picked = builder.shuffle_vector(builder.bitcast(args[0], words), builder.bitcast(args[1], words), beginnings)
            picked = builder.and_(picked, _vector(_i32, [0, -1, 0, 0] * 4))
            offset = builder.mul(builder.trunc(args[2], _i32), ir.Constant(_i32, size))
            offsets = builder.and_(_splat(builder, offset, 16), _vector(_i32, [0, 0, 0, -1] * 4))
            rest = _vector(_i32, [word for i in range(4) for word in (size, 0, 0, size * i)])
            return _as_line(builder, builder.or_(picked, builder.add(offsets, rest)))

        return _line(front, back, types.int64), codegen

    return views


views_32 = _views(32, [0, 8, 16, 24])
"""views_32(front, back, first): Arrow views (see `columns.text_views`) of the four texts of 32 characters in two lines, the first
of which has the number `first` in its buffer."""

views_16 = _views(16, [0, 4, 8, 12])
"""views_16(texts, texts, first): the same for the four texts of 16 characters in one line."""


@intrinsic
def scaled_line(typing_context: Any, values: Any, at: Any, divisor: Any, reciprocal: Any) -> Any:
    """scaled_line(values, at, divisor, reciprocal): eight values of an array divided by a power of ten, see `columns.scaled`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        offset = builder.mul(args[1], ir.Constant(_i64, 4))
        whole = builder.load(pointer_to(context, builder, values, args[0], offset, ir.VectorType(_i32, ROWS)), align=4)
        doubles = ir.VectorType(ir.DoubleType(), ROWS)
        value = (builder.sitofp if values.dtype.signed else builder.uitofp)(whole, doubles)
        by, factor = _splat(builder, builder.fneg(args[2]), ROWS), _splat(builder, args[3], ROWS)
        fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(doubles, [doubles] * 3), f"llvm.fma.v{ROWS}f64")
        near = builder.fmul(value, factor)
        return _as_line(builder, builder.call(fma, [builder.call(fma, [by, near, value]), factor, near]))

    return _line(values, types.int64, types.float64, types.float64), codegen


@intrinsic
def times_line(typing_context: Any, seconds: Any, at: Any, origin: Any, unit: Any) -> Any:
    """times_line(seconds, at, origin, unit): eight times since 1970, see `columns.epoch_times`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        offset = builder.mul(args[1], ir.Constant(_i64, 4))
        read = builder.load(pointer_to(context, builder, seconds, args[0], offset, ir.VectorType(_i32, ROWS)), align=4)
        since_1970 = builder.add(builder.sext(read, ir.VectorType(_i64, ROWS)), _splat(builder, args[2], ROWS))
        return _as_line(builder, builder.mul(since_1970, _splat(builder, args[3], ROWS)))

    return _line(seconds, types.int64, types.int64, types.int64), codegen


@intrinsic
def codes_line(typing_context: Any, codes: Any, at: Any) -> Any:
    """codes_line(codes, at): sixteen codes of an array as uint32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        size = codes.dtype.bitwidth
        offset = builder.mul(args[1], ir.Constant(_i64, size // 8))
        narrow = ir.VectorType(ir.IntType(size), CODES)
        read = builder.load(pointer_to(context, builder, codes, args[0], offset, narrow), align=size // 8)
        return _as_line(builder, builder.zext(read, ir.VectorType(_i32, CODES)))

    return _line(codes, types.int64), codegen


@helper
def write_tids(text, views, digests, start, stop, first):
    """Write the hexadecimal digits of rows' digests, and views of them; first: number of row 0."""
    if text.size:
        for i in range(start, stop, 4):
            front, back = hex_line(load_32(digests, 16 * i)), hex_line(load_32(digests, 16 * i + 32))
            store_line(text, 32 * i, front)
            store_line(text, 32 * i + LINE, back)
            store_line(views, 16 * i, views_32(front, back, first + i))


@helper
def write_cards(text, views, digits, start, stop, first):
    """Write card numbers, two digits to a byte, as text, and views of them; first: number of row 0."""
    if text.size:
        for i in range(start, stop, 4):
            texts = hex_line(load_32(digits, 8 * i))
            store_line(text, 16 * i, texts)
            store_line(views, 16 * i, views_16(texts, texts, first + i))


@helper
def write_times(out, seconds, start, stop, origin):
    """Write microseconds since 1970."""
    if out.size:
        for i in range(start, stop, ROWS):
            store_line(out, 8 * i, times_line(seconds, i, origin, MICROSECONDS))


@helper
def write_scaled(out, values, start, stop, divisor):
    """Write values divided by a power of ten."""
    if out.size:
        for i in range(start, stop, ROWS):
            store_line(out, 8 * i, scaled_line(values, i, divisor, 1.0 / divisor))


@helper
def write_codes(out, codes, start, stop):
    """Write codes as uint32."""
    if out.size:
        for i in range(start, stop, CODES):
            store_line(out, 4 * i, codes_line(codes, i))


@helper
def write_bytes(out, values, start, stop):
    """Write single bytes as they are."""
    if out.size:
        for i in range(start, stop, LINE):
            store_line(out, i, load_64(values, i))


@helper
def past_line(column, row, size):
    """How far into a line a row of a column with `size` bytes per row begins; 0 if the column is not requested."""
    return (address(column) + u64(row * size)) % u64(LINE) if column.size else u64(0)


@helper
def whole_lines(out, first, count):
    """Which of the `count` rows of columns, the first of which has the number `first`, fill whole lines of all: [start, stop).

    There are none unless the frame's columns begin where lines begin.
    """
    start = min(count, np.int64(u64(-first) % u64(LINE)))
    stop = start + (count - start) // LINE * LINE
    texts = past_line(out.tid, start, 32) | past_line(out.cc_num, start, 16)
    views = past_line(out.tid_views, start, 16) | past_line(out.cc_num_views, start, 16)
    values = past_line(out.datetime, start, 8) | past_line(out.amount, start, 8)
    degrees = past_line(out.latitude, start, 8) | past_line(out.longitude, start, 8)
    codes = past_line(out.category, start, 4) | past_line(out.place, start, 4) | past_line(out.fraud_label, start, 1)
    return start, start if texts | views | values | degrees | codes else stop
