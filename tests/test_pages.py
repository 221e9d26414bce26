"""Pages: every face that stays is on exactly one, whichever way one reads."""

from __future__ import annotations

import shutil
import tempfile
import threading
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from errors import UnknownGroup
from faceset.pages import BY_NAME, NEWEST, OLDEST, ORDERS, Query
from faceset.store import FaceSet
from faceset.tokens import Face
from tests.faces import DIM, MODEL, faces


@pytest.fixture
def faceset(tmp_path: Path) -> Iterator[FaceSet]:
    opened = FaceSet(tmp_path / "faces.db", MODEL, DIM)
    yield opened
    opened.close()


def test_a_page_shows_every_face_that_stays_exactly_once_while_others_go(faceset: FaceSet) -> None:
    made = faces(30)
    faceset.add(made, "mine")
    found, cursor = faceset.page("mine", 10)
    faceset.remove([made[place].token for place in (2, 9, 10, 15, 29)], "mine")
    faceset.add(faces(3, seed=4, first=30), "mine")
    assert cursor is not None
    rest, end = faceset.page("mine", 100, cursor)
    assert end is None
    stay = [f"{number:024}" for number in range(33) if number not in (10, 15, 29)]
    assert [face.token for face in found + rest] == stay


def test_the_newest_first_are_those_of_the_first_page_and_before(faceset: FaceSet) -> None:
    faceset.add(faces(30), "mine")
    found, cursor = faceset.page("mine", 10, newest_first=True)
    # Of the page that was seen, the cursor's own row, and of those that follow.
    faceset.remove([f"{number:024}" for number in (25, 20, 19, 4, 0)], "mine")
    faceset.add(faces(3, seed=4, first=30), "mine")
    assert cursor is not None
    rest, cursor = faceset.page("mine", 10, cursor, newest_first=True)
    assert cursor is not None
    last, end = faceset.page("mine", 10, cursor, newest_first=True)
    assert end is None
    stay = [f"{number:024}" for number in range(29, -1, -1) if number not in (19, 4, 0)]
    assert [face.token for face in found + rest + last] == stay


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_cursor_tells_nothing_of_other_groups(faceset: FaceSet, newest_first: bool) -> None:
    """Nor does a group that was emptied begin to count again: cursors that are on their way would lead elsewhere."""
    cursors = []
    for place, face in enumerate(faces(12)):
        faceset.add([face], "mine")
        faceset.add(faces(1 + place % 3, seed=place, first=100 * (place + 1)), f"others {place}")
        cursors.append(faceset.page("mine", 1, newest_first=newest_first)[1])
    faceset.remove([face.token for face in faces(12)], "mine")
    faceset.add(faces(2, seed=4, first=50), "mine")
    assert cursors == ([None, *range(2, 13)] if newest_first else [None, *[1] * 11])
    assert faceset.page("mine", 1)[1] == 13


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("offset", [0, 1, 14, 15, 16, 27, 29, 30, 31, 2**62])
@pytest.mark.parametrize("limit", [1, 2, 15, 30, 31])
def test_an_offset_leads_to_the_same_faces_from_either_end(
    faceset: FaceSet, order: str, offset: int, limit: int
) -> None:
    faceset.add(faces(40), "mine")
    faceset.add(faces(3, seed=2, first=100), "others")
    faceset.remove([f"{number:024}" for number in range(0, 40, 4)], "mine")
    stay = [face for face in faces(40) if int(face.token) % 4]
    everything = {
        OLDEST: stay,
        NEWEST: stay[::-1],
        BY_NAME: sorted(stay, key=lambda face: face.name.casefold()),
    }[order]
    found = faceset.listing(Query("mine", limit, offset=offset, order=order))
    assert [face.token for face in found.faces] == [face.token for face in everything[offset : offset + limit]]
    assert found.total == len(everything) == 30
    assert (found.following is None) == (offset + limit >= 30 or order == BY_NAME)


def test_a_list_has_what_it_shows_of_a_face(faceset: FaceSet) -> None:
    faceset.add([Face("t" * 24, faces(1)[0].vector, 0.75, 33.5, b"p" * 32, "Zoë 李", 17.25, {"more": 1})], "mine")
    (listed,) = faceset.listing(Query("mine", 5)).faces
    assert (listed.token, listed.name, listed.created_at) == ("t" * 24, "Zoë 李", 17.25)
    assert (listed.confidence, listed.size) == (0.75, 33.5)


@pytest.mark.parametrize("order", ORDERS)
def test_an_empty_name_is_in_every_name(faceset: FaceSet, order: str) -> None:
    faceset.add(faces(3), "mine")
    faceset.add([Face("t" * 24, faces(1)[0].vector)], "mine")
    assert faceset.listing(Query("mine", 9, name="", order=order)) == faceset.listing(Query("mine", 9, order=order))
    assert faceset.count("mine", "") == len(faceset.page("mine", 9, name="")[0]) == 4


