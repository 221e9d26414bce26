"""From settings to a ready server and its end, and the sentences that end a start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.photos import GroupPhoto, listed, read
from benchmarks.served import ServerProcess
from errors import StartError
from model import runtime
from model.backends import networks, settled_precision
from settings import ROOT, Settings
from tests.client import FORM, Client, head, multipart, photo
from tests.pictures import encoded


@pytest.mark.parametrize(
    ("asked", "made_with", "has_bf16", "runs"),
    [
        ("auto", None, True, "bf16"),
        ("auto", None, False, "f32"),
        ("auto", "facenet128/6acdd8fb3a3f/f32/margin24/plain", True, "f32"),
        ("auto", "facenet128/6acdd8fb3a3f/bf16/margin24/plain", True, "bf16"),
        ("f32", "facenet128/6acdd8fb3a3f/bf16/margin24/plain", True, "f32"),
        ("bf16", None, True, "bf16"),
    ],
)
def test_auto_follows_the_face_set(
    asked: str, made_with: str | None, has_bf16: bool, runs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "cpu_has_bf16", lambda: has_bf16)
    assert settled_precision("openvino", asked, made_with) == runs


def test_a_bf16_face_set_on_a_cpu_without_it_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "cpu_has_bf16", lambda: False)
    with pytest.raises(StartError, match="bf16, which this CPU does not compute"):
        settled_precision("openvino", "auto", "facenet128/6acdd8fb3a3f/bf16/margin24/plain")
    with pytest.raises(StartError, match="FACETOKEN_PRECISION=bf16"):
        settled_precision("openvino", "bf16", None)


def test_reference_backends_compute_in_f32(settings: Settings) -> None:
    assert settled_precision("torch", "auto", None) == "f32"
    with pytest.raises(StartError, match="f32 only"):
        networks("torch", "bf16", False, settings.weights)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that is just being started."""
    starting = ServerProcess(tmp_path, drain=60)
    yield starting
    starting.stop(signal.SIGKILL)


def test_a_server_is_alive_then_ready_and_sigterm_lets_requests_finish_and_refuses_new_ones(
    server: ServerProcess, tmp_path: Path, photos: Path
) -> None:
    client = alive_then_ready(server)
    crowd = encoded(GroupPhoto(4, 30).compose([read(path) for path in listed(photos)[:30]]))
    with ThreadPoolExecutor(6) as pool:
        body = multipart([photo(crowd)])
        start = head("POST", "/detect", f"Content-Type: {FORM}", f"Content-Length: {len(body)}")
        with socket.create_connection(("127.0.0.1", server.port), 30) as slow:
            slow.sendall(start + body[:1000])
            requests = [pool.submit(client.post, "/detect", photo(crowd)) for _ in range(6)]
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", server.port), 5)
            # The half-sent upload keeps the server up, however fast it was with the others.
            assert server.process.poll() is None
            slow.sendall(body[1000:])
            assert slow.recv(15) == b"HTTP/1.1 200 OK"
        assert [request.result().json["face_num"] > 0 for request in requests] == [True] * 6
    assert server.stop() == 0
    assert any(line.endswith("stopped") for line in server.log)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crop_faces", "faces.db", "key", "lock", "stored"]


def alive_then_ready(server: ServerProcess) -> Client:
    """Wait until it listens, check that it answers, ready or not, and wait until it is."""
    deadline = time.monotonic() + 60
    while not server.port:
        assert server.process.poll() is None, list(server.log)
        assert time.monotonic() < deadline, list(server.log)
        time.sleep(0.02)
    client = Client(server.port)
    assert client.get("/healthz").status == 200
    answer = client.get("/readyz")
    assert answer.status == 200 or (answer.status == 503 and b"being loaded" in answer.body)
    server.ready()
    assert client.get("/faces").status == 200
    return client


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"FACETOKEN_THREADS": "none"}, "FACETOKEN_THREADS='none' is not allowed; it must be a whole number"),
        ({"FACETOKEN_HOST": "203.0.113.1"}, "cannot listen on 203.0.113.1"),
        ({"FACETOKEN_DATA": "/proc/nowhere"}, "cannot use the data folder /proc/nowhere"),
    ],
)
def test_a_start_that_fails_says_why_in_one_sentence(tmp_path: Path, variables: dict[str, str], sentence: str) -> None:
    environment = {**os.environ, "FACETOKEN_DATA": str(tmp_path), "FACETOKEN_HOST": "127.0.0.1", **variables}
    done = subprocess.run(
        [sys.executable, "server.py"],
        cwd=ROOT,
        env={"FACETOKEN_PORT": "0"} | environment,
        timeout=30,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    told = done.stdout + done.stderr
    lines = [line for line in told.splitlines() if line.startswith("facetoken:")]
    assert len(lines) == 1
    assert sentence in lines[0]
    assert "Traceback" not in told
