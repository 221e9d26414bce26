"""A kill at every step of a removal, a rotation, an addition: all of it happened, or nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from errors import UnknownGroup
from faceset.cipher import NAME
from faceset.keyfile import KeyFile
from faceset.rotation import rotate
from faceset.store import FaceSet
from tests.faces import DIM, MODEL, faces, sealed
from tests.steps import GROUP, NEW, OLD, killed

FRAGMENT = 16

Contents = dict[str, bytes]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed face set of two groups, with a secret."""
    path = tmp_path / "before"
    path.mkdir()
    faceset = opened(path)
    faceset.add(faces(OLD), GROUP)
    faceset.add(faces(2, seed=1, first=50), "theirs")
    faceset.secret("tokens")
    faceset.close()
    return path


def opened(folder: Path) -> FaceSet:
    return FaceSet(folder / "faces.db", MODEL, DIM)


def contents(folder: Path) -> dict[str, Contents]:
    """Open the face set as a server does, and return what is in it, the same in rows and index."""
    faceset = opened(folder)
    found: dict[str, Contents] = {}
    for group in (GROUP, "theirs"):
        rows, _ = faceset.page(group, 1000)
        found[group] = {face.token: face.name.encode() + face.vector.tobytes() for face in rows}
        for face in rows:
            assert np.array_equal(face.vector, faceset.vector(face.token, group))  # type: ignore[arg-type]
        assert faceset.count(group) == len(rows)
    found["secrets"] = {"tokens": faceset.secret("tokens")}
    faceset.close()
    return found


def held(folder: Path) -> bytes:
    """Return the bytes of all files but the key's."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "key")


def fragments(folder: Path, *, of: set[str]) -> list[bytes]:
    """Return every 16 bytes of those faces' vectors and details as they are sealed, all but the key's name."""
    both = [value[NAME:] for token, values in sealed(folder / "faces.db").items() if token in of for value in values]
    return [value[at : at + FRAGMENT] for value in both for at in range(0, len(value) - FRAGMENT + 1, FRAGMENT)]


def test_a_group_is_wholly_there_or_wholly_gone(folder: Path, tmp_path: Path) -> None:
    before = contents(folder)
    vectors = [values[0][NAME:] for token, values in sealed(folder / "faces.db").items() if token in before[GROUP]]
    pieces = [vector[at : at + FRAGMENT] for vector in vectors for at in range(0, len(vector) - FRAGMENT, FRAGMENT)]
    ends = []
    folders = killed("remove", folder, tmp_path / "killed")
    # The last one was not killed: nothing is left when it has answered, not only at the next start.
    assert not any(piece in held(folders[-1]) for piece in pieces)
    for left in folders:
        after = contents(left)
        assert after in (before, before | {GROUP: {}})
        faceset, there = opened(left), after == before
        if there:
            faceset.groups.get(GROUP)
        else:
            with pytest.raises(UnknownGroup):
                faceset.groups.get(GROUP)
        faceset.close()
        assert [piece in held(left) for piece in pieces] == [there] * len(pieces)
        ends.append(there)
    # First come the kills that left it, then those that did not.
    assert ends == sorted(ends, reverse=True)
    assert len(set(ends)) == 2
    assert len(ends) > 10


def test_faces_that_are_added_together_are_there_together(folder: Path, tmp_path: Path) -> None:
    before, new = contents(folder), {face.token for face in faces(NEW, first=100)}
    ends = []
    for left in killed("add", folder, tmp_path / "killed"):
        after = contents(left)
        ends.append(after != before)
        assert after[GROUP].keys() - before[GROUP].keys() == (new if ends[-1] else set())
        assert before[GROUP].items() <= after[GROUP].items()
        # Their slots can be had again.
        faceset = opened(left)
        faceset.add(faces(1, seed=3, first=999), GROUP)
        assert faceset.count(GROUP) == len(after[GROUP]) + 1
        faceset.close()
    assert ends == sorted(ends)
    assert len(set(ends)) == 2
    assert len(ends) > 10


def test_a_rotation_goes_on_where_it_was(folder: Path, tmp_path: Path) -> None:
    before, file = contents(folder), KeyFile(folder / "key")
    old, pieces = file.read().sealing, fragments(folder, of=contents(folder)[GROUP].keys() | {f"{50:024}"})
    stages = set()
    for left in killed("rotate", folder, tmp_path / "killed"):
        key = KeyFile(left / "key")
        begun = key.read().names
        if begun[0] != old and len(begun) == 1:
            # Whoever has the old key has nothing: not in the file, not in the log, not in what was begun and left.
            assert not any(piece in held(left) for piece in pieces)
        assert contents(left) == before
        done = rotate(left / "faces.db", key)
        assert (done.is_new, done.forgotten) == (len(begun) == 1, True)
        assert contents(left) == before
        assert sorted(path.name for path in left.iterdir()) == ["faces.db", "key"]
        (name,) = key.read().names
        assert name != old
        assert {value[:NAME] for values in sealed(left / "faces.db").values() for value in values} == {name}
        assert not any(piece in held(left) for piece in pieces)
        stages.add((len(begun), 0 < done.faces < OLD + 2))
    assert stages == {(1, False), (2, False), (2, True)}
