"""WithMind: people enrolled and analysed by company and id; every answer is HTTP 200.

What the page of another web origin sends is Fail while the search page is on, whatever it holds. Then the checks come
in this order, and the first one that fails is answered:

1. The message has at most 1000 KB, else img_size_err.
2. The fields are there and right, else Fail. Fields of other names are ignored.
3. The image has 300 to 500 KB, an empty one has not, else img_size_err.
4. Enrolment: it is a JPEG or PNG by its content, else File type err. Analysis knows no such answer; there the person is
   looked up, else unregistered user, and a file that is no photo is one in which no face can be read.
5. The photo can be read, and has one face (enrolment) or any (analysis), else Fail: damaged data is Fail. What the
   detector is not sure of beside the largest face of an enrolment is no second face.

A photo is scaled down to 1280 pixels for an enrolment and to 2048 for an analysis, where it is larger; a face that is
then smaller than 30 does not count. The faces of an analysis are numbered from left to right by the middle of their
boxes, in the upright photo; where two stand one above the other, the upper one is first. So a number depends on where a
face is and not on how large it is.

Who is enrolled again is replaced, gender and age with the face; an enrolment that fails leaves the former one. Kept are
the vector, gender and age, all sealed; the id is kept in no form that could be read.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, jsonify, request

from api.arguments import Arguments
from api.dialect import Dialect, Services
from api.origin import guard
from errors import (
    BadArguments,
    FaceError,
    FaceInfoError,
    FaceTokenError,
    FileError,
    StartError,
    UploadError,
    UploadTooLarge,
)
from faceset.distance import all_distances, within
from faceset.tokens import ALPHABET, LENGTH, Face
from images import PHONE_LIMITS, no_photo, photo_type
from model.base import Detection
from settings import Settings

ENROLMENT, ANALYSIS = "/enrollment_img", "/analy_img"

MAX_AGE = 150

MAX_BODY = 4_000 * 1024
"""The largest message that the settings can let in, bytes."""

ONE_SCALED_TO, MANY_SCALED_TO = 1280, 2048
"""Pixels of the longer side. Whose face is enrolled stands near: 1280 are enough for it, and cost a third less time. In
a group photo of 12 megapixels with 20 people 1280 would lose a quarter of them."""

SURE = 0.95
"""The detector's score from which a second face stands against an enrolment. The 15 second faces that it found in
enlarged photos of one person scored 0.70 to 0.87, the person 0.99 and more."""

SEALS = "withmind"

_NAME = re.compile(r"[a-z0-9]{1,64}")

Answer = dict[str, Any]

FAIL = "Fail"


class OutsideWindow(UploadError):
    """Say that a file has fewer or more bytes than the window allows."""


class UnknownType(FileError):
    """Say that a file to enrol is neither a JPEG nor a PNG."""


def refused(reason: str) -> Answer:
    return {"message": FAIL, "reason": reason}


REFUSALS: tuple[tuple[type[FaceError], str | Answer], ...] = (
    (UploadTooLarge, refused("img_size_err")),
    (OutsideWindow, refused("img_size_err")),
    (UnknownType, refused("File type err")),
    (FaceTokenError, {"result": "unregistered user"}),
    (FaceError, FAIL),
)
"""The first row that fits an error is its answer."""


def render(error: FaceError) -> tuple[Answer, int]:
    """Return the answer to a failed request; the HTTP status is always 200."""
    return {"result": next(result for kind, result in REFUSALS if isinstance(error, kind))}, 200


class Window:
    """Hold what sizes the settings let in, in bytes.

    A KB is 1000 bytes to some and 1024 to others. What is within the limits by either reading is let in. Raises
    StartError for limits that let nothing in.
    """

    def __init__(self, settings: Settings) -> None:
        if not settings.withmind_min_kb <= settings.withmind_max_kb <= settings.withmind_message_kb:
            raise StartError(
                "FACETOKEN_WITHMIND_MIN_KB, FACETOKEN_WITHMIND_MAX_KB and FACETOKEN_WITHMIND_MESSAGE_KB must ascend; "
                "otherwise no photo is of the right size"
            )
        self._least = settings.withmind_min_kb * 1000
        self.most = settings.withmind_max_kb * 1024
        self._message = settings.withmind_message_kb * 1024

    def require_message(self, size: int) -> None:
        """Raise UploadTooLarge for a message of more bytes."""
        if size > self._message:
            raise UploadTooLarge(f"the message has {size} bytes; at most {self._message} are allowed")

    def require_image(self, size: int) -> None:
        """Raise OutsideWindow for an image of fewer bytes or more."""
        if not self._least <= size <= self.most:
            raise OutsideWindow(f"the image has {size} bytes; send one of {self._least} to {self.most}")


def token_of(secret: bytes, company: str, person: str) -> str:
    """Return the token of a company's person: it cannot be told from it who that is, not even by trying names."""
    number, letters = int.from_bytes(hmac.digest(secret, f"{company}\0{person}".encode(), "sha256")), ""
    for _ in range(LENGTH):
        number, place = divmod(number, len(ALPHABET))
        letters += ALPHABET[place]
    return letters


