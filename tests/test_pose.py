"""How a head is turned: rendered heads of known pose, and mirrored photos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.base import Detection
from model.mtcnn import MTCNN
from model.pose import HEAD, pose
from settings import Settings

WIDTH, HEIGHT = 1280, 960

# Heads that differ: long and short noses, wide and narrow, as far as most adults do.
HEADS = (HEAD, HEAD * [1.08, 1, 1], HEAD * [1, 1.08, 1], HEAD * [1, 1, 1.15], HEAD * [0.94, 1, 0.9])


def turned(pitch: float, yaw: float, roll: float) -> NDArray[np.float64]:
    """The rotation of a head that looks up, then turns to the camera's right, then leans clockwise."""
    up, right, lean = np.radians([pitch, yaw, roll])
    about = {
        "x": [[1, 0, 0], [0, np.cos(up), np.sin(up)], [0, -np.sin(up), np.cos(up)]],
        "y": [[np.cos(right), 0, -np.sin(right)], [0, 1, 0], [np.sin(right), 0, np.cos(right)]],
        "z": [[np.cos(lean), -np.sin(lean), 0], [np.sin(lean), np.cos(lean), 0], [0, 0, 1]],
    }
    rotation: NDArray[np.float64] = np.array(about["z"]) @ np.array(about["y"]) @ np.array(about["x"])
    return rotation


def rendered(head: NDArray[np.float64], rotation: NDArray[np.float64], place: tuple[float, float, float]) -> Detection:
    """A photo of a head at a place before the camera, millimetres."""
    points = head @ rotation.T + np.array(place)
    seen = points[:, :2] / points[:, 2:] * max(WIDTH, HEIGHT) + np.array([WIDTH, HEIGHT]) / 2
    return Detection((0.0, 0.0, 1.0, 1.0), 1.0, tuple((float(x), float(y)) for x, y in seen))


@given(st.floats(-30, 30), st.floats(-50, 50), st.floats(-60, 60), st.floats(400, 3000))
@hypothesis_settings(deadline=None)
def test_a_generic_head(pitch: float, yaw: float, roll: float, away: float) -> None:
    found = pose(rendered(HEAD, turned(pitch, yaw, roll), (0, 0, away)), WIDTH, HEIGHT)
    ahead = -turned(pitch, yaw, roll)[:, 2]
    wanted_yaw = np.degrees(np.arctan2(ahead[0], -ahead[2]))
    wanted_pitch = np.degrees(np.arctan2(-ahead[1], np.hypot(ahead[0], ahead[2])))
    assert found == pytest.approx((wanted_pitch, wanted_yaw, roll_of(turned(pitch, yaw, roll))), abs=0.5)


def roll_of(rotation: NDArray[np.float64]) -> float:
    return float(np.degrees(np.arctan2(rotation[1, 0], rotation[0, 0])))


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("angle", [-40, -20, 20, 40])
def test_one_turn_at_a_time_has_its_sign_and_size(head: NDArray[np.float64], axis: int, angle: float) -> None:
    angles = [0.0, 0.0, 0.0]
    angles[axis] = angle * (0.6 if axis == 0 else 1)
    found = pose(rendered(head, turned(*angles), (80, -40, 900)), WIDTH, HEIGHT)
    # Off the middle of the photo, a head that looks straight ahead does not look into the camera.
    assert found == pytest.approx(tuple(angles), abs=9)
    assert np.sign(found[axis]) == np.sign(angles[axis])


def test_five_points_on_one_spot_are_no_error() -> None:
    assert all(np.isfinite(pose(Detection((0, 0, 1, 1), 1.0, ((5.0, 5.0),) * 5), 100, 100)))


def test_mirrored_photos_turn_the_other_way(settings: Settings, photos: Path) -> None:
    detector = MTCNN(settings.weights, "f32")
    compared = 0
    for path in sorted(photos.glob("val/*/*.jpg")):
        image = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), np.uint8)
        mirrored = np.ascontiguousarray(image[:, ::-1])
        pair = [max(detector.detect(each), key=lambda face: face.score, default=None) for each in (image, mirrored)]
        if any(face is None or face.score < 0.99 or face.width < 60 for face in pair):
            continue
        height, width = image.shape[:2]
        straight, other = (pose(face, width, height) for face in pair if face)
        # The detector's landmarks in a mirrored photo are not exactly the mirrored ones.
        assert (other.pitch, -other.yaw, -other.roll) == pytest.approx(tuple(straight), abs=12)
        exact = replace(pair[0], landmarks=mirror(pair[0].landmarks, width))  # type: ignore[union-attr, type-var]
        found = pose(exact, width, height)
        assert (found.pitch, -found.yaw, -found.roll) == pytest.approx(tuple(straight), abs=0.1)
        compared += 1
    assert compared >= 15


def mirror(landmarks: tuple[tuple[float, float], ...], width: int) -> tuple[tuple[float, float], ...]:
    """The landmarks as they lie in the mirrored photo, left and right exchanged."""
    return tuple((width - landmarks[place][0], landmarks[place][1]) for place in (1, 0, 2, 4, 3))
