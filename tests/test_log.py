"""No photo, no name, no whole token and no vector is ever logged."""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from channel import EnvelopeChannel
from engine import FaceEngine
from tests.client import Client, field, head, photo
from tests.conftest import Live
from tests.module_engine import engine

__all__ = ["engine"]


@pytest.fixture(scope="module")
def client(serve: Callable[..., Live], engine: FaceEngine) -> Client:
    return Client(serve(engine, threads=2, queue=2).port)


@pytest.fixture(scope="module")
def portrait(photos: Path) -> bytes:
    return min(photos.glob("val/mindy_kaling/*.jpg")).read_bytes()


def test_nothing_personal_reaches_the_log(
    client: Client,
    engine: FaceEngine,
    portrait: bytes,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    name, filename = "Quellwasser Zoë", "zoe-quellwasser-1999.jpg"
    tokens = [
        client.post("/detect", photo(portrait, filename=filename)).json["faces"][0]["face_token"] for _ in range(2)
    ]
    vector = engine.vector(tokens[0])
    for token in tokens:
        client.get("/addface", face_token=token, face_name=name)
        for path in (
            f"/faces/{token}",
            f"/show_photo/{token}.jpg",
            f"/download/{token}.jpg",
            f"/{token}",
            f"/faces/{token}/x",
        ):
            client.get(path)
            with socket.create_connection(("127.0.0.1", client.port)) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.sendall(head("GET", path))
        client.get("/search", face_token=token, threshold=2)
        client.get("/faces", face_name=name)
        client.get("/addface", face_token=token, face_name=name + "\0")
        client.raw(f"GET http://[{token} HTTP/1.1\r\n\r\n".encode())
    client.post("/search", photo(portrait, filename=filename), field("threshold", "1"))
    client.get("/compare", face_token=tokens[0], other_token=tokens[1])
    for token in tokens:
        client.request("DELETE", f"/removeface?face_token={token}")
        client.get("/removeface", face_token=token)
    written = caplog.text + "".join(capfd.readouterr())
    assert '"route": "/removeface"' in written
    assert not [token for token in tokens if token in written]
    assert not [word for word in ("Quellwasser", "quellwasser", "JFIF") if word in written]
    assert not [value for value in vector if repr(float(value))[:7] in written or f"{value:.6f}" in written]


def test_the_lines_of_waitress_hold_no_path(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    EnvelopeChannel.logger.info("Client disconnected while serving /show_photo/secret.jpg")
    assert "Client disconnected" in caplog.text
    assert "secret" not in caplog.text
