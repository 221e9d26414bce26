"""What the photo benchmark races: its stages, the photos of each, and who takes part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import photos
from benchmarks.contestants import OURS, PEERS, SINGLE
from benchmarks.photos import GroupPhoto, full_hd
from errors import FaceError, StartError
from images import decode
from model.crop import aligned_crop
from model.mtcnn import MTCNN

SIZES = (
    *(GroupPhoto(megapixels, people) for megapixels, people in ((0.2, 1), (0.3, 2), (0.5, 3), (1, 4))),
    full_hd(1),
    *(GroupPhoto(megapixels, people) for megapixels, people in ((3, 5), (4, 6), (6, 7), (8, 8), (10, 9), (12, 10))),
)
"""Eleven photos to detect in."""

CROWDS = (
    *(GroupPhoto(0.5, 1), GroupPhoto(1, 2)),
    *(full_hd(people) for people in (1, 2, 3, 4, 6, 8, 10)),
    *(GroupPhoto(4, 5), GroupPhoto(8, 10)),
)
"""Photos to find and embed everybody in."""

STREAM = (GroupPhoto(0.5, 1), GroupPhoto(1, 2), full_hd(1), full_hd(4))
"""Photos that clients send one after the other."""

BATCHES = (1, 4, 8)
"""Faces embedded at once."""


@dataclass(frozen=True, slots=True)
class Programme:
    """Hold the photos of each stage."""

    sizes: tuple[GroupPhoto, ...]
    crowds: tuple[GroupPhoto, ...]
    stream: tuple[GroupPhoto, ...]


FULL = Programme(SIZES, CROWDS, STREAM)
QUICK = Programme((SIZES[0], full_hd(1)), CROWDS[:2], STREAM[:1])

TIMES, RATES = "ms", "photos/s"


@dataclass(frozen=True, slots=True)
class Case:
    """Hold one question to the contestants, and what it is about."""

    title: str
    question: dict[str, Any]
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """Hold cases, the part of the pipelines that answers them (`task`), and the unit: TIMES or RATES."""

    name: str
    task: str
    contestants: tuple[str, ...]
    cases: tuple[Case, ...]
    unit: str = TIMES


class Pictures:
    """Give photos as files in `folder`: composed from the archive's originals, or somebody's own as they are."""

    def __init__(self, folder: Path, originals: Path, own: bool) -> None:
        self._folder = folder
        paths = photos.listed(originals)
        self._own = [path for path in paths if _is_photo(path)] if own else []
        if own and not self._own:
            raise StartError(f"there is no photo under {originals}")
        self._originals = self._own if own else paths
        self._images = [] if own else [photos.read(path) for path in paths]

    def files(self, groups: Sequence[GroupPhoto]) -> list[Path]:
        """Return the photos of a stage."""
        if self._own:
            return self._own
        return [self._file(group) for group in groups]

    def sendable(self, groups: Sequence[GroupPhoto]) -> list[Path]:
        """Return those that a server takes."""
        return [path for path in self.files(groups) if _is_accepted(path)]

    def crops(self, weights: Path) -> list[Path]:
        """Cut as many faces out of the photos as are embedded at once, and return files of them by BATCHES."""
        faces = self._faces(MTCNN(weights, "f32"))
        found = [face for face, _ in zip(faces, range(max(BATCHES)), strict=False)]
        if not found:
            raise StartError("there is no face in these photos to embed")
        files = [self._folder / f"faces-{count}.npy" for count in BATCHES]
        for path, count in zip(files, BATCHES, strict=True):
            np.save(path, np.stack([found[number % len(found)] for number in range(count)]))
        return files

    def _faces(self, detector: MTCNN) -> Iterable[Any]:
        for path in self._originals:
            image = photos.read(path)
            yield from (aligned_crop(image, face) for face in detector.detect(image))

    def _file(self, group: GroupPhoto) -> Path:
        path = self._folder / f"{group.name}.jpg"
        if not path.exists():
            photos.write(path, group.compose(self._images))
        return path


def contestants(stage: str, peers: Sequence[str], precisions: Sequence[str]) -> tuple[str, ...]:
    """Name who takes part in a stage, ours first."""
    ours = [f"{OURS}-{precision}" for precision in precisions]
    theirs = [name for peer in peers for name in PEERS[peer]]
    if stage in ("detection", "embedding"):
        return (*ours, *(name for name in theirs if name == "facenet-pytorch"))
    if stage == "photo":
        return (*ours, *theirs)
    single = [f"{name}{SINGLE}" for name in theirs if name == "facenet-pytorch"]
    return (*ours, f"{OURS}-http-{precisions[-1]}", *theirs, *single)


def photo_cases(paths: Sequence[Path]) -> tuple[Case, ...]:
    """Ask about one photo after the other."""
    sizes = [photos.read(path).shape for path in paths]
    return tuple(
        Case(path.stem, {"path": str(path)}, width, height)
        for path, (height, width, _) in zip(paths, sizes, strict=True)
    )


def crop_cases(paths: Sequence[Path]) -> tuple[Case, ...]:
    """Ask about so many faces at once."""
    counts = [len(np.load(path)) for path in paths]
    return tuple(
        Case(f"{count} face{'s' * (count > 1)}", {"path": str(path)}) for path, count in zip(paths, counts, strict=True)
    )


def stream_cases(paths: Sequence[Path], threads: Sequence[int], seconds: float) -> tuple[Case, ...]:
    """Ask for photos a second with so many clients."""
    given = {"paths": [str(path) for path in paths], "seconds": seconds}
    return tuple(Case(f"{count} client{'s' * (count > 1)}", {**given, "threads": count}) for count in threads)


def _is_photo(path: Path) -> bool:
    try:
        photos.read(path)
    except ValueError:
        return False
    return True


def _is_accepted(path: Path) -> bool:
    try:
        decode(path.read_bytes())
    except FaceError:
        return False
    return True
