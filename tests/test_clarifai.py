"""Clarifai's HTTP API against a stand-in on loopback that speaks its documented shapes, and breaks in every way."""

from __future__ import annotations

import base64
import json
import logging
import ssl
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import outbound
from clarifai import MAX_ANSWER, Clarifai, ClarifaiAccount
from errors import StartError, TaggerError
from settings import Settings
from tests.certificates import certificates
from tests.listener import LOOPBACK, Script, answer, dripping, listening, sending
from tests.pictures import read

__all__ = ["certificates"]

KEY = "0123456789abcdef0123456789abcdef"
PATH = "/v2/users/clarifai/apps/main/models/general-image-recognition/outputs"
CAT = Path(__file__).parent / "data" / "cat.jpg"
CONCEPTS = {"cat": 0.998, "pet": 0.99, "no person": 0.98, "whisker": 0.97, "cute": 0.9, "eyes": 0.85, "nothing": 0}
OK = {"code": 10000, "description": "Ok", "req_id": "4f8b2c"}


def status(code: int, description: str) -> dict[str, Any]:
    return {"code": code, "description": description, "req_id": "4f8b2c"}


def prediction(concepts: dict[str, float]) -> dict[str, Any]:
    """Return a documented answer; like the service, it leaves out what is zero."""
    listed = [
        {"id": f"ai_{number}", "name": name, "app_id": "main", **({"value": value} if value else {})}
        for number, (name, value) in enumerate(concepts.items())
    ]
    model = {"id": "general-image-recognition", "app_id": "main", "user_id": "clarifai"}
    output = {"id": "a03a4b", "status": OK, "created_at": "2026-02-28T09:41:55.568082659Z", "model": model}
    return {
        "status": OK,
        "outputs": [{**output, "input": {"id": "1f"}, "data": {"concepts": listed}}],
    }


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold one request that the stand-in got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class StandIn:
    """Answer like Clarifai: one model, one key, one cat."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stand_in.asked.append(Asked(self.command, self.path, dict(self.headers), body))
                status, answered = stand_in.answered(self.path, self.headers.get("Authorization", ""), body)
                encoded = json.dumps(answered).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(encoded)))
                self.end_headers()
                self.wfile.write(encoded)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def answered(self, path: str, key: str, body: bytes) -> tuple[int, dict[str, Any]]:
        if key != f"Key {KEY}":
            return 401, {"status": status(11009, "API key not found")}
        if not path.endswith(PATH):
            return 404, {"status": status(21200, "Model does not exist")}
        try:
            photo = base64.b64decode(json.loads(body)["inputs"][0]["data"]["image"]["base64"], validate=True)
        except (ValueError, LookupError):
            return 400, {"status": status(11100, "Bad request format")}
        if not photo.startswith(b"\xff\xd8"):
            refused = {"status": status(30003, "Image decoding failed"), "data": {}}
            return 400, {"status": status(10020, "Failure"), "outputs": [refused]}
        return 200, prediction(CONCEPTS)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    started = StandIn()
    yield started
    started.stop()


def clarifai(url: str, **changes: Any) -> Clarifai:
    return Clarifai(ClarifaiAccount(**{"key": KEY, "url": url, **changes}))


def sees(tagger: Clarifai, tag: str) -> bool:
    return tagger.sees(CAT.read_bytes, read(CAT), tag)


def test_the_request_is_the_documented_one(stand_in: StandIn) -> None:
    assert sees(clarifai(stand_in.url), "cat")
    (asked,) = stand_in.asked
    assert (asked.method, asked.path) == ("POST", PATH)
    assert asked.headers["Authorization"] == f"Key {KEY}"
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["Host"] == stand_in.url.removeprefix("http://")
    encoded = base64.b64encode(CAT.read_bytes()).decode()
    assert json.loads(asked.body) == {"inputs": [{"data": {"image": {"base64": encoded}}}]}


@pytest.mark.parametrize("tag", ["cat", "Cats", "CAT", "pets", "No-Person", "no_person", "eye", "eyes", "whiskers"])
def test_a_concept_is_seen_however_it_is_written(stand_in: StandIn, tag: str) -> None:
    assert sees(clarifai(stand_in.url), tag)


@pytest.mark.parametrize("tag", ["dog", "person", "ca", "catamaran", "", "-", "animal"])
def test_what_is_no_concept_is_not_seen(stand_in: StandIn, tag: str) -> None:
    assert not sees(clarifai(stand_in.url), tag)


def test_concepts_count_from_the_minimum_on(stand_in: StandIn) -> None:
    assert [tag for tag in CONCEPTS if sees(clarifai(stand_in.url), tag)] == list(CONCEPTS)
    assert [tag for tag in CONCEPTS if sees(clarifai(stand_in.url, minimum=0.97), tag)] == list(CONCEPTS)[:4]
    assert [tag for tag in CONCEPTS if sees(clarifai(stand_in.url, minimum=1.0), tag)] == []


@pytest.mark.parametrize("output", [{"data": {"concepts": []}}, {"data": {}}, {}])
def test_a_photo_without_any_concept_shows_nothing(output: dict[str, Any]) -> None:
    with listening(taking(sending(body_of({"status": OK, "outputs": [{"status": OK, **output}]})))) as listener:
        assert not sees(clarifai(f"http://{LOOPBACK}:{listener.port}"), "cat")


def test_a_gateway_may_stand_before_it(stand_in: StandIn) -> None:
    assert sees(clarifai(f"{stand_in.url}/gateway/"), "cat")
    assert stand_in.asked[0].path == f"/gateway{PATH}"


@pytest.mark.parametrize(
    ("changes", "data", "code"),
    [
        ({"key": "wrong"}, b"\xff\xd8", 11009),
        ({"model": "no-such-model"}, b"\xff\xd8", 21200),
        ({}, b"not a photo", 10020),
    ],
)
def test_a_documented_refusal_is_a_fault_and_names_its_code(
    stand_in: StandIn, changes: dict[str, str], data: bytes, code: int
) -> None:
    with pytest.raises(TaggerError, match=str(code)):
        clarifai(stand_in.url, **changes).concepts(data)


def body_of(document: Any) -> bytes:
    return answer(json.dumps(document).encode())


REFUSALS = [
    answer(json.dumps({"status": status(11005, "Too many requests")}).encode(), "429 Too Many Requests"),
    answer(json.dumps({"status": status(10020, "Failure")}).encode(), "500 Internal Server Error"),
    answer(json.dumps(prediction(CONCEPTS)).encode(), "500 Internal Server Error"),
    answer(b"<html>Bad gateway</html>", "502 Bad Gateway"),
    answer(b"", "302 Found", f"Location: http://{LOOPBACK}:9/"),
    body_of({"status": status(10010, "Mixed Success"), "outputs": []}),
    body_of({**prediction(CONCEPTS), "status": status(10020, "Failure")}),
    body_of({**prediction(CONCEPTS), "status": {"code": "10000"}}),
]

WRONG: list[Any] = [
    None,
    3,
    [],
    {},
    {"status": 10000},
    {"status": OK},
    {"status": OK, "outputs": []},
    {"status": OK, "outputs": {}},
    {"status": OK, "outputs": [None]},
    {"status": OK, "outputs": [{"data": None}]},
    {"status": OK, "outputs": [{"data": {"concepts": 3}}]},
    {"status": OK, "outputs": [{"data": {"concepts": ["cat"]}}]},
    {"status": OK, "outputs": [{"data": {"concepts": [{"name": 3, "value": 1}]}}]},
    {"status": OK, "outputs": [{"data": {"concepts": [{"name": "cat", "value": "1"}]}}]},
    {"status": OK, "outputs": [{"data": {"concepts": [{"value": 1}]}}]},
]

GARBAGE = [
    b"",
    b"nonsense\r\n\r\n",
    answer(b""),
    answer(b"\xff\xfe\x00"),
    answer(b"{"),
    answer(b"[" * 200_000),
    answer(b'{"status": {"code": 1' + b"0" * 10_000 + b"}}"),
    answer(b'{"status": {"code": 1' + b"0" * 1_000 + b"}}"),
    *map(body_of, WRONG),
    answer(json.dumps(prediction(CONCEPTS)).encode()[:-9]),
    answer(json.dumps(prediction(CONCEPTS)).encode(), "200 OK", "Content-Length: 99999"),
    answer(b"x" * (MAX_ANSWER + 1)),
    answer(b"{}", "200 OK", f"Content-Length: {MAX_ANSWER + 1}"),
]


@pytest.mark.parametrize("data", REFUSALS + GARBAGE)
def test_any_other_answer_is_a_fault(data: bytes) -> None:
    with listening(taking(sending(data))) as listener, pytest.raises(TaggerError) as caught:
        sees(clarifai(f"http://{LOOPBACK}:{listener.port}"), "cat")
    assert listener.connections == 1
    assert KEY not in str(caught.value)
    assert len(caught.value.detail) < 200


def taking(script: Script) -> Script:
    """Read the rest of the request before the script: a close with unread data would tear the answer off."""

    def take(connected: Any, request: bytes) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += connected.recv(65536)
        script(connected, request)

    return take


@pytest.mark.parametrize(
    "script",
    [
        dripping(b"HTTP/1.1 200 OK\r\nX: "),
        dripping(answer(b"{")),
        dripping(answer(b"", "200 OK", "Content-Length: 8000")),
        lambda *_: time.sleep(8),
    ],
    ids=["head", "body", "length", "silence"],
)
def test_a_slow_answer_is_cut_off(script: Script) -> None:
    with listening(script) as listener:
        begun = time.monotonic()
        with pytest.raises(TaggerError):
            sees(clarifai(f"http://{LOOPBACK}:{listener.port}", seconds=0.5), "cat")
        assert time.monotonic() - begun < 5


def test_a_request_that_is_not_taken_is_cut_off() -> None:
    with listening(lambda *_: time.sleep(8)) as listener:
        begun = time.monotonic()
        with pytest.raises(TaggerError):
            clarifai(f"http://{LOOPBACK}:{listener.port}", seconds=0.5).concepts(bytes(40_000_000))
        assert time.monotonic() - begun < 5


def test_nobody_there_is_a_fault() -> None:
    with listening(sending(b"")) as listener:
        url = f"http://{LOOPBACK}:{listener.port}"
    with pytest.raises(TaggerError, match="cannot be reached"):
        sees(clarifai(url), "cat")


def test_the_key_and_the_photo_are_in_no_log_and_no_error(stand_in: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    account = ClarifaiAccount(KEY, stand_in.url)
    assert sees(Clarifai(account), "cat")
    # Settings refuse such a key; the HTTP library's complaint would show it.
    with pytest.raises(TaggerError) as caught:
        sees(clarifai(stand_in.url, key=f"{KEY}\r\nX: y"), "cat")
    encoded = base64.b64encode(CAT.read_bytes()).decode()
    for shown in (caplog.text, repr(account), "".join(traceback.format_exception(caught.value))):
        assert KEY not in shown
        assert encoded[:60] not in shown


def test_https_checks_the_certificate_before_the_key_is_sent(
    certificates: tuple[ssl.SSLContext, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "system_addresses", lambda *_: [LOOPBACK])
    server, client = certificates
    with listening(taking(sending(body_of(prediction(CONCEPTS)))), server) as listener:
        good, other = (ClarifaiAccount(KEY, f"https://{name}.test:{listener.port}") for name in ("photos", "other"))
        for account, context in ((good, None), (other, client)):
            # The first client does not know who signed the certificate; for the second it has the wrong name.
            with pytest.raises(TaggerError):
                Clarifai(account, context).concepts(b"\xff\xd8")
        assert listener.requests == []
        assert ("cat", 0.998) in Clarifai(good, client).concepts(b"\xff\xd8")
        assert f"Host: photos.test:{listener.port}\r\n".encode() in listener.requests[0]


def test_no_proxy_is_taken_from_the_environment(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(sending(answer(b"proxied"))) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{LOOPBACK}:{proxy.port}")
        assert sees(clarifai(stand_in.url), "cat")
        assert proxy.connections == 0


def test_a_key_that_is_none_is_refused_and_not_shown() -> None:
    for wrong in (f"{KEY} {KEY}", f"{KEY}\nX: y", f"Key {KEY}", "ключ"):
        with pytest.raises(StartError) as caught:
            Settings.from_environment({"FACETOKEN_CLARIFAI_KEY": wrong})
        assert str(caught.value).startswith("FACETOKEN_CLARIFAI_KEY='(secret)' is not allowed")
    read_back = Settings.from_environment({"FACETOKEN_CLARIFAI_KEY": KEY})
    assert read_back.clarifai_key == KEY
    assert KEY not in repr(read_back)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://api.clarifai.com", True),
        ("https://gateway.example/clarifai", True),
        ("https://gateway.example:8443/", True),
        ("http://localhost:8080", True),
        ("http://127.0.0.1", True),
        ("http://[::1]:8080", True),
        ("http://api.clarifai.com", False),
        ("http://localhost.example", False),
        ("https://user@api.clarifai.com", False),
        ("https://api.clarifai.com?x=1", False),
        ("https://api.clarifai.com/#x", False),
        ("https://api.clarifai.com:0", False),
        ("https://api.clarifai.com:99999", False),
        ("https://api.clarifai.com\r\nX: y", False),
        ("https://", False),
        ("ftp://api.clarifai.com", False),
        ("api.clarifai.com", False),
    ],
)
def test_the_key_is_sent_encrypted_or_to_this_machine(url: str, allowed: bool) -> None:
    environment = {"FACETOKEN_CLARIFAI_URL": url}
    if allowed:
        assert Settings.from_environment(environment).clarifai_url == url.rstrip("/")
    else:
        with pytest.raises(StartError, match="FACETOKEN_CLARIFAI_URL"):
            Settings.from_environment(environment)
