"""Photos to measure with: the archive's originals, and group photos composed from them, the same in every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from model.base import Image

ASPECT = 4 / 3


@dataclass(frozen=True, slots=True)
class GroupPhoto:
    """Describe one composed photo: how many originals on how many megapixels."""

    megapixels: float
    people: int
    seed: int = 0
    aspect: float = ASPECT

    @property
    def name(self) -> str:
        return f"group-{self.megapixels:04.1f}mp-{self.people:02d}"

    def compose(self, originals: Sequence[Image]) -> Image:
        """Paste `people` of the originals, drawn without repeating while they last, into the cells of a grid.

        Each fills between half and all of its cell, somewhere in it; a soft random background shows between them.
        """
        random = np.random.default_rng([self.seed, round(self.megapixels * 100), self.people])
        width = round((self.megapixels * 1e6 * self.aspect) ** 0.5)
        height = round(width / self.aspect)
        canvas = _background(width, height, random)
        columns = int(np.ceil(self.people**0.5))
        rows = int(np.ceil(self.people / columns))
        order = np.concatenate([random.permutation(len(originals)) for _ in range(self.people // len(originals) + 1)])
        for place in range(self.people):
            row, column = divmod(place, columns)
            cell = canvas[
                row * height // rows : (row + 1) * height // rows,
                column * width // columns : (column + 1) * width // columns,
            ]
            _paste(cell, originals[order[place]], random)
        return canvas


def full_hd(people: int, seed: int = 0) -> GroupPhoto:
    """Describe a photo of 1920x1080 pixels."""
    return GroupPhoto(1920 * 1080 / 1e6, people, seed, aspect=16 / 9)


def listed(folder: Path) -> list[Path]:
    """List the photos anywhere under `folder`, in the same order everywhere."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def read(path: Path) -> Image:
    """Read a photo as upright RGB."""
    return decode(path.read_bytes())


def decode(data: bytes) -> Image:
    """Decode a photo as upright RGB, whatever its size; raise ValueError when it is none."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise ValueError("not a photo")
    return np.ascontiguousarray(image, np.uint8)


def encoded(image: Image) -> bytes:
    """Encode a photo as JPEG, at OpenCV's own quality."""
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


def write(path: Path, image: Image) -> None:
    """Write a photo; a .png keeps every pixel, a .jpg is written at quality 90."""
    png = path.suffix == ".png"
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1] if png else [cv2.IMWRITE_JPEG_QUALITY, 90]
    if not cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options):
        raise OSError(f"cannot write {path.name}")


def _background(width: int, height: int, random: np.random.Generator) -> Image:
    coarse = random.integers(40, 216, (6, 8, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _paste(cell: Image, original: Image, random: np.random.Generator) -> None:
    fit = min(cell.shape[0] / original.shape[0], cell.shape[1] / original.shape[1])
    scale = fit * random.uniform(0.5, 1.0)
    size = max(1, int(original.shape[1] * scale)), max(1, int(original.shape[0] * scale))
    small = cv2.resize(original, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top = random.integers(0, cell.shape[0] - small.shape[0] + 1)
    left = random.integers(0, cell.shape[1] - small.shape[1] + 1)
    cell[top : top + small.shape[0], left : left + small.shape[1]] = small
