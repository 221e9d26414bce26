"""MTCNN: faces and five landmarks by three small networks, coarse to fine (Zhang et al., 2016).

P-Net scans an image pyramid, R-Net throws most of its proposals away, O-Net settles boxes and landmarks. The
thresholds, the pyramid factor and every rounding follow the common implementation, so that boxes agree with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.area import AreaTable, table_size
from model.base import Detection, Image
from model.boxes import clipped, moved, squared, suppress
from model.pnet import ProposalNetwork
from model.runtime import Graph, on_all_cores
from model.scratch import Scratch
from model.sheets import STRIDE, WINDOW, Level
from model.weights import ONET, RNET
from threads import cores

Floats = NDArray[np.float32]

MIN_FACE = 20
"""Smallest face looked for, pixels."""

THRESHOLDS = (0.6, 0.7, 0.7)
FACTOR = 0.709
"""Ratio of two neighbouring pyramid levels: the square root of a half, so that the area halves."""

REFINED_AT_ONCE, SETTLED_AT_ONCE = 32, 4
"""Windows that R-Net and O-Net take a run: a new number would cost a compile. O-Net's work is nine times R-Net's."""

MOST_KEPT = 25_000_000
"""Numbers of a summed-area table whose memory is kept: 100 MB, a photo of 8 megapixels."""

MOST_PROPOSALS = 10_000
"""Boxes kept of a pyramid level and of all levels, the best by score. A photo of five hundred people has a few
thousand; without an end, one made of nothing but tiny faces holds the detector for minutes."""


class MTCNN:
    """Detect faces on OpenVINO."""

    def __init__(self, weights: Path, precision: str) -> None:
        self._tables = Scratch(cores(), MOST_KEPT)
        self._pnet = ProposalNetwork(weights, precision)
        self._rnet = Graph(weights / RNET.name, precision, (REFINED_AT_ONCE, 24, 24, 3), parallel=True)
        self._onet = Graph(weights / ONET.name, precision, (SETTLED_AT_ONCE, 48, 48, 3), parallel=True)

    def load(self) -> None:
        """Compile the three networks, so that the first photo finds them warm."""
        self._pnet.load()
        self._rnet.load()
        self._onet.load()

    def detect(self, image: Image) -> list[Detection]:
        """Find every face of an upright RGB uint8 photo (height, width, 3)."""
        with self._tables.lend(table_size(image)) as memory:
            table = AreaTable(image, memory)
            boxes = self._refine(table, self._propose(table))
            return self._settle(table, boxes)

    def _propose(self, table: AreaTable) -> Floats:
        levels = pyramid(table.width, table.height)
        if not levels:
            return np.empty((0, 4), np.float32)
        windows = self._pnet.scan(table, levels, _logit(THRESHOLDS[0]))
        scales = np.array([level.scale for level in levels])[windows.levels, np.newaxis]
        corners = np.stack([windows.columns, windows.rows], axis=1) * STRIDE
        edges = np.concatenate([corners + 1, corners + WINDOW], axis=1) / scales.astype(np.float32)
        boxes, scores = np.floor(edges).astype(np.float32), _sigmoid(windows.logits)
        keep = np.concatenate([_best_of_level(boxes, scores, windows.levels == level) for level in range(len(levels))])
        boxes, scores, offsets = best(boxes[keep], scores[keep], windows.offsets[keep], by=1)
        keep = suppress(boxes, scores, 0.7)
        return squared(moved(boxes[keep], offsets[keep]))

    def _refine(self, table: AreaTable, boxes: Floats) -> Floats:
        windows, present = clipped(boxes, table.width, table.height)
        boxes, windows = boxes[present], windows[present]
        offsets, logits = _run(self._rnet, table, windows)
        passed = logits[:, 0] > _logit(THRESHOLDS[1])
        boxes, scores, offsets = boxes[passed], _sigmoid(logits[passed, 0]), offsets[passed]
        keep = suppress(boxes, scores, 0.7)
        return squared(moved(boxes[keep], offsets[keep], extra=1))

    def _settle(self, table: AreaTable, boxes: Floats) -> list[Detection]:
        windows, present = clipped(boxes, table.width, table.height)
        boxes, windows = boxes[present], windows[present]
        offsets, landmarks, logits = _run(self._onet, table, windows)
        passed = logits[:, 0] > _logit(THRESHOLDS[2])
        boxes, scores = boxes[passed], _sigmoid(logits[passed, 0])
        sides = boxes[:, 2:] - boxes[:, :2] + 1
        # Landmarks come as five x, then five y, as shares of the square that O-Net saw.
        shares = landmarks[passed].reshape(-1, 2, 5).transpose(0, 2, 1)
        points = shares * sides[:, np.newaxis] + boxes[:, np.newaxis, :2] - 1
        boxes = moved(boxes, offsets[passed], extra=1)
        keep = suppress(boxes, scores, 0.7, over="smaller")
        return [_detection(boxes[row], scores[row], points[row]) for row in keep]


def pyramid(width: int, height: int) -> tuple[Level, ...]:
    """Return the levels on which the window of 12 pixels meets faces from MIN_FACE up to the whole photo."""
    levels, scale = [], WINDOW / MIN_FACE
    while min(width, height) * scale >= WINDOW:
        levels.append(Level(scale, int(height * scale + 1), int(width * scale + 1)))
        scale *= FACTOR
    return tuple(levels)


def _best_of_level(boxes: Floats, scores: Floats, mine: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the rows of one level's windows that are left when overlaps are suppressed."""
    rows, boxes, scores = best(np.flatnonzero(mine), boxes[mine], scores[mine], by=2)
    kept: NDArray[np.int64] = rows[suppress(boxes, scores, 0.5)]
    return kept


def best(*columns: NDArray[Any], by: int) -> tuple[NDArray[Any], ...]:
    """Return the rows of the MOST_PROPOSALS highest scores, which are column `by`, in their old order."""
    if len(columns[by]) <= MOST_PROPOSALS:
        return columns
    rows = np.sort(np.argpartition(-columns[by], MOST_PROPOSALS)[:MOST_PROPOSALS])
    return tuple(column[rows] for column in columns)


def _run(graph: Graph, table: AreaTable, windows: NDArray[np.int64]) -> list[Floats]:
    """Run a graph over windows in batches of its own size, the last filled up with what was there before."""

    def part(start: int) -> list[Floats]:
        mine = windows[start : start + graph.shape[0]]
        with graph.request() as request:
            table.windows(mine, request.input)
            return [output[: len(mine)].copy() for output in request.run()]

    parts = on_all_cores(part, range(0, max(len(windows), 1), graph.shape[0]))
    return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]


def _logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def _sigmoid(logits: Floats) -> Floats:
    result: Floats = np.float32(1) / (np.float32(1) + np.exp(-logits))
    return result


def _detection(box: Floats, score: np.float32, points: Floats) -> Detection:
    left, top, right, bottom = (float(edge) for edge in box)
    landmarks = tuple((float(x), float(y)) for x, y in points)
    return Detection((left, top, right, bottom), float(score), landmarks)
