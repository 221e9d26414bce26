"""Prewhiten crops for FaceNet, compiled: straight into the network's input, without a copy between."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from kernels import kernel
from model.base import Crops

Floats = NDArray[np.float32]

SHADES = 256


def prewhiten(crops: Crops, out: Floats | None = None) -> Floats:
    """Return each image minus its mean, over its standard deviation, as float32 (n, 3, height, width).

    The deviation is at least 1/sqrt(values), so a flat image does not divide by zero. Rule of the network's training
    (facenet's `prewhiten`). Written into the first n of `out` when that is given.
    """
    count, height, width, channels = crops.shape
    white = np.empty((count, channels, height, width), np.float32) if out is None else out[:count]
    _prewhiten(np.ascontiguousarray(crops), white)
    return white


@kernel(types.void(types.Array(types.uint8, 4, "C", readonly=True), types.Array(types.float32, 4, "C")))
def _prewhiten(crops: Any, white: Any) -> None:
    # What becomes of a shade is worked out 256 times an image and looked up 76,800 times.
    shades = np.empty(SHADES, np.float32)
    for number in range(len(crops)):
        total, squares = np.uint64(0), np.uint64(0)
        for y in range(crops.shape[1]):
            # 32 bits add up twice as fast as 64, and hold the squares of lines of up to 22,000 pixels.
            line_total, line_squares = np.uint32(0), np.uint32(0)
            for value in crops[number, y].reshape(-1):
                wide = np.uint32(value)
                line_total += wide
                line_squares += np.uint32(wide * wide)
            total += line_total
            squares += line_squares
        values = float(crops[number].size)
        mean = total / values
        deviation = max(np.sqrt(max(squares / values - mean * mean, 0.0)), values**-0.5)
        for shade in range(SHADES):
            shades[shade] = (np.float32(shade) - np.float32(mean)) / np.float32(deviation)
        for channel in range(crops.shape[3]):
            for y in range(crops.shape[1]):
                line, out = crops[number, y], white[number, channel, y]
                for x in range(crops.shape[2]):
                    out[x] = shades[line[x, channel]]
