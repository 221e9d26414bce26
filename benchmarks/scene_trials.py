"""Pairs of photos put to the scene comparison and, beside it, to the rule that it replaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, permutations

import cv2
import numpy as np

from benchmarks import scene_changes
from benchmarks.scene_photos import Part
from model.base import Image
from scenes.features import LONGEST_SIDE, Features, features
from scenes.match import Comparison, compare

FEWEST_KEYPOINTS = 80
"""A photo with fewer is no standard photo; the dialect refuses it at registration."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Hold what one pair came to by the guarded rule, and whether the unguarded one accepts it."""

    kind: str
    found: Comparison
    unguarded: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """Count the trials of one kind: how many there are, accepted by either rule, and why the guarded one refused."""

    kind: str
    pairs: int
    guarded: int
    unguarded: int
    reasons: str


class Bench:
    """Compare photos shrunk to one size; features of a photo are found once."""

    def __init__(self, longest_side: int = LONGEST_SIDE) -> None:
        self._side = longest_side
        self._known: dict[int, tuple[Image, Features]] = {}

    def features(self, image: Image) -> Features:
        """Return a photo's features."""
        if id(image) not in self._known:
            self._known[id(image)] = image, features(image, self._side)
        return self._known[id(image)][1]

    def standards(self, images: Iterable[Image]) -> list[Image]:
        """Return the photos that may be registered."""
        return [image for image in images if self.features(image).count >= FEWEST_KEYPOINTS]

    def trials(self, kind: str, pairs: Iterable[tuple[Image, Image]]) -> Iterator[Trial]:
        """Compare pairs of a standard photo and a sent one."""
        for standard, sent in pairs:
            one, other = self.features(standard), features(sent, self._side)
            if one.count >= FEWEST_KEYPOINTS:
                yield Trial(kind, compare(one, other), unguarded(one, other))

    def views(self, part: Part) -> Iterator[Trial]:
        """Compare the real photos of each scene with each other, both ways."""
        for name, images in part.scenes.items():
            yield from self.trials(name.partition(" ")[0] if "chessboard" in name else name, permutations(images, 2))

    def changed(self, part: Part, kinds: Iterable[str] = ()) -> Iterator[Trial]:
        """Compare each photo with itself as changed; only the named kinds, if any are."""
        images = self.standards(part.others)
        for kind, ways in scene_changes.changes(part.others[-1]):
            if not kinds or kind in kinds:
                yield from self.trials(kind, ((image, way(image)) for way in ways for image in images))

    def others(self, part: Part) -> Iterator[Trial]:
        """Compare what is not one scene, though some of it looks it."""
        images = self.standards(part.others)
        yield from self.trials("another scene", permutations(images, 2))
        stamped = [scene_changes.stamped(image) for image in images]
        yield from self.trials("another scene, the same two lines printed into both", combinations(stamped, 2))
        yield from self.trials("the same photo, mirrored", ((image, scene_changes.mirrored(image)) for image in images))
        parts = [scene_changes.halves(image) for image in images]
        yield from self.trials("its left half and its right half", [*parts, *((b, a) for a, b in parts)])
        yield from self.trials("a blank wall", ((image, _wall(image)) for image in images))


def unguarded(standard: Features, sent: Features) -> bool:
    """Judge by the best 80 matches as they come, any homography, and an outline of more than 30 square pixels."""
    if not standard.count or not sent.count:
        return False
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
    best = sorted(matcher.match(standard.descriptors, sent.descriptors), key=lambda match: match.distance)[:80]
    if len(best) < 4:
        return False
    origins = standard.points[[match.queryIdx for match in best]]
    targets = sent.points[[match.trainIdx for match in best]]
    homography, _ = cv2.findHomography(origins, targets, cv2.RANSAC, 5.0)
    if homography is None:
        return False
    width, height = standard.width, standard.height
    corners = np.array([[[0, 0], [0, height - 1], [width - 1, height - 1], [width - 1, 0]]], np.float64)
    return cv2.contourArea(cv2.perspectiveTransform(corners, homography).astype(np.float32)) > 30


def tallied(trials: Iterable[Trial]) -> list[Tally]:
    """Count the trials by kind, in their order."""
    kinds: dict[str, list[Trial]] = {}
    for trial in trials:
        kinds.setdefault(trial.kind, []).append(trial)
    return [_tally(kind, same) for kind, same in kinds.items()]


def total(tallies: Iterable[Tally], kind: str) -> Tally:
    """Add tallies up."""
    rows = list(tallies)
    return Tally(kind, sum(r.pairs for r in rows), sum(r.guarded for r in rows), sum(r.unguarded for r in rows), "")


def _tally(kind: str, trials: list[Trial]) -> Tally:
    flaws = [trial.found.flaw for trial in trials]
    reasons = Counter(flaw for flaw in flaws if flaw).most_common()
    told = ", ".join(f"{reason} {count}" for reason, count in reasons)
    return Tally(kind, len(trials), flaws.count(None), sum(trial.unguarded for trial in trials), told)


def _wall(image: Image) -> Image:
    grey = np.linspace(90, 150, image.shape[1])[None, :, None]
    return np.ascontiguousarray(np.broadcast_to(grey, image.shape), np.uint8)
