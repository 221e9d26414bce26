"""URLs that lead where no stranger may reach: refused by every dialect that takes one, before a packet leaves."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine import FaceEngine
from tests.client import Client, field, photo
from tests.conftest import Live
from tests.finday_client import checked
from tests.homybk_client import HomyBK
from tests.hostile_urls import hostile_urls
from tests.listener import LOOPBACK, answer, listening, sending
from tests.nhn_client import Checked

REDIRECTS = ("http://169.254.169.254/latest/meta-data", "http://[::1]:{port}/", "file:///etc/passwd", "//127.0.0.1/")

Asked = Callable[[str], Any]
Serve = Callable[..., Live]


class Connections:
    """Note to where this process begins to connect, while `heard` is there."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] | None = None
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.heard is not None and event == "socket.connect" and isinstance(arguments[1], tuple):
            self.heard.append(arguments[1])

    @contextmanager
    def listened_to(self) -> Iterator[list[tuple[Any, ...]]]:
        heard: list[tuple[Any, ...]] = []
        self.heard = heard
        try:
            yield heard
        finally:
            self.heard = None


@pytest.fixture(scope="module")
def connections() -> Connections:
    return Connections()


@pytest.fixture(scope="module")
def live(
    serve: Serve, new_engine: Callable[..., FaceEngine], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    engine = new_engine(tmp_path_factory.mktemp("engine"))
    yield serve(engine, data=tmp_path_factory.mktemp("data"), fetch_seconds=5.0, fetch_allow=(LOOPBACK + ":1",))
    engine.close()


@pytest.fixture(scope="module")
def portrait(photos: Path) -> bytes:
    return min(photos.glob("val/ben_afflek/*.jpg")).read_bytes()


def asking(dialect: str, live: Live, portrait: bytes) -> Asked:
    """Return what asks a dialect to read a URL, and returns its answer."""
    client = Client(live.port)
    if dialect == "nhn":
        tenant = live.engine.faceset.tenants.add(f"hostile {live.port}")
        return lambda url: Checked(client).detect(tenant, url)
    if dialect == "finday":
        captured = photo(portrait, "face_image")
        return lambda url: checked(client.post("/verify-face", captured, field("face_img_url", url)))
    return lambda url: HomyBK(client).feature(portrait, url)


@pytest.mark.parametrize("dialect", ["nhn", "finday", "homybk"])
def test_no_connection_is_begun(dialect: str, live: Live, portrait: bytes, connections: Connections) -> None:
    asked = asking(dialect, live, portrait)
    absent = asked("http://name-that-is-nowhere.invalid/photo.jpg")
    with listening(sending(answer())) as listener:
        urls = [url for url in hostile_urls(listener.port) if url.strip()]
        assert len(urls) >= 60
        with connections.listened_to() as begun:
            answers = {url: asked(url) for url in urls}
        assert {address[:2] for address in begun} == {(LOOPBACK, live.port)}
        assert listener.connections == 0
    # What is refused is answered as what is not there.
    assert [url for url, found in answers.items() if found != absent] == []


@pytest.mark.parametrize("dialect", ["nhn", "finday", "homybk"])
def test_no_redirect_leads_there(
    dialect: str, live: Live, serve: Serve, tmp_path: Path, portrait: bytes, connections: Connections
) -> None:
    def redirect(connected: socket.socket, request: bytes) -> None:
        target = REDIRECTS[int(request.split()[1].lstrip(b"/"))]
        connected.sendall(answer(b"", "302 Found", f"Location: {target.replace('{port}', str(inside.port))}"))

    with listening(sending(answer())) as inside, listening(redirect) as listener:
        allowed = serve(live.engine, data=tmp_path, fetch_allow=(f"{LOOPBACK}:{listener.port}",))
        asked = asking(dialect, allowed, portrait)
        absent = asked("http://name-that-is-nowhere.invalid/photo.jpg")
        with connections.listened_to() as begun:
            for place in range(len(REDIRECTS)):
                assert asked(f"http://{LOOPBACK}:{listener.port}/{place}") == absent
        assert {address[:2] for address in begun} == {(LOOPBACK, allowed.port), (LOOPBACK, listener.port)}
        assert inside.connections == 0
