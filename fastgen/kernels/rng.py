"""Counter-based random draws: every number is a pure function of (seed, stream, index, lane).

There is no generator state, so any draw can be made anywhere, by any thread, in any order.
Draws are turned into data with integers and plain IEEE arithmetic only: our own logarithm, no libm,
no fused operations. The same configuration therefore gives the same rows on every machine.

Sources:
    Philox4x32-7: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011, where seven rounds are the
        fewest that pass all tests of BigCrush.
    Bounded integers by multiplication: Lemire, "Fast Random Integer Generation in an Interval", 2019.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from fastgen.kernels.jit import helper, inlined, kernel

u32 = np.uint32
u64 = np.uint64

LOW32 = u64(0xFFFFFFFF)
MULTIPLIER_0 = u64(0xD2511F53)
MULTIPLIER_1 = u64(0xCD9E8D57)
WEYL_0 = u64(0x9E3779B9)
WEYL_1 = u64(0xBB67AE85)
ONE_BITS = u64(0x3FF0000000000000)
ROOT_HALF_BITS = u64(0x3FE6A09E667F3BCD)
TWO_52_BITS = u64(0x4330000000000000)
LN_2 = 0.6931471805599453


@intrinsic
def bits_to_float(typing_context: Any, bits: Any) -> Any:
    """The double whose IEEE 754 bits are given."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.uint64), codegen


@intrinsic
def float_to_bits(typing_context: Any, value: Any) -> Any:
    """The IEEE 754 bits of a double."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.uint64(types.float64), codegen


@intrinsic
def high_product(typing_context: Any, a: Any, b: Any) -> Any:
    """high_product(a, b): the high 32 bits of the product of two uint32.

    Spelled as a shift of a 64-bit product, a loop would convert its vectors to 64-bit lanes and back, for a third of its time.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        i32 = ir.IntType(32)
        multiply = cgutils.get_or_insert_function(builder.module, ir.FunctionType(i32, [i32] * 3), "llvm.umul.fix.i32")
        return builder.call(multiply, [*args, ir.Constant(i32, 32)])

    return types.uint32(types.uint32, types.uint32), codegen


@inlined
def philox(seed, stream, index, lane):
    """Four independent 32-bit words (as uint64) for one counter. `lane` is a second, 32-bit index."""
    return philox_rounds(u64(seed), u64(stream), u64(index), u64(u32(lane)))


@helper
def philox_rounds(seed, stream, index, lane):
    """Philox4x32-7 of four uint64."""
    c0 = index & LOW32
    c1 = index >> u64(32)
    c2 = stream
    c3 = lane
    k0 = seed & LOW32
    k1 = seed >> u64(32)
    for _ in range(7):
        p0 = MULTIPLIER_0 * c0
        p1 = MULTIPLIER_1 * c2
        c0 = (p1 >> u64(32)) ^ c1 ^ k0
        c2 = (p0 >> u64(32)) ^ c3 ^ k1
        c1 = p1 & LOW32
        c3 = p0 & LOW32
        k0 = (k0 + WEYL_0) & LOW32
        k1 = (k1 + WEYL_1) & LOW32
    return c0, c1, c2, c3


@helper
def below(word, bound):
    """A uniform integer in [0, bound) from one 32-bit word; bound up to 2^32."""
    return (word * u64(bound)) >> u64(32)


@helper
def minus_log(uniform):
    """-ln(u) for u in (0, 1], to about 1e-15, from + - * / alone.

    u = m * 2^e with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh((m - 1) / (m + 1)) as a series.
    """
    bits = float_to_bits(uniform)
    shifted = bits + (ONE_BITS - ROOT_HALF_BITS)
    exponent = shifted >> u64(52)
    mantissa = bits_to_float(bits - ((exponent << u64(52)) - ONE_BITS))
    scale = bits_to_float(exponent | TWO_52_BITS) - (4503599627370496.0 + 1023.0)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    w = z * z
    odd = 2.0 / 3 + w * (2.0 / 7 + w * (2.0 / 11 + w * (2.0 / 15)))
    even = 2.0 / 5 + w * (2.0 / 9 + w * (2.0 / 13 + w * (2.0 / 17)))
    return -(scale * LN_2 + s * (2.0 + z * (odd + z * even)))


@helper
def log(value):
    """ln(x) for any normal x > 0, from + - * / alone."""
    return -minus_log(value)


@helper
def uniform(word_high, word_low):
    """A double in (0, 1) from two 32-bit words (52 bits, never 0 or 1)."""
    return (np.float64(((word_high << u64(32)) | word_low) >> u64(12)) + 0.5) * (1.0 / 4503599627370496.0)


@kernel
def fill_words(words, seed, stream, index):
    """Fill uint64[8] with the 32-bit words of one index, four of lane 0 and four of lane 1."""
    words[0], words[1], words[2], words[3] = philox(seed, stream, index, 0)
    words[4], words[5], words[6], words[7] = philox(seed, stream, index, 1)
