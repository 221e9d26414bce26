"""Arithmetic on boxes, as MTCNN's three stages share it. A box is (left, top, right, bottom), float32 (n, 4)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numba import types
from numpy.typing import NDArray

from kernels import kernel

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


def suppress(boxes: Floats, scores: Floats, limit: float, over: Literal["union", "smaller"] = "union") -> Indices:
    """Return the rows to keep, best score first, so that no two kept boxes overlap by more than `limit`.

    The overlap is the intersection over the union or over the smaller of the two boxes. Greedy: a box is compared with
    the better ones that were kept.
    """
    order = np.argsort(-scores, kind="stable")
    kept = np.empty(len(boxes), np.int64)
    count = _greedy(np.ascontiguousarray(boxes, np.float32), order, np.float32(limit), over == "smaller", kept)
    return kept[:count]


@kernel(
    types.int64(
        types.Array(types.float32, 2, "C"), types.Array(types.int64, 1, "C"), types.float32, types.boolean,
        types.Array(types.int64, 1, "C"),
    ),
)  # fmt: skip
def _greedy(boxes: Any, order: Any, limit: Any, over_smaller: Any, kept: Any) -> int:
    zero, count = np.float32(0), 0
    edges, areas = np.empty((4, len(order)), np.float32), np.empty(len(order), np.float32)
    for row in order:
        left, top, right, bottom = boxes[row]
        area, clash = (right - left) * (bottom - top), False
        # Without a way out, so that the loop runs in vector registers.
        for other in range(count):
            width = min(right, edges[2, other]) - max(left, edges[0, other])
            height = min(bottom, edges[3, other]) - max(top, edges[1, other])
            shared = max(width, zero) * max(height, zero)
            base = min(area, areas[other]) if over_smaller else area + areas[other] - shared
            clash |= shared > limit * base
        if not clash:
            edges[0, count], edges[1, count], edges[2, count], edges[3, count] = left, top, right, bottom
            areas[count] = area
            kept[count] = row
            count += 1
    return count


def moved(boxes: Floats, offsets: Floats, extra: float = 0) -> Floats:
    """Move each edge by its offset, a share of the box's width or height (plus `extra` pixels)."""
    sides = boxes[:, 2:] - boxes[:, :2] + np.float32(extra)
    result: Floats = boxes + offsets * np.tile(sides, 2)
    return result


def squared(boxes: Floats) -> Floats:
    """Return squares around the same centres with the longer side."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longer = sides.max(axis=1, keepdims=True)
    corner = boxes[:, :2] + sides * np.float32(0.5) - longer * np.float32(0.5)
    return np.concatenate([corner, corner + longer], axis=1)


def clipped(boxes: Floats, width: int, height: int) -> tuple[Indices, NDArray[np.bool_]]:
    """Return whole-pixel windows inside the photo, and which of them are not empty.

    MTCNN counts pixels from 1 and truncates; its window covers pixel `trunc(left)` (from 1) to `trunc(right)`.
    """
    whole = np.trunc(boxes).astype(np.int64)
    corner = np.maximum(whole[:, :2], 1) - 1
    opposite = np.minimum(whole[:, 2:], (width, height))
    return np.concatenate([corner, opposite], axis=1), np.all(opposite > corner, axis=1)
