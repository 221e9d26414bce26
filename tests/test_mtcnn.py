"""The detector on real photos: what it finds, and that its tricks change nothing."""

from __future__ import annotations

import resource
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from model import mtcnn
from model.base import Detection, Image
from model.mtcnn import MTCNN, pyramid
from model.runtime import cpu_has_bf16
from settings import Settings


@pytest.fixture(scope="module")
def detector(settings: Settings) -> MTCNN:
    found = MTCNN(settings.weights, "f32")
    found.load()
    return found


def read(path: Path) -> Image:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), np.uint8)


def portraits(photos: Path, count: int) -> list[Image]:
    return [read(path) for path in sorted(photos.glob("val/*/*.jpg"))[:count]]


def crowd(photos: Path, columns: int, rows: int, side: int) -> Image:
    """One picture of columns x rows portraits."""
    tiles = [cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in portraits(photos, 25)]
    picked = [tiles[index % len(tiles)] for index in range(columns * rows)]
    lines = [np.hstack(picked[row * columns : (row + 1) * columns]) for row in range(rows)]
    return np.ascontiguousarray(np.vstack(lines))


def overlap(a: Detection, b: Detection) -> float:
    left, top = max(a.box[0], b.box[0]), max(a.box[1], b.box[1])
    right, bottom = min(a.box[2], b.box[2]), min(a.box[3], b.box[3])
    shared = max(0.0, right - left) * max(0.0, bottom - top)
    return shared / (a.width * a.height + b.width * b.height - shared)


def test_nearly_every_photo_of_the_archive_has_its_face(detector: MTCNN, photos: Path) -> None:
    found = [detector.detect(read(path)) for path in sorted(photos.glob("*/*/*.jpg"))]
    assert len(found) == 118
    assert sum(1 for faces in found if faces) >= 115
    assert sum(1 for faces in found if any(face.score >= 0.95 for face in faces)) >= 110


def test_landmarks_lie_where_a_face_has_them(detector: MTCNN, photos: Path) -> None:
    for image in portraits(photos, 10):
        face = max(detector.detect(image), key=lambda face: face.score)
        left, right, nose, mouth_left, mouth_right = face.landmarks
        assert left[0] < right[0]
        assert mouth_left[0] < mouth_right[0]
        assert max(left[1], right[1]) < min(mouth_left[1], mouth_right[1])
        assert face.box[0] < nose[0] < face.box[2]
        assert face.box[1] < nose[1] < face.box[3]


@pytest.mark.parametrize("size", [(48, 48), (13, 200), (12, 12), (1, 1), (300, 400)])
def test_a_photo_without_faces_has_none(detector: MTCNN, size: tuple[int, int]) -> None:
    assert detector.detect(np.full((*size, 3), 128, np.uint8)) == []


def test_a_crowd_of_a_hundred_is_found_in_bounded_memory(detector: MTCNN, photos: Path) -> None:
    image = crowd(photos, 10, 10, 180)
    detector.detect(image)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(detector.detect(image)) >= 95
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_a_photo_of_nothing_but_tiny_faces_has_an_end(
    detector: MTCNN, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = crowd(photos, 12, 12, 64)
    found = detector.detect(image)
    monkeypatch.setattr(mtcnn, "MOST_PROPOSALS", 300)
    fewer = detector.detect(image)
    assert 20 <= len(fewer) < len(found)
    # The best by score are kept, in their old order.
    scores = np.array([0.2, 0.9, 0.4, 0.8])
    monkeypatch.setattr(mtcnn, "MOST_PROPOSALS", 2)
    assert mtcnn.best(np.arange(4), scores, by=1)[0].tolist() == [1, 3]


def test_bf16_only_rules_out(detector: MTCNN, settings: Settings, photos: Path) -> None:
    if not cpu_has_bf16():
        pytest.skip("this CPU has no bf16")
    coarse = MTCNN(settings.weights, "bf16")
    for image in [*portraits(photos, 15), crowd(photos, 4, 4, 160)]:
        sure = [face for face in detector.detect(image) if face.score >= 0.9]
        found = coarse.detect(image)
        assert all(max(overlap(face, other) for other in found) > 0.9 for face in sure)


def test_threads_share_one_detector(settings: Settings, photos: Path) -> None:
    shared = MTCNN(settings.weights, "f32")
    images = portraits(photos, 8)
    expected = [len(MTCNN.detect(shared, image)) for image in images]
    answers: dict[int, int] = {}

    def work(number: int) -> None:
        answers[number] = len(shared.detect(images[number]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(images))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answers[number] for number in range(len(images))] == expected


def test_the_pyramid_reaches_from_the_smallest_face_to_the_whole_photo() -> None:
    levels = pyramid(1920, 1080)
    assert levels[0].scale == pytest.approx(0.6)
    assert (levels[0].height, levels[0].width) == (649, 1153)
    assert levels[-1].scale * 1080 >= 12
    assert levels[-1].scale * mtcnn.FACTOR * 1080 < 12
    assert pyramid(19, 400) == ()
