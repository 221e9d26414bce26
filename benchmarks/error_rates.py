"""How often a threshold errs, and how sure that is: strangers accepted (FAR), one person refused (FRR)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import Pairs, all_pairs
from model.base import Vectors

QUANTILE = 1.959964
"""Of the normal distribution, for a two-sided bound at 95 %."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Hold how many of so many cases were errors."""

    errors: int
    cases: int

    @property
    def share(self) -> float:
        return self.errors / self.cases

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the share's 95 % bounds (Wilson's score interval); the upper one of no error is 3.84 / (n + 3.84).

        They are those of independent cases, and pairs of a few people are not.
        """
        squared = QUANTILE**2
        middle = self.errors + squared / 2
        spread = QUANTILE * math.sqrt(self.errors * (self.cases - self.errors) / self.cases + squared / 4)
        low, high = ((middle + sign * spread) / (self.cases + squared) for sign in (-1, 1))
        return max(low, 0.0), min(high, 1.0)


@dataclass(frozen=True, slots=True)
class FaceTable:
    """Hold one row per photo: the person, the detector's score, the face's shorter side in pixels, and the vector."""

    people: NDArray[np.str_]
    scores: NDArray[np.float64]
    sides: NDArray[np.float64]
    vectors: Vectors

    def only(self, kept: NDArray[np.bool_]) -> FaceTable:
        """Return the rows that are kept."""
        return FaceTable(self.people[kept], self.scores[kept], self.sides[kept], self.vectors[kept])

    def pairs(self) -> Pairs:
        """Return the distances of all pairs of photos."""
        return all_pairs(self.vectors, self.people.tolist())

    def confused(self, threshold: float) -> Rate:
        """Count the pairs of people of whom some photo is within the threshold of some photo of the other."""
        people = sorted(set(self.people.tolist()))
        nearest = [
            float(np.linalg.norm(self._of(one)[:, np.newaxis] - self._of(other), axis=2).min())
            for place, one in enumerate(people)
            for other in people[:place]
        ]
        return Rate(sum(distance <= threshold for distance in nearest), len(nearest))

    def _of(self, person: str) -> NDArray[np.float64]:
        mine: NDArray[np.float64] = self.vectors[self.people == person].astype(np.float64)
        return mine


def accepted(pairs: Pairs, threshold: float) -> Rate:
    """Count the pairs of strangers at or under the threshold: FAR."""
    return Rate(int(np.searchsorted(pairs.strangers, threshold, side="right")), len(pairs.strangers))


def refused(pairs: Pairs, threshold: float) -> Rate:
    """Count the pairs of one person beyond the threshold: FRR."""
    within = int(np.searchsorted(pairs.genuine, threshold, side="right"))
    return Rate(len(pairs.genuine) - within, len(pairs.genuine))


def equal_error(pairs: Pairs) -> float:
    """Return the least distance of a pair at which FAR is no longer under FRR."""
    steps = np.unique(np.concatenate([pairs.genuine, pairs.strangers]))
    far = np.searchsorted(pairs.strangers, steps, side="right") / len(pairs.strangers)
    frr = 1 - np.searchsorted(pairs.genuine, steps, side="right") / len(pairs.genuine)
    return float(steps[int(np.argmax(far >= frr))])
