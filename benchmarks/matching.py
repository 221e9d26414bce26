"""Pair the faces of two detectors and count where they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from model.base import Detection

SAME = 0.9
"""Intersection over union from which two boxes count as equal."""

FOUND = 0.5
"""Intersection over union from which two boxes count as the same face."""

BUCKETS = (0.99, 0.95, 0.9, 0.8, 0.0)


def bucket_name(floor: float) -> str:
    """Name the score bucket that starts at `floor`."""
    above = BUCKETS[BUCKETS.index(floor) - 1] if floor != BUCKETS[0] else None
    if above is None:
        return f">={floor}"
    return f"{floor}-{above}" if floor else f"<{above}"


def overlap(one: Detection, other: Detection) -> float:
    """Return the intersection of two boxes over their union, in [0, 1]."""
    width = min(one.box[2], other.box[2]) - max(one.box[0], other.box[0])
    height = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.width * one.height + other.width * other.height - shared)


def pair(one: Sequence[Detection], other: Sequence[Detection]) -> list[tuple[int, int, float]]:
    """Pair faces one to one, the best overlap first, down to FOUND; return (row, row, overlap)."""
    overlaps = [(overlap(a, b), i, j) for i, a in enumerate(one) for j, b in enumerate(other)]
    pairs: list[tuple[int, int, float]] = []
    left, right = set(range(len(one))), set(range(len(other)))
    for share, i, j in sorted(overlaps, reverse=True):
        if share >= FOUND and i in left and j in right:
            left.remove(i)
            right.remove(j)
            pairs.append((i, j, share))
    return pairs


@dataclass(slots=True)
class Agreement:
    """Count over many photos how a detector agrees with a reference."""

    faces: int = 0
    same: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    extra: Counter[str] = field(default_factory=Counter)
    landmark_errors: list[float] = field(default_factory=list)
    score_errors: list[float] = field(default_factory=list)

    def add(self, reference: Sequence[Detection], ours: Sequence[Detection]) -> None:
        """Count one photo."""
        pairs = pair(reference, ours)
        self.faces += len(reference)
        self.same += sum(share >= SAME for _, _, share in pairs)
        self.missed.update(_buckets(reference, {i for i, _, _ in pairs}))
        self.extra.update(_buckets(ours, {j for _, j, _ in pairs}))
        for i, j, _ in pairs:
            self.landmark_errors.append(_landmark_error(reference[i], ours[j]))
            self.score_errors.append(abs(reference[i].score - ours[j].score))

    @property
    def share(self) -> float:
        """The share of the reference's faces found with equal boxes."""
        return self.same / self.faces if self.faces else 1.0

    def lost(self, floor: float) -> int:
        """Count the missed faces that the reference scores at least `floor`, a bucket's lower end."""
        return sum(self.missed[bucket_name(start)] for start in BUCKETS if start >= floor)

    def landmarks(self, percent: float) -> float:
        """Return a percentile of the landmark error, as a share of the box width."""
        return _percentile(self.landmark_errors, percent)

    def score_error(self, percent: float) -> float:
        """Return a percentile of the difference of the scores."""
        return _percentile(self.score_errors, percent)


def agreement(reference: Mapping[str, Sequence[Detection]], ours: Mapping[str, Sequence[Detection]]) -> Agreement:
    """Compare two detectors over the same photos."""
    total = Agreement()
    for name, faces in reference.items():
        total.add(faces, ours[name])
    return total


def _percentile(values: list[float], percent: float) -> float:
    return float(np.percentile(values, percent)) if values else 0.0


def _buckets(faces: Sequence[Detection], paired: set[int]) -> list[str]:
    scores = [face.score for index, face in enumerate(faces) if index not in paired]
    return [bucket_name(next(floor for floor in BUCKETS if score >= floor)) for score in scores]


def _landmark_error(one: Detection, other: Detection) -> float:
    """Return the mean distance of the five landmarks, as a share of the reference's box width."""
    distances = np.linalg.norm(np.subtract(one.landmarks, other.landmarks), axis=1)
    return float(distances.mean() / one.width)
