"""Arithmetic on boxes, as MTCNN's three stages share it. A box is (left, top, right, bottom), float32 (n, 4)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]


def suppress(boxes: Floats, scores: Floats, limit: float, over: Literal["union", "smaller"] = "union") -> Indices:
    """Return the rows to keep, best score first, so that no two kept boxes overlap by more than `limit`.

    The overlap is the intersection over the union or over the smaller of the two boxes. Greedy; one pass over the
    remaining boxes for each one kept.
    """
    order = np.argsort(-scores, kind="stable")
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        shared = _intersection(boxes[best], boxes[order])
        both = areas[best] + areas[order]
        base = both - shared if over == "union" else np.minimum(areas[best], areas[order])
        order = order[shared <= limit * base]
    return np.array(kept, np.intp)


def _intersection(box: Floats, others: Floats) -> Floats:
    corner = np.maximum(box[:2], others[:, :2])
    opposite = np.minimum(box[2:], others[:, 2:])
    sides = np.maximum(opposite - corner, 0)
    area: Floats = sides[:, 0] * sides[:, 1]
    return area


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
    whole = np.trunc(boxes).astype(np.intp)
    corner = np.maximum(whole[:, :2], 1) - 1
    opposite = np.minimum(whole[:, 2:], (width, height))
    return np.concatenate([corner, opposite], axis=1), np.all(opposite > corner, axis=1)
