"""Compiled kernels over quantised vectors, sixteen at a time.

A block holds sixteen vectors as int8 codes, two dimensions beside each other: shape (pairs, 16, 2). One vector register
then takes a pair of every vector, and the sum of squared differences to a query needs no shuffling. The inner loop is
written as LLVM vector code, since numba's own vectoriser does not find the multiply-add of pairs (`vpmaddwd`,
`vpdpwssd`; ten times as fast). It names no instruction of any CPU, so LLVM takes the best that the machine has.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from kernels import kernel, spread

LANES = 16
"""Vectors a block."""

LARGEST = 127
"""Largest code. Not 128 below: the negative of a code is a code."""

WORD = ir.IntType(32)
WORDS = ir.VectorType(WORD, LANES)
HALVES = ir.VectorType(ir.IntType(16), 2 * LANES)
BYTES = ir.VectorType(ir.IntType(8), 2 * LANES)
COUNT = ir.IntType(64)


@intrinsic  # type: ignore[untyped-decorator]
def _add_squares(_: Any, codes: Any, query: Any, pairs: Any, sums: Any, limit: Any) -> Any:  # noqa: ARG001
    """Add to 16 sums the squared differences over some pairs of dimensions; return which are at most `limit`.

    `codes` is the address of int8 (pairs, 16, 2), `query` that of int16 (pairs, 2), `sums` that of int32 (16,); there
    is at least one pair. The answer is a mask, bit i for vector i. Differences of two codes fit an int16, and the sum
    of 2**15 of their squares an int32.
    """
    signature = types.uint32(types.uintp, types.uintp, types.intp, types.uintp, types.int32)
    return signature, _emit_add_squares


def _emit_add_squares(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
    codes, query, pairs, sums, limit = arguments
    codes, query = (builder.inttoptr(*pair) for pair in ((codes, BYTES.as_pointer()), (query, WORD.as_pointer())))
    sums = builder.inttoptr(sums, WORDS.as_pointer())
    begun, loop, done = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("done")
    start = builder.load(sums, align=4)
    builder.branch(loop)
    builder.position_at_end(loop)
    pair, total = builder.phi(COUNT), builder.phi(WORDS)
    code = builder.sext(builder.load(builder.gep(codes, [pair]), align=1), HALVES)
    wanted = spread(builder, builder.load(builder.gep(query, [pair]), align=2), LANES)
    difference = builder.bitcast(builder.sub(code, builder.bitcast(wanted, HALVES)), WORDS)
    sixteen = ir.Constant(WORDS, [16] * LANES)
    high = builder.ashr(difference, sixteen)
    low = builder.ashr(builder.shl(difference, sixteen), sixteen)
    following = builder.add(total, builder.add(builder.mul(low, low), builder.mul(high, high)))
    next_pair = builder.add(pair, ir.Constant(COUNT, 1))
    for phi, first, then in ((pair, ir.Constant(COUNT, 0), next_pair), (total, start, following)):
        phi.add_incoming(first, begun)
        phi.add_incoming(then, loop)
    builder.cbranch(builder.icmp_signed("<", next_pair, pairs), loop, done)
    builder.position_at_end(done)
    builder.store(following, sums, align=4)
    within = builder.icmp_signed("<=", following, spread(builder, limit, LANES))
    return builder.zext(builder.bitcast(within, ir.IntType(LANES)), WORD)


CODES = types.Array(types.int8, 4, "C")

MOST = 2**31 - 1


@kernel(types.int32(types.float64))
def _limit(reach: float) -> int:
    """Return the largest sum that may belong to a vector `reach` code units away; NaN and infinity reach everything."""
    # One more than the square rounded, so that no rounding of this line can lose a vector.
    square = reach * reach * (1 + 1e-9) + 1
    return int(square) if square < MOST else MOST


@kernel(
    types.intp(
        CODES, CODES, CODES, types.Array(types.float64, 2, "C"), types.Array(types.int16, 1, "C"),
        types.Array(types.float64, 1, "C"), types.Array(types.int64, 1, "C"),
    ),
)  # fmt: skip
def survivors(first: Any, second: Any, third: Any, errors: Any, query: Any, reaches: Any, rows: Any) -> int:
    """Write the rows that the quantised distance cannot rule out into `rows`, ascending; return how many.

    Each stage's codes are int8 (blocks, pairs, 16, 2); `errors`, float64 (blocks, 3), is how far the block's worst code
    is off over the stages so far, `query` int16 (2 * all pairs,), and `reaches`, float64 (3,), threshold plus the
    query's own error; all in code units.
    """
    sums = np.empty(LANES, np.int32)
    there, count = sums.ctypes.data, 0
    ones, twos, threes = first.shape[1], second.shape[1], third.shape[1]
    one, two, three = first.ctypes.data, second.ctypes.data, third.ctypes.data
    asked = query.ctypes.data
    for block in range(first.shape[0]):
        sums[:] = 0
        mask = _add_squares(one + block * ones * 32, asked, ones, there, _limit(reaches[0] + errors[block, 0]))
        if mask and twos:
            limit = _limit(reaches[1] + errors[block, 1])
            mask &= _add_squares(two + block * twos * 32, asked + ones * 4, twos, there, limit)
        if mask and threes:
            limit = _limit(reaches[2] + errors[block, 2])
            mask &= _add_squares(three + block * threes * 32, asked + (ones + twos) * 4, threes, there, limit)
        row = block * LANES
        while mask:
            if mask & 1:
                rows[count] = row
                count += 1
            mask >>= 1
            row += 1
    return count


@kernel(
    types.void(
        types.Array(types.float32, 2, "C", readonly=True), types.Array(types.float64, 1, "C"), types.float64,
        types.Array(types.float64, 1, "C"), CODES, CODES, CODES, types.Array(types.float64, 2, "C"), types.intp,
    ),
)  # fmt: skip
def quantise(
    turned: Any, centre: Any, scale: float, slack: Any, first: Any, second: Any, third: Any, errors: Any, block: int
) -> None:
    """Write the codes and the errors of whole blocks, the first of them number `block`.

    `turned` is float32 (16 n, 2 * all pairs). A code is (turned - centre) / scale, rounded and cut at 127. `slack`,
    float64 (16 n,), is added to each vector's error, code units; a NaN there marks a vector that is none, code 0.
    """
    one, two = 2 * first.shape[1], 2 * (first.shape[1] + second.shape[1])
    worst = np.empty(3, np.float64)
    for start in range(0, turned.shape[0], LANES):
        worst[:] = 0
        for lane in range(LANES):
            alive, square = not np.isnan(slack[start + lane]), 0.0
            for place in range(turned.shape[1]):
                wanted = (np.float64(turned[start + lane, place]) - centre[place]) / scale if alive else 0.0
                code = min(max(np.rint(wanted), -LARGEST), LARGEST) if np.isfinite(wanted) else 0.0
                square += (wanted - code) ** 2
                if place < one:
                    first[block, place >> 1, lane, place & 1] = np.int8(code)
                elif place < two:
                    second[block, (place - one) >> 1, lane, place & 1] = np.int8(code)
                else:
                    third[block, (place - two) >> 1, lane, place & 1] = np.int8(code)
                if alive and place + 1 in (one, two, turned.shape[1]):
                    stage = 0 if place < one else 1 if place < two else 2
                    error = np.sqrt(square) * (1 + 1e-9) + slack[start + lane]
                    # Written so that a vector whose turned form overflowed is never ruled out.
                    if not error <= worst[stage]:
                        worst[stage] = error if error < np.inf else np.inf
        # At once and last: a scan may be reading this block for the sake of vectors that do not change.
        errors[block, 0], errors[block, 1], errors[block, 2] = worst[0], worst[1], worst[2]
        block += 1
