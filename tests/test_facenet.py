"""The embedder: canonical vectors of fixed crops, and the input rule."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from model.base import Crops
from model.facenet import FaceNet, fingerprint, normalised
from model.runtime import cpu_has_bf16
from settings import Settings

CANONICAL = Path(__file__).parent / "data" / "canonical.npz"

FACES = (
    ("val/elton_john/httpcdnlyricssongonlyricsnetwpcontentuploadsEltonJohnDiscographyCDreleasesjpg.jpg", 73, 73),
    ("val/madonna/httpassetsrollingstonecomassetsimagesalbumreviewaffaceabdcccaeedjpg.jpg", 64, 82),
)
"""Photo, and the left and top edge of a window with a face in it. Cut without any scaling, so that the crops are the
same bytes on every machine."""


def canonical_crops(photos: Path) -> Crops:
    """Two faces, a ramp and noise."""
    real = [
        np.asarray(cv2.imread(str(photos / name), cv2.IMREAD_COLOR_RGB))[top : top + 160, left : left + 160]
        for name, left, top in FACES
    ]
    ramp = np.linspace(0, 255, 160 * 160 * 3).reshape(160, 160, 3).astype(np.uint8)
    noise = np.random.default_rng(7).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    return np.stack([*real, ramp, noise])


@pytest.fixture(scope="module")
def facenet(settings: Settings) -> FaceNet:
    return FaceNet(settings.weights, "f32", mirror=False)


def test_canonical_vectors_in_f32(facenet: FaceNet, photos: Path) -> None:
    known = np.load(CANONICAL)
    crops = canonical_crops(photos)
    assert np.linalg.norm(facenet.embed(crops) - known["plain"], axis=1).max() < 1e-4


def test_canonical_vectors_mirrored(settings: Settings, photos: Path) -> None:
    known = np.load(CANONICAL)
    mirrored = FaceNet(settings.weights, "f32", mirror=True).embed(canonical_crops(photos))
    assert np.linalg.norm(mirrored - known["mirrored"], axis=1).max() < 1e-4


def test_canonical_vectors_in_bf16(settings: Settings, photos: Path) -> None:
    if not cpu_has_bf16():
        pytest.skip("this CPU has no bf16")
    known = np.load(CANONICAL)
    vectors = FaceNet(settings.weights, "bf16", mirror=False).embed(canonical_crops(photos))
    # 0.05 for faces; noise and ramps are no faces and may move further.
    assert np.linalg.norm(vectors - known["plain"], axis=1)[: len(FACES)].max() < 0.05


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 9, 20])
def test_any_number_of_faces_gives_unit_vectors(facenet: FaceNet, count: int) -> None:
    crops = np.random.default_rng(count).integers(0, 256, (count, 160, 160, 3), dtype=np.uint8)
    vectors = facenet.embed(crops)
    assert vectors.shape == (count, 128)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    if count:
        np.testing.assert_allclose(vectors[-1], facenet.embed(crops[-1:])[0], atol=1e-5)


def test_normalising_nothing_is_no_error() -> None:
    assert not normalised(np.zeros((1, 128), np.float32)).any()


def test_the_fingerprint_tells_models_apart() -> None:
    made = {str(fingerprint(precision, mirror)) for precision in ("f32", "bf16") for mirror in (False, True)}
    assert len(made) == 4
    assert "facenet128/6acdd8fb3a3f/f32/margin24/plain" in made
