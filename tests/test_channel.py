"""What a connection refuses by itself: at once, in the words of the path's dialect, and without keeping a place."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator

import pytest

import channel
import serving
from api import finday, homybk, nhn
from engine import FaceEngine
from tests.client import Answer, Client, head
from tests.conftest import Live
from tests.module_engine import engine
from tests.sender import SECONDS, Sender

__all__ = ["engine"]

Serve = Callable[..., Live]

NHN = "/nhn-face-reco/v1.0/appkeys/key/detect"
HOMYBK = "/auth/tags"
FINDAY = "/verify-face"
EXPECT = "Expect: 100-continue"
CHUNKED = "Transfer-Encoding: chunked"
LARGE = "Content-Length: 6000000"


@pytest.fixture(scope="module")
def client(serve: Serve, engine: FaceEngine) -> Client:
    return Client(serve(engine, threads=2, queue=4).port)


def nhn_refusal(answer: Answer) -> tuple[int, str]:
    header = answer.json["header"]
    assert answer.json == {"header": {"isSuccessful": False, **header}}
    return header["resultCode"], header["resultMessage"]


INTERNAL = (-50000, "InternalServerError")


def test_a_good_body_is_asked_for(client: Client) -> None:
    with Sender(client.port, head("POST", "/detect", EXPECT, "Content-Length: 3")) as sender:
        assert sender.goes_on()
        sender.connection.sendall(b"abc")
        assert sender.answer().error[0] == 400


@pytest.mark.parametrize("path", ["/detect", "/faces"])
def test_a_body_too_large_is_not_asked_for(client: Client, path: str) -> None:
    with Sender(client.port, head("POST", path, EXPECT, "Content-Length: 90000000")) as sender:
        assert sender.answer().error == (413, "1005", "UPLOAD_ERROR")


def test_a_request_without_a_body_waits_for_none(client: Client) -> None:
    with Sender(client.port, head("GET", "/faces", EXPECT)) as sender:
        assert sender.answer().status == 200


@pytest.fixture
def two_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "LARGE_BODIES", 2)


def admitted(client: Client, *headers: str) -> bool:
    """Say whether a large body finds a place, which it gives back by leaving."""
    with Sender(client.port, head("POST", NHN, EXPECT, *headers)) as sender:
        return sender.goes_on()


def soon_admitted(client: Client, *headers: str) -> bool:
    deadline = time.monotonic() + SECONDS
    while not (found := admitted(client, *headers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@pytest.mark.usefixtures("two_places")
@pytest.mark.parametrize("kind", [LARGE, CHUNKED])
def test_large_bodies_have_so_many_places(client: Client, kind: str) -> None:
    begin = head("POST", NHN, EXPECT, kind)
    with Sender(client.port, begin) as first:
        assert first.goes_on()
        with Sender(client.port, head("POST", HOMYBK, EXPECT, LARGE)) as second:
            assert second.goes_on()
            for asked in ((), (EXPECT,)):
                for size in (LARGE, CHUNKED):
                    with Sender(client.port, head("POST", NHN, *asked, size)) as third:
                        answer = third.answer()
                        assert nhn_refusal(answer) == INTERNAL
                        assert int(answer.headers["Retry-After"]) >= 1
            # Small ones go on.
            with Sender(client.port, head("POST", NHN, EXPECT, "Content-Length: 9")) as small:
                assert small.goes_on()
        # One broke off.
        assert soon_admitted(client, kind)
        first.connection.sendall(bytes(6_000_000) if kind == LARGE else b"2\r\n{}\r\n0\r\n\r\n")
        assert first.answer().status == 200
        # The connection is still open, and holds no place.
        with Sender(client.port, begin) as other:
            assert other.goes_on()
            assert soon_admitted(client, kind)


def chunks(size: int) -> Iterator[bytes]:
    piece = bytes(2**20)
    for start in range(0, size, len(piece)):
        yield piece[: size - start]


@pytest.mark.parametrize(
    ("path", "most"),
    [(NHN, nhn.DIALECT.max_body), (HOMYBK, homybk.DIALECT.max_body), (FINDAY, finday.DIALECT.max_body)],
)
def test_a_chunked_body_may_be_as_large_as_a_declared_one(client: Client, path: str, most: int) -> None:
    declared = client.request("POST", path, bytes(most - 4096))
    chunked = client.request("POST", path, chunks(most - 4096))
    assert (chunked.status, chunked.body) == (declared.status, declared.body)
    too_large = [
        client.request("POST", path, chunks(most + 4096)),
        client.request("POST", path, bytes(most + 4096)),
    ]
    assert [answer.status for answer in too_large] == [too_large[0].status] * 2
    assert too_large[0].body == too_large[1].body


@pytest.mark.parametrize("line", [b"1", b"1;x", b"0\r\nx"])
def test_a_chunk_line_without_end_is_refused(client: Client, line: bytes) -> None:
    with Sender(client.port, head("POST", NHN, CHUNKED), line.ljust(100_000, b"1")) as sender:
        # Before it would be refused for its slowness.
        sender.connection.settimeout(channel.BODY_SECONDS / 2)
        assert nhn_refusal(sender.answer())[0] == -40000


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(channel, "BODY_SECONDS", 0.5)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("begin", [b"POST /detect HT", head("POST", "/detect", LARGE.replace("6", "1", 1))])
def test_a_slow_request_is_ended(client: Client, begin: bytes) -> None:
    with Sender(client.port, begin) as sender:
        answer = sender.drip()
        assert answer.error == (400, "1005", "UPLOAD_ERROR")
        assert "in time" in answer.json["detail"]
        assert sender.closed()


@pytest.mark.usefixtures("hurried", "two_places")
@pytest.mark.parametrize("kind", [LARGE, CHUNKED])
def test_a_slow_body_gives_its_place_back(client: Client, kind: str) -> None:
    start = b"" if kind == LARGE else b"5b8d80\r\n"
    begin = head("POST", NHN, EXPECT, kind)
    with Sender(client.port, begin) as slow, Sender(client.port, begin) as silent:
        for sender in (slow, silent):
            assert sender.goes_on()
            sender.connection.sendall(start)
        assert nhn_refusal(slow.drip())[0] == -40000
        assert nhn_refusal(silent.answer())[0] == -40000
        assert admitted(client, kind)


@pytest.mark.usefixtures("hurried")
def test_a_slow_head_is_refused_in_its_dialect(client: Client) -> None:
    with Sender(client.port, f"POST {NHN} HTTP/1.1\r\nX: ".encode()) as sender:
        assert nhn_refusal(sender.drip())[0] == -40000


def test_a_body_that_comes_steadily_may_take_longer(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "BODY_SECONDS", 1.0)
    with Sender(client.port, head("POST", "/detect", "Content-Length: 600000")) as sender:
        for _ in range(30):
            sender.connection.sendall(bytes(20_000))
            time.sleep(0.1)
        assert "in time" not in sender.answer().json["detail"]


@pytest.mark.usefixtures("hurried")
def test_a_connection_between_requests_may_be_idle(client: Client) -> None:
    with Sender(client.port, head("GET", "/healthz")) as sender:
        for _ in range(2):
            assert sender.answer().status == 200
            time.sleep(1.6)
            sender.connection.sendall(head("GET", "/healthz"))
        # An empty line begins no request: nobody waits for an answer to it.
        assert sender.answer().status == 200
        sender.connection.sendall(b"\r\n")
        assert sender.closed()


def test_a_silent_connection_is_closed(serve: Serve, engine: FaceEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "IDLE_SECONDS", 1)
    client = Client(serve(engine, threads=2, queue=4).port)
    for first in (b"", head("GET", "/healthz")):
        with Sender(client.port, first) as sender:
            assert first == b"" or sender.answer().status == 200
            assert sender.closed()


BROKEN = (
    head("POST", "PATH", "Origin: https://one.example", "Content-Length: 90000000"),
    head("POST", "PATH", "Origin: https://one.example", "Content-Length: -1"),
    head("POST", "PATH", "Origin: https://one.example", CHUNKED) + b"zz\r\n",
    head("POST", "PATH", "Origin: https://one.example", "Content-Length: 9") + b"half",
)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_page_may_read_why_it_was_refused(serve: Serve, engine: FaceEngine, broken: bytes) -> None:
    origins = {"cors_origins": ("https://one.example",), "finday_origins": ("*",)}
    client = Client(serve(engine, threads=2, queue=4, **origins).port)
    for path, allowed in (("/detect", "https://one.example"), (FINDAY, "*")):
        answer = client.raw(broken.replace(b"PATH", path.encode()))
        assert answer.headers["Access-Control-Allow-Origin"] == allowed
        assert answer.headers["Vary"] == "Origin"
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
    stranger = client.raw(broken.replace(b"PATH", b"/detect").replace(b"one.example", b"two.example"))
    assert stranger.headers["Access-Control-Allow-Origin"] is None
    assert stranger.headers["Vary"] == "Origin"


def test_caches_are_told_that_origins_matter(serve: Serve, engine: FaceEngine) -> None:
    client = Client(serve(engine, threads=2, queue=4, cors_origins=("https://one.example",)).port)
    for answer in (client.get("/faces"), client.raw(b"GARBAGE\r\n\r\n")):
        assert answer.headers["Vary"] == "Origin"
        assert answer.headers["Access-Control-Allow-Origin"] is None


def test_without_origins_nothing_depends_on_them(client: Client) -> None:
    for answer in (client.get("/faces"), client.raw(b"GARBAGE\r\n\r\n")):
        assert answer.headers["Vary"] is None


def test_a_head_too_long_is_refused_in_its_dialect(client: Client) -> None:
    filler = "X: " + "x" * 300_000
    assert nhn_refusal(client.raw(head("POST", NHN, filler)))[0] == -40000
    assert client.raw(head("POST", "/detect", filler)).error == (400, "1001", "BAD_ARGUMENTS")


def test_the_log_names_known_methods_alone(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "facetoken.requests")
    for method in ("A" * 100_000, "QUELLWASSER", "PUT"):
        client.raw(head(method, "/faces"))
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "facetoken.requests"]
    assert [line["method"] for line in lines] == ["?", "?", "PUT"]
