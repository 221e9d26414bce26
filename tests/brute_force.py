"""What an exact search has to answer, by looking at everything in float64; and indexes to ask."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from faceset import segments
from faceset.index import ExactIndex
from tests.vectors import Floats

Answer = list[tuple[str, float]]


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have segments of a few rows and codes from a few on, so that a handful of vectors crosses every border."""
    monkeypatch.setattr(segments, "SEGMENT_ROWS", 64)
    monkeypatch.setattr(segments, "FIRST_ROWS", 16)
    monkeypatch.setattr(segments, "LEARN_ROWS", 8)
    monkeypatch.setattr(segments, "LEARN_AGAIN", 2)
    monkeypatch.setattr(segments, "LATER_ROWS", 4)
    yield
    # What learns goes by these as long as it does.
    for thread in threading.enumerate():
        if thread.name == "learning":
            thread.join()


def brute_force(stored: dict[str, Floats], query: Floats, threshold: float) -> Answer:
    """Sum exactly in float64, round once to float32, compare, sort by distance and token."""
    found = []
    for token, vector in stored.items():
        squares = (float(difference) ** 2 for difference in vector.astype(np.float64) - query.astype(np.float64))
        distance = float(np.float32(math.sqrt(math.fsum(squares))))
        if distance <= threshold:
            found.append((distance, token))
    return [(token, distance) for distance, token in sorted(found)]


def filled(vectors: Floats) -> tuple[ExactIndex, dict[str, Floats]]:
    stored = {f"t{number:03}": vector for number, vector in enumerate(vectors)}
    index = ExactIndex(vectors.shape[1])
    index.add(list(stored), vectors)
    return index, stored
