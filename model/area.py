"""Average areas of a photo exactly: every resize that MTCNN needs, from one summed-area table.

The rule is adaptive average pooling, as torch's `interpolate(mode="area")` has it: output pixel i of n covers source
pixels floor(i * size / n) up to ceil((i + 1) * size / n). OpenCV's INTER_AREA weights the partial pixels at the edges
instead, and its results change which faces are found.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.area_kernel import average_grid, average_windows
from model.base import Image

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


def _edges(size: int, count: int, cells: slice) -> tuple[Indices, Indices]:
    """Return the first and the past-the-end source pixel of some of `count` cells over `size` pixels."""
    places = np.arange(count, dtype=np.int64)[cells]
    return places * size // count, -((places + 1) * size // -count)


def table_size(image: Image) -> int:
    """Return how many numbers a photo's table has."""
    height, width = image.shape[:2]
    return int((height + 1) * (width + 1) * 3)


class AreaTable:
    """Hold a photo's summed-area table.

    The sums are 32-bit and may wrap on large photos; a difference of two is right all the same while the area between
    them sums to less than 2**31, as any cell of up to 8 megapixels does.
    """

    def __init__(self, image: Image, memory: NDArray[np.int32] | None = None) -> None:
        """Sum up a photo, in `memory` of `table_size(image)` numbers if given, which belongs to the table then."""
        self.height, self.width = image.shape[:2]
        table = None if memory is None else memory.reshape(self.height + 1, self.width + 1, 3)
        self._sums = cv2.integral(image, table, sdepth=cv2.CV_32S)

    def resize(self, height: int, width: int, rows: slice, columns: slice, out: Floats) -> None:
        """Average the photo down to (height, width) and write some rows and columns of that, 0..255.

        `out` is float32 (rows, columns, 3) and may be a view.
        """
        average_grid(self._sums, *_edges(self.height, height, rows), *_edges(self.width, width, columns), out)

    def windows(self, boxes: Indices, out: Floats) -> None:
        """Write n windows averaged to squares, 0..255, into the first n of `out`, float32 (at least n, side, side, 3).

        `boxes` is (n, 4): left, top, right, bottom in whole pixels inside the photo, each at least one pixel wide.
        """
        average_windows(self._sums, boxes, out)
