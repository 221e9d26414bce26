"""The commands as a user meets them: what they print and their exit status."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import server
from batch import gallery
from cli import main
from engine import FaceEngine
from faceset.folder import FolderLock
from faceset.tokens import Face, new_token
from model import weights
from settings import ROOT, Settings
from tests.conftest import Live

NOBODY = "nobody like this is in the face set, at a threshold of 0.3\n"
ONE_EACH = ["--quiet", "--faces", "largest", "--min-confidence", "0.5"]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of this test's own."""
    monkeypatch.setenv("FACETOKEN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "data"


@pytest.fixture
def people(photos: Path, tmp_path: Path) -> Path:
    """A folder with two photos each of two people."""
    for person in ("madonna", "elton_john"):
        (tmp_path / "people" / person).mkdir(parents=True)
        for path in sorted((photos / "val" / person).iterdir())[:2]:
            shutil.copy(path, tmp_path / "people" / person)
    return tmp_path / "people"


@pytest.mark.usefixtures("loaded")
def test_the_data_folder_from_import_to_removal(data: Path, people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faces"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert main(["import", str(people), *ONE_EACH]) == 0
    capsys.readouterr()
    check_commands([], people, capsys)
    assert len(list((data / "crop_faces").iterdir())) == 3


def test_a_server_the_same_way(
    engine: FaceEngine,
    serve: Callable[..., Live],
    data: Path,
    people: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    remote = ["--server", serve(engine).url]
    assert main(["import", str(people), *ONE_EACH, *remote]) == 0
    capsys.readouterr()
    check_commands(remote, people, capsys)
    assert {path.stem for path in engine.crops.path.iterdir()} == engine.faceset.tokens()
    assert not data.exists()


def check_commands(remote: list[str], people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ask for, list and remove faces after two photos each of two people were imported."""
    query = str(next((people / "madonna").iterdir()))
    assert main(["search", query, "--threshold", "0.3", "--json", *remote]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["threshold"] == 0.3
    ((token, name, distance),) = [(r["face_token"], r["face_name"], r["distance"]) for r in found["cmp_result"]]
    assert (name, distance < 0.01) == ("madonna", True)

    assert main(["faces", "--name", "DONN", *remote]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == ["madonna"] * 2
    assert token in {line.split()[0] for line in lines}
    assert main(["faces", "--json", *remote]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["face_name"] for row in rows] == ["elton_john"] * 2 + ["madonna"] * 2
    assert set(rows[0]) == {"face_token", "face_name", "created_at", "confidence", "size"}

    assert main(["remove", token, "gone", token, *remote]) == 1
    output = capsys.readouterr()
    assert (output.out, output.err) == ("1 face removed\n", "facetoken: there is no face gone\n")


def test_a_search_prints_a_table_or_that_nobody_is_there(
    engine: FaceEngine, serve: Callable[..., Live], data: Path, people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    remote = ["--server", serve(engine).url]
    assert main(["import", str(people), *ONE_EACH, *remote]) == 0
    query = str(next((people / "madonna").iterdir()))
    capsys.readouterr()
    assert main(["search", query, "--threshold", "2", "--limit", "3", *remote]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "distance", "token"]
    assert len(lines) == 3
    name, distance, token = lines[0].split()
    assert (name, float(distance) < 0.01, token in engine.faceset) == ("madonna", True, True)
    assert main(["remove", token, *remote]) == 0
    capsys.readouterr()
    assert main(["search", query, "--threshold", "0.3", *remote]) == 1
    assert capsys.readouterr().out == NOBODY


def test_all_pages_of_a_server_are_listed(
    engine: FaceEngine, serve: Callable[..., Live], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = np.eye(128, dtype=np.float32)[:25]
    new = [Face(new_token(), vector, name=f"name {number}") for number, vector in enumerate(vectors)]
    engine.faceset.add(new, "default")
    monkeypatch.setattr(gallery, "ROWS", 10)
    assert main(["faces", "--json", "--server", serve(engine).url]) == 0
    names = [json.loads(line)["face_name"] for line in capsys.readouterr().out.splitlines()]
    assert names == [f"name {number}" for number in range(25)]


def test_a_photo_that_cannot_be_searched_for_is_an_error(
    engine: FaceEngine, serve: Callable[..., Live], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.jpg").write_bytes(b"hello")
    assert main(["search", str(tmp_path / "x.jpg"), "--threshold", "1", "--server", serve(engine).url]) == 2
    assert capsys.readouterr().err.startswith(f"facetoken: {tmp_path / 'x.jpg'}: the file is neither a JPEG nor a PNG")
    assert main(["search", str(tmp_path / "gone.jpg"), "--threshold", "1"]) == 2
    assert capsys.readouterr().err == f"facetoken: {tmp_path / 'gone.jpg'}: no such file or directory\n"


def test_a_folder_in_use_is_one_sentence(data: Path, people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = FolderLock(data / "lock")
    for command in (["import", str(people)], ["faces"], ["remove", "x"]):
        assert main(command) == 2
        output = capsys.readouterr()
        assert output.err.startswith(f"facetoken: the data folder {data} is in use")
        assert "--server" in output.err
    lock.release()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["import"],
        ["import", "x", "--faces", "some"],
        ["import", "x", "--min-confidence", "2"],
        ["import", "x", "--min-size", "nan"],
        ["import", "x", "--name", "a\nb"],
        ["import", "x", "--name", ""],
        ["search", "x"],
        ["search", "x", "--threshold", "2.1"],
        ["search", "x", "--threshold", "nan"],
        ["search", "x", "--threshold", "one"],
        ["search", "x", "--threshold", "1", "--limit", "0"],
        ["remove"],
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: facetoken" in capsys.readouterr().err


def test_what_cannot_begin_is_one_sentence_and_status_2(
    data: Path, people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["import", str(people), "--report", str(tmp_path / "r.xml")]) == 2
    assert main(["import", str(people), "--server", "nonsense"]) == 2
    monkeypatch.setenv("FACETOKEN_PROT", "1")
    assert main(["import", str(people)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["facetoken"] * 3
    assert "FACETOKEN_PROT is not a setting" in lines[2]
    assert not data.exists()


def test_settings_shows_what_is_set_even_when_it_is_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACETOKEN_PORT", "8080")
    monkeypatch.setenv("FACETOKEN_QUEUE", "many")
    monkeypatch.setenv("FACETOKEN_NONSENSE", "1")
    assert main(["settings"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert ["FACETOKEN_PORT", "5000", "8080"] in [line.split() for line in lines]
    assert any(line.endswith("many (not allowed: it must be a whole number from 0 to 1024)") for line in lines)
    assert max(len(line) for line in lines if line.startswith(" ")) <= 120


def test_the_settings_page_has_one_row_a_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "--markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert len(rows) == len(list(Settings.table()))
    assert all(line.count("|") - line.count("\\|") == 5 for line in rows)


def test_weights_that_are_there_take_one_line(
    settings: Settings, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["weights", "--photos"]) == 0
    assert capsys.readouterr().out == f"{settings.weights} has 5 verified weights files and 118 photos\n"
    for file in weights.SERVED:
        (tmp_path / file.name).symlink_to(settings.weights / file.name)
    assert main(["weights", "--to", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path} has 5 verified weights files\n"


def test_serve_is_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "main", lambda: 7)
    assert main(["serve"]) == 7


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    script = f"{sys.executable} -m cli settings --markdown | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, env={**os.environ}, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "# Settings\n", "")


def test_only_serve_loads_flask() -> None:
    code = "import cli, sys; print([name for name in ('flask', 'waitress', 'openvino') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
