"""From a photo's bytes to its faces and their vectors: what every request that brings a photo does first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from errors import FaceInfoError, FileError
from images import NATIVE_LIMITS, PhotoLimits, decode
from model.base import EMBEDDING_DIM, Detection, Detector, Embedder, Image
from model.crop import aligned_crop
from threads import LOOKING

MAX_FACES = 1000
"""Faces of one photo; one that seems to have more is refused, not cut."""

EMBED_AT_ONCE = 32
"""Crops held at the same time: memory does not grow with the faces of a photo."""


class Recognizer:
    """Find faces and embed them; safe for many threads."""

    def __init__(self, detector: Detector, embedder: Embedder) -> None:
        self._detector = detector
        self._embedder = embedder

    def load(self) -> None:
        """Load the networks."""
        self._detector.load()
        self._embedder.load()

    def locate(self, data: bytes, limits: PhotoLimits = NATIVE_LIMITS) -> tuple[Image, list[Detection]]:
        """Decode a photo and find its faces of the limits' least size, boxes cut at its edges, largest first.

        Raises FileError and UploadError as `images.decode` does.
        """
        with LOOKING:
            image = decode(data, limits)
            kept = [face for face in self._detector.detect(image) if face.visible_side(image) >= limits.min_face]
        if len(kept) > MAX_FACES:
            raise FileError(f"more than {MAX_FACES} faces were found; cut the photo into parts")
        return image, sorted(kept, key=lambda face: -face.visible_area(image))

    def largest(self, data: bytes, limits: PhotoLimits = NATIVE_LIMITS) -> tuple[Image, Detection]:
        """Decode a photo and return it with its largest face; raise FaceInfoError when there is none."""
        image, found = self.locate(data, limits)
        if not found:
            side = limits.min_face
            raise FaceInfoError(f"no face of at least {side}x{side} pixels was found in the photo")
        return image, found[0]

    def largest_embedded(
        self, data: bytes, limits: PhotoLimits = NATIVE_LIMITS
    ) -> tuple[Image, Detection, NDArray[np.float32]]:
        """Do as `largest` does, and return the face's vector too, float32 (128,)."""
        image, face = self.largest(data, limits)
        return image, face, self.embed(image, [face])[0]

    def embed(self, image: Image, faces: list[Detection]) -> NDArray[np.float32]:
        """Return the vectors of the faces, float32 (n, 128)."""
        vectors = np.empty((len(faces), EMBEDDING_DIM), np.float32)
        for start in range(0, len(faces), EMBED_AT_ONCE):
            crops = [aligned_crop(image, face) for face in faces[start : start + EMBED_AT_ONCE]]
            vectors[start : start + len(crops)] = self._embedder.embed(np.stack(crops))
        return vectors
