"""Importing into a running server: the same ends as on the folder, through the server's own rules."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from answers import EnrolmentRule
from batch.choice import Choice
from batch.importer import Importer
from batch.journal import Journal, default_journal
from batch.remote import RemoteServer, ServerGone
from batch.remote_target import RemoteTarget
from batch.report import Outcome, Result
from batch.sources import from_parent, listed
from engine import FaceEngine
from errors import StartError
from tests import pictures
from tests.conftest import Live


@pytest.fixture
def live(serve: Callable[..., Live], engine: FaceEngine) -> Live:
    return serve(engine)


@pytest.fixture
def target(live: Live, tmp_path: Path) -> Iterator[RemoteTarget]:
    with RemoteServer(live.url, patience=2) as server, Journal(tmp_path / "journal", server.url) as journal:
        yield RemoteTarget(server, journal)


def imported(target: RemoteTarget, *paths: Path, rule: EnrolmentRule | None = None) -> list[Outcome]:
    outcomes: list[Outcome] = []
    choice = Choice(rule or EnrolmentRule(0.5))
    Importer(target, choice).run(list(listed(paths, from_parent)), outcomes.append, lambda: False)
    return outcomes


def temporary(engine: FaceEngine) -> int:
    """How many crops belong to faces that were not added."""
    return len({path.stem for path in engine.crops.path.iterdir()} - engine.faceset.tokens())


def test_a_folder_goes_in_as_on_the_data_folder(
    engine: FaceEngine, target: RemoteTarget, photos: Path, tmp_path: Path
) -> None:
    first = imported(target, photos / "val" / "madonna")
    assert [row.result for row in first] == [Result.ADDED] * 5
    again = imported(target, photos / "val" / "madonna")
    assert [(row.result, row.tokens) for row in again] == [(Result.DUPLICATE, row.tokens) for row in first]
    faces, _ = engine.faceset.page("default", 100)
    assert [face.token for face in faces] == [token for row in first for token in row.tokens]
    assert {face.name for face in faces} == {"madonna"}
    assert temporary(engine) == 0
    assert (tmp_path / "journal").read_bytes() == b""


def test_faces_that_stay_out_are_forgotten_by_the_server(
    engine: FaceEngine, target: RemoteTarget, photos: Path
) -> None:
    (row,) = imported(target, sorted((photos / "val" / "madonna").iterdir())[0], rule=EnrolmentRule(0, 1000))
    assert row.result is Result.BELOW_LIMITS
    assert "pixels wide or high; at least 1000 are required" in row.reason
    assert temporary(engine) == 0


def test_what_the_server_refuses_is_said_in_its_words(target: RemoteTarget, photos: Path, tmp_path: Path) -> None:
    jpeg = sorted((photos / "val" / "madonna").iterdir())[0].read_bytes()
    (tmp_path / "1.jpg").write_bytes(pictures.padded(jpeg, 3_000_000))
    (tmp_path / "2.png").write_bytes(pictures.blank(5000, 60))
    (tmp_path / "3.jpg").write_bytes(jpeg[:-100])
    (tmp_path / "4.jpg").write_bytes(jpeg + bytes(12 * 1024 * 1024))
    (tmp_path / "5.png").write_bytes(pictures.blank(60, 60))
    rows = imported(target, tmp_path)
    assert [row.result for row in rows] == [
        Result.TOO_LARGE,
        Result.UNREADABLE,
        Result.UNREADABLE,
        Result.TOO_LARGE,
        Result.NO_FACE,
    ]
    assert "2 MB" in rows[0].reason
    assert "5000x60 pixels; each side must be from 48 to 4096" in rows[1].reason
    assert "cut off" in rows[2].reason


def test_the_servers_own_rule_is_reported(
    new_engine: Callable[..., FaceEngine], serve: Callable[..., Live], photos: Path, tmp_path: Path
) -> None:
    strict = new_engine(tmp_path / "strict", rule=EnrolmentRule(0, 1000))
    with RemoteServer(serve(strict).url) as server, Journal(tmp_path / "journal", server.url) as journal:
        (row,) = imported(RemoteTarget(server, journal), sorted((photos / "val" / "madonna").iterdir())[0])
    assert row.result is Result.BELOW_LIMITS
    assert "take a closer or sharper photo" in row.reason
    assert temporary(strict) == 0


def test_a_server_that_only_takes_posts_and_answers_200_to_all_will_do(
    engine: FaceEngine, serve: Callable[..., Live], photos: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(sorted((photos / "val" / "madonna").iterdir())[0], folder / "a.jpg")
    (folder / "b.jpg").write_bytes(b"no photo")
    url = serve(engine, get_writes=False, status_200=True).url
    with RemoteServer(url) as server, Journal(tmp_path / "journal", server.url) as journal:
        rows = imported(RemoteTarget(server, journal), folder)
    assert [row.result for row in rows] == [Result.ADDED, Result.UNREADABLE]


def test_a_half_added_photo_is_undone_and_added_anew(
    engine: FaceEngine, target: RemoteTarget, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    originals = [pictures.read(path) for path in sorted((photos / "val").glob("*/*.jpg"))[::5]]
    photo = tmp_path / "in" / "group.jpg"
    photo.parent.mkdir()
    photo.write_bytes(pictures.encoded(pictures.grid(originals, 3)))
    call, added = RemoteServer.call, []

    def break_at_the_third(server: RemoteServer, method: str, path: str, *rest: object, **more: object) -> object:
        if path == "/addface":
            added.append(path)
            if len(added) == 3:
                raise ServerGone("killed here")
        return call(server, method, path, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(RemoteServer, "call", break_at_the_third)
    assert imported(target, photo) == []
    assert len(engine.faceset.tokens()) == 2
    assert len(json.loads((tmp_path / "journal").read_text())["tokens"]) == 5
    monkeypatch.undo()
    target.recover()
    assert engine.faceset.tokens() == set()
    (row,) = imported(target, photo)
    assert (row.result, len(row.tokens)) == (Result.ADDED, 5)
    assert engine.faceset.tokens() == set(row.tokens)


def test_faces_that_the_server_forgot_are_found_again(
    engine: FaceEngine, target: RemoteTarget, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, looks = RemoteTarget.look, []

    def forgotten(target: RemoteTarget, data: bytes, digest: bytes) -> object:
        seen = look(target, data, digest)
        looks.append(digest)
        if len(looks) == 1:
            engine._temporary.clear()
        return seen

    monkeypatch.setattr(RemoteTarget, "look", forgotten)
    (row,) = imported(target, sorted((photos / "val" / "madonna").iterdir())[0])
    assert row.result is Result.ADDED
    assert len(looks) == 2


def test_two_imports_do_not_share_a_journal(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", "http://a:1") as first:
        with pytest.raises(StartError, match="another import to http://a:1 is running"):
            Journal(tmp_path / "j", "http://a:1")
        first.begin(["token"])
    with pytest.raises(StartError, match="unfinished import to http://a:1"):
        Journal(tmp_path / "j", "http://b:1")
    with Journal(tmp_path / "j", "http://a:1") as again:
        assert again.unfinished() == ["token"]
        again.end()


def test_a_torn_journal_is_nothing_begun_and_another_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "j").write_text('{"server": "http://a:1", "tok')
    with Journal(tmp_path / "j", "http://a:1") as journal:
        assert journal.unfinished() == []
    for text in ("my notes\n", "[1]\n", "{}\n"):
        (tmp_path / "notes").write_text(text)
        with pytest.raises(StartError, match="is not a journal"):
            Journal(tmp_path / "notes", "http://a:1")
        assert (tmp_path / "notes").read_text() == text
    with pytest.raises(StartError, match="cannot use the journal"):
        Journal(tmp_path, "http://a:1")


def test_the_journals_place_depends_on_the_server_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    first = default_journal("http://a:1")
    monkeypatch.chdir(tmp_path)
    assert first == default_journal("http://a:1") != default_journal("http://b:1")
    assert first.parent == tmp_path / "facetoken"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_journal("http://a:1").parent == Path.home() / ".local" / "state" / "facetoken"
