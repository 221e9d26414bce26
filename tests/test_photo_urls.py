"""A photo by its URL: the storages are asked first, what is of none of them is fetched, or refused like the absent."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from errors import PhotoUrlError, StartError, UploadTooLarge
from photo_urls import from_settings
from settings import Settings
from storage.local import LocalStorage
from storage.s3 import S3Storage
from tests.hostile_urls import hostile_urls
from tests.listener import LOOPBACK, answer, listening, sending
from tests.object_store import object_store, set_credentials

BASE = "http://faces.example:5000/"
MANY = 10_000_000
JPEG = b"\xff\xd8\xff" + bytes(1000)
REFUSED = "there is no photo behind the URL that this server may fetch"


def read(data: Path, **changes: str) -> Settings:
    variables = {f"FACETOKEN_{name.upper()}": value for name, value in changes.items()}
    return Settings.from_environment({"FACETOKEN_DATA": str(data), **variables})


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_credentials(monkeypatch, tmp_path)


def test_photos_are_kept_in_the_data_folder_by_default(tmp_path: Path) -> None:
    photos = from_settings(read(tmp_path))
    assert isinstance(photos.storage, LocalStorage)
    url = photos.storage.put(JPEG, BASE)
    assert photos.get(url, BASE, MANY) == JPEG
    assert [path.read_bytes() for path in (tmp_path / "stored").iterdir()] == [JPEG]
    assert url.startswith(f"{BASE}stored/")
    with pytest.raises(UploadTooLarge):
        photos.get(url, BASE, 10)
    public = from_settings(read(tmp_path, public_url="https://photos.example/"))
    assert public.storage.put(JPEG, BASE).startswith("https://photos.example/stored/")


def test_a_url_of_this_server_is_never_fetched(tmp_path: Path) -> None:
    with listening(sending(answer(b"fetched"))) as listener:
        here = f"http://{LOOPBACK}:{listener.port}"
        photos = from_settings(read(tmp_path, fetch_allow=f"{LOOPBACK}:{listener.port}"))
        url = photos.storage.put(JPEG, here)
        assert photos.get(url, here, MANY) == JPEG
        for path in (f"{'0' * 32}.jpg", "", "../faces.db", "%2e%2e%2ffaces.db"):
            with pytest.raises(PhotoUrlError, match=REFUSED):
                photos.get(f"{here}/stored/{path}", here, MANY)
        assert listener.connections == 0
        # What is not stored is somebody else's, even here.
        assert photos.get(f"{here}/photo.jpg", here, MANY) == b"fetched"
        assert photos.get(url, BASE, MANY) == b"fetched"


@pytest.mark.parametrize("changes", [{}, {"s3_read_buckets": "photos"}, {"s3_bucket": "kept"}])
def test_hostile_urls_are_refused_and_send_nothing(tmp_path: Path, changes: dict[str, str]) -> None:
    with listening(sending(answer(JPEG))) as listener:
        if changes:
            changes = {**changes, "s3_endpoint": f"http://{LOOPBACK}:{listener.port}"}
        photos = from_settings(read(tmp_path, fetch_ports=f"80,443,{listener.port}", **changes))
        hostile = [*hostile_urls(listener.port), "s3://others/a.jpg", "s3://kept/a.jpg", "s3://photos/../a.jpg"]
        for url in hostile:
            with pytest.raises(PhotoUrlError, match=REFUSED):
                photos.get(url, f"http://{LOOPBACK}:{listener.port}/", MANY)
        assert listener.connections == 0


def test_what_may_be_fetched_is_set(tmp_path: Path) -> None:
    with listening(sending(answer(JPEG))) as listener:
        url = f"http://{LOOPBACK}:{listener.port}/photo.jpg"
        for allowed in (LOOPBACK, f"other.example, {LOOPBACK}:{listener.port}"):
            assert from_settings(read(tmp_path, fetch_allow=allowed)).get(url, BASE, MANY) == JPEG
        for refused in (f"{LOOPBACK}:{listener.port - 1}", "localhost"):
            with pytest.raises(PhotoUrlError, match=REFUSED):
                from_settings(read(tmp_path, fetch_allow=refused)).get(url, BASE, MANY)


def test_no_name_is_looked_up_for_a_port_that_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def look_up(host: str, port: int, **_: object) -> None:
        asked.append((host, port))
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for ports in ("8081", "80,443"):
        with pytest.raises(PhotoUrlError, match=REFUSED):
            from_settings(read(tmp_path, fetch_ports=ports)).get("http://photos.example:8081/", BASE, MANY)
    assert asked == [("photos.example", 8081)]


def test_buckets_are_read_beside_the_folder_and_in_its_place(tmp_path: Path) -> None:
    with object_store(tmp_path, "photos", "kept") as store:
        store.client.put_object(Bucket="photos", Key="a.jpg", Body=JPEG)
        beside = from_settings(read(tmp_path, s3_read_buckets="photos", s3_endpoint=store.url))
        instead = from_settings(read(tmp_path, s3_bucket="kept", s3_read_buckets="photos", s3_endpoint=store.url))
        assert isinstance(beside.storage, LocalStorage)
        assert isinstance(instead.storage, S3Storage)
        for photos in (beside, instead):
            assert photos.get("s3://photos/a.jpg", BASE, MANY) == JPEG
            assert photos.get(photos.storage.put(JPEG, BASE), BASE, MANY) == JPEG
        assert len(store.client.list_objects_v2(Bucket="kept")["Contents"]) == 1
        # Another bucket is the fetcher's business, which may not go there.
        for url in (f"{store.url}/kept/a.jpg", "s3://kept/a.jpg", "s3://photos/none.jpg"):
            with pytest.raises(PhotoUrlError, match=REFUSED):
                beside.get(url, BASE, MANY)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("public_url", "photos.example"),
        ("public_url", "ftp://photos.example"),
        ("public_url", "https://user@photos.example"),
        ("public_url", "https://photos.example?a"),
        ("public_url", "https://photos.example:0"),
        ("public_url", "https://photos.example:port"),
        ("s3_bucket", "Photos"),
        ("s3_bucket", "photos/kept"),
        ("s3_bucket", "ab"),
        ("s3_read_buckets", "photos, *"),
        ("s3_region", "eu_west"),
        ("s3_endpoint", "minio:9000"),
        ("fetch_allow", "http://photos.example"),
        ("fetch_allow", "photos.example:0"),
        ("fetch_allow", "*"),
        ("fetch_ports", "0"),
        ("fetch_ports", "80,65536"),
        ("fetch_ports", "http"),
        ("fetch_seconds", "0"),
    ],
)
def test_what_cannot_be_meant_is_told_at_start(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(StartError, match=f"FACETOKEN_{name.upper()}=.* is not allowed; it must be "):
        read(tmp_path, **{name: value})


def test_lists_are_read_with_their_blanks(tmp_path: Path) -> None:
    settings = read(
        tmp_path, s3_read_buckets="photos, kept,", fetch_allow="a.example, b.example:81", fetch_ports="81 ,80"
    )
    assert settings.s3_read_buckets == ("photos", "kept")
    assert settings.fetch_allow == ("a.example", "b.example:81")
    assert settings.fetch_ports == (81, 80)
    assert settings.stored == tmp_path / "stored"
