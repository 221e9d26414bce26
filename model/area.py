"""Average areas of a photo exactly: every resize that MTCNN needs, from one summed-area table.

The rule is adaptive average pooling, as torch's `interpolate(mode="area")` has it: output pixel i of n covers source
pixels floor(i * size / n) up to ceil((i + 1) * size / n). OpenCV's INTER_AREA weights the partial pixels at the edges
instead, and its results change which faces are found.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.base import Image

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]


def _edges(size: Indices | int, count: int) -> tuple[Indices, Indices]:
    """Return the first and the past-the-end source pixel of each of `count` cells over `size` pixels.

    `size` may be an array; the cells are then the last axis.
    """
    cells = np.arange(count)
    sizes = np.asarray(size)[..., np.newaxis]
    return cells * sizes // count, -((cells + 1) * sizes // -count)


class AreaTable:
    """Hold a photo's summed-area table.

    The sums are 32-bit and may wrap on large photos; a difference of two is right all the same while the area between
    them sums to less than 2**32, as any of up to 16 megapixels does.
    """

    def __init__(self, image: Image) -> None:
        self.height, self.width = image.shape[:2]
        self._sums = cv2.integral(image, sdepth=cv2.CV_32S).view(np.uint32)

    def resize(self, height: int, width: int, rows: slice = slice(None)) -> Floats:
        """Return `rows` of the photo averaged down to (height, width), as float32 (rows, width, 3) in 0..255."""
        top, bottom = (edge[rows] for edge in _edges(self.height, height))
        left, right = _edges(self.width, width)
        strips = self._sums[bottom] - self._sums[top]
        sums = np.take(strips, right, axis=1)
        sums -= np.take(strips, left, axis=1)
        areas = np.multiply.outer((bottom - top).astype(np.float32), (right - left).astype(np.float32))
        averages = sums.astype(np.float32)
        averages *= (1 / areas)[..., np.newaxis]
        return averages

    def windows(self, boxes: Indices, side: int) -> Floats:
        """Return n windows averaged to (side, side), as float32 (n, side, side, 3) in 0..255.

        `boxes` is (n, 4): left, top, right, bottom in whole pixels inside the photo, each at least one pixel wide.
        """
        left, right = (edge + boxes[:, 0:1] for edge in _edges(boxes[:, 2] - boxes[:, 0], side))
        top, bottom = (edge + boxes[:, 1:2] for edge in _edges(boxes[:, 3] - boxes[:, 1], side))
        upper, lower = top[:, :, np.newaxis], bottom[:, :, np.newaxis]
        begin, end = left[:, np.newaxis, :], right[:, np.newaxis, :]
        table = self._sums
        sums = table[lower, end] - table[lower, begin] - table[upper, end] + table[upper, begin]
        areas = ((lower - upper) * (end - begin)).astype(np.float32)
        result: Floats = sums.astype(np.float32) / areas[..., np.newaxis]
        return result