def blueprint(services: Services) -> Blueprint:
    """Return the dialect's routes; raise StartError for a size window that is none."""
    routes = Blueprint("withmind", __name__)
    window = Window(services.settings)
    people = _People(services, window)

    guard(routes, services.settings)
    routes.before_request(lambda: window.require_message(request.content_length or 0))
    for method, path, operation in (
        ("POST", ENROLMENT, people.enrol),
        ("DELETE", ENROLMENT, people.forget),
        ("POST", ANALYSIS, people.analyse),
    ):
        for rule in (path, f"{path}/"):
            routes.add_url_rule(rule, view_func=operation, methods=[method])
    return routes


DIALECT = Dialect("withmind", (ENROLMENT, ANALYSIS), blueprint, render, MAX_BODY)


class _People:
    def __init__(self, services: Services, window: Window) -> None:
        self._engine = services.engine
        self._window = window
        self._threshold = services.settings.withmind_threshold
        limits = replace(PHONE_LIMITS, max_bytes=window.most)
        self._one, self._many = replace(limits, scaled_to=ONE_SCALED_TO), replace(limits, scaled_to=MANY_SCALED_TO)

    def enrol(self) -> Response:
        """Enrol the only face of a photo, in the place of the one enrolled before."""
        arguments = Arguments(request, "company", "id", "gender", "age", "image", ignore_others=True)
        company, person = _name(arguments, "company"), _name(arguments, "id")
        given = {"gender": arguments.whole("gender", 0, 1), "age": arguments.whole("age", 0, MAX_AGE)}
        photo = self._photo(arguments)
        if photo_type(photo) is None:
            raise UnknownType(no_photo().detail)
        recognizer = self._engine().recognizer
        image, found = recognizer.locate(photo, self._one)
        if not found or any(other.score >= SURE for other in found[1:]):
            raise FaceInfoError(f"{len(found)} faces were found in the photo; send one of a single person")
        details = {name: value for name, value in given.items() if value is not None}
        (vector,) = recognizer.embed(image, found[:1])
        face = Face(self._token(company, person), vector, details=details)
        self._engine().faceset.replace(face, _group(company))
        return jsonify({"result": "Success"})

    def forget(self) -> Response:
        """Delete who is enrolled, for good; the contract has no such operation."""
        arguments = Arguments(request, "company", "id", ignore_others=True)
        company, person = _name(arguments, "company"), _name(arguments, "id")
        if not self._engine().remove_stored(self._token(company, person), _group(company)):
            raise _not_enrolled()
        return jsonify({"result": "Success"})

    def analyse(self) -> Response:
        """Compare every face of a photo with the one enrolled."""
        arguments = Arguments(request, "company", "id", "image", ignore_others=True)
        company, person = _name(arguments, "company"), _name(arguments, "id")
        photo = self._photo(arguments)
        # Read once: all faces of a photo are compared with one and the same, whoever enrols meanwhile.
        enrolled = self._engine().faceset.vector(self._token(company, person), _group(company))
        if enrolled is None:
            raise _not_enrolled()
        recognizer = self._engine().recognizer
        image, found = recognizer.locate(photo, self._many)
        if not found:
            raise FaceInfoError(f"no face of at least {self._many.min_face} pixels was found in the photo")
        vectors = recognizer.embed(image, sorted(found, key=_middle))
        same = within(all_distances(vectors, enrolled), self._threshold)
        words = {f"person_{number}": "match" if hit else "dismatch" for number, hit in enumerate(same, 1)}
        return jsonify({"result": words})

    def _photo(self, arguments: Arguments) -> bytes:
        try:
            photo = arguments.photo("image")
        except UploadError:
            # The field is there, and its file is empty.
            photo = b""
        self._window.require_image(len(photo))
        return photo

    def _token(self, company: str, person: str) -> str:
        return token_of(self._engine().faceset.secret(SEALS), company, person)


def _name(arguments: Arguments, name: str) -> str:
    value = arguments.text(name)
    if not _NAME.fullmatch(value):
        raise BadArguments(f"{name} has 1 to 64 characters of a-z and 0-9")
    return value


def _not_enrolled() -> FaceTokenError:
    return FaceTokenError("nobody is enrolled by this company and id; enrol first")


def _group(company: str) -> str:
    return f"withmind/{company}"


def _middle(face: Detection) -> tuple[float, float]:
    left, top, right, bottom = face.box
    return (left + right) / 2, (top + bottom) / 2
