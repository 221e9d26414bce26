"""The command line's HTTP client against servers that are busy, drop connections, or are none of ours."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from batch.remote import RemoteServer, ServerGone, normalised
from errors import (
    BadArguments,
    FaceError,
    FaceTokenError,
    InternalError,
    StartError,
    UploadError,
    UploadTooLarge,
    WrongMethod,
)
from tests.command import Command

GOOD = {"sucess": True, "success": True, "total": 0, "faces": []}
Answer = tuple[int, dict[str, str], bytes] | None
HANG: Answer = (0, {}, b"never")


class Fake:
    """A server that answers one request after the other as told, the last one for ever; None drops the connection."""

    def __init__(self, *answers: Answer) -> None:
        self.asked: list[str] = []
        left = list(answers)
        asked = self.asked
        hung = self.hung = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked.append(f"{self.command} {self.path}")
                answer = left.pop(0) if len(left) > 1 else left[0]
                if answer is HANG:
                    hung.wait(30)
                if answer is None or answer is HANG:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, headers, body = answer
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


def good(**headers: str) -> Answer:
    return 200, headers, json.dumps(GOOD).encode()


def error(status: int, code: str, **headers: str) -> Answer:
    return status, headers, json.dumps({"success": False, "error_code": code, "detail": "in words"}).encode()


@pytest.fixture
def fake() -> Iterator[Callable[..., Fake]]:
    running: list[Fake] = []

    def start(*answers: Answer) -> Fake:
        running.append(Fake(*answers))
        return running[-1]

    yield start
    for each in running:
        each.hung.set()
        each.server.shutdown()
        each.server.server_close()


def test_a_busy_server_is_asked_again_when_it_says(fake: Callable[..., Fake]) -> None:
    server = fake(error(503, "1003", **{"Retry-After": "1"}), error(200, "1003", **{"Retry-After": "0"}), good())
    begun = time.monotonic()
    with RemoteServer(server.url) as remote:
        assert remote.call("GET", "/faces")["total"] == 0
    assert 1 <= time.monotonic() - begun < 5
    assert len(server.asked) == 3


def test_a_dropped_connection_is_made_anew(fake: Callable[..., Fake]) -> None:
    server = fake(good(), None, None, good())
    with RemoteServer(server.url) as remote:
        for _ in range(2):
            remote.call("POST", "/detect", {"a": "b"}, b"photo")
    assert server.asked == ["POST /detect"] * 4


def test_patience_has_an_end(fake: Callable[..., Fake]) -> None:
    server = fake(None)
    with RemoteServer(server.url, patience=0.5) as remote, pytest.raises(ServerGone, match="does not answer"):
        remote.call("GET", "/faces")
    assert 2 <= len(server.asked) <= 4


def test_a_stop_ends_the_patience(fake: Callable[..., Fake]) -> None:
    stop = threading.Event()
    stop.set()
    with RemoteServer(fake(None).url, stop) as remote, pytest.raises(ServerGone):
        remote.call("GET", "/faces")


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, "1006", FaceTokenError),
        (413, "1005", UploadTooLarge),
        (400, "1005", UploadError),
        (200, "1005", UploadError),
        (405, "1001", WrongMethod),
        (200, "1001", BadArguments),
        (500, "1003", InternalError),
        (500, "1999", InternalError),
    ],
)
def test_errors_are_those_of_the_table(
    fake: Callable[..., Fake], status: int, code: str, expected: type[FaceError]
) -> None:
    with RemoteServer(fake(error(status, code)).url) as remote, pytest.raises(FaceError) as caught:
        remote.call("GET", "/faces")
    assert type(caught.value) is expected
    assert caught.value.detail == "in words"


def test_a_proxy_in_between_is_understood(fake: Callable[..., Fake]) -> None:
    page: Answer = (413, {}, b"<html>")
    with RemoteServer(fake(page).url) as remote, pytest.raises(UploadTooLarge, match="proxy"):
        remote.call("POST", "/detect", photo=b"x")
    server = fake((502, {}, b"<html>"), good())
    with RemoteServer(server.url + "/faces-api/") as remote:
        assert remote.call("GET", "/faces", {"limit": "1"})
    assert server.asked == ["GET /faces-api/faces?limit=1"] * 2


def test_a_body_refused_half_way_is_no_broken_connection() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        connection, _ = listener.accept()
        connection.recv(1000)
        body = b'{"success": false, "error_code": "1005", "detail": "too much"}'
        head = f"HTTP/1.1 413 No\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        connection.sendall(head + body)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
        connection.close()

    thread = threading.Thread(target=refuse)
    thread.start()
    with (
        RemoteServer(f"http://127.0.0.1:{listener.getsockname()[1]}") as remote,
        pytest.raises(UploadTooLarge, match="too much"),
    ):
        remote.call("POST", "/detect", photo=bytes(10_000_000))
    thread.join()
    listener.close()


def test_another_kind_of_server_is_noticed(fake: Callable[..., Fake]) -> None:
    for body in (b"<html>hello", b'{"hello": 1}', b"[]"):
        with (
            RemoteServer(fake((200, {}, body)).url) as remote,
            pytest.raises(StartError, match="does not answer as facetoken does"),
        ):
            remote.greet()


def test_no_server_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    begun = time.monotonic()
    with (
        RemoteServer(f"http://localhost:{port}") as remote,
        pytest.raises(StartError, match=f"no facetoken server answers at http://127.0.0.1:{port}: Connection refused"),
    ):
        remote.greet()
    assert time.monotonic() - begun < 5


def test_addresses_have_one_spelling() -> None:
    same = {"http://localhost:5000", "http://127.0.0.1:5000/", "HTTP://LOCALHOST:5000", "http://127.0.0.1:5000//"}
    assert {normalised(url) for url in same} == {"http://127.0.0.1:5000"}
    assert normalised("https://Faces.example.org/api/") == "https://faces.example.org:443/api"
    assert normalised("http://[::1]:5000") == "http://[::1]:5000"


@pytest.mark.parametrize("url", ["localhost:5000", "ftp://x", "http://", "http://x:port", "http://x?y", "http://u:p@x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(StartError, match="--server"):
        RemoteServer(url)


def test_who_insists_need_not_wait_for_a_server_that_hangs(fake: Callable[..., Fake], tmp_path: Path) -> None:
    server = fake(good(), good(), HANG)
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    process = Command(tmp_path).start("import", tmp_path, "--server", server.url)
    deadline = time.monotonic() + 30
    while len(server.asked) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.asked[-1] == "POST /detect"
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 1
    assert "2 photos left. Run the same command again to go on" in out
    assert "Traceback" not in err
