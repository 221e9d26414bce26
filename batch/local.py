"""The import's target when no server runs: the data folder of the settings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import cv2

from batch.target import Added, Known, Quality
from engine import DEFAULT_GROUP, FaceEngine
from errors import InternalError
from images import PhotoLimits, pixel_size
from model.base import Detection, Image

MAX_PIXELS = 64_000_000
"""Looking at a photo takes 24 bytes a pixel: 1.5 GB here."""

LIMITS = PhotoLimits(max_side=12_000, max_bytes=32 * 1024 * 1024, max_pixels=MAX_PIXELS)
"""More than the API takes: the files are the user's own, and nobody else waits."""

AHEAD_PIXELS = 16_000_000
"""Photos with more are looked at when it is their turn, so that two of them are never in memory at once."""

ROWS = 1000


class LocalTarget:
    """Add to the face set of an open engine.

    A photo's faces go in by one transaction, so a killed run leaves no half of a photo.
    """

    max_bytes = LIMITS.max_bytes

    def __init__(self, engine: FaceEngine) -> None:
        self._engine = engine

    def known(self, digest: bytes) -> Known:
        """Return the faces that came from the photo with this SHA-256."""
        faces, _ = self._engine.faceset.page(DEFAULT_GROUP, ROWS, photo_sha256=digest)
        return Known(tuple(face.token for face in faces), faces[0].name if faces else "")

    def look(self, data: bytes, _digest: bytes) -> LocalPhoto:
        """Find a photo's faces; raise FaceError when it cannot be read."""
        width, height = pixel_size(data)
        photo = LocalPhoto(self._engine, data)
        if not AHEAD_PIXELS < width * height <= MAX_PIXELS:
            _ = photo.faces
        return photo


class LocalPhoto:
    """Hold a photo and, once they are asked for, its pixels and faces."""

    def __init__(self, engine: FaceEngine, data: bytes) -> None:
        self._engine = engine
        self._data = data

    @cached_property
    def _located(self) -> tuple[Image, list[Detection]]:
        try:
            return self._engine.recognizer.locate(self._data, LIMITS)
        except (MemoryError, cv2.error) as error:
            raise InternalError("there is not enough memory to look at the photo; scale it down") from error

    @cached_property
    def faces(self) -> list[Quality]:
        """Return the faces, largest first; raise FaceError when the photo cannot be read."""
        image, found = self._located
        return [Quality(face.score, face.visible_side(image)) for face in found]

    def add(self, chosen: Sequence[int], name: str) -> Added:
        """Add these faces under a name, all or none."""
        image, found = self._located
        return Added(tuple(self._engine.add_photo(self._data, image, [found[row] for row in chosen], name)))

    def drop(self) -> None:
        """Do nothing: what was not added was never kept."""
