"""Cut a face out of a photo the way the embedder expects it: eyes level, a margin around, black outside."""

from __future__ import annotations

import math

import cv2
import numpy as np

from model.base import Detection, Image

SIZE = 160
"""Side of the embedder's input, pixels."""

MARGIN = 24
"""Of the SIZE pixels, how many lie outside the detector's box (half on either side). Best of 8..40 by TPR at FAR 1e-3
on the five-celebrity photos; see docs/decisions."""


def aligned_crop(image: Image, face: Detection) -> Image:
    """Return the face as RGB uint8 (160, 160, 3), turned about the box's centre until the eyes are level.

    Width and height are scaled apart, as in the network's training. Every output pixel is the average of the source
    area it covers; what lies outside the photo is black.
    """
    reach = SIZE / (SIZE - MARGIN)
    width, height = face.width * reach, face.height * reach
    # Warp to a whole multiple of the output size at no less than the source's resolution, then average whole blocks.
    oversampling = max(1, math.ceil(max(width, height) / SIZE))
    side = SIZE * oversampling
    matrix = _source_from_crop(face, width / side, height / side)
    warped = cv2.warpAffine(
        image,
        matrix,
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(0, 0, 0),
    )
    if oversampling > 1:
        warped = cv2.resize(warped, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return np.asarray(warped, np.uint8)


def eye_angle(face: Detection) -> float:
    """Return the angle of the line between the eyes, radians, positive when the right one is lower."""
    (left_x, left_y), (right_x, right_y) = face.landmarks[:2]
    return math.atan2(right_y - left_y, right_x - left_x)


def _source_from_crop(
    face: Detection, x_scale: float, y_scale: float
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the 2x3 matrix from oversampled crop pixels to photo pixels.

    Pixel centres lie at half-integers in box coordinates and at integers in OpenCV's, hence the halves.
    """
    cos, sin = math.cos(eye_angle(face)), math.sin(eye_angle(face))
    linear = np.array([[cos * x_scale, -sin * y_scale], [sin * x_scale, cos * y_scale]])
    left, top, right, bottom = face.box
    side = face.width * SIZE / (SIZE - MARGIN) / x_scale
    offset = np.array([(left + right) / 2, (top + bottom) / 2]) - linear @ np.array([side / 2, side / 2])
    return np.column_stack([linear, offset + linear @ np.array([0.5, 0.5]) - 0.5])