class Busy:
    """Change and read a face set from many threads, always two faces at once: nobody sees one without the other."""

    ROUNDS = 40

    def __init__(self, faceset: FaceSet) -> None:
        self.faceset, self.done = faceset, threading.Event()
        self.gone: list[str] = []
        self.failures: list[BaseException] = []

    def run(self, body: Callable[..., None], *given: object) -> threading.Thread:
        def kept() -> None:
            try:
                body(*given)
            except BaseException as error:
                self.failures.append(error)

        thread = threading.Thread(target=kept)
        thread.start()
        return thread

    def write(self, writer: int) -> None:
        for turn in range(self.ROUNDS):
            pair = faces(2, seed=turn, first=10_000 * (writer + 1) + 2 * turn)
            self.faceset.add([Face(face.token, face.vector, name=f"Pair {writer} {turn}") for face in pair], "mine")
            self.faceset.rename(pair[0].token, f"pair {turn} renamed", "mine")
            if turn % 3:
                self.gone += self.faceset.remove([face.token for face in pair], "mine")

    def read(self, order: str, name: str | None) -> None:
        while not self.done.is_set():
            gone = list(self.gone)
            found = self.faceset.listing(Query("mine", 1000, name=name, order=order))
            tokens = [face.token for face in found.faces]
            assert found.total == len(tokens) == len(set(tokens))
            assert not set(gone) & set(tokens)
            assert {str(int(token) ^ 1).zfill(24) for token in tokens} == set(tokens)
            names = [face.name.casefold() for face in found.faces]
            assert order != BY_NAME or names == sorted(names)
            half = self.faceset.listing(Query("mine", 7, offset=found.total // 2, name=name, order=order))
            assert len(half.faces) == min(7, max(0, half.total - found.total // 2))


def test_pages_while_others_change_the_face_set_show_one_moment(faceset: FaceSet) -> None:
    busy = Busy(faceset)
    writers = [busy.run(busy.write, number) for number in range(2)]
    readers = [busy.run(busy.read, order, name) for order in ORDERS for name in (None, "AIR")]
    for thread in writers:
        thread.join()
    busy.done.set()
    for thread in readers:
        thread.join()
    assert busy.failures == []
    assert faceset.count("mine") == 2 * 2 * len(range(0, busy.ROUNDS, 3))


class WallMachine(RuleBasedStateMachine):
    """Look at any part of a face set in any order while it changes, and at a model of it."""

    groups = st.sampled_from(["default", "staff"])
    names = st.sampled_from(
        ["Mary", "mary ann", "MARY", "Zoë", "zoe\u0308", "ﾏﾘ", "マリ", "Straße", "strasse", "", "%"]
    )

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.faceset, self.made = FaceSet(self.folder / "faces.db", MODEL, 4), 0
        self.model: dict[str, dict[str, Face]] = {"default": {}, "staff": {}}

    def teardown(self) -> None:
        self.faceset.close()
        shutil.rmtree(self.folder)

    @rule(group=groups, some=st.lists(names, max_size=9), photo=st.sampled_from([b"a", b"b"]))
    def add(self, group: str, some: list[str], photo: bytes) -> None:
        new = [self._face(name, photo) for name in some]
        self.faceset.add(new, group)
        self.model[group] |= {face.token: face for face in new}

    @rule(group=groups, place=st.integers(0, 30), name=names)
    def replace(self, group: str, place: int, name: str) -> None:
        face = self._face(name, b"c")
        for token in list(self.model[group])[place : place + 1]:
            face = Face(token, face.vector, name=name, photo_sha256=b"c", created_at=1.0)
            del self.model[group][token]
        self.faceset.replace(face, group)
        self.model[group][face.token] = face

    @rule(group=groups, place=st.integers(0, 30), name=names)
    def rename(self, group: str, place: int, name: str) -> None:
        for token in list(self.model[group])[place : place + 1]:
            assert self.faceset.rename(token, name, group)
            face = self.model[group][token]
            self.model[group][token] = Face(token, face.vector, name=name, photo_sha256=face.photo_sha256)

    @rule(group=groups, place=st.integers(0, 30), count=st.integers(1, 3))
    def remove(self, group: str, place: int, count: int) -> None:
        tokens = list(self.model[group])[place : place + count]
        assert sorted(self.faceset.remove(tokens, group)) == sorted(tokens)
        self.model[group] = {token: face for token, face in self.model[group].items() if token not in tokens}

    @rule(group=groups)
    def remove_group(self, group: str) -> None:
        try:
            self.faceset.remove_group(group)
        except UnknownGroup:
            assert self.model[group] == {}
        self.model[group] = {}

    @rule()
    def reopen(self) -> None:
        self.faceset.close()
        self.faceset = FaceSet(self.folder / "faces.db", MODEL, 4)

    @rule(
        group=groups,
        limit=st.integers(0, 6),
        offset=st.integers(0, 5) | st.integers(0, 30),
        name=st.none() | st.sampled_from(["", "mary", "Y", "o", "ZOË", "ﾏ", "%", "%%", "rass"]),
        photo=st.none() | st.sampled_from([b"a", b"c", b"d"]),
    )
    def look(self, group: str, limit: int, offset: int, name: str | None, photo: bytes | None) -> None:
        for order in ORDERS:
            fit = [(face.token, face.name) for face in self._fitting(group, name, photo, order)]
            query = Query(group, limit, offset=offset, name=name, photo_sha256=photo, order=order)
            found = self.faceset.listing(query)
            assert [(face.token, face.name) for face in found.faces] == fit[offset : offset + limit]
            assert found.total == len(fit)
            if found.following is not None:
                rest = self.faceset.listing(replace(query, limit=100, after=found.following, offset=1))
                assert [(face.token, face.name) for face in rest.faces] == fit[offset + limit + 1 :]

    def _fitting(self, group: str, name: str | None, photo: bytes | None, order: str) -> list[Face]:
        needle, rows = (name or "").encode().lower(), self.model[group].values()
        fit = [row for row in rows if needle in row.name.encode().lower() and photo in (None, row.photo_sha256)]
        if order == BY_NAME:
            return sorted(fit, key=lambda face: unicodedata.normalize("NFKC", face.name).casefold())
        return fit[::-1] if order == NEWEST else fit

    def _face(self, name: str, photo: bytes) -> Face:
        self.made += 1
        return Face(f"t{self.made}", np.full(4, self.made, np.float32), name=name, photo_sha256=photo, created_at=1.0)


WallMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestWallMachine = WallMachine.TestCase
