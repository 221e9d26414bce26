"""The wall between tenants: what is another's looks, and costs, like what never was."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from api.withmind import token_of
from faceset.tenants import Credentials, groups_of
from faceset.tokens import new_token
from tests.client import Answer
from tests.nhn_conformance import OPERATIONS
from tests.nhn_faces import made_up
from tests.nhn_refusals import IN_A_GROUP, IN_PAGES, WITH_A_FACE_ID
from tests.nhn_world import OpenWorld, World, open_world, quick_secrets

__all__ = ["open_world", "quick_secrets"]

NEVER_APP, NEVER_SECRET, NEVER_GROUP, NEVER_TOKEN = "N" * 16, "N" * 32, "never", "N" * 67
SENT = {"X-Request-Id": "wall"}
DATED = "Date"


class Walled(World):
    """Two tenants with a group `same` of different faces each, one with more, and faces of other dialects."""

    def furnish(self) -> None:
        faceset = self.engine.faceset
        self.mine, self.theirs, self.company = made_up(5, 1), made_up(5, 2), made_up(1, 3)[0]
        self.native = self.client.enrolled(self.portrait("mindy_kaling"), "Mindy")
        secret = faceset.secret("withmind")
        self.company = replace(self.company, token=token_of(secret, "company", "person"), details={})
        faceset.replace(self.company, "withmind/company")
        for app, groups in ((self.app, ("same", "mine")), (self.other, ("same", "theirs"))):
            for group in groups:
                assert self.checked.create_group(app, group) is None
        self.put(self.app, "same", self.mine)
        self.put(self.other, "same", self.theirs)
        self.put(self.other, "theirs", made_up(3, 4))
        # Whoever may come in has come in by now: a secret is hashed once.
        self.before = self.all_there_is()

    def put(self, app: Credentials, group: str, faces: list[Any]) -> None:
        self.engine.faceset.add(faces, groups_of(app.app_key) + group, make_group=False)

    def all_there_is(self) -> list[Any]:
        """Return what every owner sees of their own."""
        lists = [self.checked.list_groups(app) for app in (self.app, self.other)]
        for app, group in ((self.app, "same"), (self.app, "mine"), (self.other, "same"), (self.other, "theirs")):
            lists += [self.checked.list_faces(app, group), self.checked.show_group(app, group)]
        company = self.engine.faceset.vector(self.company.token, "withmind/company")
        return [*lists, self.client.get("/faces").json, company is not None]

    def ask(self, operation: str, app: Credentials | None, group: str, face: str, token: str | None = None) -> Answer:
        """Ask for an operation with all that it may need, or by a native line, unchecked: the bytes are compared."""
        if app is None:
            method, target = operation.replace("{}", face).split()
            return self.client.request(method, target, None, SENT)
        method, path = OPERATIONS[operation]["method"], OPERATIONS[operation]["path"]
        path = path.replace("{appKey}", app.app_key).replace("{group-id}", group).replace("{face-id}", face)
        query = "?limit=1&threshold=1" + (f"&next-token={token}" if token else "")
        images = {name: {"url": self.url("photo.jpg")} for name in ("image", "sourceImage", "targetImage")}
        body = json.dumps({**images, "groupId": group, "limit": 1, "threshold": 1}).encode()
        return self.client.request(method, path + query, body, {"Authorization": app.secret, **SENT})


Alike = Callable[[tuple[Any, ...], tuple[Any, ...]], None]


@pytest.fixture(scope="module")
def world(quick_secrets: None, open_world: OpenWorld) -> Iterator[Walled]:
    # Hashes are counted here, and need not take long.
    with open_world(Walled) as made:
        made.furnish()
        yield made


@pytest.fixture
def work(world: Walled, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return a list of the costly things that the server does: statements, hashes, and looks at photos."""
    done: list[str] = []
    scrypt, locate, database = hashlib.scrypt, world.engine.recognizer.locate, world.engine.faceset._database.engine

    def noting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **kwargs: Any) -> Any:
            done.append(name)
            return call(*args, **kwargs)

        return noted

    def statement(*args: Any) -> None:
        done.append(args[2])

    monkeypatch.setattr("hashlib.scrypt", noting("scrypt", scrypt))
    monkeypatch.setattr(world.engine.recognizer, "locate", noting("locate", locate))
    event.listen(database, "before_cursor_execute", statement)
    yield done
    event.remove(database, "before_cursor_execute", statement)


@pytest.fixture
def alike(world: Walled, work: list[str]) -> Alike:
    """Return a function that asks with another's identifier and with one that never was, and compares all of it."""

    def seen(asked: tuple[Any, ...]) -> tuple[Any, ...]:
        work.clear()
        answer = world.ask(*asked)
        headers = [(name, value) for name, value in answer.headers.items() if name != DATED]
        return answer.status, answer.body, headers, tuple(work)

    def compare(theirs: tuple[Any, ...], never: tuple[Any, ...]) -> None:
        one, other = seen(theirs), seen(never)
        assert one == other

    return compare


