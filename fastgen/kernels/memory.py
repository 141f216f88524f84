"""Unaligned loads and stores of a few bytes, which plain array code cannot express.

A copy of constant size compiles to one instruction. Copies may run past the value that is meant:
the next one overwrites the surplus, so buffers need `SLACK` spare bytes at their end.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

SLACK = 512


def _address(context: Any, builder: Any, array_type: Any, array: Any, offset: Any, to: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    start = builder.bitcast(data, ir.IntType(8).as_pointer())
    return builder.bitcast(builder.gep(start, [offset]), to.as_pointer())


def _copy(size: int) -> Any:
    vector = ir.VectorType(ir.IntType(8), size)

    @intrinsic
    def copy(typing_context: Any, target: Any, target_at: Any, source: Any, source_at: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            into = _address(context, builder, signature.args[0], args[0], args[1], vector)
            out_of = _address(context, builder, signature.args[2], args[2], args[3], vector)
            builder.store(builder.load(out_of, align=1), into, align=1)
            return context.get_dummy_value()

        return types.void(target, types.int64, source, types.int64), codegen

    return copy


copy_16 = _copy(16)
"""copy_16(target, target_at, source, source_at): 16 bytes between arrays, offsets in bytes."""

copy_32 = _copy(32)
"""copy_32(target, target_at, source, source_at): 32 bytes between arrays, offsets in bytes."""


copy_64 = _copy(64)
"""copy_64(target, target_at, source, source_at): 64 bytes between arrays, offsets in bytes."""


@intrinsic
def store_8(typing_context: Any, target: Any, target_at: Any, value: Any) -> Any:
    """store_8(target, offset, value): the eight bytes of a uint64, lowest first, at a byte offset."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        into = _address(context, builder, signature.args[0], args[0], args[1], ir.IntType(64))
        builder.store(args[2], into, align=1)
        return context.get_dummy_value()

    return types.void(target, types.int64, types.uint64), codegen


@intrinsic
def load_8(typing_context: Any, source: Any, source_at: Any) -> Any:
    """load_8(source, offset): eight bytes as a uint64, lowest first."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        out_of = _address(context, builder, signature.args[0], args[0], args[1], ir.IntType(64))
        return builder.load(out_of, align=1)

    return types.uint64(source, types.int64), codegen


@intrinsic
def reversed_8(typing_context: Any, value: Any) -> Any:
    """reversed_8(value): the bytes of a uint64 in reverse, so that numbers compare as the bytes do that they were read from."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bswap(args[0])

    return types.uint64(types.uint64), codegen
