"""Reads by name agree with the database, whatever changes while the names are read for the first time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from errors import InternalError
from faceset import roster, rosters
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


@pytest.mark.parametrize("part", [0, 1, 3, 4])
@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_while_names_are_read_is_seen(
    faceset: FaceSet, monkeypatch: pytest.MonkeyPatch, change: Change, part: int
) -> None:
    """Changes come before the first part, after another one, after the last, and when there is no more."""
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
    assert b"rumpelstilzchen" in held(faceset)
    faceset.remove(["a" * 24], "mine")
    assert b"rumpelstilzchen" not in held(faceset)
    faceset.rename(faces(2)[0].token, "another", "mine")
    assert b"person 0 " not in held(faceset)
    faceset.rename(faces(2)[0].token, "a third", "mine")
    assert b"another" not in held(faceset)
    faceset.remove_group("mine")
    assert "mine" not in faceset._rosters._by_group


def test_who_is_removed_behind_a_reading_is_not_kept(faceset: FaceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    made = faces(60)
    faceset.add(made, "mine")
    named: Named = rosters.Rosters._named

    def and_then_removed(self: rosters.Rosters, group: str) -> Iterator[tuple[Sequence[int], Sequence[str]]]:
        yield from named(self, group)
        faceset.remove([made[7].token], "mine")

    monkeypatch.setattr(rosters.Rosters, "_named", and_then_removed)
    shown(faceset)
    assert b"person 8 " in held(faceset)
    assert b"person 7 " not in held(faceset)


def held(faceset: FaceSet) -> bytes:
    """Return what memory has of the names, in lower case."""
    kept = faceset._rosters._by_group["mine"]
    assert kept.roster is not None
    return bytes(kept.roster._text) + str(kept.changes).lower().encode()


def during(monkeypatch: pytest.MonkeyPatch, name: str, do: Callable[[], object]) -> list[int]:
    """Do something whenever a function of a roster is called that takes long; return a list that counts the calls."""
    through, calls = getattr(roster, name), list[int]()

    def called(*given: object) -> object:
        done = through(*given)
        calls.append(len(calls))
        do()
        return done

    monkeypatch.setattr(roster, name, called)
    return calls


def test_who_sorts_keeps_nobody_waiting_and_is_not_put_off_by_changes(
    faceset: FaceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that is open while it sorts lets no log be emptied: scrub would raise InternalError."""
    made = faces(200)
    faceset.add(made, "mine")

    def change() -> None:
        faceset.remove([made[0].token], "mine")
        faceset.rename(made[1].token, "Zz", "mine")
        faceset.add(faces(1, seed=5, first=300), "mine")
        faceset.scrub()

    calls = during(monkeypatch, "argsort", change)
    assert shown(faceset) == stored(faceset)
    faceset.rename(made[2].token, "Aa", "mine")
    assert shown(faceset) == stored(faceset)
    assert len(calls) == 1


def test_what_comes_while_it_sorts_may_be_much(faceset: FaceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    made = faces(200)
    faceset.add(made, "mine")
    monkeypatch.setattr(roster, "PLACED", 1)

    def change() -> None:
        faceset.remove([face.token for face in made[:50]], "mine")
        for face in made[50:90]:
            faceset.rename(face.token, f"{face.name[::-1]}", "mine")

    calls = during(monkeypatch, "argsort", change)
    assert shown(faceset) == stored(faceset)
    assert len(calls) == 1


def test_two_readers_sort_once(faceset: FaceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    faceset.add(faces(9), "mine")
    second = threading.Thread(target=shown, args=[faceset])

    def ask() -> None:
        if second.ident is None:
            second.start()
            # Long enough for a reader who does not wait to sort.
            second.join(0.3)

    calls = during(monkeypatch, "argsort", ask)
    assert shown(faceset) == stored(faceset)
    second.join()
    assert len(calls) == 1


def test_who_changes_does_not_copy_all_names(faceset: FaceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    made, copied = faces(60), list[int]()
    faceset.add(made, "mine")
    shown(faceset)
    through = roster.Roster.changed

    def changed(self: roster.Roster, names: dict[int, str | None]) -> roster.Roster:
        copied.append(len(names))
        return through(self, names)

    monkeypatch.setattr(roster.Roster, "changed", changed)
    for face in made[:20]:
        faceset.remove([face.token], "mine")
        assert shown(faceset) == stored(faceset)
    for face in made[20:]:
        faceset.rename(face.token, face.name[::-1], "mine")
    assert copied == []
    assert shown(faceset) == stored(faceset)
    assert copied == [60]


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
