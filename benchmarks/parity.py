"""Check that our detector and embedder answer as facenet-pytorch and TensorFlow do on the same weights.

`python -m benchmarks.parity [--weights DIR] [--torch PYTHON] [--tensorflow PYTHON] [--json FILE]`

Every backend runs in a process of its own (`benchmarks.findings`), the references in the environments that
`make parity` builds. The photos are the archive's originals and group photos composed from them. Ends with status 1
when, against facenet-pytorch, fewer than 95 % of the boxes come out equal, a face that it scores 0.9 or more is lost,
or our f32 vectors differ from anyone's by more than 1e-4.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import findings, photos, tables
from benchmarks.machine import described
from benchmarks.matching import BUCKETS, Agreement, agreement, bucket_name
from benchmarks.photos import GroupPhoto
from model.base import Detection, Vectors
from model.crop import aligned_crop
from model.runtime import cpu_has_bf16
from model.weights import ensure, ensure_h5, ensure_photos
from settings import ROOT, Settings

MIN_SHARE = 0.95
SURE = 0.9
MAX_VECTOR_DIFFERENCE = 1e-4

GROUPS = tuple(
    GroupPhoto(megapixels, people)
    for megapixels, people in (
        (0.5, 3), (1, 2), (1, 9), (2, 4), (2, 16), (3, 6), (4, 12), (6, 5), (6, 30), (8, 9), (12, 4), (12, 25),
    )
)  # fmt: skip

Faces = dict[str, list[Detection]]


@dataclass(frozen=True, slots=True)
class Backend:
    """Name a backend and the Python it runs in."""

    name: str
    python: Path


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    # Once, here: the processes below would otherwise each find out.
    ensure(options.weights)
    ensure_h5(options.weights)
    originals = ensure_photos(options.weights)
    references = [Backend("torch", options.torch), Backend("tensorflow", options.tensorflow)]
    ours = [Backend(name, Path(sys.executable)) for name in ("f32", "bf16") if name == "f32" or cpu_has_bf16()]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        compose(originals, folder)
        faces = {each.name: _detect(each, options.weights, folder) for each in [*references, *ours]}
        cut(faces["torch"], folder)
        vectors = {each.name: _embed(each, options.weights, folder) for each in [*references, *ours]}
    report = Report(faces, vectors, [each.name for each in references], [each.name for each in ours])
    print(report.text())
    if options.json:
        options.json.write_text(json.dumps(described(0) | report.numbers(), indent=2) + "\n")
    for failure in report.failures():
        print(f"parity: {failure}", file=sys.stderr)
    return 1 if report.failures() else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parity", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--weights", type=Path, default=Settings.from_environment().weights)
    for name in ("torch", "tensorflow"):
        parser.add_argument(f"--{name}", type=Path, default=ROOT / f".venv-{name}/bin/python", metavar="PYTHON")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args(arguments)


def compose(originals: Path, folder: Path) -> None:
    """Put every photo into `folder`, as PNG: JPEG decoders differ by a grey level from version to version."""
    images = [photos.read(path) for path in photos.listed(originals)]
    for number, image in enumerate(images):
        photos.write(folder / f"original-{number:03d}.png", image)
    for group in GROUPS:
        photos.write(folder / f"{group.name}.png", group.compose(images))


def cut(faces: Faces, folder: Path) -> None:
    """Cut every face out, in the order of the photos' names, into crops.npy."""
    crops = [
        aligned_crop(image, face)
        for name in sorted(faces)
        for image in [photos.read(folder / name)]
        for face in faces[name]
    ]
    np.save(folder / "crops.npy", np.stack(crops))


def _detect(backend: Backend, weights: Path, folder: Path) -> Faces:
    target = folder / f"{backend.name}-faces.npz"
    findings.run(backend.python, "detect", backend.name, weights, folder, target)
    return findings.read_detections(target)


def _embed(backend: Backend, weights: Path, folder: Path) -> Vectors:
    target = folder / f"{backend.name}-vectors.npy"
    findings.run(backend.python, "embed", backend.name, weights, folder / "crops.npy", target)
    vectors: Vectors = np.load(target)
    return vectors


