"""A client of the NHN dialect that holds every answer against the wire reference, and counts what it has met."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from faceset.tenants import Credentials
from tests.client import Client
from tests.nhn_conformance import ERRORS, OPERATIONS, differences, refusal_differences
from tests.nhn_reference import walk

JSON = "application/json;charset=UTF-8"

OPERATION, FIELD, CODE = "operation", "field", "code"
Fact = tuple[object, ...]

CHECKED: Counter[Fact] = Counter()
"""How many right answers there were of each operation, with each of its fields, and with each of its codes."""

Photo = bytes | str | Mapping[str, Any] | None
"""Bytes of a photo, its URL, or what stands in the request as it is; None leaves it out."""


class Refusal(NamedTuple):
    """Hold why a request was refused; equal to a pair of code and message."""

    code: int
    message: str


def promised() -> set[Fact]:
    """Return every operation, field and code of the reference, as CHECKED counts them."""
    return {
        fact
        for name, facts in OPERATIONS.items()
        for fact in (
            (OPERATION, name),
            *((FIELD, name, path) for path in facts["answer"]),
            *((CODE, name, code, message) for code, message in ERRORS[name]),
        )
    }


def tally() -> str:
    """Return how many operations, fields and codes of the reference were met in right answers so far."""
    all_of = Counter(fact[0] for fact in promised())
    met = Counter(fact[0] for fact in promised() & CHECKED.keys())
    answers = sum(times for fact, times in CHECKED.items() if fact[0] == OPERATION)
    counted = (f"{met[kind]} of {all_of[kind]} {kind}s" for kind in (OPERATION, FIELD, CODE))
    return f"{', '.join(counted)}, in {answers} answers"


class Checked:
    """Ask the dialect; raise AssertionError when an answer is not as the reference promises.

    Every method takes the tenant's credentials first, and returns the `data` of a good answer (None where the operation
    has none), or a Refusal.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    def create_group(self, app: Credentials, group: object) -> Any:
        return self.ask("create_group", app, body={"groupId": group})

    def list_groups(self, app: Credentials, limit: object = 200, token: str | None = None) -> Any:
        return self.ask("list_groups", app, query={"limit": limit, "next-token": token})

    def show_group(self, app: Credentials, group: str) -> Any:
        return self.ask("show_group", app, group)

    def delete_group(self, app: Credentials, group: str) -> Any:
        return self.ask("delete_group", app, group)

    def detect(self, app: Credentials, photo: Photo) -> Any:
        return self.ask("detect", app, body={"image": _image(photo)})

    def add_faces(
        self, app: Credentials, group: str, photo: Photo, limit: object = 100, external_id: object = None
    ) -> Any:
        body = {"image": _image(photo), "externalImageId": external_id, "limit": limit}
        return self.ask("add_faces", app, group, body=body)

    def delete_face(self, app: Credentials, group: str, face: str) -> Any:
        return self.ask("delete_face", app, group, face)

    def list_faces(self, app: Credentials, group: str, limit: object = 200, token: str | None = None) -> Any:
        return self.ask("list_faces", app, group, query={"limit": limit, "next-token": token})

    def search_by_face(
        self, app: Credentials, group: str, face: str, threshold: object = 50, limit: object = 4096
    ) -> Any:
        return self.ask("search_by_face", app, group, face, query={"limit": limit, "threshold": threshold})

    def search_by_image(
        self, app: Credentials, group: str, photo: Photo, threshold: object = 50, limit: object = 4096
    ) -> Any:
        query, body = {"limit": limit, "threshold": threshold}, {"image": _image(photo)}
        return self.ask("search_by_image", app, group, query=query, body=body)

    def compare(self, app: Credentials, source: Photo, target: Photo, threshold: object = 50) -> Any:
        body = {"sourceImage": _image(source), "targetImage": _image(target), "threshold": threshold}
        return self.ask("compare", app, body=body)

    def ask(
        self,
        operation: str,
        app: Credentials,
        group: str = "",
        face: str = "",
        *,
        query: Mapping[str, object] = {},
        body: Mapping[str, Any] | bytes | None = None,
    ) -> Any:
        """Send one request; what is None in the query or the body is left out, and a body in bytes goes as it is."""
        path = OPERATIONS[operation]["path"]
        for name, value in (("{appKey}", app.app_key), ("{group-id}", group), ("{face-id}", face)):
            path = path.replace(name, quote(value, safe=""))
        given = urlencode(_given(query))
        sent = json.dumps(_given(body)).encode() if isinstance(body, Mapping) else body
        target = path + (f"?{given}" if given else "")
        headers = {"Authorization": app.secret, "Content-Type": JSON}
        return self.send(operation, OPERATIONS[operation]["method"], target, sent, headers)

    def send(
        self, operation: str | None, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Any:
        """Send a request as it is; None as the operation says that it is for none, and so must be refused."""
        answer = self.client.request(method, target, body, headers)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json"), answer
        found = answer.json
        refused = operation is None or b'"isSuccessful":false' in answer.body.replace(b" ", b"")
        wrong = differences(operation, found) if operation and not refused else refusal_differences(operation, found)
        assert not wrong, f"{operation}: {'; '.join(wrong)}"
        return _counted(operation, found)


def _counted(operation: str | None, answer: dict[str, Any]) -> Any:
    header = answer["header"]
    if operation is not None:
        CHECKED[OPERATION, operation] += 1
    if not header["isSuccessful"]:
        refusal = Refusal(header["resultCode"], header["resultMessage"])
        if operation is not None:
            CHECKED[CODE, operation, *refusal] += 1
        return refusal
    CHECKED.update({(FIELD, operation, path) for path, _ in walk(answer)})
    return answer.get("data")


def _image(photo: Photo) -> Mapping[str, Any] | None:
    if isinstance(photo, bytes):
        return {"bytes": base64.b64encode(photo).decode()}
    return {"url": photo} if isinstance(photo, str) else photo


def _given(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}
