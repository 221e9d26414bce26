"""Run one backend over files and leave what it found in a file, so that each runtime can live in its own environment.

`python -m benchmarks.findings detect BACKEND WEIGHTS PHOTOS OUT.npz`, or `embed BACKEND WEIGHTS CROPS.npy OUT.npy`;
BACKEND is torch, tensorflow, f32 or bf16, the last two our own at that precision.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks import photos
from model.backends import networks
from model.base import Detection, Detector, Embedder

COLUMNS = 15
"""A detection as a row: box (4), score, five landmarks (x, y)."""


def run(python: Path, task: str, backend: str, weights: Path, source: Path, target: Path) -> None:
    """Run this module in another environment; raises CalledProcessError when it fails."""
    command = [python, "-m", "benchmarks.findings", task, backend, weights, source, target]
    subprocess.run([str(part) for part in command], check=True)


def read_detections(path: Path) -> dict[str, list[Detection]]:
    """Return each photo's faces by its file name."""
    with np.load(path) as rows:
        return {name: [_detection(row) for row in rows[name].tolist()] for name in rows.files}


def detect(backend: str, weights: Path, folder: Path, target: Path) -> None:
    """Find the faces of every PNG of `folder`."""
    detector, _ = _networks(backend, weights)
    paths = sorted(folder.glob("*.png"))
    progress = tqdm(paths, desc=f"detect {backend}", unit="photo", leave=False, disable=None)
    found: dict[str, Any] = {path.name: _rows(detector.detect(photos.read(path))) for path in progress}
    np.savez(target, **found)


def embed(backend: str, weights: Path, crops: Path, target: Path) -> None:
    """Embed every aligned face of a uint8 array (n, 160, 160, 3)."""
    _, embedder = _networks(backend, weights)
    np.save(target, embedder.embed(np.load(crops)))


def _networks(backend: str, weights: Path) -> tuple[Detector, Embedder]:
    runtime, precision = (backend, "f32") if backend in {"torch", "tensorflow"} else ("openvino", backend)
    return networks(runtime, precision, mirror=False, weights=weights)


def _rows(faces: Sequence[Detection]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    rows = [[*face.box, face.score, *np.ravel(face.landmarks)] for face in faces]
    return np.array(rows, np.float64).reshape(-1, COLUMNS)


def _detection(row: list[float]) -> Detection:
    left, top, right, bottom, score = row[:5]
    return Detection((left, top, right, bottom), score, tuple(zip(row[5::2], row[6::2], strict=True)))


if __name__ == "__main__":
    task, backend, weights, source, target = sys.argv[1:]
    {"detect": detect, "embed": embed}[task](backend, Path(weights), Path(source), Path(target))
