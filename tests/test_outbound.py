"""One connection to another server: its deadline, its limit, its lookups."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing

import pytest
from urllib3.exceptions import HTTPError

from outbound import LOOKUPS, Deadline, Server, read
from tests.listener import LOOPBACK, Script, answer, dripping, listening, sending


def get(script: Script, seconds: float = 10, max_bytes: int = 1000) -> bytes | None:
    """Get / from a listener that answers by a script."""
    deadline = Deadline(seconds)
    with listening(script) as listener:
        server = Server(LOOPBACK, listener.port, None)
        with server.connected(server.addresses(deadline)[0], deadline) as connection:
            connection.request("GET", "/", preload_content=False, decode_content=False)
            with closing(connection.getresponse()) as response:
                return read(response, max_bytes)


def test_a_deadline_counts_down_and_is_over() -> None:
    deadline = Deadline(0.05)
    assert 0 < deadline.left() <= 0.05
    time.sleep(0.06)
    with pytest.raises(TimeoutError):
        deadline.left()


@pytest.mark.parametrize("size", [0, 1, 999, 1000])
def test_a_body_up_to_the_limit_is_read(size: int) -> None:
    body = b"x" * size
    assert get(sending(answer(body))) == body
    assert get(sending(answer(body, "200 OK", f"Content-Length: {size}"))) == body


def test_a_larger_body_is_not() -> None:
    assert get(sending(answer(b"x" * 1001))) is None
    # The length that a head gives is enough: nothing has to come.
    assert get(dripping(answer(b"", "200 OK", "Content-Length: 1001"))) is None


def test_a_connection_ends_with_its_deadline() -> None:
    begun = time.monotonic()
    with pytest.raises((OSError, HTTPError)):
        get(dripping(answer(b"", "200 OK", "Content-Length: 900")), seconds=0.3)
    assert time.monotonic() - begun < 5


def test_a_name_is_looked_up() -> None:
    assert LOOPBACK in Server("localhost", 80, None).addresses(Deadline(5))
    with pytest.raises(socket.gaierror):
        Server("localhost", 80, None).addresses(Deadline(5), unknown)


def unknown(*_: object) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, "unknown")


def test_a_lookup_that_hangs_is_not_waited_for() -> None:
    hanging, started = threading.Event(), threading.Semaphore(0)

    def resolve(*_: object) -> list[str]:
        started.release()
        hanging.wait(20)
        return [LOOPBACK]

    try:
        for _ in range(LOOKUPS + 2):
            with pytest.raises(TimeoutError):
                Server("photos.test", 80, None).addresses(Deadline(0.05), resolve)
        assert all(started.acquire(timeout=5) for _ in range(LOOKUPS))
    finally:
        hanging.set()
    assert Server("photos.test", 80, None).addresses(Deadline(5), lambda *_: [LOOPBACK]) == [LOOPBACK]
    # Those that had found no thread free were given up, not left for later.
    assert not started.acquire(timeout=0.2)
