"""Faces as the tests make them up, and what stands of them on the disk."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from faceset.tokens import Face

DIM, FRAGMENT = 128, 64
MODEL = "facenet128/test/f32"


def faces(count: int, seed: int = 0, first: int = 0) -> list[Face]:
    """Make up faces whose names differ in length, so that rows do not fit where others were."""
    vectors = np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)
    lengths = random.Random(seed)
    return [
        Face(f"{number:024}", vector, 0.9, 50.0, name=f"Person {number} " + "n" * lengths.randrange(200))
        for number, vector in enumerate(vectors, first)
    ]


SEALED = "SELECT token, vector, details FROM faces JOIN slots ON slots.id = faces.slot"


def sealed(path: Path) -> dict[str, tuple[bytes, ...]]:
    """Return the vector and the details of each token as they stand in the database."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return {token: values for token, *values in connection.execute(SEALED)}


def readable(folder: Path, made: list[Face]) -> list[str]:
    """Return the tokens of which the name, or any part of the vector as the index has it, stands in any file."""
    held = b"".join(path.read_bytes() for path in folder.iterdir())
    vectors = {face.token: face.vector.tobytes() for face in made}
    starts = range(0, DIM * 4, FRAGMENT)
    names = [face.token for face in made if f"Person {int(face.token)} ".encode() in held]
    return names + [token for token, data in vectors.items() if any(data[at : at + FRAGMENT] in held for at in starts)]
