"""A client of the HomyBK dialect that holds every answer against the documented ones, and photos for it."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.client import Answer, Client
from tests.pictures import segment
from tests.scenery import DATA, PHOTOS

STDIMG, TEST, FEATURE, TAG = "/auth/stdimg", "/auth/test", "/auth/feature", "/auth/tag"

GOOD, COMPLETE, MATCHED = "Good Picture", "Complete", "Matched"
WRONG_PICTURE, NOT_MATCHED = "You took wrong picture", "Not Matched"
TAKE_AGAIN, TOO_LITTLE = "Take Picture Again", "Too Little Features"
NO_STANDARD, MISSING_PICTURE, MISSING_STANDARD = "You don't have std img", "Missing Picture", "Missing Std Picture"
NO_TAG, TAGGER_FAULT = "No Tag", "Clarifai Api Fault"
SOMETHING_WRONG = "Something Wrong"

STATUS = {
    **dict.fromkeys((GOOD, COMPLETE, MATCHED, WRONG_PICTURE, NOT_MATCHED), 200),
    **dict.fromkeys((TAKE_AGAIN, TOO_LITTLE, NO_STANDARD, MISSING_PICTURE, NO_TAG), 400),
    **dict.fromkeys((MISSING_STANDARD, TAGGER_FAULT, SOMETHING_WRONG), 500),
}
TRUE = (GOOD, COMPLETE, MATCHED)

DOCUMENTED = {
    STDIMG: {GOOD, TAKE_AGAIN, TOO_LITTLE},
    TEST: {GOOD, TAKE_AGAIN, TOO_LITTLE},
    FEATURE: {NO_STANDARD, MISSING_PICTURE, MISSING_STANDARD, WRONG_PICTURE, COMPLETE},
    # The contract has no row for a photo that is none; this one is taken from its neighbour.
    TAG: {NO_TAG, MISSING_PICTURE, TAGGER_FAULT, MATCHED, NOT_MATCHED},
}
"""What each path answers beside SOMETHING_WRONG, which is the only answer of any other below /auth/."""

FILES = {name: (DATA / f"{name}.jpg").read_bytes() for name in PHOTOS}

Photo = bytes | str | None
"""Bytes of a photo, its base64 as it is sent, or None for none."""


class HomyBK:
    """Ask the dialect, and return an answer's message; raise AssertionError for an answer that is not documented."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def test(self, photo: Photo) -> str:
        return self.ask(TEST, data=photo)

    def registered(self, photo: Photo) -> str:
        """Register a standard photo and return its URL."""
        url = self.send(STDIMG, sent(data=photo))["url"]
        assert isinstance(url, str)
        return url

    def feature(self, photo: Photo, name: object) -> str:
        return self.ask(FEATURE, data=photo, name=name)

    def tag(self, photo: Photo, tag: object) -> str:
        return self.ask(TAG, data=photo, tag=tag)

    def ask(self, path: str, **fields: object) -> str:
        """Post fields as JSON."""
        return str(self.send(path, sent(**fields))["message"])

    def send(self, path: str, body: bytes, headers: Mapping[str, str] = {}) -> dict[str, Any]:
        """Post a body as it is, and return the answer's."""
        return checked(path, self.client.request("POST", path, body, {"Content-Type": "application/json", **headers}))


def sent(**fields: object) -> bytes:
    """Return fields as JSON, bytes among them in base64; None leaves one out."""
    given = {name: value for name, value in fields.items() if value is not None}
    return json.dumps(given, default=lambda data: base64.b64encode(data).decode()).encode()


def checked(path: str, answer: Answer) -> dict[str, Any]:
    """Return the body of an answer that is as documented for the path; raise AssertionError for any other."""
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    body: dict[str, Any] = answer.json
    message = body["message"]
    assert message in DOCUMENTED.get(path, set()) | {SOMETHING_WRONG}
    more = ["url"] if path == STDIMG and message == GOOD else []
    assert list(body) == ["status", "message", "result", *more]
    assert (body["status"], body["result"]) == (STATUS[message], message in TRUE)
    assert type(body["status"]) is int
    return body


def stored(data: Path) -> dict[str, bytes]:
    """Return what is stored in a server's data folder, by name."""
    return {path.name: path.read_bytes() for path in (data / "stored").iterdir()}


SECRETS = (b"Exif", b"GPS", b"37 Elm Street", b"Ms Resident", b"home.example", b"ICC_PROFILE", b"behind the picture")
"""Found in a photo `at_home`, and nowhere else."""

LATITUDE = struct.pack(">6I", 37, 1, 33, 1, 5887, 100)
LONGITUDE = struct.pack(">6I", 126, 1, 58, 1, 4067, 100)


def at_home(jpeg: bytes, orientation: int = 1) -> bytes:
    """Return the same JPEG as a phone writes it that knows where it is, and who owns it."""
    place = 8 + 2 + 2 * 12 + 4
    first = struct.pack(">HHHIHHHHII", 2, 0x0112, 3, 1, orientation, 0, 0x8825, 4, 1, place) + bytes(4)
    behind = place + 2 + 4 * 12 + 4
    gps = struct.pack(">H", 4) + b"".join(
        (
            struct.pack(">HHI4s", 1, 2, 2, b"N\0\0\0"),
            struct.pack(">HHII", 2, 5, 3, behind),
            struct.pack(">HHI4s", 3, 2, 2, b"E\0\0\0"),
            struct.pack(">HHII", 4, 5, 3, behind + len(LATITUDE)),
        )
    )
    exif = b"Exif\0\0MM" + struct.pack(">HI", 42, 8) + first + gps + bytes(4) + LATITUDE + LONGITUDE + b"GPS"
    segments = (
        (0xE1, exif),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><a>37 Elm Street</a></x:xmpmeta>"),
        (0xE2, b"ICC_PROFILE\0\1\1" + bytes(128) + b"home.example"),
        (0xED, b"Photoshop 3.0\x008BIM\4\4\0\0\0\0\0\x10\x1c\2\x50\0\x0bMs Resident"),
        (0xFE, b"taken at 37 Elm Street"),
    )
    return jpeg[:2] + b"".join(segment(*each) for each in segments) + jpeg[2:] + b"behind the picture"
