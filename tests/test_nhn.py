"""The NHN dialect by its reference: eleven operations on a good day, every row of every error table, every range."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest

from similarity import similarity
from tests.nhn_client import CHECKED, promised, tally
from tests.nhn_conformance import OPERATIONS
from tests.nhn_refusals import CASES, Row, asked_well
from tests.nhn_world import CROWD, STRANGE, WITH_A_FACE, World, open_world, world

__all__ = ["open_world", "world"]

INVALID = (-40000, "InvalidParam")


@pytest.fixture(scope="module")
def refused(world: World) -> Callable[[Row], list[Any]]:
    """Return a function that asks what must be refused by a row, once."""

    @cache
    def ask(row: Row) -> list[Any]:
        return list(CASES[row](world))

    return ask


@pytest.fixture(scope="module")
def day(world: World) -> dict[str, Any]:
    """Ask for each operation once, and return what each answered."""
    app, group, checked = world.app, "a-good-day", world.checked
    answers = {
        "create_group": checked.create_group(app, group),
        "add_faces": checked.add_faces(app, group, world.crowd, 2, "crowd_1.jpg"),
    }
    faces = [face["faceId"] for face in answers["add_faces"]["addedFaces"]]
    return answers | {
        "list_groups": checked.list_groups(app),
        "show_group": checked.show_group(app, group),
        "list_faces": checked.list_faces(app, group),
        "detect": checked.detect(app, world.crowd),
        "search_by_face": checked.search_by_face(app, group, faces[0], 1),
        "search_by_image": checked.search_by_image(app, group, world.crowd, 1),
        "compare": checked.compare(app, world.portrait(), world.crowd, 60),
        "delete_face": checked.delete_face(app, group, faces[1]),
        "left": checked.list_faces(app, group),
        "delete_group": checked.delete_group(app, group),
        "gone": checked.show_group(app, group),
    }


def test_what_is_added_is_listed_found_and_deleted(day: dict[str, Any]) -> None:
    seen = day["detect"]["faceDetails"]
    added = day["add_faces"]
    assert len(seen) == len(CROWD)
    assert [added["addedFaceDetails"], added["notAddedFaces"]] == [seen[:2], seen[2:]]
    assert {face["externalImageId"] for face in added["addedFaces"]} == {"crowd_1.jpg"}
    assert day["list_faces"]["faces"] == added["addedFaces"][::-1]
    assert "a-good-day" in [group["groupId"] for group in day["list_groups"]["groups"]]
    (group,) = day["show_group"]["groups"]
    assert (group["groupId"], group["faceCount"]) == ("a-good-day", 2)
    made = datetime.fromisoformat(group["createTime"]).replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - made) < timedelta(minutes=5)
    largest, second = added["addedFaces"]
    assert [match["face"] for match in day["search_by_face"]["matchFaces"]] == [second]
    assert [match["face"] for match in day["search_by_image"]["matchFaces"]] == [largest, second]
    assert day["search_by_image"]["matchFaces"][0]["similarity"] > 99.9
    assert day["search_by_image"]["sourceFace"] == {key: largest[key] for key in ("bbox", "confidence")}
    assert [day["compare"][f"{kind}FaceDetailCount"] for kind in ("matched", "unmatched")] == [1, 2]
    assert day["compare"]["matchedFaceDetails"][0]["faceDetail"] == seen[0]
    assert [day[name] for name in ("create_group", "delete_face", "delete_group")] == [None] * 3
    assert day["left"]["faces"] == [largest]
    assert day["gone"] == (-40000, "NotFoundGroupError")


@pytest.mark.parametrize("row", CASES, ids=[" ".join(map(str, row)) for row in CASES])
def test_a_row_of_the_error_tables(refused: Callable[[Row], list[Any]], row: Row) -> None:
    answers = refused(row)
    assert answers
    assert [answer for answer in answers if answer != row[1:]] == []


def test_group_ids_and_the_order_of_groups(world: World) -> None:
    tenant = world.engine.faceset.tenants.add("order")
    assert world.checked.list_groups(tenant) == {"groupCount": 0, "groups": [], "nextToken": ""}
    made = ["z", "-", "0", "a" * 255, "a", "a-b-9"]
    for group in made:
        assert world.checked.create_group(tenant, group) is None
    listed = world.checked.list_groups(tenant)
    assert [group["groupId"] for group in listed["groups"]] == made
    assert listed["nextToken"] == ""
    pages = [world.checked.list_groups(tenant, 4)]
    pages.append(world.checked.list_groups(tenant, token=pages[0]["nextToken"]))
    assert [page["groupCount"] for page in pages] == [4, 2]
    assert [group for page in pages for group in page["groups"]] == listed["groups"]
    assert [bool(page["nextToken"]) for page in pages] == [True, False]
    world.engine.faceset.tenants.remove("order")
    assert world.checked.list_groups(tenant) == (-41000, "UnauthorizedAppKey")
    assert [group["groupId"] for group in world.checked.list_groups(world.app)["groups"]].count("a") == 0


def test_faces_are_listed_newest_first(world: World) -> None:
    group = world.new_group(*CROWD)
    faces = world.checked.list_faces(world.app, group)["faces"]
    assert [face["externalImageId"] for face in faces] == list(CROWD[::-1])
    first = world.checked.list_faces(world.app, group, 2)
    # What is added meanwhile is newer than what is still to come.
    assert world.checked.add_faces(world.app, group, world.portrait())["addedFaceCount"] == 1
    second = world.checked.list_faces(world.app, group, token=first["nextToken"])
    assert (first["faces"], second["faces"], second["nextToken"]) == (faces[:2], faces[2:], "")


def test_an_empty_group(world: World) -> None:
    group = world.new_group()
    empty = {"modelVersion": "v1.0", "faceCount": 0, "faces": [], "nextToken": ""}
    assert world.checked.list_faces(world.app, group) == empty
    found = world.checked.search_by_image(world.app, group, world.portrait(), 1)
    assert (found["matchFaceCount"], found["matchFaces"]) == (0, [])
    assert world.checked.show_group(world.app, group)["groups"][0]["faceCount"] == 0


@pytest.mark.parametrize("given", ["a", "image01.jpg", "A-z_0.9:/", "0" * 255])
def test_an_external_id_comes_back_as_it_was(world: World, given: str) -> None:
    group = world.new_group()
    added = world.checked.add_faces(world.app, group, world.portrait(), external_id=given)["addedFaces"]
    assert [face["externalImageId"] for face in added] == [given]
    assert world.checked.list_faces(world.app, group)["faces"] == added


def test_without_an_external_id_there_is_none_and_image_ids_are_always_new(world: World) -> None:
    group = world.new_group()
    images = set()
    for given in (None, "", None):
        added = world.checked.add_faces(world.app, group, world.crowd, external_id=given)
        assert added["addedFaceCount"] == 3
        assert len({face["imageId"] for face in added["addedFaces"]}) == 1
        images.add(added["addedFaces"][0]["imageId"])
        assert all("externalImageId" not in face for face in added["addedFaces"])
    listed = world.checked.list_faces(world.app, group)["faces"]
    found = world.checked.search_by_face(world.app, group, listed[0]["faceId"])["matchFaces"]
    assert len(images) == 3
    assert len(listed) == len({face["faceId"] for face in listed}) == 9
    assert all("externalImageId" not in face for face in [*listed, *(match["face"] for match in found)])


def test_a_search_answers_the_nearest_of_the_others_first(world: World) -> None:
    group = world.new_group(*WITH_A_FACE, "ben_afflek")
    ids = world.ids(group)
    vectors = {face: world.vector(group, face) for face in ids}
    for face in ids:
        lengths = {other: float(np.linalg.norm(vectors[face] - vectors[other])) for other in ids if other != face}
        nearest = sorted(lengths, key=lambda other: (lengths[other], other))
        all_of = world.checked.search_by_face(world.app, group, face, 1)["matchFaces"]
        assert [match["face"]["faceId"] for match in all_of] == nearest
        values = [match["similarity"] for match in all_of]
        assert values == pytest.approx([similarity(lengths[other]) for other in nearest], abs=1e-3)
        for limit in (1, 2, 4096):
            assert world.checked.search_by_face(world.app, group, face, 1, limit)["matchFaces"] == all_of[:limit]
        for threshold in (1, 25, 50, 75, 100):
            near = world.checked.search_by_face(world.app, group, face, threshold)["matchFaces"]
            assert near == [match for match in all_of if match["similarity"] >= threshold]
    # The same portrait twice: equal vectors, the largest similarity there is.
    same = world.checked.search_by_face(world.app, group, ids[0], 100)["matchFaces"]
    assert [(match["face"]["externalImageId"], match["similarity"]) for match in same] == [("ben_afflek", 100)]
    by_image = world.checked.search_by_image(world.app, group, world.portrait(), 100)["matchFaces"]
    assert {match["face"]["faceId"] for match in by_image} == {ids[0], ids[-1]}


@pytest.mark.parametrize(
    ("operation", "most"),
    [("list_groups", 200), ("list_faces", 200), ("search_by_face", 4096), ("search_by_image", 4096)],
)
def test_the_edges_of_limit_in_the_query(world: World, operation: str, most: int) -> None:
    group = world.new_group("ben_afflek")
    (face,) = world.ids(group)
    for limit in (1, "007", most):
        query = {"limit": limit, "threshold": 100}
        body = {"image": {"url": world.url("photo.jpg")}}
        assert "isSuccessful" not in world.checked.ask(operation, world.app, group, face, query=query, body=body)
    assert asked_well(world, operation, group, face, limit=most + 1) == INVALID
    target = f"{OPERATIONS[operation]['path']}?limit=1&limit=1&threshold=1".replace("{appKey}", world.app.app_key)
    target = target.replace("{group-id}", group).replace("{face-id}", face)
    headers = {"Authorization": world.app.secret}
    method = OPERATIONS[operation]["method"]
    assert world.checked.send(operation, method, target, b"{}", headers) == INVALID


def test_a_file_that_is_gone_takes_no_change_and_is_read_on(world: World) -> None:
    group = world.new_group("ben_afflek")
    (face,) = world.ids(group)
    path, away = world.folder / "faces.db", world.folder / "away.db"
    path.rename(away)
    try:
        for operation in ("create_group", "delete_group", "delete_face"):
            named = "another" if operation == "create_group" else group
            assert asked_well(world, operation, named, face) == (-50000, "InternalServerError")
        assert world.checked.add_faces(world.app, group, world.portrait()) == (-50000, "InternalServerError")
        assert world.ids(group) == [face]
    finally:
        away.rename(path)
    assert world.ids(group) == [face]
    assert world.checked.show_group(world.app, "another") == (-40000, "NotFoundGroupError")


def test_requests_that_are_for_no_operation(world: World) -> None:
    root, headers = f"/nhn-face-reco/v1.0/appkeys/{world.app.app_key}", {"Authorization": world.app.secret}
    group = world.new_group()
    paths = ["", "/", "/nothing", "/groups/", "//groups?limit=1", "/groups//", f"/groups//{group}", "/detect/"]
    paths += [f"/groups/{group}/", f"/groups/{group}/faces/", f"/groups/{group}/faces/{STRANGE}/x", "/Groups?limit=1"]
    for path in paths:
        for method in ("GET", "POST"):
            assert world.checked.send(None, method, root + path, b"{}", headers) == INVALID, path
    for method in ("PUT", "PATCH", "OPTIONS", "TRACE", "BREW"):
        for path in ("/groups", f"/groups/{group}", "/detect", "/compare"):
            assert world.checked.send(None, method, root + path, None, headers) == INVALID, (method, path)
    for method, path in (("DELETE", "/groups"), ("GET", "/detect"), ("POST", f"/groups/{group}/faces")):
        assert world.checked.send(None, method, root + path, None, headers) == INVALID
    assert world.checked.send(None, "GET", root.removesuffix(world.app.app_key), None, headers) == INVALID
    head = world.client.request("HEAD", f"{root}/groups?limit=1", None, headers)
    assert (head.status, head.body, head.headers["Content-Type"]) == (200, b"", "application/json")


@pytest.mark.usefixtures("day")
def test_nothing_of_the_reference_was_left_out(refused: Callable[[Row], list[Any]]) -> None:
    for row in CASES:
        refused(row)
    assert sorted(promised() - CHECKED.keys(), key=str) == []
    print(f"\nNHN: {tally()}")
