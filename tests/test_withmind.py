"""WithMind: who is enrolled, who is on a photo, and what is kept; over HTTP, with real photos."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from api.withmind import SURE, token_of
from engine import FaceEngine
from faceset.tokens import ALPHABET, LENGTH
from tests.client import Client
from tests.conftest import Live
from tests.pictures import Pixels, blank, decoded, encoded
from tests.withmind_client import (
    ANALYSIS,
    DISMATCH,
    ENROLMENT,
    FAIL,
    INSIDE,
    MATCH,
    SUCCESS,
    UNREGISTERED,
    People,
    WithMind,
    beside,
    sized,
)
from tests.withmind_server import asked, live, people

__all__ = ["asked", "live", "people"]


@pytest.mark.parametrize("slash", [True, False])
def test_a_happy_day(asked: WithMind, people: People, slash: bool) -> None:
    enrolment, analysis = (path if slash else path[:-1] for path in (ENROLMENT, ANALYSIS))
    person = f"happy{int(slash)}"
    assert asked.enrol("acme", person, sized(people.mindy[0]), enrolment, gender=0, age=45) == SUCCESS
    assert asked.analyse("acme", person, sized(people.mindy[1]), analysis) == {"person_1": MATCH}
    assert asked.analyse("acme", person, sized(people.ben[0]), analysis) == {"person_1": DISMATCH}


@pytest.mark.parametrize("slash", [True, False])
def test_who_is_forgotten_is_gone(asked: WithMind, people: People, slash: bool, live: Live) -> None:
    path = ENROLMENT if slash else ENROLMENT[:-1]
    faces = live.engine.faceset
    for company in ("acme", "other"):
        assert asked.enrol(company, "leaver", sized(people.mindy[0])) == SUCCESS
    token = token_of(faces.secret("withmind"), "acme", "leaver")
    assert faces.vector(token, "withmind/acme") is not None
    assert asked.forget("acme", "leaver", path) == SUCCESS
    assert faces.vector(token, "withmind/acme") is None
    assert asked.analyse("acme", "leaver", sized(people.mindy[1])) == UNREGISTERED
    assert asked.analyse("other", "leaver", sized(people.mindy[1])) == {"person_1": MATCH}
    assert asked.forget("acme", "leaver", path) == UNREGISTERED
    assert asked.forget("Acme", "leaver", path) == FAIL
    assert asked.request("DELETE", f"{path}?company=acme") == FAIL


def test_three_faces(asked: WithMind, people: People) -> None:
    three = beside(people.mindy[2], people.ben[0], people.jerry[0])
    assert asked.analyse("acme", "mindy", three) == {"person_1": MATCH, "person_2": DISMATCH, "person_3": DISMATCH}


@pytest.mark.parametrize(("left", "first"), [(150, MATCH), (250, DISMATCH)])
def test_a_number_depends_on_the_middle_of_a_face(
    asked: WithMind, people: People, live: Live, left: int, first: str
) -> None:
    """Ben is large, with his middle at 300; Mindy is small, and her middle is left of it, or right."""
    canvas = np.full((900, 600, 3), 128, np.uint8)
    canvas[:600] = cv2.resize(portrait(live, people.ben[0]), (600, 600))
    canvas[650:850, left : left + 200] = portrait(live, people.mindy[1])
    second = ({MATCH, DISMATCH} - {first}).pop()
    assert asked.analyse("acme", "mindy", sized(encoded(canvas))) == {"person_1": first, "person_2": second}


def test_twenty_faces_are_numbered_from_left_to_right(asked: WithMind, people: People, live: Live) -> None:
    """Five columns and four rows, each row a quarter of a face further to the right than the one above it."""
    shown = [*people.mindy, *people.ben, *people.jerry, *people.madonna]
    assert len(shown) == 20
    order = np.random.default_rng(5).permutation(20)
    canvas, expected = np.full((800, 1150, 3), 128, np.uint8), {}
    for place, number in enumerate(order):
        row, column = divmod(place, 5)
        left = 200 * column + 50 * row
        canvas[200 * row : 200 * row + 200, left : left + 200] = portrait(live, shown[number])
        expected[left] = MATCH if number < len(people.mindy) else DISMATCH
    result = asked.analyse("acme", "mindy", sized(encoded(canvas)))
    assert list(result.values()) == [expected[left] for left in sorted(expected)]


def portrait(live: Live, data: bytes) -> Pixels:
    """Cut out a square with the face in the middle."""
    image, found = live.engine.recognizer.locate(data)
    left, top, right, bottom = found[0].box
    side = int(0.7 * max(right - left, bottom - top))
    wide = cv2.copyMakeBorder(image, side, side, side, side, cv2.BORDER_REPLICATE)
    x, y = int((left + right) / 2), int((top + bottom) / 2)
    return np.asarray(cv2.resize(wide[y : y + 2 * side, x : x + 2 * side], (200, 200)), np.uint8)


def covered(data: bytes) -> bytes:
    pixels = decoded(data)
    pixels[20:] = 60
    return encoded(pixels)


UNREADABLE: dict[str, Callable[[People], bytes]] = {
    "nobody there": lambda people: blank(400, 300, ".jpg"),
    "covered": lambda people: covered(people.mindy[0]),
    "too dark": lambda people: encoded((decoded(people.mindy[0]) // 64).astype(np.uint8)),
    "too small a photo": lambda people: blank(40, 40),
    "too many pixels": lambda people: blank(17_000, 48),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_no_face_could_be_read(asked: WithMind, people: People, case: str) -> None:
    image = sized(UNREADABLE[case](people))
    assert asked.analyse("acme", "mindy", image) == FAIL
    assert asked.enrol("acme", "nobody", image) == FAIL


def test_damaged_data_of_the_right_size_and_type_is_a_failure(asked: WithMind, people: People) -> None:
    half = people.mindy[0][: len(people.mindy[0]) // 2]
    for image in (half + bytes(INSIDE), b"\x89PNG\r\n\x1a\n" + bytes(INSIDE)):
        assert asked.enrol("acme", "nobody", image) == FAIL
        assert asked.analyse("acme", "mindy", image) == FAIL


def test_bytes_behind_the_photo_count_as_its_size(asked: WithMind, people: People) -> None:
    assert asked.enrol("acme", "padded", people.mindy[0] + bytes(INSIDE)) == SUCCESS


def test_several_faces_are_not_enrolled_and_change_nothing(asked: WithMind, people: People) -> None:
    assert asked.enrol("acme", "nobody", beside(people.mindy[1], people.ben[0])) == FAIL
    assert asked.analyse("acme", "nobody", sized(people.mindy[1])) == UNREGISTERED
    assert asked.enrol("acme", "mindy", beside(people.jerry[1], people.ben[0])) == FAIL
    assert asked.analyse("acme", "mindy", sized(people.mindy[1])) == {"person_1": MATCH}


def test_a_second_face_that_the_detector_is_not_sure_of(asked: WithMind, photos: Path, live: Live) -> None:
    image = sized(sorted(photos.glob("val/elton_john/*.jpg"))[1].read_bytes())
    _, found = live.engine.recognizer.locate(image)
    assert [face.score >= SURE for face in found] == [True, False]
    assert asked.enrol("acme", "elton", image) == SUCCESS
    assert MATCH in asked.analyse("acme", "elton", image).values()


def test_nobody_is_registered_by_that_name(asked: WithMind, people: People) -> None:
    for company, person in (("acme", "mindy2"), ("acme2", "mindy"), ("nowhere", "nobody"), ("acmem", "indy")):
        assert asked.analyse(company, person, sized(people.mindy[1])) == UNREGISTERED
    assert asked.enrol("other", "mindy", sized(people.ben[0])) == SUCCESS
    assert asked.analyse("other", "mindy", sized(people.ben[1])) == {"person_1": MATCH}
    assert asked.analyse("acme", "mindy", sized(people.ben[1])) == {"person_1": DISMATCH}


def test_a_new_enrolment_takes_the_place_of_the_old_one(asked: WithMind, people: People, live: Live) -> None:
    assert asked.enrol("again", "person", sized(people.mindy[0]), gender=0, age=45) == SUCCESS
    assert asked.enrol("again", "person", sized(people.ben[0]), gender=1) == SUCCESS
    assert asked.analyse("again", "person", sized(people.ben[1])) == {"person_1": MATCH}
    assert asked.analyse("again", "person", sized(people.mindy[0])) == {"person_1": DISMATCH}
    kept, _ = live.engine.faceset.page("withmind/again", 10)
    assert [face.details for face in kept] == [{"gender": 1}]


def test_nobody_meets_a_person_half_replaced(asked: WithMind, people: People) -> None:
    turns, two = [sized(people.mindy[0]), sized(people.ben[0])], beside(people.mindy[1], people.ben[1])
    assert asked.enrol("turns", "person", turns[1]) == SUCCESS
    seen: list[Any] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            seen.append(asked.analyse("turns", "person", two))

    watching = [threading.Thread(target=watch) for _ in range(2)]
    for thread in watching:
        thread.start()
    try:
        enrolled = [asked.enrol("turns", "person", turns[turn % 2]) for turn in range(16)]
    finally:
        over.set()
        for thread in watching:
            thread.join()
    assert enrolled == [SUCCESS] * 16
    mindy, ben = {"person_1": MATCH, "person_2": DISMATCH}, {"person_1": DISMATCH, "person_2": MATCH}
    assert mindy in seen
    assert ben in seen
    assert [answer for answer in seen if answer not in (mindy, ben)] == []


def test_enrolments_outlive_a_restart(
    serve: Callable[..., Live], new_engine: Callable[..., FaceEngine], tmp_path: Path, people: People
) -> None:
    for begun in range(2):
        engine = new_engine(tmp_path)
        asked = WithMind(Client(serve(engine).port))
        if not begun:
            assert asked.enrol("acme", "mindy", sized(people.mindy[0])) == SUCCESS
        assert asked.analyse("acme", "mindy", sized(people.mindy[1])) == {"person_1": MATCH}
        engine.close()


def test_nothing_of_a_person_can_be_read_in_the_files(
    serve: Callable[..., Live], engine: FaceEngine, tmp_path: Path, people: People
) -> None:
    live = serve(engine)
    asked, person = WithMind(Client(live.port)), "employee4711withaname"
    for image in people.mindy[:2]:
        assert asked.enrol("acme", person, sized(image), gender=0, age=45) == SUCCESS
    (face,), _ = engine.faceset.page("withmind/acme", 10)
    assert face.details == {"gender": 0, "age": 45}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    held = b"".join(path.read_bytes() for path in files)
    assert b"withmind/acme" in held
    for secret in (person.encode(), b"gender", b"mindy", face.vector.tobytes()[:64], people.mindy[0][-200:]):
        assert secret not in held
    assert {path.suffix for path in files} <= {".db", ".db-wal", ".db-shm", ""}
    with closing(sqlite3.connect(tmp_path / "faces.db")) as connection:
        rows = connection.execute("SELECT confidence, size, photo_sha256 FROM faces").fetchall()
    assert rows == [(None, None, None)]
    # The native dialect's clients see none of it.
    assert asked.client.get("/faces").json["total"] == 0
    assert asked.client.get(f"/faces/{face.token}").status == 404


def test_tokens_tell_people_apart() -> None:
    secrets, names = (bytes(32), bytes(31) + b"x"), (("ab", "c"), ("a", "bc"), ("abc", "d"), ("c", "ab"))
    tokens = {token_of(secret, *pair) for secret in secrets for pair in names}
    assert len(tokens) == 8
    assert all(len(token) == LENGTH and set(token) <= set(ALPHABET) for token in tokens)
    assert token_of(bytes(32), "ab", "c") in tokens


def test_the_threshold_is_a_setting(serve: Callable[..., Live], engine: FaceEngine, people: People) -> None:
    for threshold, mindy, ben in ((0.3, DISMATCH, DISMATCH), (2.0, MATCH, MATCH)):
        asked = WithMind(Client(serve(engine, withmind_threshold=threshold).port))
        assert asked.enrol("acme", "mindy", sized(people.mindy[0])) == SUCCESS
        assert asked.analyse("acme", "mindy", sized(people.mindy[1])) == {"person_1": mindy}
        assert asked.analyse("acme", "mindy", sized(people.ben[0])) == {"person_1": ben}
