"""Photos in buckets, on moto's server: by every form of URL, of allowed buckets only, in time and within the limit."""

from __future__ import annotations

import functools
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from errors import FileError, InternalError, PhotoTimeout, PhotoUrlError, StartError, UploadTooLarge
from fetcher import Fetcher, FetchRule
from settings import ROOT
from storage.base import is_name
from storage.buckets import BucketUrls, Place
from storage.s3 import AT_ONCE, S3Rule, S3Source, S3Storage
from tests.hostile_urls import hostile_urls
from tests.listener import LOOPBACK, Script, answer, dripping, listening, sending
from tests.object_store import SECRET, ObjectStore, object_store, set_credentials

BASE = "http://faces.example:5000/"
MANY = 10_000_000
JPEG = b"\xff\xd8\xff" + bytes(range(256)) * 40
MEGABYTE = 1024 * 1024
AMAZON = BucketUrls("eu-west-1")


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_credentials(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with object_store(tmp_path_factory.mktemp("s3"), "photos", "kept", "others") as running:
        for bucket in ("photos", "kept", "others"):
            running.client.put_object(Bucket=bucket, Key="a/b.jpg", Body=JPEG)
        yield running


def rule(endpoint: str, seconds: float = 20.0) -> S3Rule:
    return S3Rule(frozenset({"photos", "gone"}), None, endpoint, seconds)


@pytest.fixture
def source(store: ObjectStore) -> S3Source:
    return S3Source(rule(store.url))


@pytest.fixture
def storage(store: ObjectStore) -> S3Storage:
    return S3Storage(rule(store.url), "kept")


def test_a_photo_is_read_by_each_form_of_url(store: ObjectStore, source: S3Source) -> None:
    signed = store.client.generate_presigned_url("get_object", Params={"Bucket": "photos", "Key": "a/b.jpg"})
    assert "Signature=" in signed
    for url in (
        "s3://photos/a/b.jpg",
        "S3://photos/a%2Fb.jpg?x=1#y",
        f"{store.url}/photos/a/b.jpg",
        f"{store.url}/photos/%61/b.jpg?versionId=null",
        signed,
        signed.replace("Signature=", "Signature=0"),
    ):
        assert source.get(url, BASE, MANY) == JPEG, url


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=80).filter(
    lambda key: not {".", ".."} & set(key.replace("\\", "/").split("/"))
)


@given(KEYS)
@hypothesis_settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_key_is_decoded_once(store: ObjectStore, source: S3Source, key: str) -> None:
    # moto takes a slash at either end of a key for none.
    key = key.strip("/") or "a%2541"
    store.client.put_object(Bucket="photos", Key=key, Body=key.encode())
    for url in (f"s3://photos/{quote(key)}", f"{store.url}/photos/{quote(key)}", f"s3://photos/{quote(key, safe='')}"):
        assert source.get(url, BASE, MANY) == key.encode()


@functools.cache
def client(region: str, style: str, dualstack: bool) -> Any:
    options = {"addressing_style": style, "use_dualstack_endpoint": dualstack}
    return boto3.client("s3", region_name=region, config=Config(s3=options))


