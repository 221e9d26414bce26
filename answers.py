"""What the engine answers with."""

from __future__ import annotations

from dataclasses import dataclass

from model.base import Box


@dataclass(frozen=True, slots=True)
class FoundFace:
    """Hold one face of a photo: its token, its crop's file name, and where it is, in pixels inside the photo."""

    token: str
    crop: str
    box: Box
    landmarks: tuple[tuple[float, float], ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class DetectedPhoto:
    """Hold what was found in a photo, largest face first; width and height are of the upright photo."""

    width: int
    height: int
    faces: tuple[FoundFace, ...]


@dataclass(frozen=True, slots=True)
class Match:
    token: str
    distance: float
    name: str


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """Hold the matches, nearest first, how many there were before any limit, and how many of those in each bin."""

    token: str
    matches: tuple[Match, ...]
    total: int
    histogram: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class EnrolmentRule:
    """Say which faces may be added: the detector's confidence and the box's shorter side, pixels."""

    min_confidence: float = 0.0
    min_size: float = 0.0

    def reason_against(self, confidence: float | None, size: float | None) -> str | None:
        """Return why a face may not be added, in words, or None."""
        if confidence is not None and confidence < self.min_confidence:
            return f"the detector is {confidence:.3f} sure of this face; at least {self.min_confidence:g} is required"
        if size is not None and size < self.min_size:
            return f"the face is {size:.0f} pixels wide or high; at least {self.min_size:g} are required"
        return None
