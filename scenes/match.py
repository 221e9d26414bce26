"""Tell whether two photos show the same thing or place from somewhere else."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenes import outline
from scenes.features import Features, Points

MOST_MATCHES = 80
"""How many matches count, those of the least Hamming distance."""

RATIO = 0.8
"""A match must be so much nearer than the second nearest keypoint (Lowe 2004, section 7.1)."""

FEWEST_INLIERS = 12
"""Photos of different scenes have at most 9 by chance; real views of one scene have 13 and more, or as few. See
docs/scenes.md."""

SMALLEST_SPREAD = 0.02
"""Share of one photo or the other that the inliers must lie around: a small mark that a camera prints into every
photo is no scene, but a close-up of one thing among others is."""

REPROJECTION_ERROR = 5.0
"""Pixels of the shrunk photos by which an inlier may miss."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Hold what comparing two photos came to.

    `inliers` of the `matches` agree on one change of view, and lie around `spread` of a photo's area, the greater share
    of the two. `area` is that of the standard photo's outline in the sent one, square pixels as shrunk, and `scale` its
    lines over the standard photo's; `distortion` names what makes it no outline of a photo, if anything does.
    """

    matches: int
    inliers: int = 0
    spread: float = 0.0
    area: float = 0.0
    scale: float = 0.0
    distortion: str | None = None

    @property
    def flaw(self) -> str | None:
        """Name the first guard that says no; None when the sent photo shows the standard photo's scene."""
        if self.matches < FEWEST_INLIERS:
            return "matches"
        if self.inliers < FEWEST_INLIERS:
            return "inliers"
        return "spread" if self.spread < SMALLEST_SPREAD else self.distortion


def same_scene(standard: Features, sent: Features) -> bool:
    """Tell whether the sent photo shows the standard photo's scene; the same two photos always get the same answer."""
    return compare(standard, sent).flaw is None


def compare(standard: Features, sent: Features) -> Comparison:
    """Look for the standard photo's scene in the sent photo, and say how well it was found."""
    origins, targets = _matched(standard, sent)
    if len(origins) < 4:
        return Comparison(len(origins))
    # Its RANSAC draws from a state of its own, the same at every call.
    homography, mask = cv2.findHomography(origins, targets, cv2.RANSAC, REPROJECTION_ERROR)
    if homography is None:
        return Comparison(len(origins))
    inside = np.asarray(mask, np.bool_).ravel()
    inliers = int(inside.sum())
    spread = max(_spread(origins[inside], standard), _spread(targets[inside], sent))
    corners = outline.projected(np.asarray(homography, np.float64), standard.width, standard.height)
    if corners is None:
        return Comparison(len(origins), inliers, spread, distortion="horizon")
    size = standard.width, standard.height
    area, scale = abs(outline.area(corners)), outline.scale(corners, *size)
    return Comparison(len(origins), inliers, spread, area, scale, outline.flaw(corners, *size))


def _matched(standard: Features, sent: Features) -> tuple[Points, Points]:
    """Return the best matches as points (n, 2) of the one photo and of the other, the least distance first.

    A match is the nearest keypoint in both directions, and clearly nearer than the second nearest.
    """
    if min(standard.count, sent.count) < 2:
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    distances, nearest = _neighbours(standard, sent, 2)
    _, back = _neighbours(sent, standard, 1)
    rows = np.arange(standard.count)
    clear = distances[:, 0] < RATIO * distances[:, 1]
    rows = rows[clear & (back[nearest[:, 0], 0] == rows)]
    rows = rows[np.argsort(distances[rows, 0], kind="stable")][:MOST_MATCHES]
    return standard.points[rows], sent.points[nearest[rows, 0]]


def _neighbours(one: Features, other: Features, count: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the Hamming distances to the nearest keypoints in the other photo, and those keypoints' rows."""
    distances, rows = cv2.batchDistance(
        one.descriptors, other.descriptors, cv2.CV_32S, normType=cv2.NORM_HAMMING, K=count
    )
    return np.asarray(distances, np.int32), np.asarray(rows, np.int32)


def _spread(points: Points, photo: Features) -> float:
    """Return the area of the points' convex hull as a share of the photo's."""
    return cv2.contourArea(cv2.convexHull(points)) / (photo.width * photo.height) if len(points) else 0.0
