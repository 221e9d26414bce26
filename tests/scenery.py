"""Photos for the tests of scenes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tests.pictures import Pixels, decoded, encoded, read

DATA = Path(__file__).parent / "data"
PHOTOS = {name: read(DATA / f"{name}.jpg") for name in ("cat", "coffee", "tripod")}

BLANK = {
    "black": np.zeros((480, 640, 3), np.uint8),
    "white": np.full((480, 640, 3), 255, np.uint8),
    "gradient": decoded(encoded(np.tile(np.linspace(60, 200, 640).astype(np.uint8), (480, 1)))),
}


def textured(height: int, width: int, seed: int = 0) -> Pixels:
    """Return soft random blotches of some eight pixels."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8 + 2, width // 8 + 2, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def pasted(photo: Pixels, top: int, left: int, onto: Pixels) -> Pixels:
    """Return a photo of 640x480 with another one in it."""
    both = np.asarray(cv2.resize(onto, (640, 480)), np.uint8)
    both[top : top + photo.shape[0], left : left + photo.shape[1]] = photo
    return both
