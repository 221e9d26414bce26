from __future__ import annotations

import math

import numpy as np
import pytest

from model.base import Detection
from model.crop import MARGIN, SIZE, aligned_crop, eye_angle


def face(box: tuple[float, float, float, float], angle: float = 0.0) -> Detection:
    """A face whose eyes lie on a line at `angle` degrees."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    dx, dy = 10 * math.cos(math.radians(angle)), 10 * math.sin(math.radians(angle))
    return Detection(box, 1.0, ((x - dx, y - dy), (x + dx, y + dy), (x, y), (x, y), (x, y)))


def gradient(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 / width, y * 255 / height, (x + y) * 127 / (width + height)], axis=2).astype(np.uint8)


def test_a_face_of_native_size_is_cut_out_as_it_is() -> None:
    photo = gradient(400, 500)
    inner = SIZE - MARGIN
    crop = aligned_crop(photo, face((200, 150, 200 + inner, 150 + inner)))
    expected = photo[150 - MARGIN // 2 : 150 + inner + MARGIN // 2, 200 - MARGIN // 2 : 200 + inner + MARGIN // 2]
    np.testing.assert_allclose(crop.astype(int), expected.astype(int), atol=1)


def test_a_large_face_is_averaged_by_area() -> None:
    # Stripes one pixel wide: an area average is grey, a sampled one would alias.
    photo = np.zeros((1400, 1400, 3), np.uint8)
    photo[:, ::2] = 255
    inner = 5 * (SIZE - MARGIN)
    crop = aligned_crop(photo, face((300, 300, 300 + inner, 300 + inner)))
    assert abs(crop.astype(float) - 127.5).max() < 30


@pytest.mark.parametrize("angle", [-170, -90, -30, 15, 45, 90, 180])
def test_eyes_come_out_level_at_any_angle(angle: float) -> None:
    photo = np.zeros((600, 600, 3), np.uint8)
    tilted = face((200, 200, 400, 400), angle)
    for (x, y), colour in zip(tilted.landmarks[:2], ((255, 0, 0), (0, 255, 0)), strict=True):
        photo[round(y) - 4 : round(y) + 5, round(x) - 4 : round(x) + 5] = colour
    crop = aligned_crop(photo, tilted)
    (left_y, left_x), (right_y, right_x) = (np.argwhere(crop[:, :, c] > 100).mean(axis=0) for c in (0, 1))
    assert left_y == pytest.approx(right_y, abs=1)
    assert left_x < right_x


def test_width_and_height_are_scaled_apart() -> None:
    photo = gradient(600, 600)
    crop = aligned_crop(photo, face((100, 50, 200, 350)))
    assert crop.shape == (SIZE, SIZE, 3)
    reach = SIZE / (SIZE - MARGIN)
    assert np.ptp(crop[SIZE // 2, :, 0].astype(int)) == pytest.approx(100 * reach * 255 / 600, abs=3)
    assert np.ptp(crop[:, SIZE // 2, 1].astype(int)) == pytest.approx(300 * reach * 255 / 600, abs=3)


def test_outside_the_photo_is_black() -> None:
    white = np.full((100, 100, 3), 255, np.uint8)
    crop = aligned_crop(white, face((-50, -50, 50, 50)))
    assert crop[:70, :70].max() == 0
    assert crop[-70:, -70:].min() == 255


def test_the_angle_is_positive_when_the_right_eye_is_lower() -> None:
    assert eye_angle(face((0, 0, 100, 100), 20)) == pytest.approx(math.radians(20))
