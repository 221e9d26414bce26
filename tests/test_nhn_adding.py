"""Adding faces is all or nothing: when the database refuses one of them, none is in rows, slots or index."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine import FaceEngine
from tests.nhn_world import CROWD, World, open_world, world

__all__ = ["open_world", "world"]

FAULT = (-50000, "InternalServerError")

FAULTS = {
    # Raised by the insertion itself, as a full disk is: no constraint says so.
    "a row": "CREATE TRIGGER fault BEFORE INSERT ON faces WHEN REACHED BEGIN SELECT abs(-9223372036854775808); END",
    "a slot": "CREATE TRIGGER fault BEFORE INSERT ON slots WHEN REACHED BEGIN SELECT abs(-9223372036854775808); END",
    "a slot that is used again": "CREATE TRIGGER fault BEFORE UPDATE ON slots WHEN new.used AND REACHED "
    "BEGIN SELECT abs(-9223372036854775808); END",
}


@contextmanager
def database(world: World) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(world.folder / "faces.db", isolation_level=None)) as connection:
        yield connection


def everything(world: World, group: str) -> tuple[Any, ...]:
    """Return what stands in the tables, what the group's index holds, and what is answered."""
    with database(world) as connection:
        rows = connection.execute("SELECT token, slot, details FROM faces ORDER BY id").fetchall()
        slots = connection.execute("SELECT id, used, vector FROM slots WHERE used ORDER BY id").fetchall()
    index = world.engine.faceset._indexes.known(world.key(group)).tokens()
    listed, (shown,) = world.ids(group), world.checked.show_group(world.app, group)["groups"]
    found = world.checked.search_by_image(world.app, group, world.portrait("madonna"), 1)["matchFaces"]
    return rows, slots, index, listed, shown, found


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("fault", FAULTS)
def test_when_one_face_is_refused_none_is_there(
    world: World, new_engine: Callable[..., FaceEngine], tmp_path: Path, fault: str, nth: int
) -> None:
    group = world.new_group("ben_afflek")
    if "again" in fault:
        # Removed faces leave slots that are filled next.
        for face in world.checked.add_faces(world.app, group, world.crowd)["addedFaces"]:
            assert world.checked.delete_face(world.app, group, face["faceId"]) is None
    before = everything(world, group)
    with database(world) as connection:
        table = "faces" if fault == "a row" else "slots WHERE used"
        reached = f"(SELECT count(*) FROM {table}) = {len(before[0]) + nth - 1}"
        connection.execute(FAULTS[fault].replace("REACHED", reached))
        assert world.checked.add_faces(world.app, group, world.crowd) == FAULT
        connection.execute("DROP TRIGGER fault")
    assert everything(world, group) == before
    added = world.checked.add_faces(world.app, group, world.crowd)
    assert added["addedFaceCount"] == len(CROWD)
    rows, slots, index, listed, *_ = everything(world, group)
    assert listed == [face["faceId"] for face in added["addedFaces"]][::-1] + before[3]
    assert len(rows) == len(slots) == len(before[0]) + len(CROWD)
    # The next start finds the same.
    again = new_engine(shutil.copytree(world.folder, tmp_path / "copy"))
    assert again.faceset._indexes.known(world.key(group)).tokens() == index == set(listed)
    again.close()


def test_a_full_disk_refuses_all_of_them(world: World) -> None:
    group = world.new_group("ben_afflek")
    limit_pages(world, 0)
    added, before = 0, everything(world, group)
    # Some may fit into the pages that there are.
    while (answer := world.checked.add_faces(world.app, group, world.crowd)) != FAULT:
        added, before = added + answer["addedFaceCount"], everything(world, group)
        assert added < 100
    assert everything(world, group) == before
    assert len(before[3]) == 1 + added
    limit_pages(world, 2**30)
    assert world.checked.add_faces(world.app, group, world.crowd)["addedFaceCount"] == len(CROWD)


def limit_pages(world: World, pages: int) -> None:
    """Let the database grow to so many pages and no more; it never shrinks."""
    pool: Any = world.engine.faceset._database.engine.pool
    held = [pool.connect() for _ in range(pool.checkedin())]
    for connection in held:
        connection.cursor().execute(f"PRAGMA max_page_count = {pages or 1}")
        connection.close()
