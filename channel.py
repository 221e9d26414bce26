"""One connection of waitress: requests read strictly, refused ones answered as the path's dialect words it."""

from __future__ import annotations

import copy
import json
import logging
import socket
import time
from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask
from waitress.utilities import BadRequest

from api import dialect_of
from api.dialect import Dialect
from api.envelope import cors_headers, log_request, new_request_id, shown_status
from errors import BadArguments, FaceError, InternalError, Overloaded, UploadError, UploadTooLarge

SMALL_BODY = 4 * 1024 * 1024
"""Bytes of a request that are read in any dialect, whether their number was declared or not."""

LARGE_BODIES = 64
"""Requests at a time whose bodies are larger: some 900 MB, should all of them arrive."""

HEAD_SECONDS = 15
"""A request's head may take this long: it fits a few packets, and whoever sends it by single bytes holds a place."""

BODY_SECONDS = 15
"""A body may take this long, and longer by BODY_RATE for what has arrived of it."""

BODY_RATE = 50_000
"""Bytes a second asked of a body, on average: 2 MB have 55 seconds. A slower one would keep its place from others."""

LONGEST_CHUNK_LINE = 4096
"""Bytes of a chunk's size, or of the trailer; waitress has no limit, and copies them anew with each packet."""


class BodyLimits:
    """Say how much of a request is read, by what its dialect's photos take and by how much is being read already."""

    def __init__(self, adjustments: Any, dialects: tuple[Dialect, ...], channels: Mapping[int, Any]) -> None:
        self.dialects = dialects
        self._channels = channels
        self._large = {each.max_body: _with_body(adjustments, each.max_body) for each in dialects}

    def apply(self, request: Any) -> None:
        """Let a large body in, or mark its request to be refused; any other one is limited to SMALL_BODY."""
        most = dialect_of(request.path, self.dialects).max_body
        # A chunked body may grow to any size, and says so only when its memory is taken.
        size = most if request.chunked else request.content_length
        if not SMALL_BODY < size <= most:
            return
        if self._arriving() >= LARGE_BODIES:
            request.refuse(Refusal(Overloaded("many large photos are arriving; try again in a moment")))
        else:
            request.large = True
        request.adj = self._large[most]

    def _arriving(self) -> int:
        held = [(channel.request, *channel.requests) for channel in list(self._channels.values())]
        return sum(1 for of in held for one in of if one is not None and one.large)


def _with_body(adjustments: Any, most: int) -> Any:
    larger = copy.copy(adjustments)
    # waitress refuses a length that equals its limit.
    larger.max_request_body_size = most + 1
    return larger


class StrictParser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Report what waitress lets fall through: a start line, a URL or a length that it cannot even read."""

    path = "/"
    large = False

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)
        self.begun = time.monotonic()

    @property
    def late(self) -> bool:
        """Say whether the head, or the body since its head, has taken too long."""
        body = BODY_SECONDS + self.body_bytes_received / BODY_RATE
        return time.monotonic() - self.begun > (body if self.headers_finished else HEAD_SECONDS)

    @property
    def blank(self) -> bool:
        """Say whether nothing has come but the empty lines that some clients send after a body."""
        return not self.headers_finished and not self.header_plus.strip()

    def refuse(self, error: Any) -> None:
        """End it with an error, in the words of the path that its head begins with."""
        if not self.headers_finished and self.header_plus:
            self.path = _path_of(self.header_plus)
        self.error = error
        self.completed = True
        self.large = False

    def received(self, data: bytes) -> int:
        in_head = not self.headers_finished
        consumed: int = super().received(data)
        if in_head and self.headers_finished:
            self.begun = time.monotonic()
        if self.error and not self.headers_finished:
            # Of a head that is too long, waitress keeps nothing but calls it one for "/".
            self.refuse(self.error)
        line = len(self.body_rcv.control_line) + len(self.body_rcv.trailer) if self.chunked else 0
        if line > LONGEST_CHUNK_LINE and not self.completed:
            self.refuse(BadRequest("a line between chunks is too long"))
        if self.completed:
            # To ask for the body of a request that is refused, or has none, would make it wait for one.
            self.expect_continue = False
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        # A head that cannot be read is refused in the words of the path that it begins with.
        self.path = _path_of(header_plus)
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError("the head cannot be read") from error
        self.adj.facetoken_bodies.apply(self)


def _path_of(head: bytes) -> str:
    target = [*head.split(None, 2)[1:2], b"/"][0]
    return target.partition(b"?")[0].decode("latin-1")


class DiscreetLogger(logging.LoggerAdapter[logging.Logger]):
    """Cut the path off waitress's own log lines: it may hold a face token."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return str(msg).partition(" while serving ")[0], kwargs


