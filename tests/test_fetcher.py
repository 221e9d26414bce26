"""Fetching by URL: nothing but the public internet, whatever names, redirects and slow servers try."""

from __future__ import annotations

import socket
import ssl
import threading
import time

import pytest

from errors import PhotoTimeout, PhotoUrlError, UploadTooLarge
from fetcher import Fetcher, FetchRule
from tests.certificates import certificates
from tests.hostile_urls import hostile_urls
from tests.listener import LOOPBACK, PHOTO, Script, answer, dripping, listening, sending

__all__ = ["certificates"]

MANY = 10_000_000


def fetcher(port: int, **options: float) -> Fetcher:
    """A fetcher that may go to one port of loopback, by address and by the name photos.test."""
    allow = frozenset({f"{LOOPBACK}:{port}", f"photos.test:{port}"})
    return Fetcher(FetchRule(allow, **options), lambda host, _: [LOOPBACK if host == "photos.test" else host])  # type: ignore[arg-type]


def test_a_photo_is_fetched() -> None:
    with listening(sending(answer())) as listener:
        assert fetcher(listener.port).get(f"http://photos.test:{listener.port}/a.jpg?x=1#y", MANY) == PHOTO
    (request,) = listener.requests
    assert request.startswith(b"GET /a.jpg?x=1 HTTP/1.1\r\n")
    assert f"Host: photos.test:{listener.port}\r\n".encode() in request
    assert b"Accept-Encoding: identity\r\n" in request


def test_hostile_urls_send_no_packet() -> None:
    with listening(sending(answer())) as listener:
        urls = hostile_urls(listener.port)
        assert len(urls) >= 60
        for fetch in (Fetcher(FetchRule()), Fetcher(FetchRule(ports=frozenset((80, 443, listener.port))))):
            for url in urls:
                with pytest.raises(PhotoUrlError):
                    fetch.get(url, MANY)
        assert listener.connections == 0


def test_a_name_that_leads_inside_is_refused_though_one_address_is_public() -> None:
    with listening(sending(answer())) as listener:
        fetch = Fetcher(FetchRule(ports=frozenset({listener.port})), lambda *_: ["8.8.8.8", LOOPBACK])
        with pytest.raises(PhotoUrlError):
            fetch.get(f"http://both.test:{listener.port}/", MANY)
        assert listener.connections == 0


def test_the_address_that_was_checked_is_the_one_connected_to() -> None:
    asked: list[str] = []

    def rebinding(host: str, _: int) -> list[str]:
        # The second answer would lead inside.
        asked.append(host)
        return [LOOPBACK] if len(asked) == 1 else ["169.254.169.254"]

    with listening(sending(answer())) as listener:
        fetch = Fetcher(FetchRule(frozenset({f"rebinding.test:{listener.port}"})), rebinding)
        assert fetch.get(f"http://rebinding.test:{listener.port}/", MANY) == PHOTO
    assert asked == ["rebinding.test"]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_redirects_are_followed_and_checked_again(status: str) -> None:
    def redirect(connected: socket.socket, request: bytes) -> None:
        there = request.startswith(b"GET /there ")
        connected.sendall(answer() if there else answer(b"", status, "Location: /there"))

    with listening(redirect) as listener, listening(sending(answer())) as inside:
        fetch = fetcher(listener.port)
        assert fetch.get(f"http://{LOOPBACK}:{listener.port}/here", MANY) == PHOTO
        for url in (f"http://{LOOPBACK}:{inside.port}/", "http://169.254.169.254/", "file:///etc/passwd", "//[::1]/"):
            with listening(sending(answer(b"", status, f"Location: {url}"))) as away:
                with pytest.raises(PhotoUrlError):
                    fetcher(away.port).get(f"http://{LOOPBACK}:{away.port}/", MANY)
                assert away.connections == 1
        assert inside.connections == 0


def test_three_redirects_and_no_more() -> None:
    def count_down(connected: socket.socket, request: bytes) -> None:
        left = int(request[5:6])
        connected.sendall(answer(b"", "302 Found", f"Location: /{left - 1}") if left else answer())

    with listening(count_down) as listener:
        fetch = fetcher(listener.port)
        assert fetch.get(f"http://{LOOPBACK}:{listener.port}/3", MANY) == PHOTO
        with pytest.raises(PhotoUrlError):
            fetch.get(f"http://{LOOPBACK}:{listener.port}/4", MANY)


