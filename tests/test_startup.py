"""From settings to a ready engine, and the sentences that end a start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from errors import StartError
from model import runtime
from model.backends import networks, settled_precision
from settings import Settings

ROOT = Path(__file__).resolve().parent.parent


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


class Process:
    """`python server.py` on a free port of loopback, its log in a file."""

    def __init__(self, folder: Path, **variables: str) -> None:
        environment = {**os.environ, "FACETOKEN_DATA": str(folder), "FACETOKEN_HOST": "127.0.0.1", **variables}
        environment.setdefault("FACETOKEN_PORT", str(free_port()))
        self.port = int(environment["FACETOKEN_PORT"])
        self.log = folder.parent / f"{folder.name}-{self.port}.log"
        with self.log.open("w") as log:
            command = [sys.executable, "server.py"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log, stdout=log)

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def wait_until(self, path: str, status: int) -> float:
        begun = time.monotonic()
        while time.monotonic() - begun < 60:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if self.get(path)[0] == status:
                    return time.monotonic() - begun
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(self.log.read_text())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def started() -> Iterator[list[Process]]:
    running: list[Process] = []
    yield running
    for server in running:
        server.process.kill()
        server.process.wait()


def test_a_server_is_alive_then_ready_then_ends_with_status_0(tmp_path: Path, started: list[Process]) -> None:
    server = Process(tmp_path / "data")
    started.append(server)
    server.wait_until("/healthz", 200)
    status, body = server.get("/readyz")
    assert status == 200 or (status == 503 and b"being loaded" in body)
    server.wait_until("/readyz", 200)
    assert server.get("/faces")[0] == 200
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    assert "stopped" in server.log.read_text()
    assert not (tmp_path / "data" / "faces.db-wal").exists()


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"FACETOKEN_THREADS": "none"}, "FACETOKEN_THREADS='none' is not allowed; it must be a whole number"),
        ({"FACETOKEN_HOST": "203.0.113.1"}, "cannot listen on 203.0.113.1"),
        ({"FACETOKEN_DATA": "/proc/nowhere"}, "cannot use the data folder /proc/nowhere"),
    ],
)
def test_a_start_that_fails_says_why_in_one_sentence(
    tmp_path: Path, started: list[Process], variables: dict[str, str], sentence: str
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    server = Process(folder, **variables)
    started.append(server)
    assert server.process.wait(30) == 1
    lines = [line for line in server.log.read_text().splitlines() if line.startswith("facetoken:")]
    assert len(lines) == 1
    assert sentence in lines[0]
    assert "Traceback" not in server.log.read_text()
