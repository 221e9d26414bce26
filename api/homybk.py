"""HomyBK: a photo of a thing or a place, known again by a second one; tags. JSON both ways, every answer HTTP 200."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, request

from api.dialect import FORM_OVERHEAD, Dialect, Services
from api.json_body import json_object, text
from api.origin import guard
from clarifai import Clarifai, ClarifaiAccount
from errors import BadArguments, FaceError, FileError, TaggerError, UploadError
from images import PHONE_LIMITS, Image, crop_jpeg, decode
from inputs import from_base64, written_size
from model.tagger import LocalTagger
from scenes.features import LONGEST_SIDE, SMALLEST_SIDE, Features, features
from scenes.match import same_scene
from settings import Settings
from tags import Tagger
from threads import LOOKING

Answer = dict[str, Any]

PREFIX = "/auth/"

LIMITS = replace(PHONE_LIMITS, min_side=SMALLEST_SIDE, scaled_to=2 * LONGEST_SIDE)
"""Of sent and of standard photos. They are kept at twice the side that scenes are matched at: enough to be shown on a
phone, and the mean of four pixels is what the file as sent would have given."""

MAX_BODY = written_size(LIMITS.max_bytes) + FORM_OVERHEAD

# Three of the four may wait for another server. And however small its body, none works with the priority of a search.
FETCHING = re.compile(re.escape(PREFIX) + ".*")

FEWEST_KEYPOINTS = 80

MAX_TAG = 100
"""Characters; no tagger has a longer word."""


@dataclass(frozen=True, slots=True)
class Row:
    """Hold a body that this dialect answers."""

    status: int
    message: str
    result: bool = False

    @property
    def body(self) -> Answer:
        return {"status": self.status, "message": self.message, "result": self.result}


TAKE_AGAIN = Row(400, "Take Picture Again")
TOO_LITTLE = Row(400, "Too Little Features")
GOOD = Row(200, "Good Picture", True)
NO_STANDARD = Row(400, "You don't have std img")
MISSING_PICTURE = Row(400, "Missing Picture")
MISSING_STANDARD = Row(500, "Missing Std Picture")
WRONG_PICTURE = Row(200, "You took wrong picture")
COMPLETE = Row(200, "Complete", True)
NO_TAG = Row(400, "No Tag")
TAGGER_FAULT = Row(500, "Clarifai Api Fault")
MATCHED = Row(200, "Matched", True)
NOT_MATCHED = Row(200, "Not Matched")
SOMETHING_WRONG = Row(500, "Something Wrong")

NO_PHOTO = "`data` is absent or empty, is not base64, or holds no JPEG or PNG within the limits"

PICTURE_ROWS = (
    (TAKE_AGAIN, NO_PHOTO),
    (TOO_LITTLE, f"the photo has fewer than {FEWEST_KEYPOINTS} AKAZE keypoints"),
)
ROWS: dict[str, tuple[tuple[Row, str], ...]] = {
    "stdimg": (*PICTURE_ROWS, (GOOD, "accepted; the photo is stored, and `url` follows")),
    "test": (*PICTURE_ROWS, (GOOD, "accepted; nothing is stored")),
    "feature": (
        (NO_STANDARD, "`name` is absent or empty"),
        (MISSING_PICTURE, NO_PHOTO),
        (MISSING_STANDARD, "the standard photo may not or cannot be fetched, or is no JPEG or PNG within the limits"),
        (WRONG_PICTURE, "the photo does not show what the standard photo shows"),
        (COMPLETE, "the photo shows what the standard photo shows"),
    ),
    "tag": (
        (NO_TAG, "`tag` is absent or empty"),
        (MISSING_PICTURE, f"{NO_PHOTO}; the original asked its tagger all the same"),
        (TAGGER_FAULT, "the tagger failed"),
        (MATCHED, "the tag is seen in the photo"),
        (NOT_MATCHED, "the tag is not seen in the photo"),
    ),
}
"""The answers of each operation, the first that fits, and when it is given."""

UNEXPECTED = (
    "the body is no JSON object, or is larger than its limit",
    f"`name` or `tag` is no text, or `tag` has more than {MAX_TAG} characters",
    "there is no such operation, or its method is not POST",
    "the page of another web origin sent it, while the search page is on",
    "the photo cannot be stored at the moment",
    "the server is busy; the header `Retry-After` says for how many seconds",
    "a fault of the server",
)
"""When any of the operations answers SOMETHING_WRONG."""


class PhotoRefused(FileError):
    """Say that a photo cannot be had, and with which row."""

    def __init__(self, row: Row, detail: str) -> None:
        super().__init__(detail)
        self.row = row


def render(error: FaceError) -> tuple[Answer, int]:
    """Return the body of a failed request; the HTTP status is always 200."""
    if isinstance(error, PhotoRefused):
        return error.row.body, 200
    return (TAGGER_FAULT if isinstance(error, TaggerError) else SOMETHING_WRONG).body, 200


def blueprint(services: Services) -> Blueprint:
    """Return the dialect's routes."""
    routes = Blueprint("homybk", __name__)
    guard(routes, services.settings)
    operations = _Operations(services)
    for name in ROWS:
        routes.add_url_rule(PREFIX + name, name, getattr(operations, name), methods=["POST"])
    return routes