@pytest.mark.parametrize("operation", OPERATIONS)
def test_another_app_key_and_another_secret(world: Walled, alike: Alike, operation: str) -> None:
    place = "same", world.mine[0].token
    for secret in (world.app.secret, NEVER_SECRET, ""):
        theirs, never = Credentials(world.other.app_key, secret), Credentials(NEVER_APP, secret)
        alike((operation, theirs, *place), (operation, never, *place))
    theirs, never = (replace(world.app, secret=secret) for secret in (world.other.secret, NEVER_SECRET))
    alike((operation, theirs, *place), (operation, never, *place))
    assert world.all_there_is() == world.before


@pytest.mark.parametrize("operation", IN_A_GROUP)
def test_another_tenants_group(world: Walled, alike: Alike, operation: str) -> None:
    for face in (world.mine[0].token, world.theirs[0].token):
        for group in ("theirs", "withmind", "default", "tenant"):
            alike((operation, world.app, group, face), (operation, world.app, NEVER_GROUP, face))
    assert world.all_there_is() == world.before


@pytest.mark.parametrize("operation", WITH_A_FACE_ID)
def test_another_tenants_face(world: Walled, alike: Alike, operation: str) -> None:
    for group in ("same", "mine"):
        for foreign in (world.theirs[0].token, world.native, world.company.token):
            never = str(uuid.uuid4()) if "-" in foreign else new_token()
            alike((operation, world.app, group, foreign), (operation, world.app, group, never))
    assert world.all_there_is() == world.before


def test_another_tenants_next_token(world: Walled, alike: Alike) -> None:
    for origin in IN_PAGES:
        token = world.ask(origin, world.other, "same", "").json["data"]["nextToken"]
        # The first letters name the key, which is one for all.
        never = token[:6] + NEVER_TOKEN[6:]
        for operation in IN_PAGES:
            asked = operation, world.app, "same", ""
            alike((*asked, token), (*asked, never))
            assert world.ask(*asked, token).json["header"]["resultMessage"] == "InvalidTokenError"


def test_a_new_group_may_have_the_name_of_anothers(world: Walled, alike: Alike) -> None:
    alike(("create_group", world.app, "theirs", ""), ("create_group", world.app, NEVER_GROUP, ""))
    for group in ("theirs", NEVER_GROUP):
        assert world.checked.list_faces(world.app, group)["faces"] == []
        assert world.checked.delete_group(world.app, group) is None
    assert world.all_there_is() == world.before


NATIVE = (
    "GET /search?threshold=2&face_token={}",
    "GET /compare?face_token={}&other_token={}",
    "GET /compare?face_token={native}&other_token={}",
    "GET /addface?face_token={}&face_name=stolen",
    "DELETE /removeface?face_token={}",
    "GET /faces/{}",
    "GET /show_photo/{}.jpg",
    "GET /download/{}.jpg",
)


@pytest.mark.parametrize("line", NATIVE)
def test_the_native_api_knows_no_face_of_a_tenant(world: Walled, alike: Alike, line: str) -> None:
    line = line.replace("{native}", world.native)
    alike((line, None, "", world.mine[0].token), (line, None, "", str(uuid.uuid4())))
    # WithMind's tokens look like native ones, and /addface looks at such a row twice before it says no. Who could make
    # use of that would need a token, which is 142 bits of an HMAC under a key that never leaves the server.
    theirs, never = (world.ask(line, None, "", token) for token in (world.company.token, new_token()))
    assert (theirs.status, theirs.body) == (never.status, never.body)
    assert world.all_there_is() == world.before


def test_groups_of_one_name_are_two(world: Walled) -> None:
    app, other, checked = world.app, world.other, world.checked
    for tenant in (app, other):
        assert checked.create_group(tenant, "twin") is None
    assert checked.add_faces(app, "twin", world.crowd)["addedFaceCount"] == 3
    assert checked.show_group(other, "twin")["groups"][0]["faceCount"] == 0
    assert checked.search_by_image(other, "twin", world.crowd, 1)["matchFaces"] == []
    (theirs,) = checked.add_faces(other, "twin", world.crowd, 1)["addedFaces"]
    found = checked.search_by_image(other, "twin", world.crowd, 1)["matchFaces"]
    assert [match["face"] for match in found] == [theirs]
    assert checked.search_by_image(app, "twin", world.crowd, 1)["matchFaceCount"] == 3
    assert checked.delete_group(app, "twin") is None
    assert checked.list_faces(other, "twin")["faces"] == [theirs]
    assert checked.delete_group(other, "twin") is None
    assert world.all_there_is() == world.before


def test_nothing_that_is_answered_counts_what_others_have(world: Walled) -> None:
    def tokens() -> list[str]:
        asked = [world.ask(name, world.app, "same", "") for name in ("list_groups", "list_faces") * 2]
        return [answer.json["data"]["nextToken"] for answer in asked]

    before = tokens()
    world.put(world.other, "theirs", many := made_up(1000, 5))
    after = tokens()
    # No two are equal, not those of one page either, and their length tells nothing.
    assert len({*before, *after}) == 8
    assert len({len(token) for token in [*before, *after]}) == 1
    ids = [face["faceId"] for face in world.checked.add_faces(world.app, "mine", world.crowd)["addedFaces"]]
    assert {uuid.UUID(face).version for face in ids} == {4}
    for face in ids:
        assert world.checked.delete_face(world.app, "mine", face) is None
    world.engine.faceset.remove([face.token for face in many], groups_of(world.other.app_key) + "theirs")
    assert world.all_there_is() == world.before