@given(
    KEYS,
    st.sampled_from(["photos", "my.photos", "abc", "a.s3", "a.s3.eu-west-1"]),
    st.sampled_from(["us-east-1", "eu-west-1", "us-gov-west-1", "ap-northeast-2", "cn-north-1"]),
    st.sampled_from(["auto", "path", "virtual"]),
    st.booleans(),
)
@hypothesis_settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_amazons_urls_lead_where_boto3_has_them_lead(
    key: str, bucket: str, region: str, style: str, dualstack: bool
) -> None:
    found = client(region, style, dualstack).generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    assert BucketUrls(region).place(found) == Place(bucket, key)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://photos.s3.eu-west-1.amazonaws.com/a/b.jpg", Place("photos", "a/b.jpg")),
        ("http://PHOTOS.s3-eu-west-1.amazonaws.com:80/a", Place("photos", "a")),
        ("https://photos.s3.amazonaws.com:443/a?X-Amz-Signature=1", Place("photos", "a")),
        ("https://s3.ap-northeast-2.amazonaws.com/photos/a", Place("photos", "a")),
        ("https://photos.s3.eu-west-1.amazonaws.com/", Place("photos", None)),
        ("https://photos.s3.eu-west-1.amazonaws.com", Place("photos", None)),
        ("s3://photos/", Place("photos", None)),
        ("s3://photos/a?b", Place("photos", "a")),
        ("s3://photos/a+b", Place("photos", "a+b")),
        ("s3://photos/%252e%252e/a", Place("photos", "%2e%2e/a")),
        ("s3://photos//a", Place("photos", "/a")),
        *(
            (f"s3://photos/{path}", Place("photos", None))
            for path in (
                "..",
                "../others/a",
                "a/../../others/a",
                "%2e%2e/others/a",
                "..%2fothers%2fa",
                "..%5cothers%5ca",
                ".",
                "a/./b",
                "a%00",
                "a%0d%0aHost:x",
                "%7f",
                "%ff",
                "%c0%ae%c0%ae/a",
                "a" * 1025,
            )
        ),
        *(
            (url, None)
            for url in (
                "s3://photos",
                "s3:/photos/a",
                "s3:photos/a",
                "s3:///photos/a",
                "s3://PHOTOS/a",
                "s3://photos:443/a",
                "s3://key:secret@photos/a",
                "s3://photos@others/a",
                "s3://phot%6fs/a",
                "s3://photos%2fa/b",
                "s3://photos\\a/b",
                "s3://ph otos/a",
                "s3://photos/a b",
                "s3://photos/\u00e9",
                "s3://photos/a\n",
                " s3://photos/a",
                "s3://photos/" + "a" * 2048,
                "https://photos.s3.eu-west-1.amazonaws.com:8443/a",
                "https://photos.s3.eu-west-1.amazonaws.com.cn/a",
                "https://photos.s3.eu-west-1.amazonaws.com.evil.example/a",
                "https://photos.s3.eu-west-1.amazonaws.com@evil.example/a",
                "https://user@photos.s3.eu-west-1.amazonaws.com/a",
                "https://photos.s3.eu-west-1.amazonaws.com./a",
                "https://photos.s3.evil.example.amazonaws.com/a",
                "https://photos.s3-website-eu-west-1.amazonaws.com/a",
                "https://photos.s3evil.amazonaws.com/a",
                "https://photos-s3.amazonaws.com/a",
                "https://evils3.amazonaws.com/photos/a",
                "https://s3.amazonaws.com/",
                "https://s3.amazonaws.com/photos",
                "https://s3.amazonaws.com//photos/a",
                "https://s3.amazonaws.com/PHOTOS/a",
                "https://s3.amazonaws.com/phot%6fs/a",
                "https://s3.amazonaws.com/photos%2fa",
                "https://s3.amazonaws.com/../photos/a",
                "ftp://photos.s3.amazonaws.com/a",
            )
        ),
    ],
)
def test_where_a_url_leads(url: str, place: Place | None) -> None:
    assert AMAZON.place(url) == place


def test_the_place_of_a_url_that_is_made() -> None:
    for urls in (AMAZON, BucketUrls("cn-north-1"), BucketUrls("x", "http://minio.example:9000/below")):
        assert urls.place(urls.url("photos", "a.jpg")) == Place("photos", "a.jpg")
    assert AMAZON.url("photos", "a.jpg") == "https://photos.s3.eu-west-1.amazonaws.com/a.jpg"
    # A bucket of another server is not Amazon's of the same name.
    assert BucketUrls("x", "http://minio.example:9000").place(AMAZON.url("photos", "a.jpg")) is None


def outcome(source: S3Source, url: str) -> bytes | None:
    try:
        return source.get(url, BASE, MANY)
    except PhotoUrlError:
        return None


