"""A running server as the command line sees it: the native API, with patience."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from errors import FaceError, InternalError, StartError, UploadTooLarge

TIMEOUT = 60
"""Seconds to wait for a connection, and for each part of an answer."""

PATIENCE = 120
"""Seconds that one request is repeated for before the server counts as gone."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0

BUSY = (502, 503, 504)
"""Statuses that pass: from the server when it is busy or starting, from a proxy before it when it is restarting."""

Answer = dict[str, Any]


class ServerGone(Exception):
    """Say in one sentence why a server can no longer be worked with."""


class _Passing(Exception):
    """Say what keeps a request from being answered now, and how long the server asks to wait, seconds."""

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


class Waiting(Protocol):
    """Wait between two attempts; tell whether to give up instead."""

    def wait(self, seconds: float) -> bool: ...


class RemoteServer:
    """Call a server's native API; safe for many threads, each on a connection of its own.

    Every request made here may be repeated safely, and is while the server is busy or the connection breaks.
    """

    def __init__(self, url: str, waiting: Waiting | None = None, patience: float = PATIENCE) -> None:
        self.url = normalised(url)
        parts = urlsplit(self.url)
        self._secure = parts.scheme == "https"
        self._host, self._port, self._base = parts.hostname or "", parts.port, parts.path
        self._waiting = waiting or threading.Event()
        self._patience = patience
        self._own = threading.local()
        self._connections: list[http.client.HTTPConnection] = []
        self._hung_up = False

    def __enter__(self) -> RemoteServer:
        return self

    def __exit__(self, *_: object) -> None:
        """Close every thread's connection."""
        for connection in self._connections:
            connection.close()

    def hang_up(self) -> None:
        """Break the connections off, whoever waits for an answer on them, and make no new ones."""
        self._hung_up = True
        for connection in self._connections:
            if connection.sock:
                with suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)

    def greet(self) -> None:
        """Wait until the server is ready; raise StartError when none is there."""
        try:
            connection = self._connect()
            connection.connect()
            connection.close()
            self.call("GET", "/faces", {"limit": "1"})
        except (OSError, ServerGone, FaceError) as error:
            reason = getattr(error, "strerror", None) or error
            raise StartError(f"no facetoken server answers at {self.url}: {reason}") from error

    def call(
        self, method: str, path: str, fields: Mapping[str, str] | None = None, photo: bytes | None = None
    ) -> Answer:
        """Return the answer to a request.

        Raises the FaceError that the server answered with, ServerGone when it does not answer within the patience.
        """
        body, kind = _multipart(fields or {}, photo) if photo is not None else (urlencode(fields or {}).encode(), _FORM)
        target = self._base + path
        if method == "GET":
            target, body = f"{target}?{body.decode()}", b""
        request = (method, target, body or None, {"Content-Type": kind} if body else {})
        deadline, pause = time.monotonic() + self._patience, FIRST_PAUSE
        while True:
            try:
                return self._attempt(*request)
            except _Passing as error:
                wait = max(pause, error.pause)
                if time.monotonic() + wait > deadline or self._waiting.wait(wait):
                    raise ServerGone(f"the server {self.url} does not answer: {error}") from None
                pause = min(2 * pause, LONGEST_PAUSE)

    def _attempt(self, method: str, target: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        connection = self._connection()
        if self._hung_up:
            raise ServerGone("stopped")
        try:
            try:
                connection.request(method, target, body, headers)
            except (BrokenPipeError, ConnectionResetError):
                # The server may have refused the body before reading all of it; then its answer is waiting.
                if connection.sock is None:
                    raise
            response = connection.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise _Passing(str(getattr(error, "strerror", None) or error or type(error).__name__)) from error
        except BaseException:
            connection.close()
            raise
        return _answer(response, data)

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._own, "connection"):
            self._own.connection = self._connect()
            self._connections.append(self._own.connection)
        connection: http.client.HTTPConnection = self._own.connection
        return connection

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=TIMEOUT)


_FORM = "application/x-www-form-urlencoded"


def normalised(url: str) -> str:
    """Return a server's URL in one spelling; raise StartError for one that is not http(s)://host[:port][/path]."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise StartError(f"--server {url} has no valid port") from None
    plain = not (parts.query or parts.fragment or parts.username)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise StartError(f"--server {url} is not a server's address; it looks like http://localhost:5000")
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}{parts.path.rstrip('/')}"


def _answer(response: http.client.HTTPResponse, data: bytes) -> Answer:
    after = response.headers.get("Retry-After", "")
    pause = float(after) if after.isdecimal() else 0.0
    try:
        answer = json.loads(data)
    except ValueError:
        answer = None
    # A server set to answer 200 to everything still says Retry-After.
    if response.status in BUSY or (after and response.status == 200):
        raise _Passing(_detail(answer) or f"HTTP {response.status} {response.reason}", pause)
    if isinstance(answer, dict) and answer.get("success") is True:
        return answer
    if isinstance(answer, dict) and "error_code" in answer:
        raise _error(str(answer["error_code"]), response.status, _detail(answer) or str(answer.get("error_msg")))
    if response.status == 413:
        raise UploadTooLarge("the server, or a proxy before it, refuses the photo as too large")
    raise ServerGone(f"the server does not answer as facetoken does (HTTP {response.status} {response.reason})")


def _detail(answer: object) -> str | None:
    return str(answer["detail"]) if isinstance(answer, dict) and answer.get("detail") else None


def _error(code: str, status: int, detail: str) -> FaceError:
    """Return the error of the table that the server answered with."""
    kinds = [kind for kind in _kinds(FaceError) if kind.code == code]
    exact = [kind for kind in kinds if kind.status == status]
    best: type[FaceError] = [*exact, *kinds, InternalError][0]
    return best(detail)


def _kinds(base: type[FaceError]) -> list[type[FaceError]]:
    return [found for child in base.__subclasses__() for found in (child, *_kinds(child))]


def _multipart(fields: Mapping[str, str], photo: bytes) -> tuple[bytes, str]:
    """Return a form's body and content type. The photo's own file name stays here."""
    boundary = secrets.token_hex(16)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="'
    parts = [f'{head}{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    parts.append(f'{head}image_file"; filename="photo"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode())
    body = b"".join([*parts, photo, f"\r\n--{boundary}--\r\n".encode()])
    return body, f"multipart/form-data; boundary={boundary}"
