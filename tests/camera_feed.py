"""What the browser's camera sees: Y4M films made of photos, which Chromium plays over and over as its fake camera."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from pathlib import Path

import cv2
import numpy as np

from tests.pictures import Pixels

WIDTH, HEIGHT = 640, 480
RATE = 15
"""Frames a second."""

NOISE = 2.0
"""Standard deviation: no two frames of a real camera are the same, however still the person."""


def film(path: Path, frames: Iterable[Pixels]) -> Path:
    """Write RGB frames (HEIGHT, WIDTH, 3) uint8 as a Y4M film, each with noise of its own, and return its path."""
    noise = np.random.default_rng(0)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            grain = noise.normal(0, NOISE, frame.shape[:2])[:, :, None]
            noisy = np.clip(frame + grain, 0, 255).astype(np.uint8)
            file.write(b"FRAME\n" + cv2.cvtColor(noisy, cv2.COLOR_RGB2YUV_I420).tobytes())
    return path


def still(picture: Pixels, seconds: float = 1.0) -> Iterable[Pixels]:
    """Return frames of a person who keeps still: the RGB picture, scaled to fit."""
    return repeat(_placed(picture, 0), round(seconds * RATE))


def nobody(seconds: float = 1.0) -> Iterable[Pixels]:
    """Return frames of an empty wall."""
    wall = np.linspace(90, 150, WIDTH).astype(np.uint8)
    return repeat(np.ascontiguousarray(np.broadcast_to(wall[None, :, None], (HEIGHT, WIDTH, 3))), round(seconds * RATE))


def moving(picture: Pixels, seconds: float = 2.0) -> Iterable[Pixels]:
    """Return frames of a person who sways from side to side, once in the whole time, a quarter of the width wide."""
    count = round(seconds * RATE)
    for number in range(count):
        yield _placed(picture, round(WIDTH / 8 * np.sin(2 * np.pi * number / count)))


def _placed(picture: Pixels, right: int) -> Pixels:
    """Return a frame with the whole picture in its middle, or so many pixels to the right of it, on grey."""
    scale = min(WIDTH / picture.shape[1], HEIGHT / picture.shape[0])
    left = (WIDTH - picture.shape[1] * scale) / 2 + right
    top = (HEIGHT - picture.shape[0] * scale) / 2
    placing = np.array([[scale, 0, left], [0, scale, top]])
    frame = cv2.warpAffine(picture, placing, (WIDTH, HEIGHT), flags=cv2.INTER_AREA, borderValue=(128, 128, 128))
    return np.asarray(frame, np.uint8)
