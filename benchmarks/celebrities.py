"""The largest face of each of the archive's photos of five people, with its vector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import accuracy, photos
from benchmarks.accuracy import Pairs
from model.base import Detection, Detector, Embedder, Vectors
from model.crop import aligned_crop


@dataclass(frozen=True, slots=True)
class Celebrities:
    """Hold one row per photo with a face: the part (train or val) and person it is of, the face and its vector."""

    parts: list[str]
    people: list[str]
    faces: list[Detection]
    vectors: Vectors
    faceless: int

    def pairs(self) -> Pairs:
        """Return the distances of all pairs of photos."""
        return accuracy.all_pairs(self.vectors, self.people)

    def rank_one(self) -> tuple[int, int]:
        """Return for how many val photos the nearest train photo is of the same person, and how many there are."""
        train, val = self._rows("train"), self._rows("val")
        people = np.array(self.people)
        right = accuracy.rank_one(self.vectors[val], people[val], self.vectors[train], people[train])
        return right, len(val)

    def _rows(self, part: str) -> list[int]:
        return [row for row, mine in enumerate(self.parts) if mine == part]


def measured(folder: Path, detector: Detector, embedder: Embedder) -> Celebrities:
    """Find and embed the largest face of every photo under <folder>/<part>/<person>/, however small it is."""
    parts, people, faces, crops, faceless = [], [], [], [], 0
    for path in photos.listed(folder):
        image = photos.read(path)
        found = detector.detect(image)
        if not found:
            faceless += 1
            continue
        largest = max(found, key=lambda face: face.width * face.height)
        faces.append(largest)
        crops.append(aligned_crop(image, largest))
        people.append(path.parent.name)
        parts.append(path.parent.parent.name)
    return Celebrities(parts, people, faces, embedder.embed(np.stack(crops)), faceless)
