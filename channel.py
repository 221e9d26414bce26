"""One connection of waitress: requests read strictly, refused ones answered as the path's dialect words it."""

from __future__ import annotations

import copy
import json
import logging
import socket
from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask

from api import dialect_of, native
from api.dialect import Dialect
from api.envelope import log_request, new_request_id
from errors import BadArguments, FaceError, InternalError, Overloaded, UploadError, UploadTooLarge

SMALL_BODY = 4 * 1024 * 1024
"""Bytes of a request that are read in any dialect, whether their number was declared or not."""

LARGE_BODIES = 64
"""Requests at a time whose bodies are larger: some 900 MB, should all of them arrive."""


class BodyLimits:
    """Say how much of a request is read, by what its dialect's photos take and by how much is being read already."""

    def __init__(self, adjustments: Any, dialects: tuple[Dialect, ...], channels: Mapping[int, Any]) -> None:
        self.dialects = dialects
        self._channels = channels
        self._large = {each.max_body: _with_body(adjustments, each.max_body) for each in dialects}

    def apply(self, request: Any) -> None:
        """Let a large body in, or mark its request to be refused; any other one is limited to SMALL_BODY."""
        most = dialect_of(request.path, self.dialects).max_body
        if not SMALL_BODY < request.content_length <= most:
            return
        request.adj = self._large[most]
        if self._arriving() >= LARGE_BODIES:
            request.error = NoRoom()
            request.completed = True

    def _arriving(self) -> int:
        held = [(channel.request, *channel.requests) for channel in list(self._channels.values())]
        return sum(1 for of in held for one in of if one is not None and one.content_length > SMALL_BODY)


def _with_body(adjustments: Any, most: int) -> Any:
    larger = copy.copy(adjustments)
    # waitress refuses a length that equals its limit.
    larger.max_request_body_size = most + 1
    return larger


class StrictParser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Report what waitress lets fall through: a start line, a URL or a length that it cannot even read."""

    path = "/"

    def parse_header(self, header_plus: bytes) -> None:
        # A head that cannot be read is refused in the words of the path that it begins with. After one, waitress may
        # come here again with what it takes for the body.
        if self.path == "/":
            for target in header_plus.split(None, 2)[1:2]:
                self.path = target.partition(b"?")[0].decode("latin-1")
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError("the head cannot be read") from error
        self.adj.facetoken_bodies.apply(self)


class DiscreetLogger(logging.LoggerAdapter[logging.Logger]):
    """Cut the path off waitress's own log lines: it may hold a face token."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return str(msg).partition(" while serving ")[0], kwargs


class EnvelopeErrorTask(ErrorTask):  # type: ignore[misc]
    """Answer what waitress itself refuses (a broken request, a body too large) as the path's dialect words it."""

    def execute(self) -> None:
        server = self.channel.server
        dialect = dialect_of(self.request.path or "/", server.adj.facetoken_bodies.dialects)
        error = _as_face_error(self.request, dialect)
        body, honest = dialect.render(error)
        status = HTTPStatus(200 if server.facetoken_status_200 and dialect is native.DIALECT else honest)
        data = json.dumps(body).encode()
        request_id = new_request_id()
        log_request(request_id, method="?", route="unreadable", status=status, code=error.code, ms=None, bytes_in=None)
        self.response_headers.append(("X-Request-Id", request_id))
        self.status = f"{status.value} {status.phrase}"
        self.response_headers.append(("Content-Type", "application/json"))
        if error.retry_after is not None:
            self.response_headers.append(("Retry-After", str(error.retry_after)))
        self.set_close_on_finish()
        self.content_length = len(data)
        self.write(data)


class EnvelopeChannel(HTTPChannel):  # type: ignore[misc]
    """Answer a client that stops half-way through its body but still listens."""

    error_task_class = EnvelopeErrorTask
    parser_class = StrictParser
    logger = DiscreetLogger(logging.getLogger("waitress"))
    request: Any = None

    def readable(self) -> bool:
        """Take no further request while the server stops: its client would keep it from ending, and be cut off."""
        return bool(super().readable()) and not (self.server.facetoken_draining and self.request is None)

    def handle_read(self) -> None:
        if self._stopped_half_way():
            request, self.request = self.request, None
            request.error = HalfBody()
            request.completed = True
            with self.requests_lock:
                self.requests.append(request)
            self.server.add_task(self)
        else:
            super().handle_read()

    def _stopped_half_way(self) -> bool:
        request = self.request
        if request is None or not request.headers_finished or request.completed or self.requests:
            return False
        try:
            waiting: bytes = self.socket.recv(1, socket.MSG_PEEK)
        except OSError:
            return False
        return not waiting


class HalfBody:
    """Stand in for waitress's own parser errors."""

    code = 400


class NoRoom:
    """Stand in for waitress's own parser errors, too."""

    code = 503


def _as_face_error(request: Any, dialect: Dialect) -> FaceError:
    error = request.error
    if isinstance(error, HalfBody):
        return UploadError("the body ends before its declared length; send the whole file")
    if error.code == 413:
        # A length that was not declared was read up to the small limit.
        most = dialect.max_body if request.content_length > SMALL_BODY else SMALL_BODY
        return UploadTooLarge(f"the request has more than {most} bytes; send a smaller photo")
    if error.code == 503:
        return Overloaded("many large photos are arriving; try again in a moment")
    if error.code == 500:
        return InternalError("something unexpected happened; the log has it")
    if request.body_rcv is not None:
        return UploadError("the chunks of the body are broken; send the whole file again")
    return BadArguments("the request is not valid HTTP")
