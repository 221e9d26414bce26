"""The seams between the engine and the networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""RGB, shape (height, width, 3), upright."""

Crops = NDArray[np.uint8]
"""Aligned faces, RGB, shape (n, 160, 160, 3)."""

Vectors = NDArray[np.float32]
"""Embeddings, shape (n, 128), each of length 1."""

EMBEDDING_DIM = 128

CLASSIFIER_SIDE = 224
"""Side of the classifier's input, pixels."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, pixels."""


@dataclass(frozen=True, slots=True)
class Detection:
    """Hold one face: box and landmarks in pixels of the upright photo.

    `box` is (left, top, right, bottom) and may reach outside the photo. `landmarks` are the left eye, the right eye
    (as the viewer sees them), the nose and the left and right corner of the mouth, each (x, y). `score` is in [0, 1].
    """

    box: Box
    score: float
    landmarks: tuple[tuple[float, float], ...]

    @property
    def width(self) -> float:
        return self.box[2] - self.box[0]

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]

    def visible(self, image: Image) -> Box:
        """Return the part of the box that lies inside the photo."""
        height, width = image.shape[:2]
        left, top, right, bottom = self.box
        return max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))

    def visible_side(self, image: Image) -> float:
        """Return the shorter side of the part inside the photo, pixels: the face's size."""
        left, top, right, bottom = self.visible(image)
        return min(right - left, bottom - top)

    def visible_area(self, image: Image) -> float:
        """Return the area of the part inside the photo, square pixels."""
        left, top, right, bottom = self.visible(image)
        return (right - left) * (bottom - top)


@dataclass(frozen=True, slots=True)
class ModelFingerprint:
    """Name everything that moves an embedding, so that vectors of two models never meet in one face set."""

    network: str
    weights: str
    precision: str
    margin: int
    mirror: bool

    def __str__(self) -> str:
        mirror = "mirrored" if self.mirror else "plain"
        return f"{self.network}/{self.weights[:12]}/{self.precision}/margin{self.margin}/{mirror}"


class Detector(Protocol):
    """Find faces. `load` is idempotent and safe to call from several threads; `detect` loads when needed."""

    def load(self) -> None: ...

    def detect(self, image: Image) -> list[Detection]:
        """Find every face of an upright RGB photo, in no particular order."""
        ...


class Embedder(Protocol):
    """Turn aligned faces into unit vectors. `load` is idempotent; `embed` loads when needed."""

    @property
    def fingerprint(self) -> ModelFingerprint: ...

    def load(self) -> None: ...

    def embed(self, crops: Crops) -> Vectors:
        """Embed n aligned faces; n may be 0, and memory stays bounded however large it is."""
        ...