class _Operations:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._tagger = _tagger(services.settings)

    def stdimg(self) -> Answer:
        """Store a photo that has enough to be known again by."""
        row, image = self._judged()
        if row is not GOOD:
            return row.body
        return {**row.body, "url": self._services.photo_urls.storage.put(_plain(image), request.url_root)}

    def test(self) -> Answer:
        """Tell whether a photo has enough to be known again by."""
        row, _ = self._judged()
        return row.body

    def feature(self) -> Answer:
        """Tell whether a photo shows what a standard photo shows."""
        body = json_object(request)
        url = text(body, "name").strip()
        if not url:
            return NO_STANDARD.body
        sent = self._features(self._sent(body, MISSING_PICTURE))
        with _refused_as(MISSING_STANDARD):
            image = self._decoded(self._services.photo_at(url, LIMITS.max_bytes))
        standard = self._features(image)
        with LOOKING:
            return (COMPLETE if same_scene(standard, sent) else WRONG_PICTURE).body

    def tag(self) -> Answer:
        """Tell whether a tag is seen in a photo."""
        body = json_object(request)
        tag = text(body, "tag").strip()
        if not tag:
            return NO_TAG.body
        if len(tag) > MAX_TAG:
            raise BadArguments(f"tag has {len(tag)} characters; at most {MAX_TAG} are allowed")
        image = self._sent(body, MISSING_PICTURE)
        return (MATCHED if self._tagger.sees(lambda: _plain(image), image, tag) else NOT_MATCHED).body

    def _judged(self) -> tuple[Row, Image]:
        image = self._sent(json_object(request), TAKE_AGAIN)
        return (GOOD if self._features(image).count >= FEWEST_KEYPOINTS else TOO_LITTLE), image

    def _sent(self, body: dict[str, Any], refused: Row) -> Image:
        with _refused_as(refused):
            return self._decoded(from_base64(text(body, "data"), LIMITS.max_bytes))

    def _decoded(self, data: bytes) -> Image:
        with LOOKING:
            return decode(data, LIMITS)

    def _features(self, image: Image) -> Features:
        with LOOKING:
            return features(image)


def _tagger(settings: Settings) -> Tagger:
    if settings.clarifai_key is None:
        return LocalTagger(settings.weights)
    return Clarifai(
        ClarifaiAccount(
            settings.clarifai_key, settings.clarifai_url, settings.clarifai_model, settings.clarifai_minimum
        )
    )


def _plain(image: Image) -> bytes:
    """Return the photo as a JPEG that says nothing but what it shows: a phone writes into the file where it stood.

    As scenes are matched, it keeps 99.3 % of the keypoints (98.2 at the least) of 20 photos of 12 megapixels, and all
    inliers, in a ninth of their bytes.
    """
    height, width = image.shape[:2]
    return crop_jpeg(image, (0.0, 0.0, width, height))


@contextmanager
def _refused_as(row: Row) -> Iterator[None]:
    """Answer with this row when there is no photo to be had."""
    try:
        yield
    except (BadArguments, FileError, UploadError) as error:
        raise PhotoRefused(row, error.detail) from error


DIALECT = Dialect("homybk", (PREFIX,), blueprint, render, MAX_BODY, FETCHING)
