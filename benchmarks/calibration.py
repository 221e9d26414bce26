"""Calibrate the thresholds, and write docs/calibration.md.

    python -m benchmarks.calibration

The largest face of each photo of seven people: the archive's 118 photos of five, and four of two more people that the
package face-recognition ships for its tests. The networks run once per setting; the vectors stay in build/calibration,
and the page is written from them. Remove that folder to measure again.
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import celebrities
from benchmarks.calibration_page import Setting, page
from benchmarks.error_rates import FaceTable
from errors import StartError
from model.backends import networks
from model.base import Detector, Embedder
from model.package import Package, fetch
from model.weights import ensure_photos
from settings import ROOT, Settings

RESULTS, PAGE = ROOT / "build/calibration", ROOT / "docs/calibration.md"

MORE_PHOTOS = Package(
    name="face-recognition",
    version="1.3.0",
    sha256="5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec",
    megabytes=3,
)
MEMBERS = "/tests/test_images/"


def main() -> int:
    settings = Settings.from_environment()
    try:
        folders = [ensure_photos(settings.weights), _more_photos(RESULTS / "photos")]
        tables = {(precision, mirror): _table(settings, folders, precision, mirror) for precision, mirror in _cases()}
    except StartError as error:
        print(f"calibration: {error}", file=sys.stderr)
        return 2
    PAGE.write_text(page(tables))
    print(PAGE.relative_to(ROOT))
    return 0


def _cases() -> Iterator[Setting]:
    yield from ((precision, mirror) for precision in ("f32", "bf16") for mirror in (False, True))


def _more_photos(folder: Path) -> Path:
    """Unpack the whole faces among the package's photos as <folder>/more/<person>/<file>, once."""
    if folder.exists():
        return folder
    RESULTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RESULTS) as temporary:
        unpacked = Path(temporary) / "photos"
        with tarfile.open(fetch(MORE_PHOTOS, Path(temporary))) as archive:
            for member in archive:
                name = Path(member.name)
                if MEMBERS not in member.name or name.suffix != ".jpg" or "partial" in name.stem:
                    continue
                # The file's name is the person's, with a number behind it from the second photo on.
                photo = unpacked / "more" / name.stem.rstrip("0123456789") / name.name
                photo.parent.mkdir(parents=True, exist_ok=True)
                content = archive.extractfile(member)
                photo.write_bytes(content.read() if content else b"")
        unpacked.rename(folder)
    return folder


def _table(settings: Settings, folders: list[Path], precision: str, mirror: bool) -> FaceTable:
    loaded = networks("openvino", precision, mirror, settings.weights, h5=settings.facenet_h5)
    kept = RESULTS / (str(loaded[1].fingerprint).replace("/", "-") + ".npz")
    if not kept.exists():
        table = measured(folders, *loaded)
        np.savez(kept, people=table.people, scores=table.scores, sides=table.sides, vectors=table.vectors)
    with np.load(kept) as columns:
        return FaceTable(columns["people"], columns["scores"], columns["sides"], columns["vectors"])


def measured(folders: list[Path], detector: Detector, embedder: Embedder) -> FaceTable:
    """Find and embed the largest face of every photo under <folder>/<part>/<person>/ of each folder."""
    found = [celebrities.measured(folder, detector, embedder) for folder in folders]
    faces = [face for each in found for face in each.faces]
    return FaceTable(
        np.array([person for each in found for person in each.people]),
        np.array([face.score for face in faces]),
        np.array([min(face.width, face.height) for face in faces]),
        np.concatenate([each.vectors for each in found]),
    )


if __name__ == "__main__":
    raise SystemExit(main())
