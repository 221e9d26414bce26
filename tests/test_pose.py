"""How a head is turned: rendered heads of known pose, what must not change it, and mirrored photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.photos import listed
from model.base import Detection, Detector, Embedder
from model.pose import HEAD, Pose, pose
from tests import pictures

Points = NDArray[np.float64]

FOCAL = 1280.0

# Heads that differ as most adults' do: wide, long, flat, deep, and noses 4 mm longer and shorter.
HEADS = {
    "wide": HEAD * [1.08, 1, 1],
    "long": HEAD * [1, 1.08, 1],
    "flat": HEAD * [1, 1, 0.85],
    "deep": HEAD * [1, 1, 1.15],
    "long nose": HEAD + np.outer([0, 0, 1, 0, 0], [0, 4, 0]),
    "short nose": HEAD - np.outer([0, 0, 1, 0, 0], [0, 4, 0]),
}

turns = st.tuples(st.floats(-30, 30), st.floats(-50, 50), st.floats(-170, 170))
misplaced = st.lists(st.floats(-6, 6), min_size=10, max_size=10).map(lambda moves: np.array(moves).reshape(5, 2))


def turned(pitch: float, yaw: float, roll: float) -> Points:
    """The rotation of a head that looks up, then turns to the camera's right, then leans clockwise."""
    up, right, lean = np.radians([pitch, yaw, roll])
    nod = [[1, 0, 0], [0, np.cos(up), np.sin(up)], [0, -np.sin(up), np.cos(up)]]
    turn = [[np.cos(right), 0, -np.sin(right)], [0, 1, 0], [np.sin(right), 0, np.cos(right)]]
    leaning = [[np.cos(lean), -np.sin(lean), 0], [np.sin(lean), np.cos(lean), 0], [0, 0, 1]]
    rotation: Points = np.array(leaning) @ np.array(turn) @ np.array(nod)
    return rotation


def rendered(head: Points, rotation: Points, place: tuple[float, float, float]) -> Points:
    """The landmarks of a head at a place before the camera, millimetres, in a photo whose middle is (0, 0)."""
    points = head @ rotation.T + np.array(place)
    seen: Points = points[:, :2] / points[:, 2:] * FOCAL
    return seen


def found(landmarks: Points) -> Pose:
    return pose(Detection((0.0, 0.0, 1.0, 1.0), 1.0, tuple((float(x), float(y)) for x, y in landmarks)))


def apart(one: Pose, other: tuple[float, ...]) -> Points:
    """By how many degrees two poses differ, angle by angle, the short way round."""
    difference = np.abs(np.array(one) - np.array(other)) % 360
    shorter: Points = np.minimum(difference, 360 - difference)
    return shorter


def mirrored(landmarks: Points, width: float = 0.0) -> Points:
    """The landmarks as they lie in the mirrored photo, left and right exchanged."""
    swapped: Points = landmarks[[1, 0, 2, 4, 3]] * [-1, 1] + [width, 0]
    return swapped


@given(turns, st.floats(600, 5000))
@hypothesis_settings(deadline=None)
def test_a_rendered_head_has_the_pose_it_was_given(angles: tuple[float, float, float], away: float) -> None:
    # Measured over 1,500 turns a distance: 2.2 degrees at most at 600 mm, 1.2 from 1,000 mm on, 0.5 in the median.
    limit = 3 if away < 1000 else 1.6
    assert apart(found(rendered(HEAD, turned(*angles), (0, 0, away))), angles).max() < limit


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("angle", [-25, -10, 10, 25])
@pytest.mark.parametrize("head", [HEAD, *HEADS.values()], ids=["generic", *HEADS])
def test_one_turn_at_a_time_has_its_sign(head: Points, axis: int, angle: float) -> None:
    angles = [0.0, 0.0, 0.0]
    angles[axis] = angle
    answer = found(rendered(head, turned(*angles), (0, 0, 900)))
    assert np.sign(answer[axis]) == np.sign(angle)


def test_up_is_up_and_right_is_right() -> None:
    """Without any rotation matrix: where the nose lies between eyes and mouth is where the head looks."""
    frontal = HEAD[:, :2]
    nose = np.array([0, 0, 1, 0, 0])
    assert found(frontal + np.outer(nose, [0, -6])).pitch > 5
    assert found(frontal + np.outer(nose, [0, 6])).pitch < -5
    assert found(frontal + np.outer(nose, [6, 0])).yaw > 5
    assert found(frontal + np.outer(nose, [-6, 0])).yaw < -5
    right_eye_lower = np.outer([-1, 1, 0, 0, 0], [0, 3])
    assert found(frontal + right_eye_lower).roll > 1
    assert found(frontal - right_eye_lower).roll < -1


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@given(angles=turns, away=st.floats(600, 3000))
@hypothesis_settings(deadline=None)
def test_heads_of_other_proportions(head: Points, angles: tuple[float, float, float], away: float) -> None:
    # Measured: noses 4 mm longer or shorter 7.7 degrees of pitch at most, all other heads and angles 4.8.
    assert (apart(found(rendered(head, turned(*angles), (0, 0, away))), angles) < (10, 6, 6)).all()


