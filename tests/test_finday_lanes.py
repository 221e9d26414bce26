"""Finday's requests wait for other servers, and nobody waits for them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine import FaceEngine
from tests.client import field, photo
from tests.conftest import Live
from tests.finday_client import PATH, Finday
from tests.listener import LOOPBACK, Listener, answer, listening, until

Serve = Callable[..., Live]


@pytest.fixture
def pair(photos: Path) -> tuple[bytes, bytes]:
    """Two photos of one person."""
    first, _, third, *_ = sorted(photos.glob("val/ben_afflek/*.jpg"))
    return first.read_bytes(), third.read_bytes()


@pytest.fixture
def waiting(pair: tuple[bytes, bytes]) -> Iterator[tuple[Listener, threading.Event]]:
    """A server that answers nobody before the event."""
    go = threading.Event()

    def script(connected: socket.socket, _: bytes) -> None:
        assert go.wait(30)
        connected.sendall(answer(pair[1]))

    with listening(script) as listener:
        yield listener, go
        go.set()


def test_slow_urls_hold_up_no_native_request(
    serve: Serve,
    engine: FaceEngine,
    waiting: tuple[Listener, threading.Event],
    pair: tuple[bytes, bytes],
    tmp_path: Path,
) -> None:
    listener, go = waiting
    at = f"{LOOPBACK}:{listener.port}"
    finday = Finday(serve, engine, tmp_path, photos=1, threads=2, fetch_allow=(at,), fetch_seconds=30.0)
    native = finday.client
    with ThreadPoolExecutor(8) as clients:
        slow = [clients.submit(finday.verify, pair[0], f"http://{at}/photo.jpg") for _ in range(8)]
        until(lambda: listener.connections == 8)
        # None of the eight is answered before the natives are.
        token = native.enrolled(pair[1], "native")
        assert native.get("/search", face_token=token, threshold=1).status == 200
        assert native.post("/search", photo(pair[0]), field("threshold", "1")).json["total"] == 1
        assert not any(each.done() for each in slow)
        go.set()
        assert [each.result()[0] for each in slow] == [200] * 8
    assert native.get("/removeface", face_token=token).status == 200


def test_too_many_slow_urls_are_a_fault_of_the_server(
    serve: Serve,
    engine: FaceEngine,
    waiting: tuple[Listener, threading.Event],
    pair: tuple[bytes, bytes],
    tmp_path: Path,
) -> None:
    listener, go = waiting
    at = f"{LOOPBACK}:{listener.port}"
    finday = Finday(serve, engine, tmp_path, fetches=1, queue=0, fetch_allow=(at,), fetch_seconds=30.0)
    parts = photo(pair[0], "face_image"), field("face_img_url", f"http://{at}/photo.jpg")
    with ThreadPoolExecutor(1) as client:
        slow = client.submit(finday.post, *parts)
        until(lambda: listener.connections == 1)
        refused = finday.client.post(PATH, *parts)
        assert refused.status == 500
        assert int(refused.headers["Retry-After"]) >= 1
        assert "busy" in refused.json["reason"]
        go.set()
        assert slow.result()[0] == 200
