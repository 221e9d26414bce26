"""Sealed rows: one that was altered, moved or exchanged is told, and never taken for what it is not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from errors import InternalError, StartError
from faceset.cipher import SealBroken, new_key
from faceset.database import stored_fingerprint
from faceset.keyfile import KeyFile
from faceset.seal import Seal
from faceset.store import FaceSet
from tests.faces import DIM, MODEL, faces

ONE, TWO = f"{0:024}", f"{1:024}"
"""Two faces of one group; slots 1 and 2."""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A closed face set of two groups."""
    path = tmp_path / "faces.db"
    faceset = FaceSet(path, MODEL, DIM)
    faceset.add(faces(5), "mine")
    faceset.add(faces(5, seed=1, first=5), "theirs")
    faceset.close()
    return path


def changed(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def exchanged(table: str, column: str) -> tuple[str, str]:
    """Return the statements that exchange a column's values between rows 1 and 2."""
    return (
        f"CREATE TEMP TABLE kept AS SELECT id, {column} AS value FROM {table}",
        f"UPDATE {table} SET {column} = (SELECT value FROM kept WHERE kept.id = 3 - {table}.id) WHERE id IN (1, 2)",
    )


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(exchanged("slots", "vector"), id="two vectors exchanged"),
        pytest.param(("UPDATE slots SET vector = (SELECT vector FROM slots WHERE id = 1) WHERE id = 2",), id="copied"),
        pytest.param(("UPDATE faces SET group_id = 2 WHERE id = 1",), id="moved to another group"),
        pytest.param(
            ("UPDATE groups SET id = 9 WHERE id = 1", "UPDATE faces SET group_id = 9 WHERE group_id = 1"),
            id="the whole group under another id",
        ),
        pytest.param((f"UPDATE faces SET token = 'x' WHERE token = '{ONE}'",), id="another token"),
        pytest.param(("UPDATE slots SET vector = substr(vector, 1, 543) WHERE id = 1",), id="a byte short"),
        pytest.param(("UPDATE slots SET vector = substr(vector, 1, 3) WHERE id = 1",), id="no whole name of a key"),
        pytest.param(("UPDATE slots SET vector = x'' WHERE id = 1",), id="empty"),
        pytest.param(("UPDATE slots SET vector = vector || x'00' WHERE id = 1",), id="a byte more"),
        pytest.param(("UPDATE slots SET vector = zeroblob(544) WHERE id = 1",), id="zeros"),
        pytest.param(("UPDATE slots SET vector = 'text' WHERE id = 1",), id="text"),
    ],
)
def test_a_vector_that_is_not_its_rows_own_ends_the_start(database: Path, statements: tuple[str, ...]) -> None:
    changed(database, *statements)
    before = database.read_bytes()
    with pytest.raises(StartError, match="is damaged: "):
        FaceSet(database, MODEL, DIM)
    assert database.read_bytes() == before


def test_another_model_that_claims_the_vectors_does_not_get_them(database: Path) -> None:
    changed(database, "UPDATE models SET fingerprint = 'facenet128/test/bf16'")
    with pytest.raises(StartError, match="made by facenet128/test/bf16, and this server runs facenet128/test/f32"):
        FaceSet(database, MODEL, DIM)
    with pytest.raises(StartError, match="is damaged: a vector was altered"):
        FaceSet(database, stored_fingerprint(database) or "", DIM)


def test_a_wrong_key_is_told(database: Path) -> None:
    file = KeyFile(database.with_name("key"))
    right = file.path.read_text()
    file.path.write_text(new_key().hex() + "\n")
    with pytest.raises(StartError, match=r"sealed with a key that is not in .*put the right key file in its place"):
        FaceSet(database, MODEL, DIM)
    # Nor when the database names that key.
    name = file.read().sealing
    changed(database, f"UPDATE keys SET name = x'{name.hex()}'")
    with pytest.raises(StartError, match="is damaged: a vector was altered"):
        FaceSet(database, MODEL, DIM)
    # The right one is enough, wherever it stands in the file.
    file.path.write_text(file.path.read_text() + right)
    FaceSet(database, MODEL, DIM).close()


def test_a_missing_key_is_told_and_none_is_made(database: Path) -> None:
    key = database.with_name("key")
    key.unlink()
    with pytest.raises(StartError, match=r"cannot read the key file .*No such file"):
        FaceSet(database, MODEL, DIM)
    assert not key.exists()


@pytest.mark.parametrize(
    "statements",
    [
        exchanged("faces", "details"),
        ("UPDATE faces SET details = substr(details, 1, 20) WHERE id = 1",),
        ("UPDATE faces SET details = x'' WHERE id = 1",),
        ("UPDATE faces SET details = (SELECT vector FROM slots WHERE id = 1) WHERE id = 1",),
    ],
)
def test_a_name_that_is_not_its_rows_own_is_told_when_it_is_asked_for(
    database: Path, statements: tuple[str, ...]
) -> None:
    changed(database, *statements)
    faceset = FaceSet(database, MODEL, DIM)
    uses = (
        lambda: faceset.get(ONE, "mine"),
        lambda: faceset.names([TWO, ONE], "mine"),
        lambda: faceset.page("mine", 10),
        lambda: faceset.page("mine", 10, name="Person"),
        lambda: faceset.count("mine", "Person"),
        lambda: faceset.rename(ONE, "new", "mine"),
    )
    for use in uses:
        with pytest.raises(InternalError, match="was altered, or sealed with another key; restore a backup"):
            use()
    # The others are as they were, and the face can be removed.
    assert faceset.names([f"{5:024}"], "theirs").keys() == {f"{5:024}"}
    assert faceset.remove([ONE], "mine") == [ONE]
    faceset.scrub()
    faceset.close()


def test_many_vectors_open_as_one_does(tmp_path: Path) -> None:
    seal = Seal(KeyFile(tmp_path / "key").read_or_make(), MODEL)
    made = faces(20)
    owners = [number % 3 for number in range(20)]
    tokens = [face.token for face in made]
    sealed = [seal.vector(face.vector, face.token, owner) for face, owner in zip(made, owners, strict=True)]
    opened = seal.open_vectors(sealed, tokens, owners, DIM)
    assert [vector.tobytes() for vector in opened] == [face.vector.tobytes() for face in made]
    assert [seal.open_vector(*row) for row in zip(sealed, tokens, owners, strict=True)] == [
        face.vector.tobytes() for face in made
    ]
    short = seal.vector(np.zeros(DIM - 1, np.float32), tokens[0], owners[0])
    for wrong in ([short, *sealed[1:]], [*sealed[:-2], sealed[-1], sealed[-2]]):
        with pytest.raises(SealBroken):
            seal.open_vectors(wrong, tokens, owners, DIM)
