"""What the NHN dialect refuses, in the words and numbers of its reference."""

from __future__ import annotations

from typing import Any

from errors import (
    BadArguments,
    FaceError,
    FaceTokenError,
    FileError,
    GroupExists,
    PhotoTimeout,
    PhotoUrlError,
    UnknownGroup,
    UploadTooLarge,
)

PARAMETER, UNAUTHORIZED, IMAGE, INTERNAL = -40000, -41000, -45000, -50000


class InvalidGroupId(BadArguments):
    """Say that a text can be no group's id."""


class InvalidToken(BadArguments):
    """Say that a next-token is forged, of another list, or too old."""


class Unauthorized(BadArguments):
    """Say that appKey and secretKey are no pair."""

    status = 401


class OneOfTwoImages(FileError):
    """Say which of two images was refused, and why."""

    side = "Source"
    reason: FaceError | None = None

    @classmethod
    def of(cls, side: str, reason: FaceError) -> OneOfTwoImages:
        """Return the refusal of one side, Source or Target."""
        error = cls(reason.detail)
        error.side, error.reason = side, reason
        return error


RESULTS: tuple[tuple[type[FaceError], int, str], ...] = (
    (InvalidGroupId, PARAMETER, "InvalidGroupID"),
    (InvalidToken, PARAMETER, "InvalidTokenError"),
    (Unauthorized, UNAUTHORIZED, "UnauthorizedAppKey"),
    (GroupExists, PARAMETER, "DuplicatedGroupID"),
    (UnknownGroup, PARAMETER, "NotFoundGroupError"),
    (FaceTokenError, PARAMETER, "NotFoundFaceIDError"),
    (UploadTooLarge, IMAGE, "ImageTooLargeException"),
    (PhotoTimeout, IMAGE, "ImageTimeoutError"),
    (PhotoUrlError, IMAGE, "InvalidImageURLException"),
    (FileError, IMAGE, "InvalidImageFormatException"),
    (FaceError, PARAMETER, "InvalidParam"),
)
"""The first row that fits an error is its answer; a fault of this server is none of them.

A broken body is an UploadError too, of requests without an image as well: that of an image is a FileError by then.
"""


def no_such_face() -> FaceTokenError:
    """Return the answer about a face that is not in the group, or that can be in none."""
    return FaceTokenError("there is no such face in the group")


def render(error: FaceError) -> tuple[dict[str, Any], int]:
    """Return the header of a failed answer; the HTTP status is always 200."""
    code, message = _result(error)
    return {"header": {"isSuccessful": False, "resultCode": code, "resultMessage": message}}, 200


def _result(error: FaceError) -> tuple[int, str]:
    if isinstance(error, OneOfTwoImages) and error.reason is not None:
        return IMAGE, f"Image{_result(error.reason)[1]}:{error.side}"
    if error.status >= 500:
        return INTERNAL, "InternalServerError"
    return next((code, message) for kind, code, message in RESULTS if isinstance(error, kind))
