"""Tell where an answer of the NHN dialect is not what its wire reference promises.

The fields, their types, order and codes are the reference's own (tests/data/nhn.json, made by tests/nhn_reference.py).
What it says in words only, a summary of it says, or it leaves open, stands here: ranges, shapes and relations.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.nhn_reference import walk

FACTS = json.loads((Path(__file__).parent / "data" / "nhn.json").read_text())
OPERATIONS: dict[str, dict[str, Any]] = FACTS["operations"]

Rows = frozenset[tuple[int, str]]
ERRORS: dict[str, Rows] = {
    name: frozenset((code, message) for code, message in facts["errors"]) for name, facts in OPERATIONS.items()
}
COMMON = frozenset.intersection(*ERRORS.values())
"""What every operation may refuse, and so a request that is for none."""

MISSPELT = {"rightLib": "rightLip"}
"""The tables have the one, the sample answers the other; clients read answers."""


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


KINDS: dict[str, Callable[[Any], bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "int": _whole,
    "float": lambda value: _whole(value) or (isinstance(value, float) and math.isfinite(value)),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _within(least: float, most: float) -> Callable[[Any], bool]:
    return lambda value: least <= value <= most


def _shaped(pattern: str) -> Callable[[Any], bool]:
    return lambda value: re.fullmatch(pattern, value) is not None


def _is_time(value: Any) -> bool:
    try:
        return bool(value == datetime.strptime(value, "%Y-%m-%dT%H:%M:%S").isoformat())
    except ValueError:
        return False


LEAVES: tuple[tuple[str, Callable[[Any], bool]], ...] = (
    (r"bbox\.[xy][01]|landmarks\[\]\.[xy]", _within(0, 1)),
    (r"orientation\.[xyz]", _within(-180, 180)),
    (r"\.confidence", _within(0, 100)),
    (r"Count", _within(0, math.inf)),
    (r"\.faceId|\.imageId", _shaped(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")),
    (r"\.groupId", _shaped(OPERATIONS["create_group"]["request"]["groupId"]["pattern"])),
    # The reference's `.-:` may be read as the range from point to colon, or as the three; an answer may have either.
    (r"\.externalImageId", _shaped(r"[a-zA-Z0-9_.\-:/]{1,255}")),
    (r"\.createTime", _is_time),
    (r"\.modelVersion", _shaped(r"v[0-9]+\.[0-9]+")),
    # Clients put it into a URL as it is. It is required behind the last page too, where only emptiness can say so.
    (r"\.nextToken", _shaped(r"[A-Za-z0-9._~-]*")),
)
"""What a value must be, by the end of its path."""

LARGEST_FIRST = {"detect": ("faceDetails",), "add_faces": ("addedFaceDetails", "notAddedFaces")}
MOST_SIMILAR_FIRST = {
    "search_by_face": ("matchFaces",),
    "search_by_image": ("matchFaces",),
    "compare": ("matchedFaceDetails", "unmatchedFaceDetails"),
}
"""Arrays of `data` that are sorted, each behind the one before."""

ROUNDING = 1e-9


def differences(operation: str, answer: Any) -> list[str]:
    """Return in words where a good answer is not the operation's; relations are looked at when all else is right."""
    found = list(_value(operation, "", answer))
    if found:
        return found
    promised = OPERATIONS[operation]["sample"]["header"]
    found = [f"header.{name}: no success" for name in promised if answer["header"][name] != promised[name]]
    return [*found, *_relations(operation, answer.get("data", {}))]


def refusal_differences(operation: str | None, answer: Any) -> list[str]:
    """Return in words where an answer is not a refusal of the operation's, or of any where the request is for none."""
    header = answer.get("header") if isinstance(answer, dict) else None
    promised = FACTS["failure"]["header"]
    if not isinstance(header, dict) or list(answer) != ["header"] or list(header) != list(promised):
        return ["a refusal has a header and nothing else, with the fields and the order of the reference's own"]
    if any(type(header[name]) is not type(promised[name]) for name in promised) or header["isSuccessful"]:
        return ["header: a field has another type than in the reference's own, or tells of success"]
    row = header["resultCode"], header["resultMessage"]
    return [] if row in (ERRORS[operation] if operation else COMMON) else [f"{operation} has no error {row}"]


@cache
def members(operation: str) -> dict[str, list[str]]:
    """Return the names in each object of an answer, by its path, in their order."""
    found: dict[str, list[str]] = {}
    for path in OPERATIONS[operation]["answer"]:
        parent, _, name = path.rpartition(".")
        if not name.endswith("[]"):
            found.setdefault(parent, []).append(name)
    return found


