"""A server on loopback that does what a test has it do."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOPBACK = "127.0.0.1"
PHOTO = b"a photo " * 1000
MEGABYTE = 1024 * 1024

Script = Callable[[socket.socket, bytes], None]


def answer(body: bytes = PHOTO, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Listener:
    """A server on loopback that answers every connection by a script, and counts them."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._script, self._context = script, context
        self._socket = socket.create_server((LOOPBACK, 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                accepted, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(accepted,), daemon=True).start()

    def _answer(self, accepted: socket.socket) -> None:
        try:
            context = self._context
            with accepted if context is None else context.wrap_socket(accepted, server_side=True) as connected:
                request = connected.recv(65536)
                if request:
                    self.requests.append(request)
                    self._script(connected, request)
        except OSError:
            return
        finally:
            accepted.close()

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@contextmanager
def listening(script: Script, context: ssl.SSLContext | None = None) -> Iterator[Listener]:
    listener = Listener(script, context)
    try:
        yield listener
    finally:
        listener.stop()


def sending(data: bytes) -> Script:
    return lambda connected, _: connected.sendall(data)


def dripping(head: bytes) -> Script:
    """A byte now and then, for ever: none of the reader's own waits is ever over."""

    def drip(connected: socket.socket, _: bytes) -> None:
        connected.sendall(head)
        for _turn in range(200):
            time.sleep(0.05)
            connected.sendall(b"a")

    return drip


def by_path(answers: dict[str, Script]) -> Script:
    """Answer each path by a script of its own."""

    def script(connected: socket.socket, request: bytes) -> None:
        answers[request.split()[1].decode()](connected, request)

    return script


class Stream:
    """Send so many bytes, and count those that were taken."""

    def __init__(self, size: int, *headers: str) -> None:
        self._size, self._headers = size, headers
        self.sent = 0

    def __call__(self, connected: socket.socket, _: bytes) -> None:
        connected.sendall(answer(b"\xff\xd8\xff", "200 OK", *self._headers))
        while self.sent < self._size:
            connected.sendall(bytes(MEGABYTE))
            self.sent += MEGABYTE


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, 20 seconds at most."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
