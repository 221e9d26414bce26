"""The key is rotated while the face set is used: nothing is lost, nothing stays under the old key."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from errors import InternalError, StartError
from faceset import rotation
from faceset.cipher import NAME, SealBroken, new_key
from faceset.given_keys import GivenKeys, Keys
from faceset.keyfile import KeyFile
from faceset.rotation import rotate
from faceset.sealing import sealing_key
from faceset.store import FaceSet
from tests.faces import DIM, MODEL, faces, sealed

OLD, NEW = new_key(), new_key()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "faces.db"


@pytest.fixture
def faceset(path: Path) -> Iterator[FaceSet]:
    """An open face set of 40 faces, as a server holds it."""
    opened = FaceSet(path, MODEL, DIM)
    opened.add(faces(40), "mine")
    yield opened
    opened.close()


def key_file(path: Path) -> KeyFile:
    return KeyFile(path.with_name("key"))


def sealed_with(path: Path) -> set[bytes]:
    """Return the names of all keys that seal something."""
    with closing(sqlite3.connect(path)) as connection:
        secrets = {bytes(value[:NAME]) for (value,) in connection.execute("SELECT sealed FROM secrets")}
    return secrets | {value[:NAME] for values in sealed(path).values() for value in values}


def test_what_is_open_meanwhile_reads_everything_and_seals_with_the_new_key(faceset: FaceSet, path: Path) -> None:
    secret, (old,) = faceset.secret("tokens"), key_file(path).read().names
    done = rotate(path, key_file(path))
    assert (done.is_new, done.faces, done.forgotten) == (True, 40, True)
    (name,) = key_file(path).read().names
    assert old != name == sealing_key(path)
    assert sealed_with(path) == {name}
    before = {face.token: (face.name, face.vector.tobytes()) for face in faces(40)}
    found, _ = faceset.page("mine", 100)
    assert {face.token: (face.name, face.vector.tobytes()) for face in found} == before
    # Every kind of write: it is in none of these that the new key is first met.
    faceset.add(faces(1, first=40), "mine")
    assert faceset.rename(found[0].token, "another", "mine")
    faceset.replace(faces(2, seed=4)[1], "mine")
    faceset.secret("more")
    assert sealed_with(path) == {name}
    faceset.close()
    again = FaceSet(path, MODEL, DIM)
    assert (again.secret("tokens"), again.count("mine")) == (secret, 41)
    again.close()


@pytest.mark.parametrize("write", ["add", "rename", "replace", "secret"])
def test_the_first_thing_after_a_rotation_may_be_a_write(faceset: FaceSet, path: Path, write: str) -> None:
    rotate(path, key_file(path))
    writes: dict[str, Callable[[], object]] = {
        "add": lambda: faceset.add(faces(1, first=40), "mine"),
        "rename": lambda: faceset.rename(f"{0:024}", "another", "mine"),
        "replace": lambda: faceset.replace(faces(1, seed=4)[0], "mine"),
        "secret": lambda: faceset.secret("tokens"),
    }
    writes[write]()
    assert sealed_with(path) == set(key_file(path).read().names)


def test_the_old_key_is_of_no_use_afterwards(faceset: FaceSet, path: Path) -> None:
    """Rows that were moved about leave copies in the unused parts of pages: no file holds any of them."""
    chance = random.Random(2)
    for first in range(40, 1000, 60):
        faceset.add(faces(60, first, first), "mine")
        tokens = [f"{number:024}" for number in chance.sample(range(first + 60), 40)]
        faceset.remove(tokens[:25], "mine")
        for token in tokens[25:]:
            faceset.rename(token, "n" * chance.randrange(200), "mine")
    faceset.scrub()
    (old,) = key_file(path).read().names
    assert old in path.read_bytes()
    rotate(path, key_file(path))
    for file in path.parent.iterdir():
        assert old not in file.read_bytes(), file


def test_writers_and_readers_meet_no_error_while_it_goes_on(
    faceset: FaceSet, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "ROWS", 3)
    done = threading.Event()
    failures: list[BaseException] = []
    added: list[int] = []

    def use() -> None:
        try:
            while not done.is_set():
                number = 40 + len(added)
                faceset.add(faces(1, seed=number, first=number), "mine")
                added.append(number)
                faceset.rename(f"{number % 40:024}", f"name {number}", "mine")
                assert len(faceset.page("mine", 1000, name="n")[0]) == 40 + len(added)
        except BaseException as error:
            failures.append(error)

    using = threading.Thread(target=use)
    using.start()
    for _ in range(3):
        rotate(path, key_file(path))
    done.set()
    using.join()
    assert failures == []
    assert len(added) > 3
    assert sealed_with(path) == set(key_file(path).read().names)
    faceset.close()
    again = FaceSet(path, MODEL, DIM)
    assert again.count("mine") == 40 + len(added)
    again.close()


def test_one_rotation_at_a_time(faceset: FaceSet, path: Path) -> None:
    second: list[str] = []

    def rotate_too(_: int) -> None:
        with pytest.raises(StartError) as told:
            rotate(path, key_file(path))
        second.append(str(told.value))

    rotate(path, key_file(path), rotate_too)
    assert "another process rotates the key" in second[0]
    assert faceset.count("mine") == 40


def test_nothing_is_forgotten_while_another_program_keeps_the_old_pages(
    faceset: FaceSet, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faceset.database.BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM faces").fetchone()
        with pytest.raises(InternalError, match=r"cannot be wiped .* run the command again"):
            rotate(path, key_file(path))
        assert len(key_file(path).read().names) == 2
    done = rotate(path, key_file(path))
    assert (done.is_new, done.faces) == (False, 0)
    assert len(key_file(path).read().names) == 1
    assert faceset.get(f"{0:024}", "mine") is not None


@pytest.mark.parametrize("opened", [False, True])
def test_nothing_is_forgotten_when_the_key_file_is_changed_meanwhile(
    faceset: FaceSet, path: Path, opened: bool
) -> None:
    def another_key(_: int) -> None:
        key_file(path).put_first(new_key())
        if opened:
            FaceSet(path, MODEL, DIM).close()

    with pytest.raises((StartError, InternalError), match="meanwhile; run the command again"):
        rotate(path, key_file(path), another_key)
    assert len(key_file(path).read().names) == 3
    rotate(path, key_file(path))
    assert sealed_with(path) == set(key_file(path).read().names)
    assert faceset.get(f"{0:024}", "mine") is not None


def test_a_row_that_was_put_back_under_the_old_key_keeps_it(faceset: FaceSet, path: Path) -> None:
    (vector, _) = sealed(path)[f"{3:024}"]

    def put_back(_: int) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE slots SET vector = ? WHERE id = 4", (vector,))
            connection.commit()

    with pytest.raises(InternalError, match="has sealed with another key meanwhile"):
        rotate(path, key_file(path), put_back)
    assert faceset.get(f"{3:024}", "mine") is not None
    assert rotate(path, key_file(path)).faces == 1
    assert sealed_with(path) == set(key_file(path).read().names)


def test_a_row_that_does_not_open_keeps_the_old_key(faceset: FaceSet, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE slots SET vector = zeroblob(544) WHERE id = 7")
        connection.commit()
    with pytest.raises(InternalError, match="altered"):
        rotate(path, key_file(path))
    assert len(key_file(path).read().names) == 2
    assert faceset.get(f"{0:024}", "mine") is not None


@pytest.mark.parametrize("made", [False, True])
def test_where_nothing_is_sealed_there_is_nothing_to_rotate(tmp_path: Path, made: bool) -> None:
    if made:
        (tmp_path / "faces.db").touch()
    with pytest.raises(StartError, match="no face set at"):
        rotate(tmp_path / "faces.db", KeyFile(tmp_path / "key"))
    assert not (tmp_path / "key").exists()


def given(*keys: bytes) -> Keys:
    return GivenKeys([key.hex() for key in keys])


def test_keys_of_the_setting_are_rotated_by_hand(path: Path) -> None:
    faceset = FaceSet(path, MODEL, DIM, given(OLD))
    faceset.add(faces(5), "mine")
    assert os.listdir(path.parent).count("key") == 0
    with pytest.raises(StartError, match="has one key only"):
        rotate(path, given(OLD))
    faceset.close()
    # A start with the new one first seals with it.
    faceset = FaceSet(path, MODEL, DIM, given(NEW, OLD))
    faceset.add(faces(1, first=5), "mine")
    (old,), (new,) = given(OLD).read().names, given(NEW).read().names
    assert (sealing_key(path), sealed_with(path)) == (new, {old, new})
    done = rotate(path, given(NEW, OLD))
    assert (done.is_new, done.faces, done.forgotten) == (False, 5, False)
    assert sealed_with(path) == {new}
    faceset.close()
    with pytest.raises(StartError, match=r"sealed with a key that is not in FACETOKEN_KEY"):
        FaceSet(path, MODEL, DIM, given(OLD))
    faceset = FaceSet(path, MODEL, DIM, given(NEW))
    assert faceset.count("mine") == 6
    faceset.close()


def test_a_process_that_cannot_have_the_new_key_changes_nothing(path: Path) -> None:
    faceset = FaceSet(path, MODEL, DIM, given(OLD))
    faceset.add(faces(2), "mine")
    rotate(path, given(NEW, OLD))
    with pytest.raises(InternalError, match="sealed with another key by now; nothing was changed"):
        faceset.add(faces(1, first=2), "mine")
    with pytest.raises(InternalError, match="sealed with another key"):
        faceset.get(f"{0:024}", "mine")
    assert sealed(path).keys() == {f"{0:024}", f"{1:024}"}
    faceset.close()


def test_a_key_file_that_cannot_be_read_again_is_told(faceset: FaceSet, path: Path) -> None:
    ring = key_file(path).read()
    key_file(path).path.unlink()
    with pytest.raises(SealBroken, match="a key that is not here"):
        ring.seal_with(b"none")
    assert faceset.get(f"{0:024}", "mine") is not None
