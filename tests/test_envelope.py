"""What every answer shares: ids, health, CORS, honest or flattened status, refusal when busy or starting."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine import FaceEngine
from errors import Overloaded
from server import create_app
from serving import Server
from settings import Settings
from tests.client import FORM, Client, field, head, multipart, photo
from tests.conftest import Live
from tests.module_engine import engine
from tests.pictures import blank

__all__ = ["engine"]

Serve = Callable[..., Live]
ORIGIN = {"Origin": "https://one.example"}


@pytest.fixture(scope="module")
def client(serve: Serve, engine: FaceEngine) -> Client:
    return Client(serve(engine, threads=2, queue=2).port)


@pytest.fixture(scope="module")
def portrait(photos: Path) -> bytes:
    return next(iter(sorted(photos.glob("val/mindy_kaling/*.jpg")))).read_bytes()


@contextmanager
def running(server: Server) -> Iterator[Client]:
    thread = threading.Thread(target=server.run)
    thread.start()
    yield Client(server.port)
    server.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_health(client: Client) -> None:
    for path in ("/healthz", "/readyz"):
        assert client.get(path).status == client.request("HEAD", path).status == 200


def test_a_starting_server_lives_and_is_not_ready() -> None:
    def starting() -> FaceEngine:
        raise Overloaded("the server is starting: networks and face set are being loaded")

    settings = Settings(host="127.0.0.1", port=0, threads=1, queue=0)
    with running(Server(create_app(settings, starting), settings)) as client:
        assert client.get("/healthz").status == 200
        refused = [client.get("/readyz"), client.get("/faces"), client.post("/detect", photo(blank(64, 64)))]
        for answer in refused:
            assert answer.error == (503, "1003", "INTERNAL_ERROR")
            assert int(answer.headers["Retry-After"]) >= 1


def test_an_application_that_breaks_answers_in_the_envelope() -> None:
    def broken(environ: dict[str, object], start_response: object) -> list[bytes]:
        raise RuntimeError(str(environ["PATH_INFO"]) + " secret")

    with running(Server(broken, Settings(host="127.0.0.1", port=0, threads=1, queue=0))) as client:
        answer = client.get("/faces")
        assert answer.error == (500, "1003", "INTERNAL_ERROR")
        assert b"secret" not in answer.body


def test_a_request_id_is_echoed_or_made(client: Client) -> None:
    for good in ("abc-1.2_Z", "x" * 64):
        assert client.request("GET", "/faces", headers={"X-Request-Id": good}).headers["X-Request-Id"] == good
    for bad in ("x" * 65, "a b", "é", '"', ""):
        made = client.raw(head("GET", "/faces", f"X-Request-Id: {bad}", "Connection: close")).headers["X-Request-Id"]
        assert len(made) == 16
    first, second = (client.get("/nowhere").headers["X-Request-Id"] for _ in range(2))
    assert first != second
    assert client.get("/faces").headers["X-Content-Type-Options"] == "nosniff"


def test_answers_are_kept_in_no_cache(client: Client) -> None:
    for path in ("/faces", "/nowhere", "/detect", "/healthz"):
        assert client.get(path).headers["Cache-Control"] == "no-store"


def test_without_a_setting_no_origin_is_allowed(client: Client) -> None:
    answer = client.request("GET", "/faces", headers=ORIGIN)
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_allowed_origins(serve: Serve, engine: FaceEngine) -> None:
    client = Client(serve(engine, threads=2, queue=2, cors_origins=("https://one.example",)).port)
    answers = [client.request("GET", "/faces", headers=ORIGIN), client.request("POST", "/detect", b"", ORIGIN)]
    preflight = client.request("OPTIONS", "/detect", headers={**ORIGIN, "Access-Control-Request-Method": "POST"})
    for answer in [*answers, preflight]:
        assert answer.headers["Access-Control-Allow-Origin"] == "https://one.example"
        assert answer.headers["Vary"] == "Origin"
    assert preflight.status == 200
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, POST, DELETE"
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
    stranger = client.request("GET", "/faces", headers={"Origin": "https://two.example"})
    assert stranger.headers["Access-Control-Allow-Origin"] is None
    assert stranger.headers["Vary"] == "Origin"
    assert client.get("/faces").headers["Access-Control-Allow-Origin"] is None


def test_any_origin(serve: Serve, engine: FaceEngine) -> None:
    client = Client(serve(engine, threads=2, queue=2, cors_origins=("*",)).port)
    assert client.request("GET", "/faces", headers=ORIGIN).headers["Access-Control-Allow-Origin"] == "*"


def test_every_status_is_200_for_old_clients(serve: Serve, engine: FaceEngine) -> None:
    client = Client(serve(engine, threads=2, queue=2, status_200=True).port)
    no_such = "a" * 23 + "z"
    flattened = {
        "/search": "1002",
        "/search?face_token=x&threshold=9": "1001",
        "/nowhere": "1001",
        "/detect": "1001",
        f"/removeface?face_token={no_such}": "1006",
        f"/faces/{no_such}": "1006",
        "/show_photo/xyz": "1006",
        "/buzz": "1001",
    }
    for path, code in flattened.items():
        assert client.get(path).error[:2] == (200, code), path
    assert client.post("/detect", photo(b"GIF89a")).error == (200, "1004", "FIlE_ERROR")
    assert client.post("/detect", photo(bytes(17 * 2**20))).error == (200, "1005", "UPLOAD_ERROR")
    assert client.raw(b"GARBAGE\r\n\r\n").error == (200, "1001", "BAD_ARGUMENTS")
    assert client.get("/healthz").status == 200


def test_part_of_a_file_is_not_called_the_whole(serve: Serve, engine: FaceEngine, portrait: bytes) -> None:
    client = Client(serve(engine, threads=2, queue=2, status_200=True).port)
    path = f"/show_photo/{client.detect(portrait)['faces'][0]['face_name']}"
    whole = client.get(path)
    known = client.request("GET", path, headers={"If-None-Match": whole.headers["ETag"]})
    part = client.request("GET", path, headers={"Range": "bytes=0-9"})
    assert (whole.status, known.status, part.status) == (200, 304, 206)
    assert (known.body, part.body) == (b"", whole.body[:10])


def test_a_connection_survives_errors(client: Client) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=10)
    large = multipart([photo(bytes(3 * 2**20))])
    for path, body, status in (
        ("/nowhere", b"", 404),
        ("/detect", b"", 400),
        ("/detect", large, 413),
        ("/search", b"", 400),
    ):
        connection.request("POST", path, body, {"Content-Type": FORM} if body else {})
        response = connection.getresponse()
        assert (response.status, response.will_close) == (status, False)
        response.read()
    connection.close()


def test_health_stays_honest_for_old_clients() -> None:
    def starting() -> FaceEngine:
        raise Overloaded("the server is starting: networks and face set are being loaded")

    settings = Settings(host="127.0.0.1", port=0, threads=1, queue=0, status_200=True)
    with running(Server(create_app(settings, starting), settings)) as client:
        assert client.get("/readyz").status == 503
        assert client.get("/faces").status == 200


def test_get_may_be_kept_from_writing(serve: Serve, engine: FaceEngine, portrait: bytes) -> None:
    client = Client(serve(engine, threads=2, queue=2, get_writes=False).port)
    token = client.detect(portrait)["faces"][0]["face_token"]
    for path in ("/addface", "/removeface"):
        for method in ("GET", "HEAD"):
            answer = client.request(method, f"{path}?face_token={token}")
            assert answer.status == 405
        assert client.get(path, face_token=token).error == (405, "1001", "BAD_ARGUMENTS")
    assert client.get("/faces").json["total"] == 0
    assert client.post("/addface", field("face_token", token)).status == 200
    assert client.request("DELETE", f"/removeface?face_token={token}").status == 200


def test_a_full_lane_says_when_to_come_back_and_the_other_goes_on(
    serve: Serve, engine: FaceEngine, portrait: bytes
) -> None:
    client = Client(serve(engine, threads=2, photos=1, queue=0).port)
    token = client.detect(portrait)["faces"][0]["face_token"]
    slow: list[int] = []
    large = photo(blank(4096, 4096), filename="large.png")

    def work() -> None:
        while not slow or slow[-1] == 503:
            slow.append(client.post("/detect", large).status)

    working = threading.Thread(target=work)
    working.start()
    deadline = time.monotonic() + 20
    while (answer := client.post("/detect", photo(portrait))).status == 200 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert answer.error == (503, "1003", "INTERNAL_ERROR")
    assert int(answer.headers["Retry-After"]) >= 1
    assert working.is_alive()
    assert client.get("/search", face_token=token, threshold=1).status == client.get("/faces").status == 200
    assert client.get("/healthz").status == client.get("/readyz").status == 200
    working.join(60)
    assert slow[-1] == 200
    assert client.detect(portrait)["face_num"] == 1
