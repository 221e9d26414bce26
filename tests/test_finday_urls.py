"""Finday's registered photo by its URL: from storage, buckets and the web; gone, slow, huge, or not to be had."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import storage.s3
from engine import FaceEngine
from tests.conftest import Live
from tests.finday_client import Finday
from tests.listener import LOOPBACK, MEGABYTE, Listener, Script, Stream, answer, by_path, dripping, listening, sending
from tests.module_engine import engine
from tests.object_store import ObjectStore, object_store, set_credentials
from tests.pictures import blank

__all__ = ["engine"]

Serve = Callable[..., Live]
REFUSED = "registered photo: there is no photo behind the URL that this server may fetch"


@pytest.fixture(scope="module")
def pair(photos: Path) -> tuple[bytes, bytes]:
    """Two photos of one person."""
    first, _, third, *_ = sorted(photos.glob("val/ben_afflek/*.jpg"))
    return first.read_bytes(), third.read_bytes()


@pytest.fixture(scope="module")
def stranger(photos: Path) -> bytes:
    return min(photos.glob("val/elton_john/*.jpg")).read_bytes()


@pytest.fixture(scope="module")
def store(
    tmp_path_factory: pytest.TempPathFactory, pair: tuple[bytes, bytes], stranger: bytes
) -> Iterator[ObjectStore]:
    folder = tmp_path_factory.mktemp("s3")
    with object_store(folder, "photos", "others") as running, pytest.MonkeyPatch.context() as environment:
        set_credentials(environment, folder)
        for key, content in (("a/b.jpg", pair[1]), ("stranger.jpg", stranger), ("gone.jpg", pair[1])):
            running.client.put_object(Bucket="photos", Key=key, Body=content)
        running.client.put_object(Bucket="others", Key="a/b.jpg", Body=pair[1])
        running.client.delete_object(Bucket="photos", Key="gone.jpg")
        yield running


@pytest.fixture(scope="module")
def streams() -> list[Stream]:
    return [Stream(50 * MEGABYTE, f"Content-Length: {50 * MEGABYTE + 3}"), Stream(50 * MEGABYTE)]


@pytest.fixture(scope="module")
def inside() -> Iterator[Listener]:
    """A server that nobody from outside should reach."""
    with listening(sending(answer())) as listener:
        yield listener


@pytest.fixture(scope="module")
def web(pair: tuple[bytes, bytes], stranger: bytes, streams: list[Stream], inside: Listener) -> Iterator[str]:
    answers: dict[str, Script] = {
        "/same.jpg": sending(answer(pair[1])),
        "/other.jpg": sending(answer(stranger)),
        "/gone.jpg": sending(answer(b"", "404 Not Found")),
        "/page.html": sending(answer(b"<!doctype html><title>Log in</title>", "200 OK", "Content-Type: text/html")),
        "/nobody.png": sending(answer(blank(300, 300))),
        "/short.jpg": sending(answer(pair[1][:-50], "200 OK", f"Content-Length: {len(pair[1])}")),
        "/slow.jpg": dripping(answer(b"", "200 OK", "Content-Length: 8000")),
        "/silent.jpg": lambda *_: time.sleep(3),
        "/large.jpg": streams[0],
        "/endless.jpg": streams[1],
        "/moved.jpg": sending(answer(b"", "302 Found", "Location: /same.jpg")),
        "/inside.jpg": sending(answer(b"", "302 Found", f"Location: http://{LOOPBACK}:{inside.port}/same.jpg")),
    }
    with listening(by_path(answers)) as listener:
        yield f"http://{LOOPBACK}:{listener.port}"


@pytest.fixture(scope="module")
def finday(
    serve: Serve, engine: FaceEngine, store: ObjectStore, web: str, tmp_path_factory: pytest.TempPathFactory
) -> Finday:
    data = tmp_path_factory.mktemp("data")
    return Finday(
        serve,
        engine,
        data,
        s3_read_buckets=("photos",),
        s3_endpoint=store.url,
        fetch_allow=(web.removeprefix("http://"),),
        fetch_seconds=1.0,
    )


def test_a_registered_photo_is_read_from_everywhere_it_may_be(
    finday: Finday, store: ObjectStore, web: str, pair: tuple[bytes, bytes], stranger: bytes
) -> None:
    same = (
        finday.stored(pair[1]),
        f"{web}/same.jpg",
        f"{web}/moved.jpg",
        "s3://photos/a/b.jpg",
        f"{store.url}/photos/a/b.jpg",
    )
    distances = {finday.verify(pair[0], url)[1]["distance"] for url in same}
    assert len(distances) == 1
    assert {finday.verify(pair[0], url)[0] for url in same} == {200}
    for url in (finday.stored(stranger), f"{web}/other.jpg", "s3://photos/stranger.jpg"):
        assert finday.verify(pair[0], url)[0] == 401


def test_amazons_own_urls_are_read(
    serve: Serve,
    engine: FaceEngine,
    store: ObjectStore,
    pair: tuple[bytes, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def here(request: Any, **_: object) -> None:
        """Send what boto3 made for Amazon to the server at hand, as a changed route would."""
        asked.append(request.url)
        scheme, _, host, *path = request.url.split("/")
        request.headers["Host"] = host
        request.url = "/".join((store.url, *path))
        assert scheme == "https:"

    made = storage.s3._client

    def client(rule: storage.s3.S3Rule) -> tuple[Any, str]:
        amazon, region = made(rule)
        amazon.meta.events.register("before-send.s3", here)
        return amazon, region

    monkeypatch.setattr(storage.s3, "_client", client)
    finday = Finday(serve, engine, tmp_path, s3_read_buckets=("photos",), s3_region="eu-west-1")
    for url in (
        "https://photos.s3.eu-west-1.amazonaws.com/a/b.jpg",
        "https://s3.eu-west-1.amazonaws.com/photos/a/b.jpg",
        "s3://photos/a/b.jpg",
    ):
        assert finday.verify(pair[0], url)[0] == 200, url
    assert asked == ["https://photos.s3.eu-west-1.amazonaws.com/a/b.jpg"] * 3


def test_what_vanished_and_what_is_refused_are_told_in_the_same_words(
    finday: Finday, store: ObjectStore, web: str, inside: Listener, pair: tuple[bytes, bytes]
) -> None:
    missing = "0" * 32
    for url in (
        f"{web}/gone.jpg",
        f"{web}/short.jpg",
        f"{web}/inside.jpg",
        f"http://{LOOPBACK}:{inside.port}/same.jpg",
        "http://169.254.169.254/latest/meta-data/",
        "s3://photos/gone.jpg",
        f"{store.url}/photos/gone.jpg",
        "s3://photos/never.jpg",
        "s3://others/a/b.jpg",
        "s3://missing/a/b.jpg",
        f"{store.url}/others/a/b.jpg",
        finday.stored(pair[1]).replace("stored/", f"stored/{missing}"),
        f"{finday.stored(pair[1]).rpartition('/')[0]}/{missing}.jpg",
        "not a URL",
    ):
        assert finday.verify(pair[0], url) == (400, {"result": "fail", "reason": REFUSED}), url
    assert inside.connections == 0


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("page.html", "registered photo: .*neither a JPEG nor a PNG"),
        ("nobody.png", "registered photo: no face of at least"),
        ("slow.jpg", "registered photo: .*did not arrive in time"),
        ("silent.jpg", "registered photo: .*did not arrive in time"),
    ],
)
def test_a_person_is_told_what_is_wrong_with_the_registered_photo(
    finday: Finday, web: str, pair: tuple[bytes, bytes], path: str, reason: str
) -> None:
    status, body = finday.verify(pair[0], f"{web}/{path}")
    assert status == 400
    assert re.match(reason, body["reason"]), body["reason"]


@pytest.mark.parametrize("path", ["large.jpg", "endless.jpg"])
def test_50_megabytes_are_refused_without_reading_them(
    finday: Finday, web: str, streams: list[Stream], pair: tuple[bytes, bytes], path: str
) -> None:
    status, body = finday.verify(pair[0], f"{web}/{path}")
    assert status == 400
    assert re.match("registered photo: .*has more than 10485760 bytes", body["reason"])
    # A declared length is enough; without one, the limit is read, and what lies in the sockets' buffers.
    sent = streams[path == "endless.jpg"].sent
    assert sent <= (10 * MEGABYTE if path == "large.jpg" else 30 * MEGABYTE)


def test_without_a_face_before_the_webcam_nothing_is_fetched(finday: Finday, pair: tuple[bytes, bytes]) -> None:
    with listening(sending(answer(pair[1]))) as listener:
        url = f"http://{LOOPBACK}:{listener.port}/"
        assert "captured photo" in finday.verify(blank(300, 300), url)[1]["reason"]
        assert listener.connections == 0