def test_what_is_not_of_a_readable_bucket_sends_nothing() -> None:
    with listening(sending(answer(JPEG))) as listener:
        endpoint = f"http://{LOOPBACK}:{listener.port}"
        source = S3Storage(rule(endpoint), "kept")
        ways_out = ("../others/a", "%2e%2e/others/a", "..%2fothers/a", "..%5cothers/a", "a/../../others/a", "a%00", "")
        hostile = [
            *hostile_urls(listener.port),
            *(f"{root}/{way}" for root in (f"{endpoint}/photos", "s3://photos", "s3://kept") for way in ways_out),
            *(f"{root}/a/b.jpg" for root in (f"{endpoint}/others", f"{endpoint}/kept", "s3://others", "s3://kept")),
            *(f"s3://{bucket}/a" for bucket in ("Photos", "photos.", "photo", "photoss", "photos%00", "photos:80")),
            f"http://photos@{LOOPBACK}:{listener.port}/photos/a",
            f"http://{LOOPBACK}:{listener.port + 1}/photos/a",
            f"{endpoint}//photos/a",
            f"{endpoint}/others/../photos/a",
            f"{endpoint}/photos",
            "https://photos.s3.amazonaws.com/a",
        ]
        assert [url for url in hostile if outcome(source, url) is not None] == []
        assert listener.connections == 0
        # The listener would have heard it.
        assert outcome(source, f"{endpoint}/photos/a") is not None
        assert listener.connections == 1


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(["s3://", "https://", ""]))
def test_any_text_is_a_place_or_none(text: str, scheme: str) -> None:
    place = AMAZON.place(f"{scheme}{text}")
    assert place is None or place.key is None or ".." not in place.key.split("/")


def test_what_is_put_is_kept_for_its_owner(store: ObjectStore, storage: S3Storage) -> None:
    urls = [storage.put(JPEG, BASE) for _ in range(2)]
    names = [url.removeprefix(f"{store.url}/kept/") for url in urls]
    assert all(is_name(name) for name in names)
    assert len(set(names)) == 2
    kept = store.client.get_object(Bucket="kept", Key=names[0])
    assert (kept["Body"].read(), kept["ContentType"]) == (JPEG, "image/jpeg")
    grants = store.client.get_object_acl(Bucket="kept", Key=names[0])
    assert [grant["Grantee"].get("ID") for grant in grants["Grants"]] == [grants["Owner"]["ID"]]
    assert storage.get(urls[0], BASE, MANY) == JPEG
    assert storage.get(f"s3://kept/{names[0]}", BASE, MANY) == JPEG
    storage.delete(urls[0], BASE)
    storage.delete(urls[0], BASE)
    with pytest.raises(PhotoUrlError):
        storage.get(urls[0], BASE, MANY)
    assert storage.get(urls[1], BASE, MANY) == JPEG


def test_only_what_was_stored_is_read_from_the_storages_bucket_or_deleted(
    store: ObjectStore, storage: S3Storage, source: S3Source
) -> None:
    assert storage.get("s3://kept/a/b.jpg", BASE, MANY) is None
    assert source.get("s3://kept/a/b.jpg", BASE, MANY) is None
    assert storage.get("s3://photos/a/b.jpg", BASE, MANY) == JPEG
    for url in ("s3://kept/a/b.jpg", "s3://photos/a/b.jpg", f"s3://photos/{'0' * 32}.jpg", "https://faces.example/"):
        storage.delete(url, BASE)
    for bucket in ("kept", "photos"):
        assert store.client.get_object(Bucket=bucket, Key="a/b.jpg")["Body"].read() == JPEG
    with pytest.raises(FileError):
        storage.put(b"<html>", BASE)


def refusal(get: Callable[[], object]) -> tuple[type, str]:
    with pytest.raises(PhotoUrlError) as caught:
        get()
    return type(caught.value), caught.value.detail


