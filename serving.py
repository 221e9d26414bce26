"""Serve a WSGI application with waitress: bounded waiting, errors in the API's own envelope, an orderly end."""

from __future__ import annotations

import json
import logging
import socket
import sys
import threading
import time
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask

from admission import Gate, Wsgi
from api import dialect_of
from api.envelope import log_request, new_request_id
from errors import BadArguments, FaceError, InternalError, StartError, UploadError, UploadTooLarge
from settings import Settings
from threads import cores

MAX_BODY = 4 * 1024 * 1024
"""Bytes of a request that are read at all; each dialect's own limit is lower."""

MAX_CONNECTIONS = 300
"""Each may hold a body that is not complete yet: 1.2 GB at the very worst."""

NEVER = sys.maxsize
"""Bytes from which waitress would spill a body or an answer to a temporary file: no photo or name may go there."""

IDLE_SECONDS = 60
"""A connection that sends nothing for this long is closed."""

SPARE_THREADS = 4
"""Threads that are left to refuse requests and to answer health checks when all others are busy or waiting."""


class StrictParser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Report what waitress lets fall through: a start line, a URL or a length that it cannot even read."""

    # What a request that is refused before its path was read answers for.
    path = "/"

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError("the head cannot be read") from error


class DiscreetLogger(logging.LoggerAdapter[logging.Logger]):
    """Cut the path off waitress's own log lines: it may hold a face token."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return str(msg).partition(" while serving ")[0], kwargs


class EnvelopeErrorTask(ErrorTask):  # type: ignore[misc]
    """Answer what waitress itself refuses (a broken request, a body too large) as the path's dialect words it."""

    def execute(self) -> None:
        error = _as_face_error(self.request)
        body, honest = dialect_of(self.request.path or "/").render(error)
        status = HTTPStatus(200 if self.channel.server.facetoken_status_200 else honest)
        data = json.dumps(body).encode()
        request_id = new_request_id()
        log_request(request_id, method="?", route="unreadable", status=status, code=error.code, ms=None, bytes_in=None)
        self.response_headers.append(("X-Request-Id", request_id))
        self.status = f"{status.value} {status.phrase}"
        self.response_headers.append(("Content-Type", "application/json"))
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


def _as_face_error(request: Any) -> FaceError:
    error = request.error
    if isinstance(error, HalfBody):
        return UploadError("the body ends before its declared length; send the whole file")
    if error.code == 413:
        return UploadTooLarge(f"the request has more than {MAX_BODY} bytes; send a smaller photo")
    if error.code == 500:
        return InternalError("something unexpected happened; the log has it")
    if request.body_rcv is not None:
        return UploadError("the chunks of the body are broken; send the whole file again")
    return BadArguments("the request is not valid HTTP")


class Server:
    """Own the listening socket and the loop; `stop` may be called from a signal handler or another thread."""

    def __init__(self, application: Wsgi, settings: Settings) -> None:
        self._drain = settings.drain
        self._map: dict[int, Any] = {}
        self._stopping = threading.Event()
        photos = min(settings.photos or cores(), settings.threads)
        gate = Gate(
            application, threads=settings.threads, photos=photos, queue=settings.queue, patience=settings.patience
        )
        listener = _listener(settings.host, settings.port)
        self.port: int = listener.getsockname()[1]
        self._server: Any = create_server(
            gate,
            map=self._map,
            sockets=[listener],
            # Every request that is let in holds one, waiting or not.
            threads=settings.threads + photos + 2 * settings.queue + SPARE_THREADS,
            ident=None,
            channel_timeout=IDLE_SECONDS,
            max_request_body_size=MAX_BODY,
            inbuf_overflow=NEVER,
            outbuf_overflow=NEVER,
            connection_limit=MAX_CONNECTIONS,
            clear_untrusted_proxy_headers=True,
        )
        self._server.channel_class = EnvelopeChannel
        self._server.facetoken_status_200 = settings.status_200
        self._server.facetoken_draining = False

    def run(self) -> None:
        """Serve until `stop`, then let what runs finish within the drain time."""
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1, map=self._map, count=1, use_poll=True)
        # What was sent before the signal is in the socket already: one turn to accept it, one to read it.
        wasyncore.loop(timeout=0, map=self._map, count=2, use_poll=True)
        self._server.facetoken_draining = True
        self._server.del_channel()
        self._server.socket.close()
        deadline = time.monotonic() + self._drain
        while self._busy() and time.monotonic() < deadline:
            wasyncore.loop(timeout=0.05, map=self._map, count=1, use_poll=True)
        self._server.task_dispatcher.shutdown(timeout=0.1)
        wasyncore.close_all(self._map, ignore_all=True)

    def stop(self) -> None:
        self._stopping.set()
        self._server.pull_trigger()

    def _busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.request or channel.total_outbufs_len for channel in channels)


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise StartError(
            f"cannot listen on {host}:{port}: {error.strerror}; set FACETOKEN_HOST or FACETOKEN_PORT"
        ) from error
