"""Where a photo's four corners come to lie in another photo, and whether a camera could have brought them there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Homography = NDArray[np.float64]
Corners = NDArray[np.float64]

SMALLEST_AREA = 30.0
"""Square pixels; at or under it there is no picture."""

SMALLEST_SCALE, LARGEST_SCALE = 1 / 4, 4.0
"""How many times as long the standard photo's lines may be in the sent one, both as shrunk. AKAZE's four octaves find
little again beyond it."""

SMALLEST_FULLNESS = 0.1
"""Area over the square of the longest side, as a share of what it is in the standard photo. A flat thing that is turned
60 degrees away has a half; a quadrilateral that has collapsed has next to nothing."""


def projected(homography: Homography, width: int, height: int) -> Corners | None:
    """Return the corners (4, 2) of a photo of that size, clockwise from the upper left, as another photo has them.

    None when one of them would lie at or behind the camera's horizon: then there is no quadrilateral.
    """
    mapped = np.column_stack([_corners(width, height), np.ones(4)]) @ homography.T
    # A homography's sign means nothing, but corners of different signs lie on either side of the horizon.
    depth = mapped[:, 2] * np.sign(mapped[:, 2].sum())
    if depth.min() <= 1e-9:
        return None
    return np.asarray(mapped[:, :2] / mapped[:, 2:], np.float64)


def area(corners: Corners) -> float:
    """Return the area of a quadrilateral by the shoelace formula; negative when its corners run the other way round."""
    x, y = corners.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def scale(corners: Corners, width: int, height: int) -> float:
    """Return how many times as long lines have become, from the areas; 0 for a mirrored quadrilateral."""
    return float(np.sqrt(max(area(corners), 0.0) / (width * height)))


def flaw(corners: Corners, width: int, height: int) -> str | None:
    """Say why no camera that sees the photo of that size again could bring its corners there; None when one could."""
    if area(corners) < 0 and _is_convex(corners[::-1]):
        return "mirrored"
    if not _is_convex(corners):
        return "not convex"
    if area(corners) <= SMALLEST_AREA or _fullness(corners) < SMALLEST_FULLNESS * _fullness(_corners(width, height)):
        return "collapsed"
    if not SMALLEST_SCALE <= scale(corners, width, height) <= LARGEST_SCALE:
        return "scale"
    return None


def _corners(width: int, height: int) -> Corners:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)


def _is_convex(corners: Corners) -> bool:
    """Tell whether every corner turns clockwise, as the eye sees it; a self-crossing quadrilateral turns both ways."""
    x, y = (np.roll(corners, -1, axis=0) - corners).T
    return bool((x * np.roll(y, -1) - y * np.roll(x, -1) > 0).all())


def _fullness(corners: Corners) -> float:
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    return area(corners) / float(sides.max()) ** 2