@pytest.mark.parametrize("place", [(300.0, 0.0), (-300.0, 0.0), (0.0, 200.0), (0.0, -200.0)])
@given(angles=st.tuples(st.floats(-25, 25), st.floats(-40, 40), st.floats(-30, 30)))
@hypothesis_settings(deadline=None)
def test_at_the_edge_of_the_photo_angles_are_those_to_the_line_of_sight(
    place: tuple[float, float], angles: tuple[float, float, float]
) -> None:
    """300 mm beside the middle at 900 mm is 18 degrees; a face that looks into the camera from there has yaw 0."""
    sight = turned(np.degrees(np.arctan2(place[1], 900)), -np.degrees(np.arctan2(place[0], 900)), 0)
    assert sight @ [0, 0, 1] == pytest.approx(np.array([*place, 900]) / np.linalg.norm([*place, 900]))
    # Measured 2.7.
    assert apart(found(rendered(HEAD, sight @ turned(*angles), (*place, 900))), angles).max() < 4


@given(turns, misplaced, st.floats(0.05, 20), st.floats(-5000, 5000), st.floats(-5000, 5000))
@hypothesis_settings(deadline=None)
def test_neither_place_nor_size_changes_it(
    angles: tuple[float, float, float], moves: Points, scale: float, right: float, down: float
) -> None:
    landmarks = rendered(HEAD, turned(*angles), (0, 0, 900)) + moves
    assert apart(found(landmarks * scale + [right, down]), found(landmarks)).max() < 0.01


@given(turns, misplaced, st.floats(-170, 170))
@hypothesis_settings(deadline=None)
def test_a_photo_turned_in_its_plane_changes_the_roll_alone(
    angles: tuple[float, float, float], moves: Points, lean: float
) -> None:
    landmarks = rendered(HEAD, turned(*angles), (0, 0, 900)) + moves
    before = found(landmarks)
    after = found(landmarks @ turned(0, 0, lean)[:2, :2].T)
    # The solver ends after a number of steps; the ways there differ a little.
    assert apart(after, (before.pitch, before.yaw, before.roll + lean)).max() < 0.5


@given(turns, misplaced)
@hypothesis_settings(deadline=None)
def test_mirrored_landmarks_have_the_same_pitch_and_the_opposite_yaw_and_roll(
    angles: tuple[float, float, float], moves: Points
) -> None:
    landmarks = rendered(HEAD, turned(*angles), (0, 0, 900)) + moves
    before, after = found(landmarks), found(mirrored(landmarks, 1280))
    assert apart(after, (before.pitch, -before.yaw, -before.roll)).max() < 0.01


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=5, max_size=5))
@hypothesis_settings(deadline=None)
def test_any_five_points_have_a_finite_answer(points: list[tuple[float, float]]) -> None:
    pitch, yaw, roll = pose(Detection((0.0, 0.0, 1.0, 1.0), 1.0, tuple(points)))
    assert -180 <= pitch <= 180
    assert -90 <= yaw <= 90
    assert -180 <= roll <= 180


@pytest.mark.parametrize("direction", [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
def test_points_on_one_spot_or_line_are_no_error(direction: tuple[float, float]) -> None:
    line = np.outer(np.arange(5.0), direction) + np.array([40, 30])
    assert np.isfinite(found(line)).all()
    if not any(direction):
        assert found(line) == (0, 0, 0)


def test_mirrored_photos_turn_the_other_way(photos: Path, face_networks: tuple[Detector, Embedder]) -> None:
    detector, _ = face_networks
    poses, differences, sides = [], [], []
    for path in listed(photos):
        image = pictures.read(path)
        pair = [largest(detector.detect(each)) for each in (image, np.ascontiguousarray(image[:, ::-1]))]
        faces = [face for face in pair if face and face.score >= 0.95]
        if len(faces) < 2 or not same_face(faces[0], faces[1], image.shape[1]):
            continue
        poses.append(pose(faces[0]))
        differences.append(apart(poses[-1], found(mirrored(np.array(faces[1].landmarks), image.shape[1]))))
        sides.append(min(face.width for face in faces))
    check_mirrored(np.array(differences), np.array(sides))
    # HEAD is level where the median of these photos is; they look to either side, and lean to either side.
    assert (np.abs(np.median(poses, axis=0)) < (3, 5, 5)).all()


def largest(faces: list[Detection]) -> Detection | None:
    return max(faces, key=lambda face: face.width * face.height, default=None)


def same_face(face: Detection, other: Detection, width: int) -> bool:
    middle, mirrored_middle = ((each.box[0] + each.box[2]) / 2 for each in (face, other))
    return abs(middle - (width - mirrored_middle)) < 0.3 * face.width


def check_mirrored(differences: Points, sides: Points) -> None:
    """The detector's landmarks in a mirrored photo are not the mirrored ones.

    Measured over 114 photos, f32 and bf16: the median differs by 2.7, 2.4 and 1.0 degrees, the worst by 23.6, 12.6 and
    16.1; of the 75 faces of 60 pixels and more the worst by 13.6, 11.9 and 5.9.
    """
    assert len(differences) >= 110
    assert (np.median(differences, axis=0) < (3.5, 3.5, 1.5)).all()
    assert (differences.max(axis=0) < (30, 17, 20)).all()
    assert (differences[sides >= 60].max(axis=0) < (17, 15, 8)).all()
