"""Reads by name agree with the database, whatever changes while the names are read for the first time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from errors import InternalError
from faceset import rosters
from faceset.pages import BY_NAME, Query
from faceset.store import FaceSet
from faceset.tokens import Face
from tests.faces import DIM, MODEL, faces

Named = Callable[[rosters.Rosters, str], Iterator[tuple[Sequence[int], Sequence[str]]]]
Change = Callable[[FaceSet, list[Face]], object]


@pytest.fixture
def faceset(tmp_path: Path) -> Iterator[FaceSet]:
    opened = FaceSet(tmp_path / "faces.db", MODEL, DIM)
    yield opened
    opened.close()


def shown(faceset: FaceSet) -> list[tuple[str, str]]:
    found = faceset.listing(Query("mine", 1000, order=BY_NAME))
    assert found.total == len(found.faces)
    return [(face.token, face.name) for face in found.faces]


def stored(faceset: FaceSet) -> list[tuple[str, str]]:
    """Return what a reading without names finds, by name."""
    found, _ = faceset.page("mine", 1000)
    return sorted([(face.token, face.name) for face in found], key=lambda pair: pair[1].casefold())


def anew(faceset: FaceSet) -> None:
    faceset.remove_group("mine")
    faceset.add(faces(5, seed=9, first=50), "mine")


def replaced(faceset: FaceSet, made: list[Face]) -> None:
    for face in (made[1], made[-2]):
        faceset.replace(face, "mine")


def added_and_gone(faceset: FaceSet) -> None:
    faceset.add(faces(1, seed=5, first=20), "mine")
    faceset.remove([f"{20:024}"], "mine")


CHANGES: list[Change] = [
    lambda faceset, made: faceset.rename(made[0].token, "A first one", "mine"),
    lambda faceset, made: faceset.rename(made[-1].token, "A first one", "mine"),
    lambda faceset, made: faceset.remove([made[0].token, made[-1].token], "mine"),
    lambda faceset, made: faceset.add(faces(4, seed=5, first=20), "mine"),
    replaced,
    lambda faceset, made: added_and_gone(faceset),
    lambda faceset, made: faceset.remove_group("mine"),
    lambda faceset, made: anew(faceset),
]


@pytest.mark.parametrize("part", [0, 1, 3])
@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_while_names_are_read_is_seen(
    faceset: FaceSet, monkeypatch: pytest.MonkeyPatch, change: Change, part: int
) -> None:
    """Changes come before the first part, after another one, and after the last."""
    made, changed = faces(9), False
    faceset.add(made, "mine")
    named: Named = rosters.Rosters._named

    def interrupted(self: rosters.Rosters, group: str) -> Iterator[tuple[Sequence[int], Sequence[str]]]:
        nonlocal changed
        parts = named(self, group)
        yield from islice(parts, part)
        if not changed:
            changed = True
            change(faceset, made)
        yield from parts

    monkeypatch.setattr(rosters, "ROWS", 3)
    monkeypatch.setattr(rosters.Rosters, "_named", interrupted)
    assert shown(faceset) == stored(faceset)
    assert changed
    change_again = faces(2, seed=7, first=80)
    faceset.add(change_again, "mine")
    faceset.rename(change_again[0].token, "Zz", "mine")
    assert shown(faceset) == stored(faceset)


def test_names_of_the_removed_are_not_kept(faceset: FaceSet) -> None:
    faceset.add([Face("a" * 24, faces(1)[0].vector, name="Rumpelstilzchen"), *faces(2)], "mine")
    assert faceset.listing(Query("mine", 10, name="rumpel")).total == 1
    kept = faceset._rosters._by_group["mine"]
    assert kept.roster is not None
    assert b"rumpelstilzchen" in kept.roster._text
    faceset.remove(["a" * 24], "mine")
    assert b"rumpelstilzchen" not in kept.roster._text
    faceset.rename(faces(2)[0].token, "another", "mine")
    assert b"person 0 " not in kept.roster._text
    assert kept.changes == {}
    faceset.remove_group("mine")
    assert "mine" not in faceset._rosters._by_group


def test_no_name_is_held_unless_somebody_asked(faceset: FaceSet) -> None:
    faceset.add(faces(9), "mine")
    faceset.listing(Query("mine", 5, offset=2, order="newest"))
    faceset.page("mine", 5)
    assert faceset._rosters._by_group == {}


def test_added_names_do_not_wait_without_bound(faceset: FaceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rosters, "MANY", 5)
    assert shown(faceset) == []
    for seed in range(20):
        faceset.add(faces(2, seed=seed, first=2 * seed), "mine")
        assert len(faceset._rosters._by_group["mine"].changes) <= 5
    assert shown(faceset) == stored(faceset)


def test_a_reading_that_failed_is_done_again(faceset: FaceSet, tmp_path: Path) -> None:
    faceset.add(faces(3), "mine")
    with closing(sqlite3.connect(tmp_path / "faces.db")) as connection:
        (details,) = connection.execute("SELECT details FROM faces WHERE id = 2").fetchone()
        connection.execute("UPDATE faces SET details = x'00' WHERE id = 2")
        connection.commit()
        for _ in range(2):
            with pytest.raises(InternalError, match="altered"):
                shown(faceset)
            assert faceset._rosters._by_group == {}
        connection.execute("UPDATE faces SET details = ? WHERE id = 2", (details,))
        connection.commit()
    assert len(shown(faceset)) == 3


def test_rows_that_another_process_took_away_are_left_out(faceset: FaceSet, tmp_path: Path) -> None:
    faceset.add(faces(3), "mine")
    assert len(shown(faceset)) == 3
    with closing(sqlite3.connect(tmp_path / "faces.db")) as connection:
        connection.execute("DELETE FROM faces WHERE id = 2")
        connection.commit()
    assert len(faceset.listing(Query("mine", 10, order=BY_NAME)).faces) == 2
