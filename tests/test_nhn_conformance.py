"""The check of NHN answers sees what is wrong: it is shown the reference's own answers, each broken in one place."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.nhn_conformance import COMMON, ERRORS, FACTS, OPERATIONS, differences, refusal_differences
from tests.nhn_reference import KINDS

OUT_OF_RANGE: dict[str, tuple[Any, ...]] = {
    r"bbox\.[xy][01]|landmarks\[\]\.[xy]": (-1e-6, 1 + 1e-6, -1, 2, 300.0),
    r"orientation\.[xyz]": (-180.001, 180.001, 999),
    "confidence|similarity": (-1e-6, 100 + 1e-6, -1, 101),
    "Count": (-1,),
    "faceId|imageId": ("", "1", "87DB50D4-f2c6-b8ea-05ed-9f201309fd92", "87db50d4f2c6b8ea05ed9f201309fd92"),
    "groupId": ("", "A", "a_b", "a b", "a\n", "a" * 256),
    "externalImageId": ("", "a b", "é", "a+b", "a\n", "a" * 256),
    "createTime": ("", "2020-09-29 14:34:12", "2020-13-01T00:00:00", "2020-9-29T14:34:12", "2020-09-29T14:34:12Z"),
    "modelVersion": ("", "1.0", "v1", "v1.0 "),
    "nextToken": ("a b", "a/b", "a+b", "a=", "\n"),
    r"landmarks\[\]\.type": ("", "rightLib", "chin", "lefteye"),
    "resultCode": (-40000, 1),
    "resultMessage": ("Success", ""),
    "isSuccessful": (False,),
}
EDGES: dict[str, tuple[Any, ...]] = {
    r"bbox\.[xy]0|landmarks\[\]\.[xy]": (0, 0.0),
    r"bbox\.[xy]1": (1, 1.0),
    r"orientation\.[xyz]": (-180, 180, 0),
    "confidence|similarity": (0, 100, 100.0),
    r"groups\[\]\.faceCount": (0,),
    "groupId": ("-", "0", "a" * 255),
    "externalImageId": ("a", "A-z_0.:/", "a" * 255),
    "createTime": ("2024-02-29T00:00:00",),
    "nextToken": ("", "aA0-_.~"),
}
ANY: tuple[Any, ...] = (None, True, 7, 7.5, "text", [], {})

Route = tuple[str | int, ...]
Changes = Mapping[str, Any]
each_operation = pytest.mark.parametrize("operation", OPERATIONS)


def routes(value: Any, route: Route = ()) -> Iterator[tuple[Route, str, Any]]:
    """Yield the keys that lead to everything in a JSON value, its path as the reference writes it, and what it is."""
    path = "".join("[]" if isinstance(key, int) else f".{key}" for key in route).lstrip(".")
    yield route, path, value
    items = value if isinstance(value, list) else ()
    for key, member in value.items() if isinstance(value, dict) else enumerate(items):
        yield from routes(member, (*route, key))


def sample(operation: str) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(OPERATIONS[operation]["sample"])
    return made


def broken(operation: str, route: Route, change: Callable[[Any, Any], object]) -> list[str]:
    """Return the differences of a sample in which `change` was made to one place: a container and a key of it."""
    holder: dict[str, Any] = {"answer": sample(operation)}
    place: Any = holder
    *before, key = ("answer", *route)
    for step in before:
        place = place[step]
    change(place, key)
    return differences(operation, holder["answer"])


def put(value: Any) -> Callable[[Any, Any], None]:
    return lambda place, key: place.__setitem__(key, value)


def about(found: list[str], path: str) -> bool:
    return any(difference.startswith(f"{path}: ") for difference in found)


@each_operation
def test_the_references_own_answer_has_no_difference(operation: str) -> None:
    assert differences(operation, sample(operation)) == []


@each_operation
def test_a_field_that_is_left_out_is_noticed(operation: str) -> None:
    fields, dropped = OPERATIONS[operation]["answer"], set()
    for route, path, _ in routes(sample(operation)):
        if route and isinstance(route[-1], str):
            found = broken(operation, route, lambda place, key: place.pop(key))
            assert found == ([f"{path}: missing"] if fields[path]["required"] else []), path
            dropped.add(path)
    assert dropped == {path for path in fields if not path.endswith("[]")}


@each_operation
def test_a_value_of_another_type_is_noticed(operation: str) -> None:
    fields, tried = OPERATIONS[operation]["answer"], 0
    for route, path, value in routes(sample(operation)):
        kind = fields[path]["type"] if path else "object"
        right = {"float": ("float", "int")}.get(kind, (kind,))
        others = [other for other in ANY if KINDS.get(type(other)) not in right]
        others += [float(value)] if kind == "int" else [float("nan"), float("inf")] if kind == "float" else []
        for other in others:
            assert about(broken(operation, route, put(other)), path), (path, other)
            tried += 1
    assert tried >= 5 * len(fields)


@each_operation
def test_an_unknown_field_and_another_order_are_noticed(operation: str) -> None:
    for route, path, value in routes(sample(operation)):
        if isinstance(value, dict):
            for strange in ({**value, "strange": 1}, {"strange": None, **value}):
                assert broken(operation, route, put(strange))[0] == f"{path}.strange: unknown".lstrip("."), path
            turned = broken(operation, route, put(dict(reversed(value.items()))))
            assert [line.split(": ")[1][:13] for line in turned] == ["another order"] * (len(value) > 1), path


@each_operation
def test_a_value_out_of_range_is_noticed_and_one_at_the_edge_is_not(operation: str) -> None:
    leaves = {path for _, path, value in routes(sample(operation)) if not isinstance(value, dict | list)}
    tried: set[str] = set()
    for table, is_wrong in ((OUT_OF_RANGE, True), (EDGES, False)):
        for end, values in table.items():
            for route, path, _ in routes(sample(operation)):
                if path in leaves and re.search(f"({end})$", path):
                    tried |= {path} if is_wrong else set()
                    for value in values:
                        assert about(broken(operation, route, put(value)), path) == is_wrong, (path, value)
    assert tried == leaves


@each_operation
def test_a_count_is_of_the_array_beside_it(operation: str) -> None:
    for route, path, value in routes(sample(operation)):
        if path.endswith("Count") and path != "data.groups[].faceCount":
            for wrong in (value + 1, value - 1):
                assert f"{path}: {wrong} where" in broken(operation, route, put(wrong))[0]


@each_operation
def test_a_flat_box_and_other_landmarks_are_noticed(operation: str) -> None:
    for route, path, value in routes(sample(operation)):
        if path.endswith("bbox"):
            for flat in ({"x0": value["x1"]}, {"y0": value["y1"]}, {"x0": 1}, {"y0": 1}):
                assert f"{path}: has no area" in broken(operation, route, put(value | flat))
        if path.endswith("landmarks"):
            for points in (value[::-1], value[:4], [*value, value[4]], []):
                assert broken(operation, route, put(points)) == [f"{path}: not the five, in their order"]


def repeated(operation: str, name: str, times: int, changes: Changes, *, at: int = 0, same: bool = False) -> list[str]:
    """Return the differences when an array's first item is there so many times, with ids of their own, one changed."""

    def repeat(answer: Any, key: str) -> None:
        data = answer[key]
        items = data[name] = [copy.deepcopy(data[name][0]) for _ in range(times)]
        for number, item in enumerate(items if not same else ()):
            face = item.get("face", item)
            face |= {"faceId": f"{number:08x}{face['faceId'][8:]}"} if "faceId" in face else {}
            face |= {"groupId": f"group-{number}"} if "groupId" in face else {}
        items[at] |= changes
        data[f"{name[:-1]}Count"] = times
        if name == "addedFaces":
            data["addedFaceDetails"] *= times

    return broken(operation, ("data",), repeat)


