"""Similarity, 0 to 100, for clients that think in it: one fixed function of the distance of two faces.

    similarity(d) = 100 (1 - (d / 2)^p),   p = ln(1/2) / ln(EQUAL_ERROR / 2)

d is the Euclidean distance of two vectors of length 1, from 0 to 2. Equal vectors have 100, opposite ones 0, and 50 is
the distance at which as many pairs of strangers pass as pairs of one person fail. It falls strictly with the distance,
so a least similarity is a greatest distance, and a search by similarity is one exact search by distance.
"""

from __future__ import annotations

import math

FARTHEST = 2.0
"""The largest distance of two vectors of length 1."""

EQUAL_ERROR = 1.23
"""The distance whose similarity is 50."""

_POWER = math.log(0.5) / math.log(EQUAL_ERROR / FARTHEST)


def similarity(distance: float) -> float:
    """Return the similarity of two faces at a distance from 0 to 2."""
    # Rounding may carry the distance of two opposite vectors past 2.
    return 100 * (1 - (min(distance, FARTHEST) / FARTHEST) ** _POWER)


def distance_at(least: float) -> float:
    """Return the greatest distance whose similarity is at least `least`, from 0 to 100."""
    distance = FARTHEST * max(1 - least / 100, 0.0) ** (1 / _POWER)
    # The two formulas round differently: what a search finds must not be answered with less than was asked for.
    while distance > 0 and similarity(distance) < least:
        distance = math.nextafter(distance, 0)
    return distance
