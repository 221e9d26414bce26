"""Distance, cosine distance and similarity of two faces: three scales of one order, each a fixed function of another.

    cosine_distance(d) = 1 - cos = d^2 / 2
    similarity(d) = 100 (1 - (d / 2)^p),   p = ln(1/2) / ln(EQUAL_ERROR / 2)

d is the Euclidean distance of two vectors of length 1, from 0 to 2: d^2 = |u|^2 + |v|^2 - 2 u.v = 2 - 2 cos. Equal
vectors have similarity 100, opposite ones 0, and 50 is the distance at which as large a share of the pairs of strangers
pass as of the pairs of one person fail. It falls strictly with the distance, so a least similarity is a greatest
distance, and a search by similarity is one exact search by distance. The formula and its constant are the same for
every precision and setting, so that the same pair always has the same number. docs/calibration.md has the measurement.
"""

from __future__ import annotations

import math

FARTHEST = 2.0
"""The largest distance of two vectors of length 1."""

EQUAL_ERROR = 1.26
"""The distance whose similarity is 50: the mean of the four settings (f32 and bf16, mirrored or not), rounded."""

SAME_PERSON = 0.5
"""The greatest cosine distance at which a login takes two photos for one person's, a Euclidean distance of 1: the
largest step of 0.05 at which FAR is at most 0.001 by its upper 95 % bound, in both precisions."""

_POWER = math.log(0.5) / math.log(EQUAL_ERROR / FARTHEST)


def similarity(distance: float) -> float:
    """Return the similarity of two faces at a distance from 0 to 2."""
    # Rounding may carry the distance of two opposite vectors past 2.
    return 100 * (1 - math.pow(min(distance, FARTHEST) / FARTHEST, _POWER))


def distance_at(least: float) -> float:
    """Return the greatest distance whose similarity is at least `least`, from 0 to 100."""
    distance = FARTHEST * math.pow(max(1 - least / 100, 0.0), 1 / _POWER)
    # The two formulas round differently: what a search finds must not be answered with less than was asked for.
    while distance > 0 and similarity(distance) < least:
        distance = math.nextafter(distance, 0)
    return distance


def euclidean_distance(cosine: float) -> float:
    """Return the Euclidean distance of two vectors of length 1 whose cosine distance is that."""
    return math.sqrt(2 * cosine)


def cosine_distance(distance: float) -> float:
    """Return the cosine distance, from 0 to 2, of two faces at a distance from 0 to 2."""
    return min(distance, FARTHEST) ** 2 / 2
