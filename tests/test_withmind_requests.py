"""WithMind: sizes, types and fields of a request, right and wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from engine import FaceEngine
from errors import FaceError, InternalError, Overloaded, StartError
from server import create_app
from serving import Server
from settings import Settings
from tests.client import FORM, Client, Part, field, multipart, photo
from tests.conftest import Live
from tests.pictures import decoded, encoded
from tests.withmind_client import (
    ANALYSIS,
    DISMATCH,
    ENROLMENT,
    FAIL,
    INSIDE,
    MATCH,
    SIZE,
    SUCCESS,
    TYPE,
    UNREGISTERED,
    People,
    WithMind,
    checked,
    sized,
)
from tests.withmind_server import asked, live, people

__all__ = ["asked", "live", "people"]

LEAST, MOST = 300_000, 512_000

PATHS = (ENROLMENT, ENROLMENT[:-1], ANALYSIS, ANALYSIS[:-1])


@pytest.mark.parametrize(("size", "fits"), [(LEAST - 1, False), (LEAST, True), (MOST, True), (MOST + 1, False)])
def test_the_window_of_sizes(asked: WithMind, people: People, size: int, fits: bool) -> None:
    for kind in (".jpg", ".png"):
        image = sized(encoded(decoded(people.mindy[1]), kind), size)
        assert asked.enrol("acme", "window", image) == (SUCCESS if fits else SIZE)
        assert asked.analyse("acme", "mindy", image) == ({"person_1": MATCH} if fits else SIZE)


@pytest.mark.parametrize("size", [0, 1, 1_000_000, 1_024_000, 3_000_000, 5_000_000])
def test_a_message_of_any_other_size(asked: WithMind, size: int) -> None:
    assert asked.enrol("acme", "nobody", bytes(size)) == SIZE
    assert asked.analyse("acme", "mindy", bytes(size)) == SIZE


def test_a_message_over_its_limit_is_not_even_read(asked: WithMind) -> None:
    for path in (ENROLMENT, ANALYSIS):
        assert asked.request("POST", path, bytes(1_024_001), {"Content-Type": "application/json"}) == SIZE
        for pieces in (11, 60):
            assert asked.request("POST", path, (bytes(100_000) for _ in range(pieces))) == SIZE
        assert asked.request("POST", path, bytes(1_024_000), {"Content-Type": "application/json"}) == FAIL


OTHER_TYPES = {
    "text": b"not a photo",
    "GIF": b"GIF89a" + bytes(100),
    "BMP": encoded(np.zeros((64, 64, 3), np.uint8), ".bmp"),
    "WebP": encoded(np.zeros((64, 64, 3), np.uint8), ".webp"),
    "PDF": b"%PDF-1.7",
}


@pytest.mark.parametrize("kind", OTHER_TYPES)
def test_a_file_of_another_type(asked: WithMind, kind: str) -> None:
    image = OTHER_TYPES[kind].ljust(INSIDE, b"\0")
    assert asked.enrol("acme", "nobody", image) == TYPE
    # The analysis documents no answer of that name.
    assert asked.analyse("acme", "mindy", image) == FAIL


NAMES = ("", " ", "Acme", "ac me", "ac-me", "acmé", "\uff41cme", "acme\n", "a\0b", "../acme", "a" * 65, "٣")
AGES = ("-1", "151", "4.5", "1e1", "forty", " 40", "٣", "9" * 40)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("company", name) for name in NAMES),
        *(("id", name) for name in NAMES),
        *(("gender", text) for text in ("2", "-1", "male", "01x", "1.0", "true")),
        *(("age", text) for text in AGES),
    ],
)
def test_a_bad_field(asked: WithMind, people: People, name: str, value: str) -> None:
    given = {"company": "acme", "id": "mindy", "gender": "1", "age": "40", name: value}
    fields = [field(key, text) for key, text in given.items()]
    image = photo(sized(people.ben[0]), "image")
    assert asked.send(ENROLMENT, *fields, image) == FAIL
    if name in ("company", "id"):
        assert asked.send(ANALYSIS, *fields, image) == FAIL


def test_a_missing_field_or_one_too_many(asked: WithMind, people: People) -> None:
    company, person, image = field("company", "acme"), field("id", "mindy"), photo(sized(people.ben[0]), "image")
    as_text, other = Part("image", sized(people.ben[0])), photo(sized(people.ben[0]), "photo")
    forms: list[list[Part]] = [
        [],
        [company, person],
        [company, image],
        [person, image],
        [company, person, as_text],
        [company, person, other],
        [company, company, person, image],
        [company, person, person, image],
        [company, person, image, image],
        [company, photo(b"mindy", "id"), image],
    ]
    for form in forms:
        assert asked.send(ENROLMENT, *form) == FAIL
        assert asked.send(ANALYSIS, *form) == FAIL
    assert asked.analyse("acme", "mindy", sized(people.mindy[1])) == {"person_1": MATCH}


def test_what_is_checked_first(asked: WithMind, people: People) -> None:
    assert asked.enrol("Acme", "mindy", bytes(10)) == FAIL
    assert asked.enrol("acme", "mindy", bytes(10), age="old") == FAIL
    assert asked.enrol("acme", "mindy", bytes(10)) == SIZE
    assert asked.analyse("Acme", "mindy", bytes(10)) == FAIL
    assert asked.analyse("acme", "nobody", bytes(10)) == SIZE
    assert asked.analyse("acme", "nobody", bytes(INSIDE)) == UNREGISTERED


def test_names_and_ages_at_their_limits(asked: WithMind, people: People) -> None:
    for company, person, fields in (
        ("a" * 64, "0" * 64, {"gender": 1, "age": 150}),
        ("0", "z", {"gender": 0, "age": 0}),
        ("9", "9", {"gender": "", "age": "", "name": "Mindy", "group": "x"}),
    ):
        assert asked.enrol(company, person, sized(people.mindy[0]), **fields) == SUCCESS
        assert asked.analyse(company, person, sized(people.mindy[1])) == {"person_1": MATCH}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method(asked: WithMind, method: str) -> None:
    for path in PATHS:
        deletes = path.startswith(ENROLMENT[:-1])
        answer = asked.client.request(method, f"{path}?company=acme&id=nobody")
        assert checked(path, answer) == (UNREGISTERED if deletes and method == "DELETE" else FAIL)
        if method != "DELETE" or not deletes:
            assert answer.headers["Allow"] == ("DELETE, OPTIONS, POST" if deletes else "OPTIONS, POST")


FOREIGN = (
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
)


@pytest.mark.parametrize("headers", FOREIGN)
def test_the_page_of_another_origin_changes_nobody(
    asked: WithMind, people: People, live: Live, serve: Callable[..., Live], headers: dict[str, str]
) -> None:
    body = multipart([field("company", "acme"), field("id", "mindy"), photo(sized(people.ben[0]), "image")])
    target = f"{ENROLMENT}?company=acme&id=mindy"
    form = {"Content-Type": FORM}
    for path in PATHS:
        # A message that is too large is not told so.
        for sent in (body, bytes(1_024_001)):
            assert asked.request("POST", path, sent, {**headers, **form}) == FAIL
    assert asked.request("DELETE", target, headers=headers) == FAIL
    assert asked.analyse("acme", "mindy", sized(people.mindy[1])) == {"person_1": MATCH}
    own = {"Sec-Fetch-Site": "same-origin", "Origin": live.url}
    assert asked.request("POST", ANALYSIS, body, {**own, **form}) == {"person_1": DISMATCH}
    for settings in ({"page": False}, {"cors_origins": (headers.get("Origin", "*"),)}):
        open_to_it = WithMind(Client(serve(live.engine, **settings).port))
        assert open_to_it.request("POST", ANALYSIS, body, {**headers, **form}) == {"person_1": DISMATCH}


def test_a_path_that_begins_alike(asked: WithMind) -> None:
    for path in PATHS:
        for more in ("//", "/acme", "x", "/../", "/%2e"):
            assert asked.request("POST", path + more, b"") == FAIL


def test_a_server_that_starts_or_fails(people: People) -> None:
    for error, seconds in ((Overloaded("the server is starting", 7), "7"), (InternalError("the disk is full"), None)):

        def engine(error: FaceError = error) -> FaceEngine:
            raise error

        settings = Settings(host="127.0.0.1", port=0, threads=1, queue=0)
        server = Server(create_app(settings, engine), settings)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            for path in (ENROLMENT, ANALYSIS):
                parts = field("company", "acme"), field("id", "mindy"), photo(sized(people.mindy[0]), "image")
                answer = Client(server.port).post(path, *parts)
                assert checked(path, answer) == FAIL
                assert answer.headers["Retry-After"] == seconds
        finally:
            server.stop()
            thread.join(10)


@pytest.mark.parametrize("sizes", [(501, 500, 1000), (300, 500, 499)])
def test_a_window_that_lets_nothing_in_stops_the_start(sizes: tuple[int, int, int]) -> None:
    least, most, message = sizes
    settings = Settings(withmind_min_kb=least, withmind_max_kb=most, withmind_message_kb=message)
    with pytest.raises(StartError, match="FACETOKEN_WITHMIND_MIN_KB"):
        create_app(settings, nobody)


def nobody() -> FaceEngine:
    raise InternalError("nobody asks for it")


def test_the_window_is_a_setting(serve: Callable[..., Live], engine: FaceEngine, people: People) -> None:
    live = serve(engine, withmind_min_kb=0, withmind_max_kb=20, withmind_message_kb=50)
    asked = WithMind(Client(live.port))
    assert asked.enrol("acme", "mindy", people.mindy[0]) == SUCCESS
    assert asked.analyse("acme", "mindy", b"") == FAIL
    assert asked.analyse("acme", "mindy", bytes(20 * 1024 + 1)) == SIZE
    assert asked.request("POST", ANALYSIS, bytes(50 * 1024 + 1)) == SIZE


def test_a_server_without_the_dialect(serve: Callable[..., Live], engine: FaceEngine) -> None:
    client = Client(serve(engine, dialects=("nhn",)).port)
    for path in PATHS:
        assert client.post(path).error == (404, "1001", "BAD_ARGUMENTS")
