"""Read a request's parameters strictly: nothing repeated, nothing unknown, nothing guessed."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TypeVar

from flask import Request
from werkzeug.datastructures import FileStorage

from errors import BadArguments, MissingArguments, UploadError

MAX_TOKEN = 64
MAX_NAME = 255
MAX_THRESHOLD = 2.0
"""The largest distance of two unit vectors."""

_DECIMAL = re.compile(r"\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


Value = TypeVar("Value")


class Arguments:
    """Hold the query and form fields of a request, and its files, checked against the names it may have."""

    def __init__(self, request: Request, *allowed: str) -> None:
        self._fields: dict[str, str] = {}
        self._files: dict[str, FileStorage] = {}
        for name, values in request.args.lists():
            self._take(name, values, allowed, self._fields)
        if request.method in ("GET", "HEAD"):
            return
        _parse_body(request)
        for name, values in request.form.lists():
            self._take(name, values, allowed, self._fields)
        for name, files in request.files.lists():
            self._take(name, files, allowed, self._files)

    @staticmethod
    def _take(name: str, values: list[Value], allowed: tuple[str, ...], target: dict[str, Value]) -> None:
        if name not in allowed:
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
            raise MissingArguments(f"{name} is required")
        return value

    def token(self, name: str = "face_token") -> str:
        """Return a required token, at most 64 characters."""
        value = self.text(name)
        if len(value) > MAX_TOKEN:
            raise BadArguments(f"{name} has {len(value)} characters; a token has 24")
        return value

    def name(self, name: str = "face_name") -> str | None:
        """Return an optional label of at most 255 printable characters, or None."""
        value = self._fields.get(name)
        return checked_name(value, name) if value else None

    def threshold(self) -> tuple[float, str]:
        """Return the required threshold, a number in [0, 2], and its text as sent."""
        sent = self.text("threshold")
        return _number("threshold", sent, MAX_THRESHOLD), sent

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


def checked_name(value: str, parameter: str = "face_name") -> str:
    """Return a label unchanged; raise BadArguments unless it is at most 255 characters of valid, visible text."""
    if len(value) > MAX_NAME:
        raise BadArguments(f"{parameter} has {len(value)} characters; at most {MAX_NAME} are allowed")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        raise BadArguments(f"{parameter} holds a control character; use visible text")
    if "\ufffd" in value:
        raise BadArguments(f"{parameter} is not valid UTF-8")
    return value


def _number(name: str, text: str, high: float) -> float:
    value = float(text) if len(text) <= MAX_TOKEN and _DECIMAL.fullmatch(text) else math.nan
    if not 0 <= value <= high:
        raise BadArguments(f"{name} must be a number from 0 to {high:g}, such as 0.65")
    return value


def _parse_body(request: Request) -> None:
    if request.mimetype == "multipart/form-data" and not request.mimetype_params.get("boundary"):
        raise UploadError("the multipart body has no boundary; let your HTTP library set Content-Type")
    try:
        _ = request.form
    except ValueError:
        raise UploadError("the multipart body is broken or ends too early; send the whole form") from None