@pytest.mark.parametrize(
    ("operation", "name", "most"),
    [
        ("detect", "faceDetails", 100),
        ("list_groups", "groups", 200),
        ("list_faces", "faces", 200),
        ("add_faces", "addedFaces", 100),
        ("search_by_face", "matchFaces", 4096),
        ("search_by_image", "matchFaces", 4096),
        ("show_group", "groups", 1),
    ],
)
def test_a_list_that_is_too_long_or_has_a_row_twice_is_noticed(operation: str, name: str, most: int) -> None:
    assert repeated(operation, name, most, {}) == []
    assert "more " in repeated(operation, name, most + 1, {})[0]
    twice = repeated(operation, name, most, {}, same=True)
    # A detected face has no id, and one group cannot be there twice.
    assert [line.endswith("twice in one answer") for line in twice] == [True] * (name != "faceDetails" and most > 1)


SMALL = {"x0": 0.4, "y0": 0.3, "x1": 0.5, "y1": 0.4}


@pytest.mark.parametrize(
    ("operation", "name", "changes", "word"),
    [
        ("detect", "faceDetails", {"bbox": SMALL}, "largest"),
        ("add_faces", "notAddedFaces", {"bbox": SMALL}, "largest"),
        ("search_by_face", "matchFaces", {"similarity": 99.0}, "similar"),
        ("search_by_image", "matchFaces", {"similarity": 99.0}, "similar"),
        ("compare", "matchedFaceDetails", {"similarity": 90.0}, "similar"),
        ("compare", "unmatchedFaceDetails", {"similarity": 60.0}, "similar"),
    ],
)
def test_an_unsorted_list_is_noticed(operation: str, name: str, changes: Changes, word: str) -> None:
    assert repeated(operation, name, 3, changes, at=2) == []
    for at in (0, 1):
        assert word in repeated(operation, name, 3, changes, at=at)[0]


