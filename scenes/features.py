"""What a photo of a thing or a place is recognised by: AKAZE keypoints and their binary descriptors."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from images import Image, scaled_down

Points = NDArray[np.float32]
Descriptors = NDArray[np.uint8]

LONGEST_SIDE = 640
"""Pixels of the longer side that a photo is shrunk to. 800 knows one more of 172 pairs again and takes twice as long;
480 leaves one more photo in 26 with too few keypoints to be registered. See docs/scenes.md."""

MOST_KEYPOINTS = 1500
"""How many keypoints are kept, those of the strongest response: matching takes the product of two photos' counts."""

SMALLEST_SIDE = 48
"""Pixels of the shorter side below which a photo has no keypoint. AKAZE finds none there, and fails on a single row."""

DESCRIPTOR_BYTES = 61


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Hold keypoints (n, 2) as x, y in pixels of the shrunk photo, descriptors uint8 (n, 61) and that photo's size."""

    points: Points
    descriptors: Descriptors
    width: int
    height: int

    @property
    def count(self) -> int:
        """Return how many keypoints there are, at most MOST_KEYPOINTS."""
        return len(self.points)


def features(image: Image, longest_side: int = LONGEST_SIDE) -> Features:
    """Find the keypoints of an RGB uint8 photo (height, width, 3), at most MOST_KEYPOINTS of them.

    The photo is shrunk to `longest_side` pixels and made grey first; a smaller one keeps its size. The same photo
    always has the same features, on any thread.
    """
    grey = cv2.cvtColor(scaled_down(image, longest_side), cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    points: Points = np.empty((0, 2), np.float32)
    descriptors: Descriptors = np.empty((0, DESCRIPTOR_BYTES), np.uint8)
    if min(width, height) >= SMALLEST_SIDE:
        # A detector keeps the scale space of its photo, so each call has its own.
        keypoints, found = cv2.xfeatures2d.AKAZE.create(max_points=MOST_KEYPOINTS).detectAndCompute(grey, None)
        if keypoints:
            points = np.asarray(cv2.KeyPoint.convert(keypoints), np.float32)
            descriptors = np.asarray(found, np.uint8)
    return Features(points, descriptors, width, height)
