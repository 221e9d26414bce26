"""Photos on their way: lengths that lie, chunks that break, forms that are none, requests that are none."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import FaceEngine
from tests.client import BOUNDARY, FORM, Answer, Client, Part, field, head, multipart, photo
from tests.conftest import Live
from tests.module_engine import engine
from tests.pictures import (
    decoded,
    encoded,
    padded,
)

__all__ = ["engine"]

BAD = (400, "1001", "BAD_ARGUMENTS")
MISSING = (400, "1002", "MISSING_ARGUMENTS")
NO_PHOTO = (415, "1004", "FIlE_ERROR")
BROKEN = (400, "1005", "UPLOAD_ERROR")
TOO_LARGE = (413, "1005", "UPLOAD_ERROR")
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def client(serve: Callable[..., Live], engine: FaceEngine) -> Client:
    return Client(serve(engine, threads=4, queue=4).port)


@pytest.fixture(scope="module")
def portrait(photos: Path) -> bytes:
    return min(photos.glob("val/mindy_kaling/*.jpg")).read_bytes()


def posted(client: Client, *parts: Part) -> Answer:
    return client.post("/detect", *parts)


@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_exactly_two_megabytes(client: Client, portrait: bytes, kind: str) -> None:
    data = encoded(decoded(portrait), kind)
    assert client.detect(padded(data, 2 * MEGABYTE))["face_num"] == 1
    answer = posted(client, photo(padded(data, 2 * MEGABYTE + 1)))
    assert answer.error == TOO_LARGE
    assert "2097153 bytes; at most 2097152" in answer.json["detail"]
    assert client.post("/search", photo(padded(data, 2 * MEGABYTE + 1)), field("threshold", "1")).error == TOO_LARGE


def test_no_byte_and_one_byte(client: Client) -> None:
    assert posted(client, photo(b"")).error == BROKEN
    assert posted(client, photo(b"\xff")).error == NO_PHOTO


@pytest.mark.parametrize("megabytes", [3, 15, 17, 40])
@pytest.mark.parametrize("chunked", [False, True])
def test_far_too_much(client: Client, megabytes: int, chunked: bool) -> None:
    body = multipart([photo(bytes(megabytes * MEGABYTE))])
    if chunked:
        pieces = (body[at : at + 65536] for at in range(0, len(body), 65536))
        answer = client.request("POST", "/detect", pieces, {"Content-Type": FORM, "Transfer-Encoding": "chunked"})
    else:
        answer = client.request("POST", "/detect", body, {"Content-Type": FORM})
    assert answer.error == TOO_LARGE


def sent(client: Client, body: bytes, *headers: str) -> Answer:
    return client.raw(head("POST", "/detect", f"Content-Type: {FORM}", *headers), body)


def chunks(body: bytes, size: int = 1000) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_lengths_that_lie(client: Client, portrait: bytes) -> None:
    body = multipart([photo(portrait)])
    assert sent(client, body, f"Content-Length: {len(body)}").json["face_num"] == 1
    assert sent(client, body, f"Content-Length: {len(body)}", "Expect: 100-continue").status == 200
    assert sent(client, body, f"Content-Length: {len(body) + 1000}").error == BROKEN
    assert sent(client, body[:5000], f"Content-Length: {len(body)}").error == BROKEN
    assert sent(client, b"", f"Content-Length: {len(body)}").error == BROKEN
    for short in (1, 1000, len(body) - 20):
        assert sent(client, body, f"Content-Length: {short}").error == BROKEN
    for length in ("-1", "abc", "1e3", "0x10", "5, 5", "9" * 5000, "\uff11"):
        line = f"Content-Length: {length}".encode().decode("latin-1")
        assert sent(client, body, line).error == BAD


def test_chunked_bodies(client: Client, portrait: bytes) -> None:
    body = multipart([photo(portrait)])
    good = chunks(body)
    assert sent(client, good, "Transfer-Encoding: chunked").json["face_num"] == 1
    assert sent(client, b"zz\r\n" + good, "Transfer-Encoding: chunked").error == BROKEN
    assert sent(client, good.replace(b"\r\n3e8\r\n", b"xx3e8\r\n", 1), "Transfer-Encoding: chunked").error == BROKEN
    assert sent(client, b"-5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked").error == BROKEN
    for end in (0, 2, 3000, len(good) - 5):
        assert sent(client, good[:end], "Transfer-Encoding: chunked").error == BROKEN
    assert sent(client, good, "Transfer-Encoding: gzip").error == BAD


def test_forms_that_are_none(client: Client, portrait: bytes) -> None:
    body = multipart([photo(portrait)])
    no_boundary = client.request("POST", "/detect", body, {"Content-Type": "multipart/form-data"})
    assert no_boundary.error == BROKEN
    assert "no boundary" in no_boundary.json["detail"]
    assert client.request("POST", "/detect", body[:-10], {"Content-Type": FORM}).error == BROKEN
    assert client.request("POST", "/detect", body, {"Content-Type": FORM + "2"}).error == BROKEN
    for kind in ("image/jpeg", "application/json", "application/octet-stream"):
        assert client.request("POST", "/detect", portrait, {"Content-Type": kind}).error == BAD
    assert client.request("POST", "/detect", f"--{BOUNDARY}--\r\n".encode(), {"Content-Type": FORM}).error == MISSING
    for size in (10, 600_000):
        text = posted(client, Part("image_file", b"x" * size))
        assert text.error == MISSING
        assert "text field" in text.json["detail"]
    assert posted(client, photo(portrait), photo(portrait)).error == BAD
    assert posted(client, photo(portrait, "file")).error == BAD


@pytest.mark.parametrize(
    "line",
    [
        "GARBAGE",
        "",
        "get / HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET /\x01 HTTP/x",
        "GET http://[ HTTP/1.1",
        "G" * 300_000,
        "\0",
    ],
    ids=lambda line: repr(line[:20]),
)
def test_a_request_line_that_is_none(client: Client, line: str) -> None:
    begun = time.monotonic()
    try:
        assert client.raw(f"{line}\r\nX: y\r\n\r\n".encode(), half_close=False).error == BAD
    except ConnectionResetError:
        assert len(line) > 1000
    assert time.monotonic() - begun < 5


def test_a_client_that_vanishes(client: Client, portrait: bytes) -> None:
    body = multipart([photo(portrait)])
    for end in (0, 100, 9000, len(body)):
        with socket.create_connection(("127.0.0.1", client.port)) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(
                head("POST", "/detect", f"Content-Type: {FORM}", f"Content-Length: {len(body)}") + body[:end]
            )
    assert client.detect(portrait)["face_num"] == 1
