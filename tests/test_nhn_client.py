"""The checked client lets no wrong answer through: a stand-in gives it the reference's own answers, and broken ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from faceset.tenants import Credentials
from tests import nhn_client
from tests.client import Client
from tests.nhn_client import CODE, FIELD, OPERATION, Checked, Refusal, promised, tally
from tests.nhn_conformance import ERRORS, FACTS, OPERATIONS

APP = Credentials("app/key", "secret")
ROOT = "/nhn-face-reco/v1.0/appkeys/app%2Fkey"
PHOTO, IN_BASE64 = b"\xff\xd8photo", {"bytes": "/9hwaG90bw=="}
ASKED: dict[str, tuple[tuple[Any, ...], str, Any]] = {
    "create_group": (("g",), "POST /groups", {"groupId": "g"}),
    "list_groups": ((5, "next"), "GET /groups?limit=5&next-token=next", None),
    "show_group": (("a/b",), "GET /groups/a%2Fb", None),
    "delete_group": (("g",), "DELETE /groups/g", None),
    "detect": ((PHOTO,), "POST /detect", {"image": IN_BASE64}),
    "add_faces": (("g", PHOTO, 3, "x"), "POST /groups/g", {"image": IN_BASE64, "externalImageId": "x", "limit": 3}),
    "delete_face": (("g", "f"), "DELETE /groups/g/faces/f", None),
    "list_faces": (("g", 7, "next"), "GET /groups/g/faces?limit=7&next-token=next", None),
    "search_by_face": (("g", "f", 9), "GET /groups/g/faces/f?limit=4096&threshold=9", None),
    "search_by_image": (
        ("g", "http://photo", 9, 2),
        "POST /groups/g/search?limit=2&threshold=9",
        {"image": {"url": "http://photo"}},
    ),
    "compare": (
        (PHOTO, {"url": ""}),
        "POST /compare",
        {"sourceImage": IN_BASE64, "targetImage": {"url": ""}, "threshold": 50},
    ),
}
"""What each method is called with, and what it must send."""


class StandIn(HTTPServer):
    """Answer every request alike, and remember the last one."""

    status, kind, answer = 200, "application/json", b""
    line, secret, body = "", "", b""


class Handler(BaseHTTPRequestHandler):
    def answer(self) -> None:
        server = self.server
        assert isinstance(server, StandIn)
        server.line, server.secret = f"{self.command} {self.path}", self.headers["Authorization"]
        server.body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(server.status)
        self.send_header("Content-Type", server.kind)
        self.end_headers()
        self.wfile.write(server.answer)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    server = StandIn(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join(20)
    server.server_close()


@pytest.fixture
def checked(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Checked:
    stand_in.status, stand_in.kind = 200, "application/json"
    # What is counted here is no answer of the dialect.
    monkeypatch.setattr(nhn_client, "CHECKED", type(nhn_client.CHECKED)())
    return Checked(Client(stand_in.server_port))


def answer_with(stand_in: StandIn, answer: Any) -> None:
    stand_in.answer = json.dumps(answer).encode()


def ask(checked: Checked, operation: str) -> Any:
    return getattr(checked, operation)(APP, *ASKED[operation][0])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_method_asks_as_the_reference_says_and_counts_what_it_met(
    operation: str, checked: Checked, stand_in: StandIn
) -> None:
    _, line, body = ASKED[operation]
    sample = OPERATIONS[operation]["sample"]
    answer_with(stand_in, sample)
    assert ask(checked, operation) == sample.get("data")
    assert stand_in.line == line.replace(" ", f" {ROOT}", 1)
    assert (json.loads(stand_in.body) if body else stand_in.body or None) == body
    assert stand_in.secret == "secret"
    fields = {(FIELD, operation, path) for path in OPERATIONS[operation]["answer"]}
    assert set(nhn_client.CHECKED.items()) == {(fact, 1) for fact in ((OPERATION, operation), *fields)}
    assert tally() == f"1 of 11 operations, {len(fields)} of 229 fields, 0 of 66 codes, in 1 answers"
    for code, message in ERRORS[operation]:
        answer_with(stand_in, {"header": {**FACTS["failure"]["header"], "resultCode": code, "resultMessage": message}})
        assert ask(checked, operation) == Refusal(code, message) == (code, message)
    assert nhn_client.CHECKED[OPERATION, operation] == 1 + len(ERRORS[operation])
    assert all(nhn_client.CHECKED[CODE, operation, *row] == 1 for row in ERRORS[operation])
    assert nhn_client.CHECKED.keys() == {fact for fact in promised() if fact[1] == operation}


def test_wrong_answers_fail_and_are_not_counted(checked: Checked, stand_in: StandIn) -> None:
    good = OPERATIONS["show_group"]["sample"]
    refusal = FACTS["failure"]
    answers: list[Any] = [
        {"header": good["header"]},
        {**good, "data": {"groupCount": 1}},
        {**good, "extra": 1},
        {**refusal, "data": None},
        {"header": {**refusal["header"], "resultMessage": "InvalidTokenError"}},
        {"header": {**refusal["header"], "isSuccessful": "false"}},
        [],
    ]
    for wrong in answers:
        answer_with(stand_in, wrong)
        with pytest.raises(AssertionError):
            ask(checked, "show_group")
    answer_with(stand_in, good)
    for status, kind in ((404, "application/json"), (201, "application/json"), (200, "text/html")):
        stand_in.status, stand_in.kind = status, kind
        with pytest.raises(AssertionError):
            ask(checked, "show_group")
    assert not nhn_client.CHECKED


def test_a_request_for_no_operation_must_be_refused_by_a_common_row(checked: Checked, stand_in: StandIn) -> None:
    answer_with(stand_in, FACTS["failure"])
    assert checked.send(None, "GET", "/nowhere", None, {}) == (-40000, "InvalidParam")
    for wrong in (OPERATIONS["show_group"]["sample"], {"header": {**FACTS["failure"]["header"], "resultCode": -45000}}):
        answer_with(stand_in, wrong)
        with pytest.raises(AssertionError):
            checked.send(None, "GET", "/nowhere", None, {})
    assert not nhn_client.CHECKED
