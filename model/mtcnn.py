"""MTCNN: faces and five landmarks by three small networks, coarse to fine (Zhang et al., 2016).

P-Net scans an image pyramid, R-Net throws most of its proposals away, O-Net settles boxes and landmarks. The
thresholds, the pyramid factor and every rounding follow the common implementation, so that boxes agree with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.area import AreaTable
from model.base import Detection, Image
from model.boxes import clipped, moved, squared, suppress
from model.runtime import Graph
from model.weights import ONET, PNET, RNET

Floats = NDArray[np.float32]

MIN_FACE = 20
"""Smallest face looked for, pixels."""

THRESHOLDS = (0.6, 0.7, 0.7)
FACTOR = 0.709
"""Ratio of two neighbouring pyramid levels: the square root of a half, so that the area halves."""

WINDOW = 12
STRIDE = 2

STRIP_ROWS = 128
"""P-Net output rows a run. Its input is cut into strips, so that scratch memory is bounded whatever the photo
and stays in the cache."""

BATCH = 32

MOST_PROPOSALS = 10_000
"""Boxes kept of a pyramid level and of all levels, the best by score. A photo of five hundred people has a few
thousand; without an end, one made of nothing but tiny faces holds the detector for minutes."""


class MTCNN:
    """Detect faces on OpenVINO."""

    def __init__(self, weights: Path, precision: str) -> None:
        # In bf16, P-Net's offsets move small boxes: 94 % at IoU >= 0.9 with facenet-pytorch's, against 98 % in f32 that
        # takes a tenth longer. The two later networks do not care.
        self._pnet = Graph(weights / PNET.name, "f32")
        self._rnet = Graph(weights / RNET.name, precision)
        self._onet = Graph(weights / ONET.name, precision)

    def load(self) -> None:
        """Compile the three networks and run each once, so that the first photo finds them warm."""
        self._pnet(np.zeros((1, 64, 64, 3), np.float32))
        self._rnet(np.zeros((BATCH, 24, 24, 3), np.float32))
        self._onet(np.zeros((BATCH, 48, 48, 3), np.float32))

    def detect(self, image: Image) -> list[Detection]:
        """Find every face of an upright RGB uint8 photo (height, width, 3)."""
        table = AreaTable(image)
        boxes = self._refine(table, self._propose(table))
        return self._settle(table, boxes)

    def _propose(self, table: AreaTable) -> Floats:
        found = [self._scan(table, scale) for scale in pyramid(table.width, table.height)]
        if not found:
            return np.empty((0, 4), np.float32)
        boxes, scores, offsets = best(*(np.concatenate(part) for part in zip(*found, strict=True)), by=1)
        keep = suppress(boxes, scores, 0.7)
        return squared(moved(boxes[keep], offsets[keep]))

    def _scan(self, table: AreaTable, scale: float) -> tuple[Floats, Floats, Floats]:
        """Run P-Net over one level; return its boxes in source pixels, scores and offsets, overlaps suppressed."""
        height, width = int(table.height * scale + 1), int(table.width * scale + 1)
        strips = []
        for first, rows in _strips(height):
            offsets, logits = self._pnet(table.resize(height, width, rows)[np.newaxis])
            y, x = np.nonzero(logits[0, 0] >= _logit(THRESHOLDS[0]))
            strips.append((y + first, x, _sigmoid(logits[0, 0, y, x]), offsets[0, :, y, x]))
        y, x, scores, offsets = best(*(np.concatenate(part) for part in zip(*strips, strict=True)), by=2)
        corner = np.stack([x, y], axis=1) * STRIDE
        edges = np.concatenate([corner + 1, corner + WINDOW], axis=1) / np.float32(scale)
        boxes = np.floor(edges).astype(np.float32)
        keep = suppress(boxes, scores, 0.5)
        return boxes[keep], scores[keep], offsets[keep]

    def _refine(self, table: AreaTable, boxes: Floats) -> Floats:
        windows, present = clipped(boxes, table.width, table.height)
        boxes, windows = boxes[present], windows[present]
        offsets, logits = _run(self._rnet, table, windows, 24, (4, 1))
        passed = logits[:, 0] > _logit(THRESHOLDS[1])
        boxes, scores, offsets = boxes[passed], _sigmoid(logits[passed, 0]), offsets[passed]
        keep = suppress(boxes, scores, 0.7)
        return squared(moved(boxes[keep], offsets[keep], extra=1))

    def _settle(self, table: AreaTable, boxes: Floats) -> list[Detection]:
        windows, present = clipped(boxes, table.width, table.height)
        boxes, windows = boxes[present], windows[present]
        offsets, landmarks, logits = _run(self._onet, table, windows, 48, (4, 10, 1))
        passed = logits[:, 0] > _logit(THRESHOLDS[2])
        boxes, scores = boxes[passed], _sigmoid(logits[passed, 0])
        sides = boxes[:, 2:] - boxes[:, :2] + 1
        # Landmarks come as five x, then five y, as shares of the square that O-Net saw.
        shares = landmarks[passed].reshape(-1, 2, 5).transpose(0, 2, 1)
        points = shares * sides[:, np.newaxis] + boxes[:, np.newaxis, :2] - 1
        boxes = moved(boxes, offsets[passed], extra=1)
        keep = suppress(boxes, scores, 0.7, over="smaller")
        return [_detection(boxes[row], scores[row], points[row]) for row in keep]


def pyramid(width: int, height: int) -> list[float]:
    """Return the scales at which the window of 12 pixels meets faces from MIN_FACE up to the whole photo."""
    scales, scale = [], WINDOW / MIN_FACE
    while min(width, height) * scale >= WINDOW:
        scales.append(scale)
        scale *= FACTOR
    return scales


def best(*columns: NDArray[Any], by: int) -> tuple[NDArray[Any], ...]:
    """Return the rows of the MOST_PROPOSALS highest scores, which are column `by`, in their old order."""
    if len(columns[by]) <= MOST_PROPOSALS:
        return columns
    rows = np.sort(np.argpartition(-columns[by], MOST_PROPOSALS)[:MOST_PROPOSALS])
    return tuple(column[rows] for column in columns)


def _strips(height: int) -> Iterator[tuple[int, slice]]:
    """Cut a level into strips that overlap by the window, as (first output row, input rows).

    The answers are those of the whole level: output row r sees input rows 2r to 2r + 11, and every strip but the last
    has an even number of rows, so pooling never meets an edge that is not the level's own.
    """
    overlap = WINDOW - STRIDE
    for first in range(0, max(1, (height - overlap) // STRIDE), STRIP_ROWS):
        last = (first + STRIP_ROWS) * STRIDE + overlap
        # A remainder too short for one output row joins this strip.
        if height - last < STRIDE:
            yield first, slice(first * STRIDE, height)
            return
        yield first, slice(first * STRIDE, last)


def _run(graph: Graph, table: AreaTable, windows: NDArray[np.intp], side: int, widths: tuple[int, ...]) -> list[Floats]:
    """Run a graph over windows in fixed batches, since each new batch size would cost a compile."""
    outputs = [np.empty((len(windows), width), np.float32) for width in widths]
    for start in range(0, len(windows), BATCH):
        part = windows[start : start + BATCH]
        pixels = np.zeros((BATCH, side, side, 3), np.float32)
        pixels[: len(part)] = table.windows(part, side)
        for output, result in zip(outputs, graph(pixels), strict=True):
            output[start : start + len(part)] = result[: len(part)]
    return outputs


def _logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def _sigmoid(logits: Floats) -> Floats:
    result: Floats = np.float32(1) / (np.float32(1) + np.exp(-logits))
    return result


def _detection(box: Floats, score: np.float32, points: Floats) -> Detection:
    left, top, right, bottom = (float(edge) for edge in box)
    landmarks = tuple((float(x), float(y)) for x, y in points)
    return Detection((left, top, right, bottom), float(score), landmarks)