class EnvelopeErrorTask(ErrorTask):  # type: ignore[misc]
    """Answer what waitress itself refuses (a broken request, a body too large) as the path's dialect words it."""

    def execute(self) -> None:
        server, headers = self.channel.server, self.request.headers
        dialect = dialect_of(self.request.path or "/", server.adj.facetoken_bodies.dialects)
        error = _as_face_error(self.request, dialect)
        body, honest = dialect.render(error)
        status = HTTPStatus(shown_status(dialect, server.facetoken_settings, honest))
        data = json.dumps(body).encode()
        request_id = new_request_id()
        log_request(request_id, method="?", route="unreadable", status=status, code=error.code, ms=None, bytes_in=None)
        self.response_headers.append(("X-Request-Id", request_id))
        self.status = f"{status.value} {status.phrase}"
        self.response_headers.append(("Content-Type", "application/json"))
        asked = headers.get("ACCESS_CONTROL_REQUEST_HEADERS")
        self.response_headers += cors_headers(dialect, server.facetoken_settings, headers.get("ORIGIN"), asked).items()
        if error.retry_after is not None:
            self.response_headers.append(("Retry-After", str(error.retry_after)))
        self.set_close_on_finish()
        self.content_length = len(data)
        self.write(data)


class EnvelopeChannel(HTTPChannel):  # type: ignore[misc]
    """Answer a client that stops half-way through its body but still listens, or that takes too long."""

    error_task_class = EnvelopeErrorTask
    parser_class = StrictParser
    logger = DiscreetLogger(logging.getLogger("waitress"))
    request: Any = None
    will_close: bool = False

    def readable(self) -> bool:
        """Take no further request while the server stops: its client would keep it from ending, and be cut off."""
        return bool(super().readable()) and not (self.server.facetoken_draining and self.request is None)

    def handle_read(self) -> None:
        if self._stopped_half_way():
            with self.requests_lock:
                self._refuse(UploadError("the body ends before its declared length; send the whole file"))
        else:
            super().handle_read()

    def refuse_late(self) -> None:
        """Refuse the request that is arriving if it takes too long; called about once a second."""
        with self.requests_lock:
            request = self.request
            if request is None or self.will_close or self.close_when_flushed:
                return
            if self.requests or self.total_outbufs_len:
                # Nothing is read while an earlier request is being answered: that is not this one's time.
                request.begun = time.monotonic()
            elif request.late and request.blank:
                self.will_close = True
            elif request.late:
                self._refuse(UploadError("the request did not arrive in time; send it again, or a smaller photo"))

    def _refuse(self, error: FaceError) -> None:
        request, self.request = self.request, None
        request.refuse(Refusal(error))
        self.requests.append(request)
        self.server.add_task(self)

    def _stopped_half_way(self) -> bool:
        request = self.request
        if request is None or not request.headers_finished or request.completed or self.requests:
            return False
        try:
            waiting: bytes = self.socket.recv(1, socket.MSG_PEEK)
        except OSError:
            return False
        return not waiting


class Refusal:
    """Stand in for waitress's own parser errors: what the channel itself refuses a request for."""

    def __init__(self, error: FaceError) -> None:
        self.error = error
        self.code = error.status


def _as_face_error(request: Any, dialect: Dialect) -> FaceError:
    error = request.error
    if isinstance(error, Refusal):
        return error.error
    if error.code == 413:
        # A length that was not declared was read up to the small limit where photos are not larger.
        most = SMALL_BODY if request.chunked and not request.large else dialect.max_body
        return UploadTooLarge(f"the request has more than {most} bytes; send a smaller photo")
    if error.code == 500:
        return InternalError("something unexpected happened; the log has it")
    if request.body_rcv is not None:
        return UploadError("the chunks of the body are broken; send the whole file again")
    return BadArguments("the request is not valid HTTP")
