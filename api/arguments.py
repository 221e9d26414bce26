"""Read a request's parameters strictly: nothing repeated, nothing unknown, nothing guessed."""

from __future__ import annotations

import math
import re
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from flask import Request
from werkzeug.datastructures import FileStorage

from errors import BadArguments, FaceTokenError, MissingArguments, UploadError, UploadTooLarge
from faceset.names import problem_with
from faceset.tokens import ALPHABET, LENGTH
from similarity import FARTHEST

MAX_TOKEN = 64
MAX_FORM = 64 * 1024
"""Bytes of a form that is not multipart."""

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")

_TOKEN = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}")
_DECIMAL = re.compile(r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


Value = TypeVar("Value")


class Arguments:
    """Hold the query and form fields of a request, and its files, checked against the names it may have.

    A field of another name is refused, or ignored when the clients of a dialect were written for a service that did.
    """

    def __init__(self, request: Request, *allowed: str, ignore_others: bool = False) -> None:
        self._ignore_others = ignore_others
        self._fields: dict[str, str] = {}
        self._files: dict[str, FileStorage] = {}
        _require_utf8(request.query_string)
        for name, values in request.args.lists():
            self._take(name, values, allowed, self._fields)
        if request.method in ("GET", "HEAD"):
            return
        _parse_body(request)
        for name, values in request.form.lists():
            self._take(name, values, allowed, self._fields)
        for name, files in request.files.lists():
            self._take(name, files, allowed, self._files)

    def _take(self, name: str | None, values: list[Value], allowed: tuple[str, ...], target: dict[str, Value]) -> None:
        # A part of a multipart body may lack a name.
        name = name or ""
        if name not in allowed:
            if self._ignore_others:
                return
            shown = name if len(name) <= MAX_TOKEN else name[:MAX_TOKEN] + "…"
            raise BadArguments(f"unknown parameter {shown!r}; known here: {', '.join(allowed) or 'none'}")
        if len(values) > 1 or name in target:
            raise BadArguments(f"{name} is given more than once")
        target[name] = values[0]

    def has(self, name: str) -> bool:
        """Tell whether the parameter is there and not empty."""
        return bool(self._fields.get(name)) or name in self._files

    def text(self, name: str) -> str:
        """Return a required text; raise MissingArguments when it is absent or empty."""
        value = self._fields.get(name)
        if not value:
            raise MissingArguments(f"{name} is required; send it in the query or as a form field")
        return value

    def token(self, name: str = "face_token") -> str:
        """Return a required token; raise FaceTokenError for a text that no token can be."""
        return checked_token(self.text(name), name)

    def name(self, name: str = "face_name") -> str | None:
        """Return an optional label of at most 255 printable characters, or None."""
        value = self._fields.get(name)
        return checked_name(value, name) if value else None

    def threshold(self) -> tuple[float, str]:
        """Return the required threshold, a number in [0, 2], and its text as sent."""
        sent = self.text("threshold")
        return _number("threshold", sent, FARTHEST), sent

    def whole(self, name: str, low: int, high: int) -> int | None:
        """Return an optional whole number from `low` to `high`, or None."""
        value = self._fields.get(name)
        if not value:
            return None
        if not (value.isascii() and value.isdigit() and len(value) < 20 and low <= int(value) <= high):
            raise BadArguments(f"{name} must be a whole number from {low} to {high}")
        return int(value)

    def photo(self, name: str = "image_file") -> bytes:
        """Return the bytes of a required file."""
        if name in self._fields:
            raise MissingArguments(f"{name} came as a text field; send it as a file (curl -F {name}=@photo.jpg)")
        if name not in self._files:
            raise MissingArguments(f"{name} is required: a file in a multipart/form-data body")
        data: bytes = self._files[name].read()
        if not data:
            raise UploadError(f"{name} is empty; send the bytes of a JPEG or PNG photo")
        return data


def checked_token(value: str, parameter: str = "face_token") -> str:
    """Return a token unchanged; raise BadArguments over 64 characters, FaceTokenError for what no token can be."""
    if len(value) > MAX_TOKEN:
        raise BadArguments(f"{parameter} has {len(value)} characters; a token has {LENGTH}")
    if not _TOKEN.fullmatch(value):
        raise FaceTokenError(f"no such {parameter}; a token has {LENGTH} characters of A-Z, a-z and 0-9")
    return value


def checked_name(value: str, parameter: str = "face_name") -> str:
    """Return a label unchanged; raise BadArguments unless it is at most 255 characters of valid, visible text."""
    problem = problem_with(value)
    if problem:
        raise BadArguments(f"{parameter} {problem}")
    return value


def _number(name: str, text: str, high: float) -> float:
    value = float(text) if len(text) <= MAX_TOKEN and _DECIMAL.fullmatch(text) else math.nan
    if not 0 <= value <= high:
        raise BadArguments(f"{name} must be a number from 0 to {high:g}, such as 0.65")
    return value


def _parse_body(request: Request) -> None:
    if request.mimetype == "multipart/form-data" and not request.mimetype_params.get("boundary"):
        raise UploadError("the multipart body has no boundary; let your HTTP library set Content-Type")
    if request.mimetype not in FORMS and request.content_length:
        raise BadArguments(f"the body must be a form, {' or '.join(FORMS)}")
    if request.mimetype == "application/x-www-form-urlencoded":
        # Such a form has no file, and every percent sign of it takes time.
        if (request.content_length or 0) > MAX_FORM:
            raise UploadTooLarge(f"a form without files may have {MAX_FORM} bytes; send photos as multipart/form-data")
        _require_utf8(request.get_data())
    # A photo that came as a text field is told so, not that it is too large; the whole body is limited anyway.
    request.max_form_memory_size = request.max_content_length
    try:
        _ = request.form
    except ValueError:
        raise UploadError("the multipart body is broken or ends too early; send the whole form") from None


def _require_utf8(encoded: bytes) -> None:
    """Raise BadArguments for what the decoder would quietly turn into percent signs."""
    try:
        unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        raise BadArguments("a parameter is not valid UTF-8; encode the text as UTF-8, then percent-encode it") from None
