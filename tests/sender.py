"""A client that sends its request in pieces, slowly or not to the end, and reads what the server says meanwhile."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time

from tests.client import Answer

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
SECONDS = 20


class Sender:
    """A client that sends bytes as it likes, and leaves when its block ends."""

    def __init__(self, port: int, *pieces: bytes) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port), SECONDS)
        for piece in pieces:
            self.connection.sendall(piece)

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def told(self) -> bytes:
        """Return the first line of what the server says, and take all of it if that is to go on."""
        line = self.connection.recv(len(CONTINUE), socket.MSG_PEEK).partition(b"\r\n")[0]
        if line == CONTINUE.strip():
            self.connection.recv(len(CONTINUE))
        return line

    def answer(self) -> Answer:
        response = http.client.HTTPResponse(self.connection)
        response.begin()
        return Answer(response.status, response.headers, response.read())

    def goes_on(self) -> bool:
        return self.told() == CONTINUE.strip()

    def closed(self) -> bool:
        """Wait until the server closes; False if it says something instead."""
        try:
            return self.connection.recv(1) == b""
        except ConnectionResetError:
            return True

    def drip(self) -> Answer:
        """Send a byte now and then until the server answers."""
        self.connection.settimeout(0.1)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(ConnectionError):
                # It may have answered and closed; the answer still waits to be read.
                self.connection.sendall(b"x")
            try:
                self.connection.recv(1, socket.MSG_PEEK)
            except TimeoutError:
                continue
            self.connection.settimeout(SECONDS)
            return self.answer()
        raise AssertionError("the server waited for ever")
