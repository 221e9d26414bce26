"""Finday in the browser: which pages may ask, and what the switches of the other dialects do to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import FaceEngine
from tests.client import FORM, field, multipart, photo
from tests.conftest import Live
from tests.finday_client import PATH, Finday

Serve = Callable[..., Live]
ORIGIN = {"Origin": "https://bank.example"}


@pytest.fixture
def finday(serve: Serve, engine: FaceEngine, tmp_path: Path) -> Finday:
    return Finday(serve, engine, tmp_path)


@pytest.fixture
def portrait(photos: Path) -> bytes:
    return min(photos.glob("val/ben_afflek/*.jpg")).read_bytes()


@pytest.fixture
def stranger(photos: Path) -> bytes:
    return min(photos.glob("val/elton_john/*.jpg")).read_bytes()


def test_every_origin_may_ask_by_default(finday: Finday, portrait: bytes) -> None:
    good = multipart([photo(portrait, "face_image"), field("face_img_url", finday.stored(portrait))])
    answers = [
        finday.client.request("POST", PATH, body, {"Content-Type": FORM, **ORIGIN}) for body in (good, good[:-20], b"")
    ]
    answers.append(finday.client.request("GET", PATH, headers=ORIGIN))
    assert [answer.status for answer in answers] == [200, 400, 400, 405]
    assert {answer.headers["Access-Control-Allow-Origin"] for answer in answers} == {"*"}
    # The native API keeps to its own setting.
    assert finday.client.request("GET", "/faces", headers=ORIGIN).headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("asked", ["content-type", "authorization,content-type,x-requested-with"])
def test_a_browser_may_ask_beforehand(finday: Finday, asked: str) -> None:
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": asked}
    answer = finday.client.request("OPTIONS", PATH, headers={**ORIGIN, **preflight})
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert set(asked.split(",")) <= set(answer.headers["Access-Control-Allow-Headers"].lower().split(","))


def test_origins_can_be_restricted(serve: Serve, engine: FaceEngine, tmp_path: Path) -> None:
    settings = {"finday_origins": ("https://bank.example",), "cors_origins": ("https://other.example",)}
    client = Finday(serve, engine, tmp_path, **settings).client
    for method, path, allowed in (
        ("POST", PATH, "https://bank.example"),
        ("OPTIONS", PATH, "https://bank.example"),
        ("GET", "/faces", "https://other.example"),
    ):
        for origin in ("https://bank.example", "https://other.example", "null"):
            answer = client.request(method, path, b"", {"Origin": origin})
            expected = origin if origin == allowed else None
            assert answer.headers["Access-Control-Allow-Origin"] == expected
            assert answer.headers["Vary"] == "Origin"


def test_switched_off_it_is_no_path_at_all(serve: Serve, engine: FaceEngine, tmp_path: Path, portrait: bytes) -> None:
    client = Finday(serve, engine, tmp_path, dialects=("nhn",)).client
    answer = client.post(
        PATH, photo(portrait, "face_image"), field("face_img_url", "s3://photos/a.jpg"), headers=ORIGIN
    )
    assert answer.error == (404, "1001", "BAD_ARGUMENTS")
    assert answer.headers["Access-Control-Allow-Origin"] is None


def test_no_is_not_called_200_for_old_native_clients(
    serve: Serve, engine: FaceEngine, tmp_path: Path, portrait: bytes, stranger: bytes
) -> None:
    old = Finday(serve, engine, tmp_path, status_200=True)
    url = old.stored(portrait)
    assert [old.verify(captured, url)[0] for captured in (stranger, b"GIF89a")] == [401, 400]
    assert old.client.get("/search").status == 200
