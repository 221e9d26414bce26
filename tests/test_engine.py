"""The engine's own promises, on real networks: tokens, crops, adding, removing, searching."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from answers import EnrolmentRule
from engine import FaceEngine
from errors import FaceInfoError, FaceTokenError, FileError, InternalError
from images import NATIVE_LIMITS

MIN_FACE = NATIVE_LIMITS.min_face


@pytest.fixture(scope="module")
def portrait(photos: Path) -> bytes:
    return sorted(photos.glob("val/mindy_kaling/*.jpg"))[0].read_bytes()


@pytest.fixture(scope="module")
def couple(photos: Path) -> bytes:
    """One photo of two people, the second twice as large."""
    images = [cv2.imread(str(sorted(photos.glob(f"val/{who}/*.jpg"))[0])) for who in ("madonna", "ben_afflek")]
    small, large = cv2.resize(images[0], (200, 300)), cv2.resize(images[1], (400, 600))
    canvas = np.zeros((600, 600, 3), np.uint8)
    canvas[:300, :200], canvas[:, 200:] = small, large
    return cv2.imencode(".png", canvas)[1].tobytes()


def crops(engine: FaceEngine) -> set[str]:
    return {path.stem for path in engine.crops.path.iterdir()}


def test_every_face_gets_a_token_largest_first(engine: FaceEngine, couple: bytes) -> None:
    found = engine.detect(couple)
    assert (found.width, found.height) == (600, 600)
    assert len(found.faces) == 2
    widths = [face.box[2] - face.box[0] for face in found.faces]
    assert widths[0] > widths[1] >= MIN_FACE
    assert crops(engine) == {face.token for face in found.faces}
    assert all(len(face.token) == 24 and face.token.isalnum() for face in found.faces)


def test_boxes_stay_inside_the_photo(engine: FaceEngine, photos: Path) -> None:
    for path in sorted(photos.glob("val/*/*.jpg")):
        found = engine.detect(path.read_bytes())
        for face in found.faces:
            left, top, right, bottom = face.box
            assert 0 <= left < left + MIN_FACE <= right <= found.width
            assert 0 <= top < top + MIN_FACE <= bottom <= found.height


def test_the_main_job(engine: FaceEngine, photos: Path) -> None:
    added = 0
    for who in ("madonna", "ben_afflek", "mindy_kaling"):
        for path in sorted(photos.glob(f"train/{who}/*.jpg"))[:4]:
            for face in engine.detect(path.read_bytes()).faces[:1]:
                engine.add(face.token, who)
                added += 1
    assert added >= 11
    query = sorted(photos.glob("val/madonna/*.jpg"))[2].read_bytes()
    answer = engine.search_photo(query, 2.0)
    assert answer.matches[0].name == "madonna"
    distances = [match.distance for match in answer.matches]
    assert distances == sorted(distances)
    assert answer.total == len(answer.matches) == added
    assert engine.search_token(answer.token, 2.0, limit=3).matches == answer.matches[:3]
    engine.remove(answer.matches[0].token)
    assert engine.search_token(answer.token, 2.0).matches == answer.matches[1:]


def test_a_search_never_answers_its_own_token(engine: FaceEngine, portrait: bytes) -> None:
    first, second = (engine.detect(portrait).faces[0].token for _ in range(2))
    engine.add(first)
    engine.add(second)
    assert [match.token for match in engine.search_token(first, 0.0).matches] == [second]
    assert engine.compare(first, second) == 0.0


def test_adding_again_only_renames(engine: FaceEngine, portrait: bytes) -> None:
    token = engine.detect(portrait).faces[0].token
    assert engine.add(token).name == "unknown"
    assert engine.add(token).name == "unknown"
    assert engine.add(token, "Mindy").name == "Mindy"
    assert engine.add(token).name == "Mindy"
    assert engine.faceset.count("default") == 1


def test_removal_leaves_nothing(engine: FaceEngine, portrait: bytes) -> None:
    token = engine.detect(portrait).faces[0].token
    engine.add(token, "Mindy")
    vector = engine.vector(token).tobytes()
    engine.remove(token)
    assert not engine.knows(token)
    assert crops(engine) == set()
    folder = engine.crops.path.parent
    assert all(vector not in path.read_bytes() for path in folder.iterdir() if path.is_file())
    for gone in (lambda: engine.remove(token), lambda: engine.vector(token), lambda: engine.add(token)):
        with pytest.raises(FaceTokenError):
            gone()


def test_removing_a_face_that_was_never_added(engine: FaceEngine, portrait: bytes) -> None:
    token = engine.detect(portrait).faces[0].token
    engine.remove(token)
    assert crops(engine) == set()
    with pytest.raises(FaceTokenError):
        engine.remove(token)


def test_a_crop_goes_with_its_token(new_engine: Callable[..., FaceEngine], tmp_path: Path, portrait: bytes) -> None:
    engine = new_engine(tmp_path, budget=1)
    first = engine.detect(portrait).faces[0].token
    second = engine.detect(portrait).faces[0].token
    assert crops(engine) == {second}
    with pytest.raises(FaceTokenError):
        engine.vector(first)
    engine.add(second)
    engine.close()
    assert crops(engine) == {second}


def test_adding_an_expired_token_does_not_keep_its_crop(
    new_engine: Callable[..., FaceEngine], tmp_path: Path, portrait: bytes
) -> None:
    engine = new_engine(tmp_path, ttl=0)
    token = engine.detect(portrait).faces[0].token
    with pytest.raises(FaceTokenError):
        engine.add(token)
    engine.sweep()
    assert crops(engine) == set()
    engine.close()


def test_the_faces_of_one_photo_do_not_push_each_other_out(
    new_engine: Callable[..., FaceEngine], tmp_path: Path, couple: bytes
) -> None:
    engine = new_engine(tmp_path, budget=1)
    tokens = [face.token for face in engine.detect(couple).faces]
    assert all(engine.knows(token) for token in tokens)
    assert engine.search_photo(couple, 2.0).total == 0
    engine.close()


def test_a_reader_of_the_database_only_delays_the_scrub(
    new_engine: Callable[..., FaceEngine], tmp_path: Path, portrait: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faceset.database.BUSY_SECONDS", 0)
    engine = new_engine(tmp_path)
    token = engine.detect(portrait).faces[0].token
    engine.add(token, "Mindy")
    vector = engine.vector(token).tobytes()
    folder = engine.crops.path.parent
    with closing(sqlite3.connect(folder / "faces.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM faces").fetchone()
        with pytest.raises(InternalError, match="another program reads the database"):
            engine.remove(token)
        assert not engine.knows(token)
        assert crops(engine) == set()
        reader.execute("ROLLBACK")
    engine.sweep()
    assert all(vector not in path.read_bytes() for path in folder.iterdir() if path.is_file())
    engine.close()


def test_a_new_database_leaves_the_crops_of_one_that_was_moved_away(
    new_engine: Callable[..., FaceEngine], tmp_path: Path, portrait: bytes
) -> None:
    engine = new_engine(tmp_path)
    token = engine.detect(portrait).faces[0].token
    engine.add(token)
    engine.close()
    (tmp_path / "faces.db").rename(tmp_path / "moved.db")
    empty = new_engine(tmp_path)
    empty.close()
    assert crops(empty) == {token}


def test_too_many_faces_are_refused_and_not_cut(
    engine: FaceEngine, couple: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognizer.MAX_FACES", 1)
    with pytest.raises(FileError, match="more than 1 faces were found"):
        engine.detect(couple)


def test_leftovers_go_at_the_next_start(new_engine: Callable[..., FaceEngine], tmp_path: Path, portrait: bytes) -> None:
    engine = new_engine(tmp_path)
    kept, lost = (engine.detect(portrait).faces[0].token for _ in range(2))
    engine.add(kept)
    # As after kill -9: nothing is closed or cleared.
    engine.faceset.close()
    (engine.crops.path / "holiday.jpg").write_bytes(b"not ours")
    again = new_engine(tmp_path)
    assert crops(again) == {kept, "holiday"}
    assert lost not in crops(again)
    again.close()


def test_poor_faces_are_refused_with_the_reason(
    new_engine: Callable[..., FaceEngine], tmp_path: Path, portrait: bytes
) -> None:
    engine = new_engine(tmp_path, rule=EnrolmentRule(min_confidence=0.9, min_size=4000))
    token = engine.detect(portrait).faces[0].token
    with pytest.raises(FaceInfoError, match="pixels wide or high; at least 4000 are required"):
        engine.add(token)
    assert engine.knows(token)
    engine.close()


def test_no_face_is_an_empty_answer_and_an_error_in_search(engine: FaceEngine) -> None:
    grey = cv2.imencode(".png", np.full((200, 200, 3), 128, np.uint8))[1].tobytes()
    assert engine.detect(grey).faces == ()
    with pytest.raises(FaceInfoError):
        engine.search_photo(grey, 1.0)


def test_groups_do_not_see_each_other(engine: FaceEngine, portrait: bytes) -> None:
    mine, theirs = (engine.detect(portrait).faces[0].token for _ in range(2))
    engine.add(mine, "me", "one")
    engine.add(theirs, "you", "two")
    assert engine.search_token(mine, 2.0, group="one").total == 0
    with pytest.raises(FaceTokenError):
        engine.search_token(mine, 2.0, group="two")
    with pytest.raises(FaceTokenError):
        engine.remove(mine, "two")
    assert engine.search_photo(portrait, 0.5, group="two").matches[0].token == theirs


def test_a_photo_is_added_whole_or_not_at_all(
    engine: FaceEngine, couple: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, faces = engine.recognizer.locate(couple)

    def fail(*_: object) -> None:
        raise InternalError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(engine.faceset, "add", fail)
        with pytest.raises(InternalError):
            engine.add_photo(couple, image, faces, "pair")
    assert crops(engine) == set()
    tokens = engine.add_photo(couple, image, faces, "pair")
    assert len(tokens) == 2
    assert crops(engine) == set(tokens)


@pytest.fixture
def rushed(engine: FaceEngine, portrait: bytes) -> tuple[FaceEngine, list[str]]:
    return engine, [engine.detect(portrait).faces[0].token for _ in range(12)]


def test_adding_and_removing_at_once_leave_row_and_crop_together(rushed: tuple[FaceEngine, list[str]]) -> None:
    engine, tokens = rushed

    def change(action: Callable[[str], object]) -> None:
        for token in tokens:
            try:
                action(token)
            except FaceTokenError:
                continue

    threads = [threading.Thread(target=change, args=(action,)) for action in (engine.add, engine.remove) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = {face.token for face in engine.faceset.page("default", 100)[0]}
    assert crops(engine) == stored == engine.faceset.tokens()