class Report:
    """Compare what every backend found; give it as text, as numbers and as a verdict."""

    def __init__(
        self, faces: dict[str, Faces], vectors: dict[str, Vectors], references: list[str], ours: list[str]
    ) -> None:
        self.photos = len(faces[references[0]])
        self.crops = len(vectors[references[0]])
        self.faces = {(ref, our): agreement(faces[ref], faces[our]) for ref in references for our in ours}
        names = [*references, *ours]
        self.vectors = {
            (one, other): _distances(vectors[one], vectors[other])
            for index, one in enumerate(references)
            for other in names[index + 1 :]
        }

    def failures(self) -> list[str]:
        """Say in one sentence each what is out of bounds; empty when all is well."""
        found = []
        for (reference, our), result in self.faces.items():
            if reference != "torch":
                continue
            if result.share < MIN_SHARE:
                found.append(
                    f"{our}: {result.share:.1%} of facenet-pytorch's boxes came out equal, under {MIN_SHARE:.0%}"
                )
            if lost := result.lost(SURE):
                found.append(f"{our}: {lost} of the faces that facenet-pytorch scores {SURE} or more were not found")
        for (reference, our), (largest, _) in self.vectors.items():
            if our == "f32" and largest > MAX_VECTOR_DIFFERENCE:
                found.append(f"f32 vectors differ from {reference}'s by {largest:.2g}, over {MAX_VECTOR_DIFFERENCE}")
        return found

    def numbers(self) -> dict[str, Any]:
        """Return every number of the tables."""
        return {
            "photos": self.photos,
            "crops": self.crops,
            "detection": [_numbers(*names, result) for names, result in self.faces.items()],
            "embedding": [
                {"reference": one, "backend": other, "max_difference": largest, "max_distance": distance}
                for (one, other), (largest, distance) in self.vectors.items()
            ],
        }

    def text(self) -> str:
        """Lay the tables out."""
        boxes, buckets = [_BOXES], [["", "", *map(bucket_name, BUCKETS)]]
        for (reference, our), result in self.faces.items():
            title = f"{our} against {reference}"
            boxes.append(_box_row(title, result))
            for kind, counts in (("missed", result.missed), ("extra", result.extra)):
                buckets.append([title, kind, *(str(counts[bucket_name(floor)]) for floor in BUCKETS)])
        vectors = [["vectors", "max |difference|", "max distance"]]
        for (one, other), (largest, distance) in self.vectors.items():
            vectors.append([f"{other} against {one}", f"{largest:.2g}", f"{distance:.2g}"])
        head = f"{self.photos} photos, {self.crops} faces by facenet-pytorch (the torch reference)"
        return "\n\n".join([head, tables.text(boxes), tables.text(buckets), tables.text(vectors)])


_BOXES = ["boxes", "faces", "IoU>=0.9", "share", "missed", "extra", "landmarks p50", "p95", "score p95"]


def _box_row(title: str, result: Agreement) -> list[str]:
    counts = [result.faces, result.same, f"{result.share:.1%}", result.missed.total(), result.extra.total()]
    errors = [f"{result.landmarks(50):.2%}", f"{result.landmarks(95):.2%}", f"{result.score_error(95):.4f}"]
    return [title, *map(str, counts), *errors]


def _numbers(reference: str, backend: str, result: Agreement) -> dict[str, Any]:
    return {
        "reference": reference,
        "backend": backend,
        "faces": result.faces,
        "same": result.same,
        "missed": {bucket_name(floor): result.missed[bucket_name(floor)] for floor in BUCKETS},
        "extra": {bucket_name(floor): result.extra[bucket_name(floor)] for floor in BUCKETS},
        "landmark_error_p50": result.landmarks(50),
        "landmark_error_p95": result.landmarks(95),
        "score_error_p95": result.score_error(95),
    }


def _distances(one: Vectors, other: Vectors) -> tuple[float, float]:
    """Return the largest difference of any number and the largest Euclidean distance of any two vectors."""
    difference = one.astype(np.float64) - other
    return float(np.abs(difference).max()), float(np.linalg.norm(difference, axis=1).max())


if __name__ == "__main__":
    raise SystemExit(main())