def test_the_absent_and_the_refused_look_alike(store: ObjectStore, source: S3Source, storage: S3Storage) -> None:
    urls = ("s3://photos/none.jpg", "s3://gone/a.jpg", "s3://photos/../a", f"s3://photos/{'a' * 1025}", "s3://photos/")
    seen = {refusal(lambda url=url: source.get(url, BASE, MANY)) for url in urls}  # type: ignore[misc]
    store.check_credentials(on=True)
    try:
        seen.add(refusal(lambda: source.get("s3://photos/a/b.jpg", BASE, MANY)))
        with pytest.raises(InternalError):
            storage.put(JPEG, BASE)
        with pytest.raises(InternalError):
            storage.delete(f"s3://kept/{'0' * 32}.jpg", BASE)
    finally:
        store.check_credentials(on=False)
    assert seen == {refusal(lambda: Fetcher(FetchRule()).get("http://169.254.169.254/", MANY))}


@pytest.mark.parametrize(
    "data",
    [
        answer(b"<Error><Code>AccessDenied</Code></Error>", "403 Forbidden"),
        answer(b"<Error><Code>NoSuchKey</Code></Error>", "404 Not Found"),
        answer(b"not XML", "403 Forbidden"),
        answer(b"", "301 Moved Permanently"),
        answer(b"", "302 Found", "Location: http://169.254.169.254/"),
        answer(b"", "500 Broken"),
        answer(JPEG[:100], "200 OK", f"Content-Length: {len(JPEG)}"),
        answer(b"5\r\nabc", "200 OK", "Transfer-Encoding: chunked"),
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_whatever_goes_wrong_looks_like_the_absent(data: bytes) -> None:
    with listening(sending(data)) as listener:
        source = S3Source(rule(f"http://{LOOPBACK}:{listener.port}"))
        kind, detail = refusal(lambda: source.get("s3://photos/a", BASE, MANY))
    closed = refusal(lambda: source.get("s3://photos/a", BASE, MANY))
    assert (kind, detail) == closed == refusal(lambda: Fetcher(FetchRule()).get("http://169.254.169.254/", MANY))


def test_the_limit_is_kept(store: ObjectStore, source: S3Source) -> None:
    assert source.get("s3://photos/a/b.jpg", BASE, len(JPEG)) == JPEG
    store.client.put_object(Bucket="photos", Key="large.jpg", Body=bytes(50 * MEGABYTE))
    for key, limit in (("large.jpg", 5 * MEGABYTE), ("a/b.jpg", len(JPEG) - 1)):
        with pytest.raises(UploadTooLarge, match=f"more than {limit} bytes"):
            source.get(f"s3://photos/{key}", BASE, limit)


@pytest.mark.parametrize("length", [(), (f"Content-Length: {50 * MEGABYTE}",)])
def test_a_large_object_is_not_read(length: tuple[str, ...]) -> None:
    sent: list[int] = []

    def pour(connected: socket.socket, _: bytes) -> None:
        connected.sendall(answer(b"", "200 OK", *length))
        while sum(sent) < 50 * MEGABYTE:
            sent.append(connected.send(bytes(MEGABYTE // 4)))

    with listening(pour) as listener:
        source = S3Source(rule(f"http://{LOOPBACK}:{listener.port}"))
        with pytest.raises(UploadTooLarge):
            source.get("s3://photos/large.jpg", BASE, MEGABYTE)
    # What the system holds for a socket is sent, too.
    assert sum(sent) < 20 * MEGABYTE


@pytest.mark.parametrize(
    "script",
    [
        dripping(b"HTTP/1.1 200 OK\r\nX: "),
        dripping(answer(b"")),
        dripping(answer(b"", "200 OK", "Content-Length: 8000")),
        lambda *_: time.sleep(8),
    ],
)
def test_a_slow_server_is_not_waited_for(script: Script) -> None:
    with listening(script) as listener:
        storage = S3Storage(rule(f"http://{LOOPBACK}:{listener.port}", 0.5), "kept")
        begun = time.monotonic()
        with pytest.raises(PhotoTimeout) as late:
            storage.get("s3://photos/a", BASE, MANY)
        assert time.monotonic() - begun < 5
    with listening(dripping(answer(b""))) as listener:
        fetch = Fetcher(FetchRule(frozenset({f"{LOOPBACK}:{listener.port}"}), seconds=0.3))
        with pytest.raises(PhotoTimeout) as slow:
            fetch.get(f"http://{LOOPBACK}:{listener.port}/", MANY)
    assert late.value.detail == slow.value.detail


def test_a_slow_server_does_not_hold_a_put() -> None:
    with listening(dripping(b"HTTP/1.1 200 OK\r\nX: ")) as listener:
        storage = S3Storage(rule(f"http://{LOOPBACK}:{listener.port}", 0.5), "kept")
        with pytest.raises(InternalError):
            storage.put(JPEG, BASE)
        with pytest.raises(InternalError):
            storage.delete(f"s3://kept/{'0' * 32}.jpg", BASE)


def test_slow_bodies_hold_no_place_after_their_time() -> None:
    """A server that drips must not keep all the others' places."""
    slow = [dripping(answer(b"", "200 OK", "Content-Length: 8000"))] * AT_ONCE

    def serve(connected: socket.socket, request: bytes) -> None:
        (slow.pop() if slow else sending(answer(JPEG)))(connected, request)

    with listening(serve) as listener:
        source = S3Source(rule(f"http://{LOOPBACK}:{listener.port}", 1.0))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            late = [pool.submit(outcome, source, "s3://photos/a") for _ in range(AT_ONCE)]
            assert {done.result() for done in late} == {None}
        assert slow == []
        assert outcome(source, "s3://photos/a") == JPEG


def test_nothing_of_a_request_reaches_the_log(
    store: ObjectStore, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    storage = S3Storage(rule(store.url), "kept")
    caplog.clear()
    url = storage.put(JPEG, BASE)
    storage.get(url, BASE, MANY)
    store.client.put_object(Bucket="photos", Key="quellwasser.jpg", Body=JPEG)
    storage.get("s3://photos/quellwasser.jpg", BASE, MANY)
    outcome(storage, "s3://photos/quellwasser-none.jpg")
    outcome(storage, "s3://gone/quellwasser.jpg")
    store.check_credentials(on=True)
    try:
        outcome(storage, "s3://photos/quellwasser.jpg")
    finally:
        store.check_credentials(on=False)
    written = caplog.text + "".join(capfd.readouterr())
    assert "S3 failed: NoSuchBucket" in written
    assert "S3 failed: InvalidAccessKeyId" in written
    assert "NoSuchKey" not in written
    for part in ("quellwasser", url.rpartition("/")[2], SECRET, "AKIATEST", "Signature", "s3://", store.url):
        assert part not in written


def test_where_the_environment_has_s3_changes_nothing(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(sending(answer())) as listener:
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
            monkeypatch.setenv(name, f"http://{LOOPBACK}:{listener.port}")
        assert S3Source(rule(store.url)).get("s3://photos/a/b.jpg", BASE, MANY) == JPEG
        assert S3Source(S3Rule(region="eu-west-1"))._client.meta.endpoint_url == "https://s3.eu-west-1.amazonaws.com"
        assert listener.connections == 0


def test_no_credentials_are_told_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StartError, match="S3 cannot be used as it is set"):
        S3Source(S3Rule())
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StartError, match="S3 cannot be used as it is set"):
        S3Source(S3Rule())
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(StartError, match="boto3 finds no credentials"):
        S3Source(S3Rule())


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_boto3_is_loaded_when_s3_is_set_only() -> None:
    assert run("import sys, photo_urls; print('boto3' in sys.modules, 'botocore' in sys.modules)") == "False False"


def test_a_missing_boto3_is_told_at_start() -> None:
    code = """
import sys
sys.modules["boto3"] = sys.modules["boto3.session"] = None
from errors import StartError
from storage.s3 import S3Rule, S3Source
try:
    S3Source(S3Rule())
except StartError as error:
    print(error)
"""
    assert run(code) == "S3 is set and boto3 is not installed; install facetoken[s3]"
