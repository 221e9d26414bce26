"""How well distances tell people apart.

A pair of photos is *genuine* when both show the same person, and a pair of *strangers* otherwise. With a threshold t a
pair counts as the same person when its distance is at most t, as in a search:

- TPR at t: the share of genuine pairs with distance <= t.
- FAR at t: the share of stranger pairs with distance <= t.
- TPR at FAR x: the share of genuine pairs at or under the largest threshold whose FAR is at most x. Every threshold
  short of the first stranger too many will do, so that is the share of genuine pairs strictly nearer than he is.
- AUC: the chance that a genuine pair is nearer than a pair of strangers, both drawn at random; ties count half.
- Rank-1: the share of queries whose nearest stored face is of the same person.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.base import Vectors

Distances = NDArray[np.float64]
Names = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Hold the distances of the genuine and of the stranger pairs, each in ascending order."""

    genuine: Distances
    strangers: Distances

    def tpr(self, threshold: float) -> float:
        """Return the share of genuine pairs at or under the threshold."""
        return _share(self.genuine, threshold)

    def far(self, threshold: float) -> float:
        """Return the share of stranger pairs at or under the threshold."""
        return _share(self.strangers, threshold)

    def tpr_at(self, far: float) -> float:
        """Return the share of genuine pairs at or under the largest threshold whose FAR is at most `far`."""
        # The product may come out a hair under the whole number that it is.
        allowed = math.floor(far * len(self.strangers) + 1e-9)
        if allowed >= len(self.strangers):
            return 1.0
        nearer = np.searchsorted(self.genuine, self.strangers[allowed], side="left")
        return float(nearer) / len(self.genuine)

    def auc(self) -> float:
        """Return the chance that a genuine pair is nearer than a pair of strangers."""
        nearer = np.searchsorted(self.genuine, self.strangers, side="left").sum()
        tied = np.searchsorted(self.genuine, self.strangers, side="right").sum() - nearer
        return float(nearer + tied / 2) / (len(self.genuine) * len(self.strangers))


def all_pairs(vectors: Vectors, people: Sequence[str]) -> Pairs:
    """Return the distances of every two of n unit vectors, float32 (n, 128), of whom `people` says who they show."""
    first, second = np.triu_indices(len(vectors), 1)
    wide = vectors.astype(np.float64)
    distances = np.linalg.norm(wide[first] - wide[second], axis=1)
    names = np.array(people)
    same = names[first] == names[second]
    return Pairs(np.sort(distances[same]), np.sort(distances[~same]))


def rank_one(queries: Vectors, asked: Names, stored: Vectors, people: Names) -> int:
    """Return how many of the queries have a face of the same person as their nearest stored face."""
    wide = stored.astype(np.float64)
    nearest = [int(np.linalg.norm(wide - query, axis=1).argmin()) for query in queries.astype(np.float64)]
    return int((people[nearest] == asked).sum())


def _share(ascending: Distances, threshold: float) -> float:
    return float(np.searchsorted(ascending, threshold, side="right")) / len(ascending)