def _value(operation: str, path: str, value: Any) -> Iterator[str]:
    about = OPERATIONS[operation]["answer"].get(path, {"type": "object"})
    if not KINDS[about["type"]](value):
        yield f"{path}: {value!r:.60} is no {about['type']}"
    elif isinstance(value, dict):
        yield from _object(operation, path, value)
    elif isinstance(value, list):
        for item in value:
            yield from _value(operation, f"{path}[]", item)
    else:
        yield from _leaf(path, value, about)


def _object(operation: str, path: str, value: dict[str, Any]) -> Iterator[str]:
    below = f"{path}." if path else ""
    known, fields = members(operation)[path], OPERATIONS[operation]["answer"]
    yield from (f"{below}{name}: unknown" for name in value if name not in known)
    yield from (f"{below}{name}: missing" for name in known if name not in value and fields[below + name]["required"])
    if [name for name in value if name in known] != [name for name in known if name in value]:
        yield f"{path}: another order than {known}"
    for name in known:
        if name in value:
            yield from _value(operation, below + name, value[name])


def _leaf(path: str, value: Any, about: dict[str, Any]) -> Iterator[str]:
    if "values" in about and value not in [MISSPELT.get(name, name) for name in about["values"]]:
        yield f"{path}: {value!r:.60} is none of those that may be"
    if "least" in about and not about["least"] <= value <= about["most"]:
        yield f"{path}: {value!r:.60} is not from {about['least']} to {about['most']}"
    for end, is_right in LEAVES:
        if re.search(f"({end})$", path) and not is_right(value):
            yield f"{path}: {value!r:.60} is out of range, or of another shape"


def _relations(operation: str, data: dict[str, Any]) -> Iterator[str]:
    for path, value in walk(data, "data"):
        if isinstance(value, dict):
            yield from _counts(path, value)
        if path.endswith(".bbox") and not (value["x0"] < value["x1"] and value["y0"] < value["y1"]):
            yield f"{path}: has no area"
        if path.endswith(".landmarks") and [point["type"] for point in value] != _landmarks():
            yield f"{path}: not the five, in their order"
    for name in ("faceId", "groupId"):
        seen = [value for path, value in walk(data) if path.endswith(f".{name}")]
        if len(set(seen)) < len(seen):
            yield f"{name}: twice in one answer"
    yield from _sorted(operation, data)
    yield from _lengths(operation, data)
    if operation == "add_faces":
        yield from _added(data)


def _counts(path: str, value: dict[str, Any]) -> Iterator[str]:
    """Compare counts with arrays: groupCount is of `groups`, so of the page and not of all pages."""
    for name, count in value.items():
        counted = value.get(name.removesuffix("Count") + "s") if name.endswith("Count") else None
        if isinstance(counted, list) and len(counted) != count:
            yield f"{path}.{name}: {count} where there are {len(counted)}"


@cache
def _landmarks() -> list[str]:
    (face,) = OPERATIONS["detect"]["sample"]["data"]["faceDetails"]
    return [point["type"] for point in face["landmarks"]]


def _sorted(operation: str, data: dict[str, Any]) -> Iterator[str]:
    areas = [_area(face["bbox"]) for name in LARGEST_FIRST.get(operation, ()) for face in data[name]]
    if not _falls(areas, ROUNDING):
        yield "faces: not the largest first"
    if not _falls([pair["similarity"] for name in MOST_SIMILAR_FIRST.get(operation, ()) for pair in data[name]]):
        yield "faces: not the most similar first"


def _area(box: dict[str, float]) -> float:
    return (box["x1"] - box["x0"]) * (box["y1"] - box["y0"])


def _falls(values: Iterable[float], slack: float = 0) -> bool:
    return all(after <= before + slack for before, after in itertools.pairwise(values))


def _lengths(operation: str, data: dict[str, Any]) -> Iterator[str]:
    """Compare the answer's first array with the largest `limit`, or the most faces that the reference promises."""
    facts = OPERATIONS[operation]
    most = facts.get("most", facts["request"].get("limit", {}).get("most", math.inf))
    if any(len(value) > most for value in itertools.islice(filter(_is_list, data.values()), 1)):
        yield f"data: more than {most} rows"
    if operation == "show_group" and data["groupCount"] != 1:
        yield "data.groupCount: more or less than the one group"


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _added(data: dict[str, Any]) -> Iterator[str]:
    faces, details = data["addedFaces"], data["addedFaceDetails"]
    if [(face["bbox"], face["confidence"]) for face in faces] != [(it["bbox"], it["confidence"]) for it in details]:
        yield "data.addedFaceDetails: not of the faces that were added"
    if len({(face["imageId"], face.get("externalImageId")) for face in faces}) > 1:
        yield "data.addedFaces: of more than one image"
