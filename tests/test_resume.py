"""An import that is killed anywhere and run again: no face twice, none missing."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from batch.local import LIMITS
from benchmarks.photos import GroupPhoto
from cli import main
from engine import FaceEngine
from faceset.tokens import Face
from tests import pictures
from tests.command import SECONDS, Command, kill, rows_of, wait_for_rows
from tests.conftest import Live

MIN_CONFIDENCE = 0.8
PHOTOS = 14
SURE = ("--min-confidence", MIN_CONFIDENCE)


@pytest.fixture(scope="session")
def crowds(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of group photos, so that a kill falls between two faces of one photo."""
    folder = tmp_path_factory.mktemp("crowds")
    originals = [pictures.read(path) for path in sorted((photos / "val").glob("*/*.jpg"))]
    for seed in range(PHOTOS):
        jpeg = pictures.encoded(GroupPhoto(0.5, 4, seed).compose(originals))
        (folder / f"crowd {seed:02d}.jpg").write_bytes(jpeg)
    return folder


@pytest.fixture(scope="session")
def expected(
    crowds: Path, new_engine: Callable[..., FaceEngine], tmp_path_factory: pytest.TempPathFactory
) -> Counter[bytes]:
    """How many faces of each photo belong in the face set, by its digest."""
    engine = new_engine(tmp_path_factory.mktemp("expected"))
    counts: Counter[bytes] = Counter()
    for path in crowds.iterdir():
        faces = engine.detect(path.read_bytes(), LIMITS).faces
        sure = sum(face.confidence >= MIN_CONFIDENCE for face in faces)
        digest = engine._temporary.get(faces[0].token).photo_sha256  # type: ignore[union-attr]
        counts[digest or b""] += sure
    engine.close()
    assert counts.total() > 2 * PHOTOS
    return counts


def check(engine: FaceEngine, expected: Counter[bytes]) -> None:
    """Every expected face is there once, with its crop, and no other."""
    faces: list[Face] = engine.faceset.page("default", 10_000)[0]
    assert Counter(face.photo_sha256 for face in faces) == expected
    assert len({(face.photo_sha256, face.vector.tobytes()) for face in faces}) == len(faces)
    assert {path.stem for path in engine.crops.path.iterdir()} >= {face.token for face in faces}


@pytest.mark.usefixtures("loaded")
def test_on_the_data_folder(
    crowds: Path,
    expected: Counter[bytes],
    new_engine: Callable[..., FaceEngine],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command, report = Command(tmp_path), tmp_path / "r.csv"
    chosen = random.Random(7)
    for rows in (1, 5):
        process = command.start("import", crowds, *SURE, "--report", report)
        report.unlink(missing_ok=True)
        wait_for_rows(report, rows, process)
        time.sleep(chosen.uniform(0, 0.1))
        kill(process)
    monkeypatch.setenv("FACETOKEN_DATA", str(command.data))
    assert main(["import", str(crowds), *map(str, SURE), "--report", str(report)]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert told.out.startswith(f"{PHOTOS} photos, ")
    results = Counter(row["result"] for row in rows_of(report))
    assert results["duplicate"] > 0
    assert set(results) == {"added", "duplicate"}
    tokens = [token for row in rows_of(report) for token in row["tokens"].split()]
    # The command that just ended closed the folder; the crops of the killed ones went when it opened it.
    engine = new_engine(command.data)
    check(engine, expected)
    assert set(tokens) == engine.faceset.tokens() == {path.stem for path in engine.crops.path.iterdir()}
    assert len(tokens) == expected.total()
    engine.close()


def test_against_a_server(
    crowds: Path, expected: Counter[bytes], engine: FaceEngine, serve: Callable[..., Live], tmp_path: Path
) -> None:
    live, command = serve(engine), Command(tmp_path)
    chosen, half_added = random.Random(11), 0
    for faces in (1, 5, 10, 16):
        process = command.start("import", crowds, *SURE, "--server", live.url)
        deadline = time.monotonic() + SECONDS
        while len(engine.faceset.tokens()) < faces and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        time.sleep(chosen.uniform(0, 0.01))
        kill(process)
        half_added += any(path.stat().st_size for path in (command.state / "facetoken").iterdir())
    status, out, err = command.run("import", crowds, *SURE, "--server", live.url)
    assert (status, err) == (0, "")
    assert out.startswith(f"{PHOTOS} photos, ")
    check(engine, expected)
    assert half_added, "no kill fell between two faces; choose other moments"


def test_a_server_that_is_killed_and_comes_back(
    crowds: Path, expected: Counter[bytes], new_engine: Callable[..., FaceEngine], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = Command(tmp_path, FACETOKEN_HOST="127.0.0.1", FACETOKEN_PORT=str(port))
    url, report = f"http://127.0.0.1:{port}", tmp_path / "r.csv"
    server = serving(command, url)
    process = command.start("import", crowds, *SURE, "--server", url, "--report", report)
    wait_for_rows(report, 5, process)
    kill(server)
    server = serving(command, url)
    try:
        out, err = process.communicate(timeout=SECONDS)
        assert (process.returncode, err) == (0, "")
        assert out.startswith(f"{PHOTOS} photos, ")
    finally:
        process.kill()
        server.terminate()
        server.communicate(timeout=SECONDS)
    engine = new_engine(command.data)
    check(engine, expected)
    engine.close()


def serving(command: Command, url: str) -> subprocess.Popen[str]:
    """Start a server and wait until it is ready."""
    server = command.start("serve", quiet=True)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):
                return server
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    server.kill()
    raise AssertionError("the server did not start")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_ends_after_the_photo_at_hand(
    crowds: Path, engine: FaceEngine, serve: Callable[..., Live], tmp_path: Path, number: signal.Signals
) -> None:
    live, command, report = serve(engine), Command(tmp_path), tmp_path / "r.csv"
    process = command.start("import", crowds, *SURE, "--server", live.url, "--report", report)
    wait_for_rows(report, 3, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "stopping after this photo" in err
    assert "Traceback" not in err
    rows = rows_of(report)
    assert f"stopped; {PHOTOS - len(rows)} photos left. Run the same command again to go on" in out
    assert 3 <= len(rows) < PHOTOS
    assert engine.faceset.tokens() == {token for row in rows for token in row["tokens"].split()}
    assert {path.stem for path in engine.crops.path.iterdir()} == engine.faceset.tokens()
