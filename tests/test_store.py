"""The face set: rows and index say the same as a model of them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from numpy.typing import NDArray

from errors import BadArguments, UnknownGroup
from faceset.store import FaceSet
from faceset.tokens import Face
from tests.faces import DIM, MODEL, faces


def listed(faceset: FaceSet, group: str, limit: int = 7, **filters: object) -> list[Face]:
    """Follow the cursors to the end."""
    found, cursor = faceset.page(group, limit, **filters)  # type: ignore[arg-type]
    while cursor is not None:
        more, cursor = faceset.page(group, limit, cursor, **filters)  # type: ignore[arg-type]
        assert more
        found += more
    return found


@pytest.fixture
def faceset(tmp_path: Path) -> Iterator[FaceSet]:
    opened = FaceSet(tmp_path / "faces.db", MODEL, DIM)
    yield opened
    opened.close()


def test_groups_do_not_see_each_other(faceset: FaceSet) -> None:
    mine, theirs = faces(5, seed=1), faces(5, seed=2, first=5)
    faceset.add(mine, "mine")
    faceset.add(theirs, "theirs")
    token = theirs[0].token
    assert {found for found, _ in faceset.search(mine[0].vector, 100, "mine")} == {face.token for face in mine}
    assert faceset.vector(token, "mine") is None
    assert faceset.get(token, "mine") is None
    assert faceset.names([token], "mine") == {}
    assert faceset.rename(token, "stolen", "mine") is False
    assert faceset.remove([token], "mine") == []
    assert [face.token for face in listed(faceset, "theirs")] == [face.token for face in theirs]
    assert faceset.names([token], "theirs") == {token: theirs[0].name}


@pytest.mark.parametrize("group", ["mine", "another"])
def test_a_token_is_unique_in_all_groups_and_one_bad_face_refuses_all(faceset: FaceSet, group: str) -> None:
    faceset.add(faces(1), "mine")
    with pytest.raises(BadArguments, match="already"):
        faceset.add([*faces(3, seed=3, first=1), *faces(1)], group)
    with pytest.raises(BadArguments, match="already"):
        faceset.add(faces(1, first=1) * 2, group)
    assert (faceset.tokens(), faceset.count("mine")) == ({f"{0:024}"}, 1)
    assert [face.token for face in listed(faceset, group)] == ([f"{0:024}"] if group == "mine" else [])


@pytest.mark.parametrize("vector", [np.full(DIM, np.nan), np.full(DIM, np.inf), np.full(DIM, 1e300), np.zeros(DIM - 1)])
def test_a_vector_that_is_none_is_refused_before_it_is_stored(
    faceset: FaceSet, tmp_path: Path, vector: NDArray[np.float32]
) -> None:
    with pytest.raises(ValueError, match="finite numbers"), np.errstate(over="ignore"):
        faceset.add([Face("a" * 24, vector)], "mine")
    faceset.close()
    again = FaceSet(tmp_path / "faces.db", MODEL, DIM)
    assert (again.tokens(), listed(again, "mine")) == (set(), [])
    again.close()


def test_a_group_that_must_be_there_is_not_made(faceset: FaceSet) -> None:
    with pytest.raises(UnknownGroup):
        faceset.add(faces(1), "mine", make_group=False)
    with pytest.raises(UnknownGroup):
        faceset.add(faces(1), "mine", make_group=False)
    assert faceset.tokens() == set()
    faceset.add(faces(1), "mine")
    faceset.add(faces(1, first=1), "mine", make_group=False)
    assert faceset.count("mine") == 2
    assert [f"{number:024}" in faceset for number in range(3)] == [True, True, False]


def test_a_token_with_more_behind_it_is_another_token(faceset: FaceSet) -> None:
    (face,) = faces(1)
    faceset.add([face], "mine")
    assert faceset.remove([face.token + "\0", face.token[:-1]], "mine") == []
    assert faceset.tokens() == {face.token}


def test_the_path_of_the_database_is_no_url(tmp_path: Path) -> None:
    strange = FaceSet(tmp_path / "a?b=c#d%20e" / "faces.db", "model", DIM)
    strange.add(faces(1), "mine")
    strange.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a?b=c#d%20e"]
    assert (tmp_path / "a?b=c#d%20e" / "faces.db").stat().st_size > 4096


class FaceSetMachine(RuleBasedStateMachine):
    """Change a face set of three groups and a model of it, group by group, in the order of adding."""

    groups = st.sampled_from(["default", "staff", "Ünï 'x'"])
    names = st.sampled_from(["Ada", "ada lovelace", "100%", "a_b", "Zoë", "zOË", "\\"])

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begin(self, seed: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.random, self.made = np.random.default_rng(seed), 0
        self.faceset = FaceSet(self.folder / "faces.db", MODEL, 4)
        self.model: dict[str, dict[str, Face]] = {"default": {}, "staff": {}, "Ünï 'x'": {}}

    def teardown(self) -> None:
        self.faceset.close()
        assert sorted(path.name for path in self.folder.iterdir()) == ["faces.db", "key"]
        shutil.rmtree(self.folder)

    @rule(group=groups, name=names, count=st.integers(0, 12), twice=st.booleans())
    def add(self, group: str, name: str, count: int, twice: bool) -> None:
        vectors = self.random.integers(-2, 3, (count, 4)).astype(np.float32)
        photo = bytes([self.random.integers(3)])
        new = [Face(f"t{self.made + at}", vector, 0.5, 30.0, photo, name, 1.0) for at, vector in enumerate(vectors)]
        self.made += count
        taken = [face for rows in self.model.values() for face in rows.values()][:1]
        if twice and new and taken:
            with pytest.raises(BadArguments):
                self.faceset.add([*new, *taken], group)
        else:
            self.faceset.add(new, group)
            self.model[group] |= {face.token: face for face in new}

    @rule(group=groups, share=st.floats(0, 1))
    def remove(self, group: str, share: float) -> None:
        asked = [token for rows in self.model.values() for token in rows if self.random.random() < share]
        mine = {token for token in asked if token in self.model[group]}
        assert sorted(self.faceset.remove([*asked, "stranger"], group)) == sorted(mine)
        self.model[group] = {token: face for token, face in self.model[group].items() if token not in mine}

    @rule(group=groups, name=names)
    def rename(self, group: str, name: str) -> None:
        token = self.random.choice([token for rows in self.model.values() for token in rows] or ["t"])
        assert self.faceset.rename(token, name, group) == (token in self.model[group])
        if token in self.model[group]:
            face = self.model[group][token]
            self.model[group][token] = Face(token, face.vector, 0.5, 30.0, face.photo_sha256, name, 1.0)

    @rule(
        group=groups,
        limit=st.integers(1, 8),
        name=st.none() | names,
        photo=st.none() | st.binary(max_size=1),
        newest=st.booleans(),
    )
    def page(self, group: str, limit: int, name: str | None, photo: bytes | None, newest: bool) -> None:
        # SQLite's LIKE folds the case of ASCII letters only, and so does bytes.lower.
        needle, rows = (name or "").encode().lower(), self.model[group].values()
        fit = [row for row in rows if needle in row.name.encode().lower() and photo in (None, row.photo_sha256)]
        found = listed(self.faceset, group, limit, name=name, photo_sha256=photo, newest_first=newest)
        assert [_flat(face) for face in found] == [_flat(face) for face in (fit[::-1] if newest else fit)]
        assert self.faceset.count(group, name, photo) == len(fit)

    @rule(group=groups, threshold=st.sampled_from([0.0, 1.0, 2.0, 9.0]))
    def search(self, group: str, threshold: float) -> None:
        query, rows = self.random.integers(-2, 3, 4).astype(np.float32), self.model[group]
        distances = {token: float(np.float32(np.linalg.norm(row.vector - query))) for token, row in rows.items()}
        without = min(rows, default=None)
        near = sorted((d, token) for token, d in distances.items() if d <= threshold and token != without)
        assert [(d, token) for token, d in self.faceset.search(query, threshold, group, without=without)] == near

    @rule()
    def reopen(self) -> None:
        self.faceset.close()
        self.faceset = FaceSet(self.folder / "faces.db", MODEL, 4)

    @invariant()
    def rows_and_index_say_the_same(self) -> None:
        known = {token for token in (f"t{number}" for number in range(self.made)) if token in self.faceset}
        assert known == {token for rows in self.model.values() for token in rows}
        assert self.faceset.tokens() == {token for rows in self.model.values() for token in rows}
        for group, rows in self.model.items():
            assert self.faceset.names(list(rows), group) == {token: row.name for token, row in rows.items()}
            assert self.faceset.count(group) == len(rows)


def _flat(face: Face) -> tuple[object, ...]:
    return face.token, face.vector.tobytes(), face.confidence, face.size, face.photo_sha256, face.name, face.created_at


FaceSetMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestFaceSetMachine = FaceSetMachine.TestCase
