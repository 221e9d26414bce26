"""Finday: is the person before the webcam the one of the registered photo? The second step of a login.

Bad input is 400, and only a wrong method (405) and an unknown path (404) are not. Whatever this server fails at is 500,
being busy too: the contract knows no other status, so Retry-After alone tells that another try may help.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from operator import attrgetter
from typing import Any

import numpy as np
from flask import Blueprint, Response, jsonify, request
from numpy.typing import NDArray

from api.arguments import Arguments
from api.dialect import FORM_OVERHEAD, Dialect, Services
from errors import FaceError, UnknownPath, WrongMethod
from faceset.distance import all_distances
from images import PHONE_LIMITS
from similarity import cosine_distance

PATH = "/verify-face"

LIMITS = replace(PHONE_LIMITS, min_face=40)
"""Of both photos: what a webcam or a phone takes. With a face under 40 pixels, once the photo is scaled down to 2048,
one is told so, rather than NotMatched: of the pairs of one person with such a face three times as many fail as of those
whose faces have 60."""


def render(error: FaceError) -> tuple[dict[str, Any], int]:
    """Return the body of a failed answer and its HTTP status."""
    return {"result": "fail", "reason": error.detail}, _status(error)


def _status(error: FaceError) -> int:
    if isinstance(error, UnknownPath | WrongMethod):
        return error.status
    return 500 if error.status >= 500 else 400


def blueprint(services: Services) -> Blueprint:
    """Return the dialect's one route."""
    routes = Blueprint("finday", __name__)
    routes.add_url_rule(PATH, view_func=_Verification(services).verify_face, methods=["POST"])
    return routes


class _Verification:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._threshold = services.settings.finday_threshold

    def verify_face(self) -> Response:
        """Compare the largest face of a captured photo with the largest of the registered one.

        Who else is on either photo does not count. Neither photo is kept.
        """
        arguments = Arguments(request, "face_image", "face_img_url", ignore_others=True)
        url, photo = arguments.text("face_img_url"), arguments.photo("face_image")
        # The capture first: without a face in it nobody has this server ask another one for anything.
        with _of_photo("captured"):
            captured = self._vector(photo)
        with _of_photo("registered"):
            registered = self._vector(self._services.photo_at(url, LIMITS.max_bytes))
        (length,) = all_distances(registered[np.newaxis], captured)
        return self._verdict(cosine_distance(float(length)))

    def _vector(self, photo: bytes) -> NDArray[np.float32]:
        return self._services.engine().recognizer.largest_embedded(photo, LIMITS)[2]

    def _verdict(self, distance: float) -> Response:
        """Answer by the distance as it was compared, not rounded: who compares it again comes to the same result."""
        matched = distance <= self._threshold
        result = {"result": "success"} if matched else {"result": "fail", "reason": "NotMatched"}
        response = jsonify({**result, "distance": distance, "threshold": self._threshold})
        response.status_code = 200 if matched else 401
        return response


@contextmanager
def _of_photo(which: str) -> Iterator[None]:
    """Say of which photo it was that it was refused."""
    try:
        yield
    except FaceError as error:
        if error.status >= 500:
            raise
        raise type(error)(f"{which} photo: {error.detail}") from error


DIALECT = Dialect(
    "finday",
    (PATH,),
    blueprint,
    render,
    LIMITS.max_bytes + FORM_OVERHEAD,
    re.compile(re.escape(PATH)),
    attrgetter("finday_origins"),
)
