"""The seam between the import and the face set it adds to: a data folder, or a running server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Quality:
    """Hold what decides whether a face is good enough: confidence in [0, 1], the shorter visible side in pixels."""

    confidence: float
    size: float


@dataclass(frozen=True, slots=True)
class Known:
    """Hold the faces in the face set that came from one photo; no tokens when there are none."""

    tokens: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Added:
    """Hold the tokens of the faces that went in, and the reasons against those that the face set refused."""

    tokens: tuple[str, ...]
    refused: tuple[str, ...] = ()


class SeenPhoto(Protocol):
    """A photo that was looked at, its faces largest first."""

    @property
    def faces(self) -> Sequence[Quality]:
        """Return the faces; raise FaceError when the photo cannot be read."""
        ...

    def add(self, chosen: Sequence[int], name: str) -> Added:
        """Add these faces under a name; after a failure none of them is in.

        Raises FaceTokenError when the photo must be looked at again, FaceError when it cannot go in.
        """
        ...

    def drop(self) -> None:
        """Forget the faces that were not added."""
        ...


class Target(Protocol):
    """Where faces go. `known` and `look` are called from other threads than `SeenPhoto.add`."""

    @property
    def max_bytes(self) -> int:
        """Return the size of the largest file worth reading."""
        ...

    def known(self, digest: bytes) -> Known:
        """Return the faces that came from the photo with this SHA-256."""
        ...

    def look(self, data: bytes, digest: bytes) -> SeenPhoto:
        """Find a photo's faces; raise FaceError when it cannot be read."""
        ...
