"""What can go wrong, by the wire contract's own table.

    FaceError
    ├── BadArguments        1001  400   a parameter does not parse
    │   ├── ForeignOrigin   1001  403   another origin's page sent it
    │   ├── UnknownPath     1001  404
    │   ├── WrongMethod     1001  405
    │   ├── UnknownGroup    1001  404
    │   └── GroupExists     1001  409
    ├── MissingArguments    1002  400   a required parameter is absent or empty
    ├── InternalError       1003  500   anything unexpected
    │   ├── Overloaded      1003  503   the queue is full, or the server is not ready
    │   └── TaggerError     1003  500   what a photo shows cannot be told at the moment
    ├── FileError           1004  415   not a photo this service reads
    │   └── PhotoUrlError   1004  415   there is no photo behind its URL, or none that may be fetched
    │       └── PhotoTimeout            it did not arrive in time
    ├── UploadError         1005  400   the upload is empty or broken
    │   └── UploadTooLarge  1005  413
    ├── FaceTokenError      1006  404   no such token
    └── FaceInfoError       1007  422   no usable face

    StartError              the service cannot start; the message is the whole story

The engine raises these; an API dialect renders them. Nothing here knows HTTP beyond the status.
"""

from __future__ import annotations

from typing import ClassVar


class FaceError(Exception):
    """Carry one row of the error table and a detail that tells the caller what to do."""

    code: ClassVar[str]
    message: ClassVar[str]
    status: ClassVar[int]
    retry_after: int | None = None

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class BadArguments(FaceError):
    code, message, status = "1001", "BAD_ARGUMENTS", 400


class ForeignOrigin(BadArguments):
    """Say that the page of another web origin sent the request, or may have."""

    status = 403


class UnknownPath(BadArguments):
    status = 404


class WrongMethod(BadArguments):
    status = 405


class UnknownGroup(BadArguments):
    """Say that there is no group of that name; a dialect whose groups are made by themselves never meets it."""

    status = 404


class GroupExists(BadArguments):
    """Say that there is a group of that name already."""

    status = 409


class MissingArguments(FaceError):
    code, message, status = "1002", "MISSING_ARGUMENTS", 400


class InternalError(FaceError):
    code, message, status = "1003", "INTERNAL_ERROR", 500


class Overloaded(InternalError):
    """Say that there is no room at the moment, and after how many seconds to come back."""

    status = 503

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class TaggerError(InternalError):
    """Say that the tagger gave no answer."""


class FileError(FaceError):
    # The lower-case l is the wire contract.
    code, message, status = "1004", "FIlE_ERROR", 415


class PhotoUrlError(FileError):
    """Say that a photo's URL leads nowhere, or where this server must not go; callers cannot tell which."""


class PhotoTimeout(PhotoUrlError):
    """Say that a photo's URL took too long."""


class UploadError(FaceError):
    code, message, status = "1005", "UPLOAD_ERROR", 400


class UploadTooLarge(UploadError):
    status = 413


class FaceTokenError(FaceError):
    code, message, status = "1006", "FACE_TOKEN_ERROR", 404


class FaceInfoError(FaceError):
    code, message, status = "1007", "FACE_INFO_ERROR", 422


class StartError(Exception):
    """Say in one sentence why the service cannot start and what to do."""
