"""Pages: every face that stays is on exactly one, whichever way one reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from faceset.store import FaceSet
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
