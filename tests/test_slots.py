"""Slots: what is removed is on no disk any more, not even sealed, and nothing that is stored can be read."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from faceset.seal import sealed_size
from faceset.store import FaceSet
from tests.faces import DIM, FRAGMENT, MODEL, faces, readable, sealed


def remnants(folder: Path, gone: dict[str, tuple[bytes, ...]]) -> list[str]:
    """Return the tokens of which any part of what is sealed of the vector stands in any file."""
    held = b"".join(path.read_bytes() for path in folder.iterdir())
    starts = range(0, sealed_size(DIM), FRAGMENT)
    return [token for token, (data, *_) in gone.items() if any(data[at : at + FRAGMENT] in held for at in starts)]


@pytest.fixture
def faceset(tmp_path: Path) -> Iterator[FaceSet]:
    opened = FaceSet(tmp_path / "faces.db", MODEL, DIM)
    yield opened
    opened.close()


def test_after_a_removal_no_file_holds_any_part_of_the_vector(faceset: FaceSet, tmp_path: Path) -> None:
    made = faces(150, seed=5)
    for start in range(0, 150, 10):
        faceset.add(made[start : start + 10], "mine")
    stored = sealed(tmp_path / "faces.db")
    assert len(remnants(tmp_path, stored)) == 150
    random.Random(5).shuffle(made)
    for start in range(0, 150, 3):
        faceset.remove([face.token for face in made[start : start + 3]], "mine")
        faceset.scrub()
        assert remnants(tmp_path, {face.token: stored[face.token] for face in made[: start + 3]}) == []


def test_no_vector_and_no_name_can_be_read_in_any_file(faceset: FaceSet, tmp_path: Path) -> None:
    made = faces(40, seed=6)
    faceset.add(made, "mine")
    faceset.rename(made[0].token, "Person 0 renamed", "mine")
    faceset.remove([made[1].token], "mine")
    assert readable(tmp_path, made) == []
    faceset.scrub()
    faceset.close()
    assert readable(tmp_path, made) == []
    (tmp_path / "plain").write_bytes(made[2].vector.tobytes() + made[3].name.encode())
    assert readable(tmp_path, made) == [made[3].token, made[2].token]


def test_no_copy_of_a_removed_vector_stays_behind_on_a_merged_page(faceset: FaceSet, tmp_path: Path) -> None:
    for seed in (62, 99, 124):
        made = faces(30, seed)
        faceset.add(made, "mine")
        stored = sealed(tmp_path / "faces.db")
        order = random.Random(seed)
        _ = [order.randrange(1, 200) for _ in made]
        order.shuffle(made)
        for number, face in enumerate(made, 1):
            faceset.remove([face.token], "mine")
            faceset.scrub()
            assert remnants(tmp_path, {gone.token: stored[gone.token] for gone in made[:number]}) == []


def test_a_start_empties_the_log_of_a_process_that_was_killed(tmp_path: Path) -> None:
    folder, made = tmp_path / "before", faces(3)
    faceset = FaceSet(folder / "faces.db", MODEL, DIM)
    faceset.add(made, "mine")
    gone = {made[0].token: sealed(folder / "faces.db")[made[0].token]}
    faceset.remove([made[0].token], "mine")
    killed = Path(shutil.copytree(folder, tmp_path / "killed"))
    faceset.close()
    assert remnants(killed, gone) == [made[0].token]
    again = FaceSet(killed / "faces.db", MODEL, DIM)
    assert again.tokens() == {face.token for face in made[1:]}
    assert remnants(killed, gone) == []
    again.close()
