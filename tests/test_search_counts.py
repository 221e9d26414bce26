"""What a search counts, over HTTP: `total` and `histogram`, of all that are within the threshold, but oneself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

import numpy as np
import pytest

from engine import DEFAULT_GROUP, FaceEngine
from faceset.nearest import Nearest
from faceset.tokens import Face
from model.base import EMBEDDING_DIM
from tests.client import Client, field
from tests.conftest import Live

OWN, OTHERS = f"{0:024}", 400
ANSWERED = {"sucess", "success", "face_token", "threshold", "cmp_result", "total"}


@pytest.fixture(scope="module")
def engine(new_engine: Callable[..., FaceEngine], tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaceEngine]:
    """Faces from 0 to 1.6 away from the first, two of each distance, many at an edge."""
    made = new_engine(tmp_path_factory.mktemp("counts"))
    away = np.repeat(np.append(np.linspace(0, 1.6, 80), np.arange(120) / 100), 2)
    vectors = np.zeros((1 + OTHERS, EMBEDDING_DIM), np.float32)
    vectors[1:, 3] = away
    faces = [Face(f"{row:024}", vector, name=f"person {row}") for row, vector in enumerate(vectors)]
    made.faceset.add(faces, DEFAULT_GROUP)
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(serve: Callable[..., Live], engine: FaceEngine) -> Client:
    return Client(serve(engine).port)


def searched(client: Client, **asked: str | int) -> Any:
    answer = client.get("/search", face_token=OWN, **asked)
    assert answer.status == 200, answer.body
    return answer.json


def test_the_bins_add_up_to_the_totals_of_searches_at_their_edges(client: Client) -> None:
    found = searched(client, threshold="1.4", limit=50, bins=140)
    assert set(found) == {*ANSWERED, "histogram"}
    assert len(found["histogram"]) == 140
    assert len(found["cmp_result"]) == 50
    assert sum(found["histogram"]) == found["total"] < OTHERS
    for place, total in enumerate(accumulate(found["histogram"]), 1):
        assert total == searched(client, threshold=f"{place / 100:.2f}", limit=1)["total"]


def test_bins_change_nothing_else_and_their_absence_nothing_at_all(client: Client) -> None:
    plain, binned = searched(client, threshold="0.65"), searched(client, threshold="0.65", bins=3)
    assert set(plain) == ANSWERED
    assert {key: value for key, value in binned.items() if key != "histogram"} == plain
    assert plain["total"] == len(plain["cmp_result"]) == sum(binned["histogram"])
    assert OWN not in [match["face_token"] for match in plain["cmp_result"]]
    form = field("face_token", OWN), field("threshold", "0.65"), field("bins", "3")
    assert client.post("/search", *form).json == binned
    assert plain["cmp_result"][0]["face_name"] == "person 1"


@pytest.mark.parametrize("bins", ["0", "1001", "-1", "1.5", "many"])
def test_bins_that_are_no_number_of_bins(client: Client, bins: str) -> None:
    answer = client.get("/search", face_token=OWN, threshold="1", bins=bins)
    assert answer.error == (400, "1001", "BAD_ARGUMENTS")
    assert "bins must be a whole number from 1 to 1000" in answer.json["detail"]


def test_a_thousand_bins_and_one(client: Client) -> None:
    assert len(searched(client, threshold="1.4", bins=1000)["histogram"]) == 1000
    found = searched(client, threshold="0", bins=1)
    assert found["histogram"] == [found["total"]] == [4]


def test_a_face_that_goes_before_it_is_named_is_counted_nowhere(
    client: Client, engine: FaceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = searched(client, threshold="1.4", limit=5, bins=14)
    nearest, gone = engine.faceset.nearest, before["cmp_result"][1]["face_token"]
    face = engine.faceset.get(gone, DEFAULT_GROUP)
    assert face is not None

    def and_then_remove(*arguments: Any) -> Nearest:
        found = nearest(*arguments)
        engine.faceset.remove([gone], DEFAULT_GROUP)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(engine.faceset, "nearest", and_then_remove)
        after = searched(client, threshold="1.4", limit=5, bins=14)
    engine.faceset.add([face], DEFAULT_GROUP)
    assert [match["face_token"] for match in after["cmp_result"]] == [
        match["face_token"] for match in before["cmp_result"] if match["face_token"] != gone
    ]
    assert after["total"] == before["total"] - 1
    assert after["histogram"] == [before["histogram"][0] - 1, *before["histogram"][1:]]