def test_each_list_of_a_pair_goes_on_where_the_other_ends() -> None:
    assert "largest" in repeated("add_faces", "notAddedFaces", 1, {"bbox": {**SMALL, "x0": 0, "y1": 1}})[0]
    assert "similar" in repeated("compare", "unmatchedFaceDetails", 1, {"similarity": 91})[0]


def test_what_was_added_is_of_one_image_and_has_its_own_details() -> None:
    changes: list[Changes] = [{"imageId": "00000000-d4f2-c6b8-ea05-edf2013089fd"}, {"externalImageId": "other"}]
    assert all("of more than one image" in repeated("add_faces", "addedFaces", 2, one)[0] for one in changes)
    changes = [{"bbox": SMALL}, {"confidence": 99}]
    assert all("not of the faces" in repeated("add_faces", "addedFaces", 1, one)[0] for one in changes)


def refusal(code: Any, message: Any, good: Any = False) -> dict[str, Any]:
    return {"header": {"isSuccessful": good, "resultCode": code, "resultMessage": message}}


@each_operation
def test_an_operation_refuses_by_its_own_rows_only(operation: str) -> None:
    for row in frozenset.union(*ERRORS.values()):
        assert (refusal_differences(operation, refusal(*row)) == []) == (row in ERRORS[operation]), row
        assert (refusal_differences(None, refusal(*row)) == []) == (row in COMMON), row
    for code, message in ERRORS[operation]:
        for strange in ((code + 1, message), (code, message.lower()), (str(code), message), (float(code), message)):
            assert refusal_differences(operation, refusal(*strange)), strange
        for good in (True, 0, None, "false"):
            assert refusal_differences(operation, refusal(code, message, good)), good
        assert differences(operation, refusal(code, message)), "a refusal is no good answer"
    assert refusal_differences(operation, sample(operation)), "a good answer is no refusal"


def test_a_refusal_has_its_header_alone() -> None:
    header = FACTS["failure"]["header"]
    lacking = [{key: value for key, value in header.items() if key != name} for name in header]
    headers: list[Any] = [dict(reversed(header.items())), {**header, "detail": ""}, [], None, *lacking]
    answers: list[Any] = [{"header": header, "data": {}}, {"header": header, "data": None}, {}, [], None, "header"]
    for answer in (*answers, *({"header": wrong} for wrong in headers)):
        assert refusal_differences(None, answer)
    assert refusal_differences(None, FACTS["failure"]) == []
