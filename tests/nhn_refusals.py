"""For every row of every error table of the NHN reference, requests that must be refused by it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from api.nhn.parameters import LIMITS
from tests.nhn_client import Checked, Photo
from tests.nhn_conformance import OPERATIONS
from tests.nhn_world import STRANGE, World
from tests.pictures import blank, padded

Row = tuple[str, int, str]
Answers = Iterable[Any]
Refused = Callable[[World], Answers]

PARAMETER, UNAUTHORIZED, IMAGE, INTERNAL = -40000, -41000, -45000, -50000


def image_of(world: World, checked: Checked, group: str, place: str, photo: Photo) -> Any:
    """Ask for what `place` says, an operation or a side of the comparison, with that photo."""
    match place:
        case "detect":
            return checked.detect(world.app, photo)
        case "add_faces":
            return checked.add_faces(world.app, group, photo)
        case "search_by_image":
            return checked.search_by_image(world.app, group, photo)
        case "Source":
            return checked.compare(world.app, photo, world.portrait())
    return checked.compare(world.app, world.portrait(), photo)


PLACES = ("detect", "add_faces", "search_by_image", "Source", "Target")


def too_large(world: World) -> list[Photo]:
    return [padded(world.portrait(), LIMITS.max_bytes + 1), world.url("huge.jpg")]


def no_format(world: World) -> list[Photo]:
    portrait = world.portrait()
    gif = b"GIF89a" + bytes(100)
    damaged = [portrait[:-100], portrait[:20], gif, b"\xff\xd8\xff", blank(79, 80), blank(80, 79), blank(16_385, 80)]
    urls = [world.url("page.html"), world.url("empty.jpg"), world.stored(portrait[:-100])]
    text = base64.b64encode(portrait).decode()
    return [*damaged, *urls, {"bytes": "no base64!"}, {"bytes": f"{text[:99]}é{text[99:]}"}, {"bytes": "="}]


def no_photo_there(world: World) -> list[Photo]:
    schemes = ["ftp://photos.example/a.jpg", "file:///etc/passwd", "data:image/jpeg;base64,/9j/", "photo.jpg", "\ud800"]
    inside = [f"http://127.0.0.1:{world.live.port}/healthz", "http://169.254.169.254/", "http://[::1]/", "s3://b/a.jpg"]
    absent = [world.url("none.jpg"), world.url("cut.jpg"), f"{world.live.url}/stored/{'0' * 32}.jpg"]
    return [*schemes, *inside, *absent]


PHOTOS: dict[str, Callable[[World], list[Photo]]] = {
    "ImageTooLargeException": too_large,
    "InvalidImageFormatException": no_format,
    "InvalidImageURLException": no_photo_there,
}


def photo_rows() -> Iterator[tuple[Row, Refused]]:
    for place in PLACES:
        operation, side = ("compare", f":{place}") if place in ("Source", "Target") else (place, "")

        def slow(world: World, place: str = place) -> Answers:
            return [image_of(world, world.impatient, world.new_group(), place, world.url("slow.jpg"))]

        for message, made in PHOTOS.items():

            def asked(world: World, place: str = place, made: Callable[[World], list[Photo]] = made) -> Answers:
                group = world.new_group()
                yield from (image_of(world, world.checked, group, place, photo) for photo in made(world))
                assert world.ids(group) == []

            yield (operation, IMAGE, f"{'Image' if side else ''}{message}{side}"), asked
        yield (operation, IMAGE, f"{'Image' if side else ''}ImageTimeoutError{side}"), slow


FACE = {"image": {"url": "http://photos.example/"}}
NO_IMAGES: list[Any] = [
    {},
    {"image": None},
    {"image": "x"},
    {"image": []},
    {"image": {}},
    {"image": {"url": None, "bytes": None}},
    {"image": {"url": "", "bytes": ""}},
    {"image": {"url": "http://photos.example/", "bytes": "/9j/"}},
    {"image": {"url": 1}},
    {"image": {"bytes": ["/9j/"]}},
]
NO_OBJECTS = [b"", b"null", b"[]", b"{", b'{"groupId": "g"', b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000, b"groupId=g"]
NO_NUMBERS = [0, -1, "", "x", "1.5", "1e1", "+1", " 1", "0x1", "٣", "9" * 400]
NO_JSON_NUMBERS: list[Any] = [0, -1, 101, 1.5, "1", True, None, [], {}, 1e300, int("9" * 400), float(2**60)]


def parameter_rows() -> Iterator[tuple[Row, Refused]]:
    def asked(operation: str, bodies: Iterable[Any] = (), queries: Iterable[Any] = ()) -> tuple[Row, Refused]:
        def answers(world: World) -> Answers:
            group, app = world.new_group("ben_afflek"), world.app
            (face,) = world.ids(group)
            for body in bodies:
                yield world.checked.ask(operation, app, group, face, query={"limit": 1, "threshold": 1}, body=body)
            for query in queries:
                yield world.checked.ask(operation, app, group, face, query=query, body=FACE)
            # What no server can read, whatever its path; some operations have no parameter that could be wrong.
            path = OPERATIONS[operation]["path"].replace("{appKey}", app.app_key)
            target = path.replace("{group-id}", group).replace("{face-id}", face)
            length = {"Authorization": app.secret, "Content-Length": "ten"}
            yield world.checked.send(operation, OPERATIONS[operation]["method"], target, None, length)
            assert world.ids(group) == [face]

        return (operation, PARAMETER, "InvalidParam"), answers

    limits = [{"threshold": 1}, *({"limit": wrong, "threshold": 1} for wrong in [*NO_NUMBERS, 4097])]
    thresholds = [{"limit": 1}, *({"limit": 1, "threshold": wrong} for wrong in [*NO_NUMBERS, 101])]
    rows = [{}, *({"limit": wrong} for wrong in [*NO_NUMBERS, 201])]
    one = FACE["image"]
    lacking = [{"sourceImage": one}, {"targetImage": one}, {"image": one}, {"sourceImage": one, "targetImage": {}}]
    labels = ["a b", "é", "a\n", "a" * 256, 1, True, []]
    yield asked("create_group", NO_OBJECTS)
    yield asked("list_groups", queries=rows)
    yield asked("list_faces", queries=rows)
    yield from (asked(operation) for operation in ("show_group", "delete_group", "delete_face"))
    yield asked("detect", [*NO_OBJECTS, *NO_IMAGES])
    added = [{**FACE, "limit": wrong} for wrong in NO_JSON_NUMBERS]
    added += [
        *({**body, "limit": 1} for body in NO_IMAGES),
        *({**FACE, "limit": 1, "externalImageId": label} for label in labels),
    ]
    yield asked("add_faces", [*NO_OBJECTS, FACE, *added])
    yield asked("search_by_face", queries=[*limits, *thresholds])
    yield asked("search_by_image", [*NO_OBJECTS, *NO_IMAGES], [*limits, *thresholds])
    both = {"sourceImage": one, "targetImage": one}
    wrong = [both, *({**both, "threshold": wrong} for wrong in NO_JSON_NUMBERS)]
    yield asked("compare", [*NO_OBJECTS, *wrong, *({**body, "threshold": 1} for body in lacking)])


IN_A_GROUP = [name for name, facts in OPERATIONS.items() if "{group-id}" in facts["path"]]
WITH_A_FACE_ID = [name for name, facts in OPERATIONS.items() if "{face-id}" in facts["path"]]
IN_PAGES = ("list_groups", "list_faces")


def asked_well(world: World, operation: str, group: str, face: str = STRANGE, **query: Any) -> Any:
    """Ask with nothing wrong but what the arguments bring."""
    body = {**FACE, "limit": 1, "groupId": group}
    return world.checked.ask(operation, world.app, group, face, query={"limit": 1, "threshold": 1, **query}, body=body)


def no_group(operation: str, world: World) -> Answers:
    strange = ["none", "NONE", "a b", "é", "\0", "%", "..", "g" * 255, "g" * 256, "\U0001f600", "group-1\n"]
    return [asked_well(world, operation, group) for group in strange]


def no_face(operation: str, world: World) -> Answers:
    group, elsewhere = world.new_group("ben_afflek"), world.new_group("ben_afflek")
    (face,), (foreign,) = world.ids(group), world.ids(elsewhere)
    wrong = [STRANGE, foreign, face.upper(), face[:-1], f"{face} ", "x", "é", "\0", "a" * 5000]
    yield from (asked_well(world, operation, group, each) for each in wrong)
    assert (world.ids(group), world.ids(elsewhere)) == ([face], [foreign])


def no_token(operation: str, world: World) -> Answers:
    group = world.new_group()
    tokens = ("x", "é", "A" * 67, "A" * 5000, "0", " ")
    return [asked_well(world, operation, group, **{"next-token": token}) for token in tokens]


def no_group_id(world: World) -> Answers:
    wrong: list[Any] = ["", "A", "a_b", "a b", "é", "a/b", "a\n", "a" * 256, None, 1, True, [], {}, "\ud800"]
    return [world.checked.create_group(world.app, group) for group in wrong]


def taken(world: World) -> Answers:
    return [world.checked.create_group(world.app, world.new_group())]


def unauthorized(operation: str, world: World) -> Answers:
    app, other = world.app, world.other
    for credentials in (replace(app, secret=other.secret), replace(app, app_key="nobody")):
        yield world.checked.ask(operation, credentials, "none", STRANGE)
    if operation == "detect":
        for secret in ("", f"Bearer {app.secret}", app.secret.swapcase(), f"{app.secret}, {app.secret}", "\xe9"):
            yield world.checked.ask(operation, replace(app, secret=secret))


def broken(operation: str, world: World) -> Answers:
    """Take away the table that the operation needs; the two that store nothing need the tenants' alone."""
    group = world.new_group("ben_afflek")
    (face,) = world.ids(group)
    with world.without_table("tenants" if operation in ("detect", "compare") else "groups"):
        yield asked_well(world, operation, f"{group}-2" if operation == "create_group" else group, face)
    assert world.ids(group) == [face]


def each(
    operations: Iterable[str], code: int, message: str, ask: Callable[[str, World], Answers]
) -> dict[Row, Refused]:
    return {(operation, code, message): partial(ask, operation) for operation in operations}


CASES: dict[Row, Refused] = {
    **dict(photo_rows()),
    **dict(parameter_rows()),
    **each(IN_A_GROUP, PARAMETER, "NotFoundGroupError", no_group),
    **each(WITH_A_FACE_ID, PARAMETER, "NotFoundFaceIDError", no_face),
    **each(IN_PAGES, PARAMETER, "InvalidTokenError", no_token),
    **each(OPERATIONS, UNAUTHORIZED, "UnauthorizedAppKey", unauthorized),
    **each(OPERATIONS, INTERNAL, "InternalServerError", broken),
    ("create_group", PARAMETER, "InvalidGroupID"): no_group_id,
    ("create_group", PARAMETER, "DuplicatedGroupID"): taken,
}
"""Each yields the answers of some requests, all of which must be the row."""
