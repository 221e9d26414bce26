"""Importing photos: what goes in, what does not and why, and the report of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from answers import EnrolmentRule
from batch import local
from batch.choice import Choice
from batch.importer import FAILURES, Importer
from batch.local import LocalTarget
from batch.report import Outcome, ReportFile, Result
from batch.sources import from_parent, listed
from benchmarks.photos import GroupPhoto
from cli import main
from engine import FaceEngine
from errors import InternalError
from tests import pictures
from tests.command import Command, rows_of

# What the tests are about must not hang on how sure the detector is of a face.
RULE = EnrolmentRule(0.5)


def imported(
    engine: FaceEngine, *paths: Path, rule: EnrolmentRule = RULE, largest: bool = False, name: str = ""
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    sources = list(listed(paths, (lambda _: name) if name else from_parent))
    summary = Importer(LocalTarget(engine), Choice(rule, largest)).run(sources, outcomes.append, lambda: False)
    assert summary.results.total() == len(outcomes) == len(sources)
    assert [outcome.path for outcome in outcomes] == [source.path for source in sources]
    return outcomes


@pytest.fixture(scope="session")
def portraits(photos: Path) -> list[Path]:
    """Photos of one face."""
    found = sorted((photos / "train" / "mindy_kaling").iterdir())[:6]
    assert len(found) == 6
    return found


@pytest.fixture(scope="session")
def group(photos: Path) -> bytes:
    """A photo of several people."""
    originals = [pictures.read(path) for path in sorted((photos / "val").glob("*/*.jpg"))[::3]]
    return pictures.encoded(GroupPhoto(2, 6).compose(originals))


def test_a_folder_goes_in_and_a_second_run_adds_nothing(engine: FaceEngine, photos: Path) -> None:
    folder = photos / "val" / "elton_john"
    first = imported(engine, folder)
    assert [outcome.result for outcome in first] == [Result.ADDED] * 5
    faces, _ = engine.faceset.page("default", 100)
    assert [face.token for face in faces] == [token for outcome in first for token in outcome.tokens]
    assert {face.name for face in faces} == {"elton_john"}
    again = imported(engine, folder)
    assert [(row.result, row.tokens) for row in again] == [(Result.DUPLICATE, row.tokens) for row in first]
    assert len(engine.faceset.tokens()) == len(faces)
    assert {path.stem for path in engine.crops.path.iterdir()} == engine.faceset.tokens()


def test_a_photo_under_two_names_is_added_once(engine: FaceEngine, portraits: list[Path], tmp_path: Path) -> None:
    for name in ("ann", "bob"):
        (tmp_path / name).mkdir()
        shutil.copy(portraits[0], tmp_path / name / "x.jpg")
    first, twin = imported(engine, tmp_path / "ann", tmp_path / "bob")
    assert (twin.result, twin.tokens) == (Result.DUPLICATE, first.tokens)
    assert twin.reason == f"the same photo as {tmp_path / 'ann' / 'x.jpg'}"
    (later,) = imported(engine, tmp_path / "bob")
    assert later.reason == "in the face set already under the name ann"


def test_the_twin_of_a_refused_photo_is_refused_too(engine: FaceEngine, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(pictures.blank(200, 200))
    assert [row.result for row in imported(engine, tmp_path)] == [Result.NO_FACE] * 2


def test_every_face_goes_in_or_the_largest(new_engine: Callable[..., FaceEngine], group: bytes, tmp_path: Path) -> None:
    (tmp_path / "group.jpg").write_bytes(group)
    every, largest = new_engine(tmp_path / "1"), new_engine(tmp_path / "2")
    (all_in,) = imported(every, tmp_path / "group.jpg", rule=EnrolmentRule(), name="crowd")
    (one_in,) = imported(largest, tmp_path / "group.jpg", rule=EnrolmentRule(), largest=True, name="boss")
    _, found = every.recognizer.locate(group)
    assert len(all_in.tokens) == len(found) > 3
    assert all_in.reason == ""
    assert one_in.reason.endswith("were skipped: only the largest face was asked for")
    (kept,), _ = largest.faceset.page("default", 10)
    assert kept.size == pytest.approx(min(found[0].width, found[0].height))
    every.close()
    largest.close()


def test_faces_below_the_limits_stay_out_with_the_figures(engine: FaceEngine, group: bytes, tmp_path: Path) -> None:
    photo = tmp_path / "group.jpg"
    photo.write_bytes(group)
    _, faces = engine.recognizer.locate(group)
    scores = sorted(face.score for face in faces)
    (none,) = imported(engine, photo, rule=EnrolmentRule(0, 1000))
    assert none.result is Result.BELOW_LIMITS
    assert none.reason.startswith(f"none of {len(faces)} faces: the face is ")
    assert none.reason.count("pixels wide or high; at least 1000 are required") == len(faces)
    (largest,) = imported(engine, photo, rule=EnrolmentRule(0, 1000), largest=True)
    assert largest.reason.startswith(f"the largest of {len(faces)} faces: ")
    limit = (scores[0] + scores[1]) / 2
    (some,) = imported(engine, photo, rule=EnrolmentRule(limit))
    assert len(some.tokens) == len(faces) - 1
    figure = f"the detector is {scores[0]:.3f} sure of this face; at least {limit:g} is required"
    assert some.reason == f"of {len(faces)} faces 1 was skipped: {figure}"


def test_what_is_no_photo_is_said_and_harms_nothing(
    engine: FaceEngine, portraits: list[Path], tmp_path: Path, photos: Path
) -> None:
    jpeg = portraits[0].read_bytes()
    files = {
        "bomb.png": (pictures.bomb(20000), Result.UNREADABLE, "400 million pixels; at most 64 million"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], Result.UNREADABLE, "cut off"),
        "empty.jpg": (b"", Result.UNREADABLE, "empty"),
        "gif.gif": (b"GIF89a" + bytes(40), Result.UNREADABLE, "neither a JPEG nor a PNG"),
        "heavy.jpg": (jpeg + bytes(32 * 1024 * 1024 + 1 - len(jpeg)), Result.TOO_LARGE, "33554433 bytes"),
        "many.png": (pictures.bomb(10000), Result.UNREADABLE, "100 million pixels; at most 64 million"),
        "small.png": (pictures.blank(40, 40), Result.UNREADABLE, "40x40"),
        "text.jpg": (b"hello", Result.UNREADABLE, "neither a JPEG nor a PNG"),
        "wide.jpg": (pictures.blank(12000, 48), Result.NO_FACE, "no face"),
    }
    folder = tmp_path / "in"
    folder.mkdir()
    for name, (content, _, _) in files.items():
        (folder / name).write_bytes(content)
    os.mkfifo(folder / "pipe.jpg")
    (folder / "z.jpg").symlink_to("nowhere")
    shutil.copy(portraits[1], folder / "good.jpg")
    found = {row.path.name: row for row in imported(engine, folder)}
    for name, (_, result, words) in files.items():
        assert (name, found[name].result) == (name, result)
        assert words in found[name].reason
    assert (found["pipe.jpg"].result, found["z.jpg"].result) == (Result.UNREADABLE, Result.UNREADABLE)
    assert found["good.jpg"].result is Result.ADDED


def test_photos_beyond_the_limits_of_the_api_go_in(engine: FaceEngine, portraits: list[Path], tmp_path: Path) -> None:
    strip = np.zeros((400, 5000, 3), np.uint8)
    strip[:, :400] = pictures.grid([pictures.read(portraits[0])], 1, cell=400)
    (tmp_path / "long.jpg").write_bytes(pictures.padded(pictures.encoded(strip), 3_000_000))
    (row,) = imported(engine, tmp_path / "long.jpg", name="big")
    assert row.result is Result.ADDED


def test_large_photos_wait_for_their_turn(
    engine: FaceEngine, portraits: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "AHEAD_PIXELS", 0)
    photo = LocalTarget(engine).look(portraits[0].read_bytes(), b"")
    assert "_located" not in vars(photo)
    jpeg = portraits[0].read_bytes()
    (tmp_path / "cut.jpg").write_bytes(jpeg[:-2] + bytes(100) + jpeg[-2:])
    (tmp_path / "zero.jpg").write_bytes(jpeg[:500] + b"\xff\xd9")
    results = [row.result for row in imported(engine, portraits[1], portraits[0], tmp_path, portraits[0])]
    assert results[:2] == [Result.ADDED] * 2
    assert results[-1] is Result.DUPLICATE


def test_a_name_that_is_no_text_is_refused(engine: FaceEngine, portraits: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"M\xfcller")
    folder.mkdir()
    shutil.copy(portraits[0], folder / "x.jpg")
    (row,) = imported(engine, folder)
    assert (row.result, row.reason) == (Result.BAD_NAME, "the name is not valid UTF-8")
    with ReportFile(tmp_path / "r.csv") as csv_report, ReportFile(tmp_path / "r.jsonl") as json_report:
        csv_report.add(row)
        json_report.add(row)
    assert rows_of(tmp_path / "r.csv")[0]["name"] == "M\\udcfcller"
    assert json.loads((tmp_path / "r.jsonl").read_text())["path"] == str(folder / "x.jpg")


def test_a_disk_that_refuses_ends_the_import(engine: FaceEngine, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> list[str]:
        raise InternalError("the face crop cannot be stored at the moment")

    monkeypatch.setattr(engine, "add_photo", refuse)
    rows: list[Outcome] = []
    sources = list(listed([photos / "train" / "ben_afflek"], from_parent))
    summary = Importer(LocalTarget(engine), Choice(EnrolmentRule())).run(sources, rows.append, lambda: False)
    assert [row.result for row in rows].count(Result.FAILED) == FAILURES
    assert rows[-1].reason == "the face crop cannot be stored at the moment"
    assert not summary.all_in
    assert summary.stopped
    assert "given up after 5 failures" in summary.text()


@pytest.mark.usefixtures("loaded")
def test_the_command_from_photos_to_exit_status(
    portraits: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "Zoë 李雷"
    folder.mkdir()
    for number, path in enumerate(portraits[:2]):
        shutil.copy(path, folder / f"façade {number}.jpg")
    command, report = Command(tmp_path), tmp_path / "r.csv"
    monkeypatch.setenv("FACETOKEN_DATA", str(command.data))
    assert main(["import", str(folder), "--report", str(report), "--min-confidence", "0.5"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert told.out.startswith("2 photos, 2 faces added; ")
    assert [row["name"] for row in rows_of(report)] == ["Zoë 李雷"] * 2
    (folder / "bad\x1b[2J.jpg").write_bytes(b"no photo")
    # In a process of its own, whose streams are those of a shell.
    status, out, err = command.run("import", folder)
    assert status == 1
    assert [line.split() for line in out.splitlines()[1:]] == [["duplicate", "2"], ["unreadable", "1"]]
    assert "bad\\x1b[2J.jpg: unreadable: the file is neither" in err
