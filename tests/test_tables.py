"""Schema versions: a face set from before vectors and names were sealed is sealed by its first start."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from errors import StartError
from faceset import tables
from faceset.keyfile import KeyFile
from faceset.seal import sealed_size
from faceset.store import FaceSet
from faceset.tokens import Face
from tests.faces import DIM, MODEL, faces, readable, sealed

VERSION_2 = """
    CREATE TABLE groups (id INTEGER NOT NULL PRIMARY KEY, key TEXT NOT NULL UNIQUE, created_at FLOAT NOT NULL);
    CREATE TABLE models (id INTEGER NOT NULL PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE);
    CREATE TABLE slots (id INTEGER NOT NULL PRIMARY KEY, used INTEGER NOT NULL, vector BLOB NOT NULL);
    CREATE INDEX free_slots ON slots (id) WHERE used = 0;
    CREATE TABLE faces (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, token TEXT NOT NULL UNIQUE,
        group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE, model_id INTEGER NOT NULL
        REFERENCES models (id), name TEXT NOT NULL, slot INTEGER NOT NULL UNIQUE REFERENCES slots (id),
        created_at FLOAT NOT NULL, confidence FLOAT, size FLOAT, photo_sha256 BLOB);
    CREATE INDEX faces_by_group ON faces (group_id, id);
    CREATE INDEX faces_by_photo ON faces (group_id, photo_sha256);
    INSERT INTO models VALUES (1, 'facenet128/test/f32');
    INSERT INTO groups VALUES (1, 'mine', 1.5), (2, 'theirs', 1.5);
    PRAGMA user_version = 2;
"""

FREE = (5, 60)
"""Slots of faces that were removed."""


@pytest.fixture
def old(tmp_path: Path) -> tuple[Path, list[Face]]:
    """A face set of version 2 and the faces in it: slots from the last to the first, two of them free."""
    made, path = faces(100, seed=9), tmp_path / "faces.db"
    slots = [slot for slot in range(102, 0, -1) if slot not in FREE]
    rows = [
        (face.token, 1 + number % 2, face.name, slot, face.confidence, face.size, bytes([number]))
        for number, (face, slot) in enumerate(zip(made, slots, strict=True))
    ]
    vectors = [(slot, 1, face.vector.tobytes()) for face, slot in zip(made, slots, strict=True)]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_2)
        free = [(slot, 0, bytes(4 * DIM)) for slot in FREE]
        connection.executemany("INSERT INTO slots VALUES (?, ?, ?)", sorted(vectors + free))
        connection.executemany("INSERT INTO faces VALUES (NULL, ?, ?, 1, ?, ?, 2.5, ?, ?, ?)", rows)
        connection.commit()
    return path, made


def test_version_2_is_sealed_and_nothing_readable_stays(old: tuple[Path, list[Face]], tmp_path: Path) -> None:
    path, made = old
    assert len(set(readable(tmp_path, made))) == 100
    for _ in range(2):
        faceset = FaceSet(path, MODEL, DIM)
        assert readable(tmp_path, made) == []
        for number, face in enumerate(made):
            group = ("mine", "theirs")[number % 2]
            found = faceset.get(face.token, group)
            assert found is not None
            assert (found.vector.tobytes(), found.name) == (face.vector.tobytes(), face.name)
            assert (found.confidence, found.size, found.created_at) == (face.confidence, face.size, 2.5)
            assert found.photo_sha256 == bytes([number])
            assert np.array_equal(faceset.vector(face.token, group), face.vector)  # type: ignore[arg-type]
        faceset.close()
        assert readable(tmp_path, made) == []
    ring = KeyFile(tmp_path / "key").read()
    assert {vector[:4] for vector, _ in sealed(path).values()} == {ring.sealing}
    with closing(sqlite3.connect(path)) as connection:
        sizes = connection.execute("SELECT used, length(vector), count(*) FROM slots GROUP BY 1, 2").fetchall()
    assert sizes == [(0, sealed_size(DIM), 2), (1, sealed_size(DIM), 100)]


def test_the_free_slots_are_filled_again(old: tuple[Path, list[Face]]) -> None:
    path, _ = old
    faceset = FaceSet(path, MODEL, DIM)
    faceset.add(faces(3, seed=8, first=100), "mine")
    faceset.close()
    with closing(sqlite3.connect(path)) as connection:
        slots = connection.execute("SELECT slot FROM faces ORDER BY id DESC LIMIT 3").fetchall()
    assert sorted(slots) == [(FREE[0],), (FREE[1],), (103,)]


@pytest.mark.parametrize("done", range(len(tables.MIGRATIONS[2])))
def test_a_migration_that_fails_leaves_version_2(
    old: tuple[Path, list[Face]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    path, made = old
    with monkeypatch.context() as broken:
        broken.setitem(tables.MIGRATIONS, 2, (*tables.MIGRATIONS[2][:done], "NO SUCH STATEMENT"))
        with pytest.raises(StartError, match="cannot open the face set"):
            FaceSet(path, MODEL, DIM)
    assert len(set(readable(tmp_path, made))) == 100
    faceset = FaceSet(path, MODEL, DIM)
    assert faceset.tokens() == {face.token for face in made}
    faceset.close()


def test_the_key_is_noted_with_what_it_seals(old: tuple[Path, list[Face]], tmp_path: Path) -> None:
    path, _ = old
    FaceSet(path, MODEL, DIM).close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM keys").fetchall() == [(KeyFile(tmp_path / "key").read().sealing,)]
