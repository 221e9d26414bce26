"""GET /faces as a wall of faces asks for it, over HTTP: from any place on, in any order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine import DEFAULT_GROUP, FaceEngine
from faceset.tokens import Face
from tests.client import Client
from tests.conftest import Live
from tests.vectors import unit

NAMES = ["mary", "Zoë", "Mary Ann", "adam", "ZOE", "rosemary"]


@pytest.fixture(scope="module")
def client(
    serve: Callable[..., Live], new_engine: Callable[..., FaceEngine], tmp_path_factory: pytest.TempPathFactory
) -> Client:
    engine = new_engine(tmp_path_factory.mktemp("wall"))
    vectors = unit(np.random.default_rng(0).standard_normal((len(NAMES), 128)))
    faces = [Face(f"{place:024}", vector, name=NAMES[place]) for place, vector in enumerate(vectors)]
    engine.faceset.add(faces, DEFAULT_GROUP)
    return Client(serve(engine).port)


def shown(client: Client, **query: str | int) -> list[str]:
    return [face["face_name"] for face in client.get("/faces", **query).json["faces"]]


def test_it_begins_anywhere(client: Client) -> None:
    page = client.get("/faces", offset=2, limit=2).json
    assert [face["face_name"] for face in page["faces"]] == NAMES[2:4]
    assert page["total"] == len(NAMES)
    assert shown(client, cursor=page["cursor"]) == NAMES[4:]
    for offset in (6, 2**62):
        page = client.get("/faces", offset=offset).json
        assert (page["faces"], page["total"], page["cursor"]) == ([], len(NAMES), None)


def test_orders(client: Client) -> None:
    assert shown(client, sort="oldest") == NAMES
    assert shown(client, sort="newest") == NAMES[::-1]
    assert shown(client, sort="name") == ["adam", "mary", "Mary Ann", "rosemary", "ZOE", "Zoë"]
    assert shown(client, sort="name", face_name="MARY", offset=1, limit=1) == ["Mary Ann"]
    for order in ("newest", "name"):
        page = client.get("/faces", sort=order, face_name="mary", limit=2).json
        assert (len(page["faces"]), page["total"], page["cursor"]) == (2, 3, None)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"sort": "random"}, "oldest, newest, name"),
        ({"sort": "Name"}, "oldest, newest, name"),
        ({"offset": -1}, "a whole number from 0"),
        ({"offset": 2**62 + 1}, "a whole number from 0"),
        ({"offset": 0, "cursor": 0}, "either cursor or offset"),
        ({"sort": "newest", "cursor": 1}, "use offset"),
        ({"sort": "name", "cursor": 0}, "use offset"),
    ],
)
def test_what_does_not_go_together_is_refused(client: Client, query: dict[str, str | int], words: str) -> None:
    answer = client.get("/faces", **query)
    assert answer.error == (400, "1001", "BAD_ARGUMENTS")
    assert words in answer.json["detail"]