@pytest.mark.parametrize("length", [(), ("Content-Length: 8000",), ("Content-Length: 1",), ("Content-Length: 99999",)])
def test_too_many_bytes_are_not_read(length: tuple[str, ...]) -> None:
    with listening(sending(answer(PHOTO, "200 OK", *length))) as listener:
        fetch = fetcher(listener.port)
        if length == ("Content-Length: 1",):
            assert fetch.get(f"http://{LOOPBACK}:{listener.port}/", 7999) == PHOTO[:1]
            return
        with pytest.raises(UploadTooLarge):
            fetch.get(f"http://{LOOPBACK}:{listener.port}/", 7999)


@pytest.mark.parametrize(
    "data",
    [
        answer(b"", "404 Not Found"),
        answer(b"", "500 Broken"),
        answer(b"", "204 No Content"),
        answer(PHOTO[:10], "200 OK", "Content-Length: 8000"),
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_what_is_absent_or_broken_looks_like_what_is_refused(data: bytes) -> None:
    with listening(sending(data)) as listener, pytest.raises(PhotoUrlError) as absent:
        fetcher(listener.port).get(f"http://{LOOPBACK}:{listener.port}/", MANY)
    with pytest.raises(PhotoUrlError) as refused:
        Fetcher(FetchRule()).get("http://169.254.169.254/", MANY)
    with pytest.raises(PhotoUrlError) as closed:
        fetcher(listener.port).get(f"http://{LOOPBACK}:{listener.port}/", MANY)
    assert absent.value.detail == refused.value.detail == closed.value.detail
    assert type(absent.value) is type(refused.value) is type(closed.value)


@pytest.mark.parametrize(
    "script",
    [
        dripping(b"HTTP/1.1 200 OK\r\nX: "),
        dripping(answer(b"")),
        dripping(answer(b"", "200 OK", "Content-Length: 8000")),
        lambda *_: time.sleep(8),
    ],
)
def test_a_slow_server_is_cut_off(script: Script) -> None:
    with listening(script) as listener:
        begun = time.monotonic()
        with pytest.raises(PhotoTimeout):
            fetcher(listener.port, seconds=0.5).get(f"http://{LOOPBACK}:{listener.port}/", MANY)
        assert time.monotonic() - begun < 5


def test_a_name_server_that_hangs_is_not_waited_for() -> None:
    hanging = threading.Event()

    def resolve(*_: object) -> list[str]:
        hanging.wait(20)
        return ["8.8.8.8"]

    with pytest.raises(PhotoTimeout):
        Fetcher(FetchRule(seconds=0.3), resolve).get("http://example.org/", MANY)
    hanging.set()


def test_https_asks_for_the_name_and_checks_the_certificate(
    certificates: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server, client = certificates
    asked: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: asked.append(name)
    with listening(sending(answer()), server) as listener:
        rule = FetchRule(frozenset({f"photos.test:{listener.port}", f"other.test:{listener.port}"}))
        fetch = Fetcher(rule, lambda *_: [LOOPBACK], client)
        assert fetch.get(f"https://photos.test:{listener.port}/", MANY) == PHOTO
        assert asked == ["photos.test"]
        assert f"Host: photos.test:{listener.port}\r\n".encode() in listener.requests[0]
        with pytest.raises(PhotoUrlError):
            fetch.get(f"https://other.test:{listener.port}/", MANY)
        with pytest.raises(PhotoUrlError):
            Fetcher(rule, lambda *_: [LOOPBACK]).get(f"https://photos.test:{listener.port}/", MANY)
        assert len(listener.requests) == 1


def test_no_proxy_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(sending(answer())) as listener, listening(sending(answer(b"proxied"))) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{LOOPBACK}:{proxy.port}")
        assert fetcher(listener.port).get(f"http://{LOOPBACK}:{listener.port}/", MANY) == PHOTO
        assert proxy.connections == 0


def test_a_slow_answer_has_the_whole_time_and_not_that_of_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outbound.CONNECT_SECONDS", 0.2)

    def late(connected: socket.socket, _: bytes) -> None:
        time.sleep(0.6)
        connected.sendall(answer())

    with listening(late) as listener:
        assert fetcher(listener.port, seconds=20.0).get(f"http://{LOOPBACK}:{listener.port}/", MANY) == PHOTO


def test_a_name_whose_first_address_is_dead_is_reached_by_its_second() -> None:
    with listening(sending(answer())) as listener:
        rule = FetchRule(frozenset({f"photos.test:{listener.port}"}))
        fetch = Fetcher(rule, lambda *_: ["127.0.0.2", "::1", LOOPBACK])
        assert fetch.get(f"http://photos.test:{listener.port}/", MANY) == PHOTO
        with pytest.raises(PhotoUrlError):
            Fetcher(rule, lambda *_: ["127.0.0.2", "::1"]).get(f"http://photos.test:{listener.port}/", MANY)
