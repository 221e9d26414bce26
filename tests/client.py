"""A small HTTP client of the standard library, polite by `get`, `post` and `request`, rude by `raw`."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

SECONDS = 30
BOUNDARY = "facetoken-test-boundary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


@dataclass(frozen=True, slots=True)
class Part:
    """Hold one part of a multipart body; `filename` None makes it a text field."""

    name: str
    content: bytes
    filename: str | None = None

    def encoded(self) -> bytes:
        name = f'name="{self.name}"' + ("" if self.filename is None else f'; filename="{self.filename}"')
        return b"\r\n".join(
            [f"--{BOUNDARY}".encode(), f"Content-Disposition: form-data; {name}".encode(), b"", self.content, b""]
        )


def photo(content: bytes, name: str = "image_file", filename: str = "photo.jpg") -> Part:
    return Part(name, content, filename)


def field(name: str, text: str) -> Part:
    return Part(name, text.encode())


def multipart(parts: Iterable[Part]) -> bytes:
    return b"".join(part.encoded() for part in parts) + f"--{BOUNDARY}--\r\n".encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what the server answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str, str]:
        """Return status, code and message of an error after checking the envelope around them."""
        body = self.json
        assert self.headers["Content-Type"] == "application/json"
        assert set(body) == {"sucess", "success", "error_code", "error_msg", "detail"}
        assert body["sucess"] is False
        assert body["success"] is False
        detail = body["detail"]
        assert len(detail.split()) >= 4, f"{detail!r} is no helpful sentence"
        assert not any(word in detail for word in ("Traceback", "Error(", "/work/", ".py", "object at 0x"))
        return self.status, body["error_code"], body["error_msg"]


class Client:
    """Talk to a server on loopback."""

    def __init__(self, port: int) -> None:
        self.port = port

    def request(
        self, method: str, target: str, body: bytes | Iterable[bytes] | None = None, headers: Mapping[str, str] = {}
    ) -> Answer:
        """Send one request; an iterable body goes out chunked. A server that answers early is listened to."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            try:
                connection.request(method, target, body, dict(headers), encode_chunked=not isinstance(body, bytes))
            except (BrokenPipeError, ConnectionResetError):
                return _received(connection.sock, method)
            return _answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path: str, **query: str | int) -> Answer:
        return self.request("GET", path + ("?" + urlencode(query) if query else ""))

    def post(self, path: str, *parts: Part, headers: Mapping[str, str] = {}) -> Answer:
        """Post a multipart form."""
        return self.request("POST", path, multipart(parts), {"Content-Type": FORM, **headers})

    def detect(self, content: bytes) -> Any:
        """Detect faces and return the JSON of a good answer."""
        answer = self.post("/detect", photo(content))
        assert answer.status == 200, answer.body
        return answer.json

    def enrolled(self, content: bytes, name: str) -> str:
        """Detect, add the largest face under a name, return its token."""
        token: str = self.detect(content)["faces"][0]["face_token"]
        answer = self.get("/addface", face_token=token, face_name=name)
        assert answer.status == 200, answer.body
        return token

    def raw(self, *pieces: bytes, half_close: bool = True) -> Answer:
        """Send bytes as they are, then half-close (or keep the connection open), and read one answer."""
        with socket.create_connection(("127.0.0.1", self.port), SECONDS) as connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                # The server has answered and closed; the answer still waits to be read.
                pass
            return _received(connection)


def head(method: str, target: str, *headers: str) -> bytes:
    """Return a request's head in bytes, latin-1, for `raw`."""
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode("latin-1")


def _received(connection: socket.socket, method: str = "GET") -> Answer:
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return _answer(response)


def _answer(response: http.client.HTTPResponse) -> Answer:
    return Answer(response.status, response.headers, response.read())
