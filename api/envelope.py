"""What every answer shares: an id, a log line, headers, and errors in the words of the path's dialect."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.routing import RequestRedirect

from api import dialect_of, native, served
from api.dialect import Dialect
from errors import BadArguments, FaceError, InternalError, Overloaded, UnknownPath, UploadTooLarge, WrongMethod
from settings import Settings

log = logging.getLogger("facetoken.requests")

REFUSED = "facetoken.refused"
"""Key in the WSGI environment by which the server tells the application to answer 503, with the seconds to wait."""

MAX_METHOD = 20
"""Characters of an unknown method that are said back."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
"""What the log calls by name: any other method is a text of the client's, as long as it likes."""

HONEST = ("health", "page")
"""Blueprints whose errors are never called 200: the page would take an error for the file that it asked for."""

NO_PATH = "there is nothing at this path; the API document lists the paths"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Envelope:
    """Attach the shared parts to an application."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._dialects = served(settings)

    def attach(self, app: Flask) -> None:
        app.before_request(self._begin)
        app.after_request(self._finish)
        app.register_error_handler(FaceError, self._render)
        app.register_error_handler(HTTPException, self._http_error)
        app.register_error_handler(Exception, self._unexpected)

    def _begin(self) -> None:
        g.begun = time.perf_counter()
        asked = request.headers.get("X-Request-Id", "")
        g.request_id = asked if _REQUEST_ID.fullmatch(asked) else new_request_id()
        request.max_content_length = self._dialect().max_body
        seconds = request.environ.get(REFUSED)
        if seconds is not None:
            raise Overloaded(f"the server is busy; try again in {seconds} seconds", seconds)
        if isinstance(request.routing_exception, RequestRedirect):
            # A target without a path, which werkzeug would lead to one with a page of its own.
            raise UnknownPath(NO_PATH)

    def _dialect(self) -> Dialect:
        return dialect_of(request.path, self._dialects)

    def _render(self, error: FaceError) -> Response:
        g.error = error
        body, status = self._dialect().render(error)
        response = jsonify(body)
        response.status_code = status
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    def _http_error(self, error: HTTPException) -> Response:
        response = self._render(_face_error(error))
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response

    def _unexpected(self, _: Exception) -> Response:
        log.exception("request %s failed", g.request_id)
        return self._render(InternalError(f"something unexpected happened; the log has it as {g.request_id}"))

    def _finish(self, response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        response.headers["X-Content-Type-Options"] = "nosniff"
        # Tokens, names and distances are not for the disk of whoever asked; what may be kept says so itself.
        response.headers.setdefault("Cache-Control", "no-store")
        origin, asked = request.headers.get("Origin"), request.headers.get("Access-Control-Request-Headers")
        response.headers.update(cors_headers(self._dialect(), self._settings, origin, asked))
        self._log(response)
        if request.blueprint not in HONEST:
            response.status_code = shown_status(self._dialect(), self._settings, response.status_code)
        return response

    def _log(self, response: Response) -> None:
        """Write one line. The route's pattern stands for the path: tokens and names stay out of the log."""
        error: FaceError | None = g.get("error")
        log_request(
            g.request_id,
            method=request.method if request.method in METHODS else "?",
            route=request.url_rule.rule if request.url_rule else "unknown",
            status=response.status_code,
            code=error.code if error else None,
            ms=round((time.perf_counter() - g.begun) * 1000, 1),
            bytes_in=request.content_length or 0,
        )


def shown_status(dialect: Dialect, settings: Settings, honest: int) -> int:
    """Return the HTTP status to answer with where the settings have errors of the native dialect flattened to 200.

    Errors alone: a 304 or a 206 called 200 would be an empty or a cut file. Not those of another dialect: its clients
    may take a 200 for a yes.
    """
    return 200 if settings.status_200 and dialect is native.DIALECT and honest >= 400 else honest


def cors_headers(dialect: Dialect, settings: Settings, origin: str | None, asked: str | None) -> dict[str, str]:
    """Return the headers that tell a browser whether a page of `origin` may call; `asked` are those it wants to send.

    They say to caches that an answer holds for its origin alone, wherever origins are set at all.
    """
    allowed = dialect.origins(settings)
    if not allowed:
        return {}
    headers = {"Vary": "Origin"}
    if origin is not None and ("*" in allowed or origin in allowed):
        headers["Access-Control-Allow-Origin"] = "*" if "*" in allowed else origin
        headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE"
        # A page may send headers of its own with every request; it must not fail for those.
        headers["Access-Control-Allow-Headers"] = "Content-Type, X-Request-Id" if asked is None else asked
        headers["Access-Control-Expose-Headers"] = "X-Request-Id, Retry-After"
    return headers


def new_request_id() -> str:
    return secrets.token_hex(8)


def log_request(request_id: str, **facts: str | float | None) -> None:
    """Write a request's line to the log, as JSON."""
    log.info("%s", json.dumps({"request_id": request_id, **facts}))


def _face_error(error: HTTPException) -> FaceError:
    if isinstance(error, RequestEntityTooLarge):
        megabytes = (request.max_content_length or 0) // 2**20
        return UploadTooLarge(
            f"the request is too large: a photo may have {megabytes} MB at most, a form a thousand parts"
        )
    if isinstance(error, NotFound):
        return UnknownPath(NO_PATH)
    if isinstance(error, MethodNotAllowed):
        return WrongMethod(f"{request.method[:MAX_METHOD]} is not allowed here")
    return BadArguments(error.description or "the request cannot be understood")
