"""Compiled averages of areas, read off a summed-area table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from kernels import kernel

TABLE = types.Array(types.int32, 3, "C")
"""Sums of all pixels above and to the left, int32 (height + 1, width + 1, 3)."""

NUMBERS = types.Array(types.int64, 1, "C")
PIXELS = types.Array(types.float32, 4, "C")


@kernel(types.void(TABLE, NUMBERS, NUMBERS, NUMBERS, NUMBERS, types.Array(types.float32, 3, "A")))
def average_grid(table: Any, tops: Any, bottoms: Any, lefts: Any, rights: Any, out: Any) -> None:
    """Write the average of every cell of a grid, float32 (rows, columns, 3).

    Cell (i, j) spans source rows tops[i] up to bottoms[i] and columns lefts[j] up to rights[j].
    """
    # Unsigned: a signed index costs numba a test for counting from the end.
    begin, end = lefts.astype(np.uint64), rights.astype(np.uint64)
    inverse = (1.0 / (rights - lefts)).astype(np.float32)
    for row in range(len(tops)):
        upper, lower, line = table[tops[row]], table[bottoms[row]], out[row]
        share = np.float32(1.0 / (bottoms[row] - tops[row]))
        for column in range(len(lefts)):
            left, right, area = begin[column], end[column], inverse[column] * share
            for channel in range(3):
                # The sums may have wrapped; their difference has not, if it is kept to 32 bits.
                total = lower[right, channel] - lower[left, channel] - upper[right, channel] + upper[left, channel]
                line[column, channel] = np.float32(np.int32(total)) * area


@kernel(types.void(TABLE, types.Array(types.int64, 2, "C"), PIXELS))
def average_windows(table: Any, boxes: Any, out: Any) -> None:
    """Write n windows averaged to squares into the first n of `out`, float32 (at least n, side, side, 3).

    A box is int64 (left, top, right, bottom).
    """
    side = out.shape[1]
    edges = np.empty((4, side), np.uint64)
    for number in range(len(boxes)):
        left, top, right, bottom = boxes[number]
        for place in range(side):
            edges[0, place] = left + place * (right - left) // side
            edges[1, place] = left - (-(place + 1) * (right - left) // side)
            edges[2, place] = top + place * (bottom - top) // side
            edges[3, place] = top - (-(place + 1) * (bottom - top) // side)
        for y in range(side):
            upper, lower = table[edges[2, y]], table[edges[3, y]]
            for x in range(side):
                begin, end = edges[0, x], edges[1, x]
                area = np.float32(1.0 / ((end - begin) * (edges[3, y] - edges[2, y])))
                for channel in range(3):
                    total = lower[end, channel] - lower[begin, channel] - upper[end, channel] + upper[begin, channel]
                    out[number, y, x, channel] = np.float32(np.int32(total)) * area
