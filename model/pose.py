"""How a head is turned, from the five landmarks of its face.

The angles are those between the face and the line on which the camera sees it: they depend on the shape of the five
landmarks alone, not on where in the photo the face is or how large it is there. So a face that looks into the camera
from the edge of the photo is as frontal as one in the middle, and a photo that is cropped or scaled answers the same:
most photos are crops, whose own middle and angle of view say nothing. A camera DISTANCE away sees the head.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from model.base import Detection
from model.crop import eye_angle

HEAD = np.array(
    [
        [-31.5, -37.4, 23.3],
        [31.5, -37.4, 23.3],
        [0.0, 0.0, 0.0],
        [-28.4, 29.7, 35.1],
        [28.4, 29.7, 35.1],
    ]
)
"""Where a head's landmarks lie, millimetres from the nose: pupils, nose, corners of the mouth, left to right as the
camera sees them; x to its right, y down, z away from it. The shape is the symmetric one that, turned each time as fits
best, comes nearest to the landmarks that MTCNN finds in 114 photos of five people (those of score 0.95 and more; 2 % of
the size is left). The unit is set by the 63 mm between the pupils of the mean adult, and level is how the median of
these photos holds the head. A nose 4 mm longer or shorter moves all pitches of a person by five degrees; landmarks that
miss by 2 % of the eyes' distance scatter pitch and yaw by two."""

DISTANCE = 1000.0
"""Millimetres from the camera to the head. What is really seen from 600, or from ten times as far, is answered to some
two degrees, from 400 to three."""


class Pose(NamedTuple):
    """Hold a head's rotation in degrees; a face that looks into the camera, upright, has three zeros.

    `pitch` is positive when the head looks up, `yaw` when it looks to the right of the photo (its own left), `roll`
    when it leans clockwise as the photo shows it. The head is nodded first, then turned, then leant: a photo turned in
    its plane changes the roll alone, a mirrored one negates yaw and roll.
    """

    pitch: float
    yaw: float
    roll: float


def pose(face: Detection) -> Pose:
    """Return how a face is turned: the rotation of HEAD whose picture comes nearest to the landmarks.

    Yaw is from -90 to 90, the others are from -180 to 180. Landmarks that are no face's (all on one spot, or on one
    line) have some finite answer; on one spot it is three zeros.
    """
    points = np.array(face.landmarks, np.float64)
    points -= points.mean(axis=0)
    size = np.linalg.norm(points)
    if not size > 0:
        return Pose(0.0, 0.0, 0.0)
    # In millimetres on a plane about DISTANCE away, the face in the middle.
    points *= np.linalg.norm((HEAD - HEAD.mean(axis=0))[:, :2]) / size
    return _angles(_rotation(points, eye_angle(face)))


def _rotation(points: NDArray[np.float64], lean: float) -> NDArray[np.float64]:
    camera = np.diag([DISTANCE, DISTANCE, 1.0])
    # From a frontal head, leant as the eyes say: near landmarks then have near answers. The methods that need no start
    # choose between two turns that fit about as well, and a hair's breadth decides between answers 60 degrees apart.
    turn, place = np.array([0.0, 0.0, lean]), np.array([0.0, 0.0, DISTANCE])
    _, turn, _ = cv2.solvePnP(HEAD, points, camera, None, turn, place, True, cv2.SOLVEPNP_ITERATIVE)
    return np.asarray(cv2.Rodrigues(turn)[0], np.float64)


def _angles(rotation: NDArray[np.float64]) -> Pose:
    pitch = math.atan2(-rotation[2, 1], rotation[2, 2])
    yaw = math.atan2(rotation[2, 0], math.hypot(rotation[2, 1], rotation[2, 2]))
    roll = math.atan2(rotation[1, 0], rotation[0, 0])
    return Pose(*(math.degrees(angle) for angle in (pitch, yaw, roll)))
