"""Faces as the NHN dialect stores them, made up: thousands in the time of one photo."""

from __future__ import annotations

import random
import uuid
from typing import Any

import numpy as np

from faceset.tokens import Face
from tests.vectors import unit

DIM = 128


def made_up(count: int, seed: int, external_id: str | None = None) -> list[Face]:
    """Return faces of unit vectors, alike for a seed; half of them stand near the first one."""
    numbers, ids = np.random.default_rng(seed), random.Random(seed)
    vectors = numbers.standard_normal((count, DIM))
    vectors[::2] = vectors[0] + vectors[::2] * 0.3
    external: dict[str, Any] = {} if external_id is None else {"external_id": external_id}
    box = {"x0": 0.25, "y0": 0.25, "x1": 0.5, "y1": 0.75}

    def new_id() -> str:
        return str(uuid.UUID(int=ids.getrandbits(128), version=4))

    return [
        Face(new_id(), vector, details={"image_id": new_id(), **external, "bbox": box, "confidence": 99.5})
        for vector in unit(vectors)
    ]
