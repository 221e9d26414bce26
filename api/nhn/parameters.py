"""Read what an NHN request brings: ids, limits, thresholds and images."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask import Request

from api.json_body import text
from api.nhn.refusals import InvalidGroupId, no_such_face
from errors import BadArguments, FileError, MissingArguments, UploadError, UploadTooLarge
from images import PHONE_LIMITS
from inputs import from_base64

LIMITS = replace(PHONE_LIMITS, min_side=80, max_bytes=5 * 1024 * 1024, min_face=60)
"""The reference's image guide; it names no largest size, so that one is ours."""

MAX_ROWS, MAX_MATCHES, MAX_FACES = 200, 4096, 100
"""Of a page, of a search, and of an image."""

_GROUP_ID = re.compile(r"[a-z0-9-]{1,255}")
_FACE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# The reference's own set, whose `.-:` may be a range or three letters: what either reading allows.
_EXTERNAL_ID = re.compile(r"[a-zA-Z0-9_.\-:/]{1,255}")
_WHOLE = re.compile(r"[0-9]{1,9}")


def group_id(value: object) -> str:
    """Return a group's id; raise InvalidGroupId for what can be none."""
    if not isinstance(value, str) or not _GROUP_ID.fullmatch(value):
        raise InvalidGroupId("a group id has 1 to 255 characters of a-z, 0-9 and the hyphen")
    return value


def face_id(value: str) -> str:
    """Return a face's id; raise FaceTokenError for what can be none."""
    if not _FACE_ID.fullmatch(value):
        raise no_such_face()
    return value


def external_id(body: dict[str, Any]) -> str | None:
    """Return the label that the client gives the image, or None."""
    value = text(body, "externalImageId")
    if value and not _EXTERNAL_ID.fullmatch(value):
        raise BadArguments("externalImageId has 1 to 255 characters of a-z, A-Z, 0-9 and _ . - : /")
    return value or None


def query_number(request: Request, name: str, most: int) -> int:
    """Return a required whole number from 1 to `most` of the query."""
    values = request.args.getlist(name)
    if not values:
        raise MissingArguments(f"{name} is required")
    if len(values) > 1 or not _WHOLE.fullmatch(values[0]):
        raise BadArguments(f"{name} must be a whole number from 1 to {most}, given once")
    return _in_range(name, int(values[0]), most)


def body_number(body: dict[str, Any], name: str, most: int) -> int:
    """Return a required whole number from 1 to `most` of the body."""
    value = body.get(name)
    if value is None:
        raise MissingArguments(f"{name} is required")
    # JSON knows one kind of number, and Python takes a bool for one.
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise BadArguments(f"{name} must be a whole number from 1 to {most}")
    return _in_range(name, int(value), most)


@dataclass(frozen=True, slots=True)
class GivenImage:
    """Hold where an image of a request is: behind a URL, or in base64; the other one is empty."""

    url: str
    encoded: str

    def read(self, fetch: Callable[[str, int], bytes]) -> bytes:
        """Return the image's bytes; `fetch` takes a URL and a limit in bytes.

        Raises UploadTooLarge and FileError, and what `fetch` does.
        """
        try:
            data = fetch(self.url, LIMITS.max_bytes) if self.url else from_base64(self.encoded, LIMITS.max_bytes)
        except UploadTooLarge:
            raise
        except UploadError as error:
            raise FileError(error.detail) from error
        if not data:
            raise FileError("there is nothing in the image; send a JPEG or PNG photo")
        return data


def image(body: dict[str, Any], name: str = "image") -> GivenImage:
    """Return where a required image is."""
    given = body.get(name)
    if not isinstance(given, dict):
        raise MissingArguments(f"{name} is required: an object with url or bytes")
    url, encoded = text(given, "url"), text(given, "bytes")
    if bool(url) == bool(encoded):
        raise BadArguments(f"{name} must have one of url and bytes")
    return GivenImage(url, encoded)


def _in_range(name: str, value: int, most: int) -> int:
    if not 1 <= value <= most:
        raise BadArguments(f"{name} must be from 1 to {most}")
    return value
