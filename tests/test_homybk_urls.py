"""HomyBK beside other servers: standard photos in storage, buckets and the web, and tags as Clarifai sees them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from engine import FaceEngine
from tests.client import Client
from tests.homybk_client import (
    COMPLETE,
    FEATURE,
    FILES,
    GOOD,
    LATITUDE,
    MISSING_PICTURE,
    MISSING_STANDARD,
    SECRETS,
    SOMETHING_WRONG,
    STDIMG,
    WRONG_PICTURE,
    HomyBK,
    at_home,
    checked,
    sent,
)
from tests.homybk_server import SMALL, Serve, engine, folder
from tests.listener import (
    LOOPBACK,
    MEGABYTE,
    Listener,
    Script,
    Stream,
    answer,
    by_path,
    dripping,
    listening,
    sending,
    until,
)
from tests.object_store import ObjectStore, object_store, set_credentials
from tests.pictures import blank, encoded
from tests.scenery import PHOTOS

__all__ = ["engine", "folder"]
CAT, COFFEE = FILES["cat"], FILES["coffee"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    folder = tmp_path_factory.mktemp("s3")
    with object_store(folder, "kept", "photos", "others") as running, pytest.MonkeyPatch.context() as environment:
        set_credentials(environment, folder)
        for bucket in ("photos", "others"):
            running.client.put_object(Bucket=bucket, Key="a/cat.jpg", Body=CAT)
        yield running


@pytest.fixture(scope="module")
def inside() -> Iterator[Listener]:
    """A server that nobody from outside should reach."""
    with listening(sending(answer(CAT))) as listener:
        yield listener


LARGE, ENDLESS = Stream(50 * MEGABYTE, f"Content-Length: {50 * MEGABYTE + 3}"), Stream(50 * MEGABYTE)

TO_BE_HAD: dict[str, Script] = {
    "/cat.jpg": sending(answer(CAT)),
    "/cat.png": sending(answer(encoded(PHOTOS["cat"], ".png"))),
    "/coffee.jpg": sending(answer(COFFEE)),
    "/blank.jpg": sending(answer(blank(300, 300, ".jpg"))),
    "/moved.jpg": sending(answer(b"", "302 Found", "Location: /cat.jpg")),
}
NOT_TO_BE_HAD: dict[str, Script] = {
    "/gone.jpg": sending(answer(b"", "404 Not Found")),
    "/fault.jpg": sending(answer(CAT, "500 Internal Server Error")),
    "/page.html": sending(answer(b"<!doctype html><title>Log in</title>", "200 OK", "Content-Type: text/html")),
    "/empty.jpg": sending(answer(b"")),
    "/animation.gif": sending(answer(b"GIF89a" + bytes(100))),
    "/short.jpg": sending(answer(CAT[:-50], "200 OK", f"Content-Length: {len(CAT)}")),
    "/cut.jpg": sending(answer(CAT[:-50])),
    "/narrow.png": sending(answer(blank(47, 300))),
    "/slow.jpg": dripping(answer(b"", "200 OK", "Content-Length: 8000")),
    "/silent.jpg": lambda *_: time.sleep(3),
    "/nonsense": sending(b"nonsense\r\n\r\n"),
}


@pytest.fixture(scope="module")
def web(inside: Listener) -> Iterator[str]:
    moved = sending(answer(b"", "302 Found", f"Location: http://{LOOPBACK}:{inside.port}/cat.jpg"))
    more: dict[str, Script] = {"/inside.jpg": moved, "/large.jpg": LARGE, "/endless.jpg": ENDLESS}
    with listening(by_path({**TO_BE_HAD, **NOT_TO_BE_HAD, **more})) as listener:
        yield f"http://{LOOPBACK}:{listener.port}"


@pytest.fixture(scope="module")
def homy(serve: Serve, engine: FaceEngine, folder: Path, store: ObjectStore, web: str) -> HomyBK:
    """A server that stores in a bucket, reads another, and may go to one port of this machine."""
    live = serve(
        engine,
        data=folder,
        s3_bucket="kept",
        s3_read_buckets=("photos",),
        s3_endpoint=store.url,
        fetch_allow=(web.removeprefix("http://"),),
        fetch_seconds=1.0,
        **SMALL,
    )
    return HomyBK(Client(live.port))


@pytest.mark.parametrize("path", TO_BE_HAD)
def test_a_standard_photo_of_an_allowed_host_is_fetched(homy: HomyBK, web: str, path: str) -> None:
    shown = {"/coffee.jpg": COFFEE, "/blank.jpg": None}.get(path, CAT)
    for photo in (CAT, COFFEE):
        assert homy.feature(photo, f" {web}{path}") == (COMPLETE if photo == shown else WRONG_PICTURE)


@pytest.mark.parametrize("path", [*NOT_TO_BE_HAD, "/inside.jpg"])
def test_a_standard_photo_that_is_not_to_be_had_is_missing(homy: HomyBK, web: str, inside: Listener, path: str) -> None:
    assert homy.feature(CAT, f"{web}{path}") == MISSING_STANDARD
    assert inside.connections == 0


def test_50_megabytes_are_not_read(homy: HomyBK, web: str) -> None:
    # A declared length is enough; without one, the limit is read, and what lies in the sockets' buffers.
    for path, stream, most in (("large", LARGE, 10 * MEGABYTE), ("endless", ENDLESS, 30 * MEGABYTE)):
        assert homy.feature(CAT, f"{web}/{path}.jpg") == MISSING_STANDARD
        assert stream.sent <= most


def test_photos_are_kept_in_a_bucket_and_read_from_there(homy: HomyBK, store: ObjectStore, folder: Path) -> None:
    urls = [homy.registered(at_home(photo)) for photo in (CAT, COFFEE)]
    assert [homy.feature(CAT, url) for url in urls] == [COMPLETE, WRONG_PICTURE]
    kept = store.client.list_objects_v2(Bucket="kept")["Contents"]
    assert sorted(f"{store.url}/kept/{found['Key']}" for found in kept) == sorted(urls)
    for found in kept:
        content = store.client.get_object(Bucket="kept", Key=found["Key"])
        photo = content["Body"].read()
        assert content["ContentType"] == "image/jpeg"
        assert not [secret for secret in (*SECRETS, LATITUDE) if secret in photo]
    assert not (folder / "stored").exists()


def test_only_allowed_buckets_are_read(homy: HomyBK, store: ObjectStore) -> None:
    assert {homy.feature(CAT, url) for url in ("s3://photos/a/cat.jpg", f"{store.url}/photos/a/cat.jpg")} == {COMPLETE}
    for url in ("s3://photos/never.jpg", "s3://others/a/cat.jpg", f"{store.url}/others/a/cat.jpg", "s3://kept/a.jpg"):
        assert homy.feature(CAT, url) == MISSING_STANDARD


def test_without_a_picture_nothing_is_fetched(homy: HomyBK) -> None:
    with listening(sending(answer(CAT))) as listener:
        assert homy.feature(CAT[:-100], f"http://{LOOPBACK}:{listener.port}/") == MISSING_PICTURE
        assert listener.connections == 0


def test_a_bucket_that_fails_is_unexpected(
    serve: Serve, engine: FaceEngine, store: ObjectStore, tmp_path: Path
) -> None:
    settings = {"s3_bucket": "never-made", "s3_endpoint": store.url, "fetch_seconds": 2.0}
    homy = HomyBK(Client(serve(engine, data=tmp_path, **settings, **SMALL).port))
    assert homy.ask(STDIMG, data=CAT) == SOMETHING_WRONG
    assert homy.test(CAT) == GOOD


@pytest.fixture
def waiting() -> Iterator[tuple[Listener, threading.Event]]:
    """A server that answers nobody before the event."""
    go = threading.Event()

    def script(connected: Any, _: bytes) -> None:
        assert go.wait(30)
        connected.sendall(answer(CAT))

    with listening(script) as listener:
        yield listener, go
        go.set()


def test_slow_urls_hold_up_no_native_request_and_too_many_are_refused(
    serve: Serve, engine: FaceEngine, waiting: tuple[Listener, threading.Event], photos: Path, tmp_path: Path
) -> None:
    listener, go = waiting
    at = f"{LOOPBACK}:{listener.port}"
    live = serve(engine, data=tmp_path, photos=1, fetch_allow=(at,), fetch_seconds=30.0, threads=2, queue=0)
    homy, native = HomyBK(Client(live.port)), Client(live.port)
    with ThreadPoolExecutor(8) as clients:
        slow = [clients.submit(homy.feature, CAT, f"http://{at}/photo.jpg") for _ in range(8)]
        until(lambda: listener.connections == 8)
        token = native.enrolled(min(photos.glob("val/*/*.jpg")).read_bytes(), "native")
        assert native.get("/search", face_token=token, threshold=1).status == 200
        refused = native.request("POST", FEATURE, sent(data=CAT, name=f"http://{at}/photo.jpg"))
        assert checked(FEATURE, refused)["message"] == SOMETHING_WRONG
        assert int(refused.headers["Retry-After"]) >= 1
        assert not any(each.done() for each in slow)
        go.set()
        assert [each.result() for each in slow] == [COMPLETE] * 8
    assert native.get("/removeface", face_token=token).status == 200
