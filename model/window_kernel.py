"""P-Net on single windows, compiled: twelve pixels a side in, a score and four offsets out, in f32.

The windows that bf16 cannot rule out are few and lie anywhere on a sheet, and a runtime's convolutions are slow at so
little. Here sixteen output channels fill a vector register, and a few places of the output at a time hide how long an
addition takes. Written as LLVM vector code, for the reason given in `faceset.blocks`, and naming no instruction either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from kernels import kernel, spread
from model.sheets import STRIDE

LANES = 16
"""Output channels a register. A layer's weights are float32 (2 + taps, LANES): biases, PReLU slopes, then the taps in
the order of their source: row, column, channel. What a layer does not use is zero."""

CHANNELS = 10
"""Output channels of the first layer that are in use."""

SIDE = 5
"""Places a side of a window after the first layer and its pooling."""

COUNT, NUMBER = ir.IntType(64), ir.FloatType()
NUMBERS = ir.VectorType(NUMBER, LANES)


def _layer(places: int) -> Any:
    """Return the compiled layer at so many neighbouring places, for numba code.

    It takes addresses of the first place's source, of the layer and of the output, float32 (places, LANES); how many
    numbers lie between the sources of two places, and between two rows of one; the rows, and the taps a row. There is
    at least one of each.
    """

    @intrinsic  # type: ignore[untyped-decorator]
    def compute(_: Any, source: Any, layer: Any, out: Any, step: Any, stride: Any, rows: Any, taps: Any) -> Any:  # noqa: ARG001
        signature = types.void(*[types.uintp] * 3, *[types.intp] * 4)
        return signature, lambda context, builder, _, arguments: _emit(context, builder, arguments, places)

    return compute


def _emit(context: Any, builder: Any, arguments: Any, places: int) -> Any:
    source, layer, out, step, stride, rows, taps = arguments
    source = builder.inttoptr(source, NUMBER.as_pointer())
    layer, out = (builder.inttoptr(address, NUMBERS.as_pointer()) for address in (layer, out))
    biases, slopes = (builder.load(builder.gep(layer, [_count(row)]), align=4) for row in (0, 1))

    def add_row(row: Any, sums: list[Any]) -> list[Any]:
        line = builder.gep(source, [builder.mul(row, stride)])
        weights = builder.gep(layer, [builder.add(_count(2), builder.mul(row, taps))])
        return _repeat(builder, taps, sums, lambda tap, totals: add_tap(line, weights, tap, totals))

    def add_tap(line: Any, weights: Any, tap: Any, sums: list[Any]) -> list[Any]:
        weight, at, totals = builder.load(builder.gep(weights, [tap]), align=4), builder.gep(line, [tap]), []
        for total in sums:
            product = builder.fmul(spread(builder, builder.load(at, align=4), LANES), weight, flags=["contract"])
            totals.append(builder.fadd(product, total, flags=["contract"]))
            at = builder.gep(at, [step])
        return totals

    for place, total in enumerate(_repeat(builder, rows, [biases] * places, add_row)):
        positive = builder.fcmp_ordered(">", total, ir.Constant(NUMBERS, [0.0] * LANES))
        activated = builder.select(positive, total, builder.fmul(total, slopes))
        builder.store(activated, builder.gep(out, [_count(place)]), align=4)
    return context.get_dummy_value()


def _repeat(builder: Any, times: Any, values: list[Any], body: Callable[[Any, list[Any]], list[Any]]) -> list[Any]:
    """Emit a loop that runs at least once: `body` makes new values of its number and of the values before."""
    begun, loop, done = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("done")
    builder.branch(loop)
    builder.position_at_end(loop)
    number, carried = builder.phi(COUNT), [builder.phi(value.type) for value in values]
    made = body(number, carried)
    following = builder.add(number, _count(1))
    # The body may have loops of its own: what goes round comes from where it ended.
    for phi, first, then in zip([number, *carried], [_count(0), *values], [following, *made], strict=True):
        phi.add_incoming(first, begun)
        phi.add_incoming(then, builder.block)
    builder.cbranch(builder.icmp_signed("<", following, times), loop, done)
    builder.position_at_end(done)
    return made


def _count(number: int) -> Any:
    return ir.Constant(COUNT, number)


_one, _three, _ten = (_layer(places) for places in (1, 3, 10))

WEIGHTS = types.Array(types.float32, 2, "C", readonly=True)
PLANES = types.Array(types.float32, 3, "C")
SUMS = types.Array(types.float32, 2, "C")


@kernel(types.void(types.Array(types.float32, 3, "C", readonly=True), types.intp, types.intp, WEIGHTS, PLANES, PLANES))
def _first(pixels: Any, row: int, column: int, layer: Any, wide: Any, pooled: Any) -> None:
    """Convolve a window to (10, 10) places, then take the largest of every four."""
    stride = pixels.shape[1] * 3
    source = pixels.ctypes.data + 4 * (row * stride + column * 3)
    for y in range(SIDE):
        for half in range(2):
            _ten(source, layer.ctypes.data, wide[half].ctypes.data, 3, stride, 3, 9)
            source += 4 * stride
        for x in range(SIDE):
            for lane in range(CHANNELS):
                upper = max(wide[0, 2 * x, lane], wide[0, 2 * x + 1, lane])
                lower = max(wide[1, 2 * x, lane], wide[1, 2 * x + 1, lane])
                pooled[y, x, lane] = max(upper, lower)


@kernel(types.void(PLANES, WEIGHTS, PLANES))
def _second(pooled: Any, layer: Any, out: Any) -> None:
    """Convolve (5, 5) places to (3, 3)."""
    for y in range(3):
        source, stride = pooled[y].ctypes.data, SIDE * CHANNELS
        _three(source, layer.ctypes.data, out[y].ctypes.data, CHANNELS, stride, 3, 3 * CHANNELS)


@kernel(types.void(types.uintp, WEIGHTS, SUMS))
def _dense(source: int, layer: Any, out: Any) -> None:
    """Take every number of the layer before to 16 outputs."""
    _one(source, layer.ctypes.data, out.ctypes.data, 0, 0, 1, len(layer) - 2)


LAYERS = types.UniTuple(WEIGHTS, 5)


@kernel(types.void(PLANES, types.float32, LAYERS, PLANES))
def compute(pixels: Any, least: float, layers: Any, heads: Any) -> None:
    """Replace offsets and score of every window whose score's logit is at least `least`.

    `pixels` is a sheet, float32 (height, width, 3), `heads` (5, rows, columns): four offsets and the logit of windows
    standing at every second pixel. `layers` are the weights of the first and the second convolution, of either half of
    the third, and of the heads.
    """
    wide, pooled = np.empty((2, 2 * SIDE, LANES), np.float32), np.empty((SIDE, SIDE, CHANNELS), np.float32)
    deep, last = np.empty((3, 3, LANES), np.float32), np.empty((2, 1, LANES), np.float32)
    exact = np.empty((1, LANES), np.float32)
    for row in range(heads.shape[1]):
        for column in range(heads.shape[2]):
            if heads[-1, row, column] >= least:
                _first(pixels, STRIDE * row, STRIDE * column, layers[0], wide, pooled)
                _second(pooled, layers[1], deep)
                for half in range(2):
                    _dense(deep.ctypes.data, layers[2 + half], last[half])
                _dense(last.ctypes.data, layers[4], exact)
                for number in range(len(heads)):
                    heads[number, row, column] = exact[0, number]
