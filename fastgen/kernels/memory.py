"""Aligned arrays, and what plain array code cannot express: unaligned loads and stores, prefetches, and bits of a word.

A load gives a value in a register, so code can read all of a row before it writes any of it. A store may write past the end
of the value; the next one overwrites the surplus, so buffers need `SLACK` spare bytes at their end.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model
from numpy.typing import DTypeLike, NDArray

SLACK = 512
LINE = 64
"""Bytes of a cache line."""


def aligned_zeros(count: int, dtype: DTypeLike) -> NDArray[Any]:
    """An array of zeros that begins with a cache line.

    Elsewhere each of the widest vectors is in two lines, and some are in two pages, which takes many times as long to store.
    """
    size = count * np.dtype(dtype).itemsize
    memory = np.zeros(size + LINE, np.uint8)
    first = -memory.ctypes.data % LINE
    return memory[first : first + size].view(dtype)


class BytesType(types.Type):  # type: ignore[misc]  # numba has no types
    """A fixed number of bytes in registers."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(name=f"Bytes({size})")


@register_model(BytesType)
class BytesModel(models.PrimitiveModel):  # type: ignore[misc]  # numba has no types
    """A vector."""

    def __init__(self, data_models: Any, of: BytesType) -> None:
        super().__init__(data_models, of, ir.VectorType(ir.IntType(8), of.size))


def pointer_to(context: Any, builder: Any, array_type: Any, array: Any, offset: Any, to: Any) -> Any:
    """LLVM's pointer to a value of the given type, at a byte offset of an array."""
    data = context.make_array(array_type)(context, builder, array).data
    start = builder.bitcast(data, ir.IntType(8).as_pointer())
    return builder.bitcast(builder.gep(start, [offset]), to.as_pointer())


def _load(value: Any) -> Any:
    @intrinsic
    def load(typing_context: Any, source: Any, source_at: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = context.get_value_type(value)
            return builder.load(pointer_to(context, builder, signature.args[0], args[0], args[1], kind), align=1)

        return value(source, types.int64), codegen

    return load


load_8 = _load(types.uint64)
"""load_8(source, offset): eight bytes of an array as a uint64, lowest first; the offset is in bytes."""

load_16 = _load(BytesType(16))
"""load_16(source, offset): 16 bytes of an array."""

load_32 = _load(BytesType(32))
"""load_32(source, offset): 32 bytes of an array."""

load_64 = _load(BytesType(64))
"""load_64(source, offset): 64 bytes of an array."""


@intrinsic
def eight_times(typing_context: Any, value: Any) -> Any:
    """eight_times(value): 32 bytes, a uint32 eight times."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        i32 = ir.IntType(32)
        one, eight = ir.Constant(ir.VectorType(i32, 1), ir.Undefined), ir.Constant(ir.VectorType(i32, 8), [0] * 8)
        repeated = builder.shuffle_vector(builder.insert_element(one, args[0], i32(0)), one, eight)
        return builder.bitcast(repeated, ir.VectorType(ir.IntType(8), 32))

    return BytesType(32)(types.uint32), codegen


@intrinsic
def store(typing_context: Any, target: Any, target_at: Any, value: Any) -> Any:
    """store(target, offset, value): write bytes, or the eight of a uint64, lowest first, into an array at a byte offset."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], pointer_to(context, builder, signature.args[0], args[0], args[1], args[2].type), align=1)
        return context.get_dummy_value()

    return types.void(target, types.int64, value), codegen


@intrinsic
def address(typing_context: Any, source: Any) -> Any:
    """address(source): where an array begins in memory, as a uint64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ptrtoint(context.make_array(source)(context, builder, args[0]).data, ir.IntType(64))

    return types.uint64(source), codegen


@intrinsic
def prefetch(typing_context: Any, source: Any, source_at: Any) -> Any:
    """prefetch(source, offset): begin to bring the cache line of a byte of an array into the first-level cache."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        i32 = ir.IntType(32)
        address = pointer_to(context, builder, signature.args[0], args[0], args[1], ir.IntType(8))
        kind = ir.FunctionType(ir.VoidType(), [address.type, i32, i32, i32])
        to_read, to_be_kept, of_data = i32(0), i32(3), i32(1)
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [address, to_read, to_be_kept, of_data])
        return context.get_dummy_value()

    return types.void(source, types.uint64), codegen


@intrinsic
def reversed_8(typing_context: Any, value: Any) -> Any:
    """reversed_8(value): a uint64 with its bytes reversed, so that numbers compare like the bytes they were read from."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bswap(args[0])

    return types.uint64(types.uint64), codegen


@intrinsic
def leading_zeros(typing_context: Any, value: Any) -> Any:
    """leading_zeros(value): the number of zero bits above the highest one of a uint64, which must not be 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctlz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), codegen


@intrinsic
def trailing_zeros(typing_context: Any, value: Any) -> Any:
    """trailing_zeros(value): the number of zero bits below the lowest one of a uint64, which must not be 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), codegen


@intrinsic
def reversed_bits(typing_context: Any, value: Any) -> Any:
    """reversed_bits(value): a uint64 with its bits in reverse order."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitreverse(args[0])

    return types.uint64(types.uint64), codegen
