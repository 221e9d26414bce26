"""2,000 requests that nobody meant: always HTTP 200, always NHN's header with a code of its tables, never a fault."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy, composite

from tests.client import Answer, head
from tests.nhn_conformance import ERRORS, FACTS, OPERATIONS, refusal_differences
from tests.nhn_faces import made_up
from tests.nhn_world import STRANGE, OpenWorld, World, open_world, quick_secrets
from tests.pictures import blank

__all__ = ["open_world", "quick_secrets"]

REQUESTS, MALFORMED = 1400, 600
ROWS = frozenset.union(*ERRORS.values()) - {(-50000, "InternalServerError")}
METHODS = ("GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD", "TRACE", "BREW")
KEPT = "kept"
"""The group that every request may name."""

FACE = "FACE"
"""Stands in a target for a face of that group."""

SMALL = base64.b64encode(blank(80, 80)).decode()
texts = st.text(max_size=40)
numbers: SearchStrategy[Any] = st.sampled_from(
    [1, 0, -1, 50, 100, 101, 200, 201, 4096, 4097, 2**63, 1.5, 1e308, "1", ""]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | numbers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
urls = st.sampled_from(["http://127.0.0.1:9/", "ftp://x/", "x", "http://[::1", "\ud800"]) | texts
encodings = st.sampled_from([SMALL[:-9], "/9j/", "=", " ", "é"]) | texts
images = (
    st.builds(lambda url: {"url": url}, urls)
    | st.builds(lambda text: {"bytes": text}, encodings)
    | st.fixed_dictionaries({}, optional={"url": urls | values, "bytes": encodings | values})
)
fields = {
    "groupId": st.sampled_from([KEPT, "", "A", "a" * 256, "x"]) | values,
    "image": images | values,
    "sourceImage": images | values,
    "targetImage": images | values,
    "externalImageId": st.sampled_from(["x.jpg", "", "a b", "a" * 256]) | values,
    "limit": numbers | values,
    "threshold": numbers | values,
    "threshold ": numbers,
}
bodies = values.map(lambda body: json.dumps(body).encode()) | st.binary(max_size=60) | st.just(b"")
parameters = st.sampled_from(["limit", "threshold", "next-token", "Limit", "x"])
queries = st.lists(st.tuples(parameters, numbers.map(str) | texts | st.just("A" * 67)), max_size=4)
headers = st.dictionaries(
    st.sampled_from(["Content-Type", "Accept", "X-Request-Id", "Expect", "Origin", "Cookie", "Range", "If-None-Match"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    max_size=3,
)
PARTS = ("image", "group", "face", "path", "method", "query", "fields", "body", "headers", "secret")

Made = tuple[str, str, bytes, dict[str, str]]


@composite
def requests(draw: DrawFn) -> Made:
    """Make a method, a target below the appKey, a body and headers: a good request with up to two parts changed."""
    operation = OPERATIONS[draw(st.sampled_from(sorted(OPERATIONS)))]
    changed = {PARTS[place] for place in draw(st.lists(st.integers(0, len(PARTS) - 1), max_size=2))}

    def part(name: str, usual: Any, others: SearchStrategy[Any]) -> Any:
        return draw(others) if name in changed else usual

    def quoted(text: str) -> str:
        return quote(text.encode(errors="replace"), safe="")

    path = operation["path"].partition("{appKey}")[2]
    path = path.replace("{group-id}", part("group", KEPT, (st.sampled_from(["none", "..", "%"]) | texts).map(quoted)))
    path = path.replace("{face-id}", part("face", FACE, st.just(STRANGE) | texts.map(quoted)))
    path = part("path", "{}", st.sampled_from(["{}/", "/{}", "{}//x", "", "/", "{};x", "{}%00"])).replace("{}", path)
    query = part("query", [("limit", "1"), ("threshold", "1")], queries)
    one = part("image", {"bytes": SMALL}, images)
    good = {"limit": 1, "threshold": 1, "image": one, "sourceImage": one, "targetImage": one, "groupId": "new"}
    good |= part("fields", {}, st.fixed_dictionaries({}, optional=fields))
    return (
        part("method", operation["method"], st.sampled_from(METHODS)),
        f"{path}?" + "&".join(f"{name}={quoted(value)}" for name, value in query),
        part("body", json.dumps(good).encode(), bodies),
        part("headers", {}, headers) | part("secret", {}, texts.map(lambda text: {"Authorization": quoted(text)})),
    )


def check(answer: Answer, seen: Counter[Any], method: str) -> None:
    """Hold an answer against the header of the reference."""
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json"), answer
    if method == "HEAD":
        assert answer.body == b""
        return
    header = answer.json["header"]
    if header["isSuccessful"] is True:
        assert header == {"resultCode": 0, "resultMessage": "SUCCESS", "isSuccessful": True}
    else:
        assert list(answer.json) == ["header"]
        assert list(header) == list(FACTS["failure"]["header"])
        assert header["isSuccessful"] is False
        assert (header["resultCode"], header["resultMessage"]) in ROWS
    seen[header["resultMessage"]] += 1


@pytest.fixture(scope="module")
def world(quick_secrets: None, open_world: OpenWorld) -> Iterator[World]:
    with open_world() as made:
        yield made


def options(examples: int) -> settings:
    # What fails is shown as it came; shrinking it over HTTP would take minutes.
    phases = (Phase.explicit, Phase.reuse, Phase.generate)
    return settings(max_examples=examples, deadline=None, phases=phases, suppress_health_check=list(HealthCheck))


def test_requests_around_valid_ones(world: World) -> None:
    seen: Counter[Any] = Counter()
    kept: list[str] = []
    root = f"/nhn-face-reco/v1.0/appkeys/{world.app.app_key}"

    @options(REQUESTS)
    @given(requests())
    def ask(made: Made) -> None:
        method, target, body, given_headers = made
        if not kept:
            world.checked.create_group(world.app, KEPT)
            (face,) = made_up(1, seen.total())
            world.engine.faceset.add([face], world.key(KEPT))
            kept.append(face.token)
        sent = {"Authorization": world.app.secret, **given_headers}
        answer = world.client.request(method, root + target.replace(FACE, kept[0]), body, sent)
        check(answer, seen, method)
        if method == "DELETE" and b"SUCCESS" in answer.body:
            kept.clear()

    ask()
    print(f"\nNHN, requests around valid ones: {seen.total()} answers, {dict(seen.most_common())}")
    # Not all of them stop at the door.
    assert seen["SUCCESS"] > REQUESTS / 10
    assert {"InvalidParam", "UnauthorizedAppKey", "NotFoundGroupError", "InvalidImageURLException"} <= seen.keys()


LINES = st.sampled_from(
    [
        "Content-Length: x",
        "Content-Length: -1",
        "Content-Length: 99999999",
        "Content-Length: 30",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked",
        "Expect: 100-continue",
        "Connection: close",
        "Host: a b",
        "Host: \xe9",
        "Content-Encoding: gzip",
        "Authorization: ",
        "X: " + "y" * 3000,
    ]
)


def test_requests_that_are_no_http(world: World) -> None:
    seen: Counter[Any] = Counter()
    root = f"/nhn-face-reco/v1.0/appkeys/{world.app.app_key}"
    secret = f"Authorization: {world.app.secret}"

    @options(MALFORMED)
    @given(
        st.sampled_from(["GET", "POST", "DELETE", "PUT", "OPTIONS", "G-T"]),
        st.sampled_from(["/groups", "/detect", "/compare", "/groups/x", "", "/%", "/%ff?%ff=%", "/groups?limit=1#x"]),
        st.lists(LINES, max_size=3),
        st.binary(max_size=40) | st.sampled_from([b"5\r\nab", b"zz\r\n", b"0\r\n\r\n", b"{}", b""]),
    )
    def ask(method: str, path: str, lines: list[str], body: bytes) -> None:
        answer = world.client.raw(head(method, root + path, secret, *lines), body)
        check(answer, seen, method)

    ask()
    print(f"\nNHN, requests that are no HTTP: {seen.total()} answers, {dict(seen.most_common())}")
    assert {"InvalidParam", "ImageTooLargeException"} <= seen.keys()


@pytest.mark.parametrize("operation", [name for name, facts in OPERATIONS.items() if facts["method"] == "POST"])
def test_a_body_that_does_not_end_is_refused_by_a_row_of_the_operation(world: World, operation: str) -> None:
    path = OPERATIONS[operation]["path"].replace("{appKey}", world.app.app_key).replace("{group-id}", KEPT)
    for line, body in (("Content-Length: 50", b'{"groupId"'), ("Transfer-Encoding: chunked", b"zz\r\n")):
        answer = world.client.raw(head("POST", path, f"Authorization: {world.app.secret}", line), body)
        assert answer.json["header"]["resultMessage"] == "InvalidParam"
        assert refusal_differences(operation, answer.json) == []
