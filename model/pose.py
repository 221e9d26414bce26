"""How a head is turned, from the five landmarks of its face."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from model.base import Detection

HEAD = np.array(
    [
        [-31.5, -32.5, 27.0],
        [31.5, -32.5, 27.0],
        [0.0, 0.0, 0.0],
        [-25.5, 33.0, 19.0],
        [25.5, 33.0, 19.0],
    ]
)
"""Where an adult's landmarks lie, millimetres from the tip of the nose: both pupils, nose, corners of the mouth, left
to right as the camera sees them; x to its right, y down, z away from it. 63 mm between the pupils is the mean of adults;
the rest is a typical face's. Noses differ, and so a pitch is good to some five degrees."""


class Pose(NamedTuple):
    """Hold a head's rotation in degrees: looking up, to the camera's right, and leaning clockwise are positive."""

    pitch: float
    yaw: float
    roll: float


def pose(face: Detection, width: int, height: int) -> Pose:
    """Return how a face in a photo of that size is turned; a frontal upright one has three zeros.

    The camera is taken to see an angle of 53 degrees over the photo's longer side, as most do.
    """
    focal = float(max(width, height))
    camera = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    points = np.array(face.landmarks, np.float64)
    try:
        found, turn, _ = cv2.solvePnP(HEAD, points, camera, None, flags=cv2.SOLVEPNP_SQPNP)
    except cv2.error:
        # Points all on one spot: a detection that is hardly a face.
        found, turn = False, np.zeros(3)
    if not found or not np.isfinite(turn).all():
        return Pose(0.0, 0.0, 0.0)
    rotation, _ = cv2.Rodrigues(turn)
    # Where the nose points; the camera looks along z, so a face that looks into it has z = -1.
    ahead = -rotation[:, 2]
    pitch = math.atan2(-ahead[1], math.hypot(ahead[0], ahead[2]))
    yaw = math.atan2(ahead[0], -ahead[2])
    roll = math.atan2(rotation[1, 0], rotation[0, 0])
    return Pose(*(math.degrees(angle) for angle in (pitch, yaw, roll)))
