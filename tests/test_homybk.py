"""HomyBK's contract through HTTP: each row of its tables, whatever is sent, and no other answer ever."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from api.homybk import LIMITS, MAX_BODY, PREFIX, ROWS
from engine import FaceEngine
from scenes.features import features
from tests.client import Client, head
from tests.homybk_client import (
    DOCUMENTED,
    FEATURE,
    FILES,
    GOOD,
    MISSING_PICTURE,
    MISSING_STANDARD,
    NO_STANDARD,
    NO_TAG,
    SOMETHING_WRONG,
    STDIMG,
    TAG,
    TAKE_AGAIN,
    TEST,
    TOO_LITTLE,
    HomyBK,
    checked,
    sent,
    stored,
)
from tests.homybk_server import SMALL, Serve, engine, folder, homy, registered
from tests.pictures import Pixels, blank, bomb, encoded, padded
from tests.scenery import BLANK, textured

__all__ = ["engine", "folder", "homy", "registered"]


@pytest.mark.parametrize("path", [STDIMG, TEST])
@pytest.mark.parametrize("name", BLANK)
def test_a_blank_photo_has_too_little(homy: HomyBK, folder: Path, path: str, name: str) -> None:
    before = stored(folder)
    assert homy.ask(path, data=encoded(BLANK[name])) == TOO_LITTLE
    assert stored(folder) == before


def test_80_keypoints_are_enough(homy: HomyBK) -> None:
    found: dict[int, Pixels] = {}
    for seed in range(1000):
        patch = textured(160, 160, seed)
        found[features(patch).count] = patch
        if {79, 80} <= found.keys():
            break
    assert [homy.test(encoded(found[count], ".png")) for count in (79, 80)] == [TOO_LITTLE, GOOD]


CAT = base64.b64encode(FILES["cat"]).decode()
NO_PICTURE: dict[str, object] = {
    "absent": None,
    "empty": "",
    "blank": " \n",
    "a data URL of nothing": "data:image/jpeg;base64,",
    "a number": 5,
    "a list": [CAT],
    "an object": {"bytes": CAT},
    "true": True,
    "no base64": "a photo!",
    "one letter too many": f"{CAT.rstrip('=')}A=A",
    "letters of another alphabet": CAT.replace("A", "é"),
    "half a surrogate": "\ud800" + CAT,
    "text": b"a photo, said the client",
    "a GIF": b"GIF89a" + bytes(100),
    "cut off": FILES["cat"][:-100],
    "damaged": FILES["cat"][:2000] + bytes(len(FILES["cat"]) - 2000),
    "too narrow": blank(47, 200),
    "too wide": blank(16_385, 48),
    "a bomb": bomb(16_384),
    "too large a file": padded(FILES["cat"], LIMITS.max_bytes + 1),
}


@pytest.mark.parametrize("case", NO_PICTURE)
def test_what_is_no_picture_has_a_row_of_each_table(homy: HomyBK, registered: dict[str, str], case: str) -> None:
    data = NO_PICTURE[case]
    assert homy.ask(STDIMG, data=data) == homy.ask(TEST, data=data) == TAKE_AGAIN
    assert homy.ask(FEATURE, data=data, name=registered["cat"]) == MISSING_PICTURE
    assert homy.ask(TAG, data=data, tag="cat") == MISSING_PICTURE


@pytest.mark.parametrize("name", [None, "", "  "])
def test_the_name_is_looked_at_first_and_then_the_picture(
    homy: HomyBK, registered: dict[str, str], name: str | None
) -> None:
    for data in (FILES["cat"], "no photo", None):
        assert homy.feature(data, name) == NO_STANDARD
        assert homy.ask(TAG, data=data, tag=name) == NO_TAG
    nowhere = registered["cat"].replace("stored/", "stored/0")
    assert homy.feature("no photo", nowhere) == MISSING_PICTURE
    assert homy.feature(FILES["cat"], nowhere) == MISSING_STANDARD


def test_null_is_nothing(homy: HomyBK) -> None:
    data = {"data": CAT}
    assert homy.send(FEATURE, json.dumps({**data, "name": None}).encode())["message"] == NO_STANDARD
    assert homy.send(TAG, json.dumps({**data, "tag": None}).encode())["message"] == NO_TAG
    assert homy.send(STDIMG, b'{"data": null}')["message"] == TAKE_AGAIN


BROKEN = [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b'{"data": "\xff"}', b"[" * 100_000, b'{"data": NaN}']


@pytest.mark.parametrize("path", DOCUMENTED)
def test_anything_unexpected(homy: HomyBK, path: str) -> None:
    for body in BROKEN:
        assert homy.send(path, body)["message"] == SOMETHING_WRONG, body
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = homy.client.request(method, path, sent(data=FILES["cat"]))
        assert checked(path, answer)["message"] == SOMETHING_WRONG
        assert answer.headers["Allow"] == "OPTIONS, POST"
    assert homy.client.request("HEAD", path).status == 200
    for elsewhere in (f"{path}/", f"{path}/x", f"{path}x", PREFIX, f"{PREFIX}stored/a.jpg"):
        for method in ("POST", "GET"):
            answer = homy.client.request(method, elsewhere, sent(data=FILES["cat"]))
            assert checked(elsewhere, answer)["message"] == SOMETHING_WRONG


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (FEATURE, {"name": 5}),
        (FEATURE, {"name": ["s3://photos/a.jpg"]}),
        (TAG, {"tag": {"name": "cat"}}),
        (TAG, {"tag": True}),
        (TAG, {"tag": "x" * 101}),
    ],
)
def test_a_field_of_another_kind_is_unexpected(homy: HomyBK, path: str, fields: dict[str, object]) -> None:
    assert homy.ask(path, data=FILES["cat"], **fields) == SOMETHING_WRONG


def test_what_cannot_be_read_to_its_end_is_unexpected(homy: HomyBK) -> None:
    client, kind = homy.client, "Content-Type: application/json"
    for path in (*DOCUMENTED, f"{PREFIX}x"):
        for answer in (
            client.raw(head("POST", path, kind, f"Content-Length: {MAX_BODY + 1}"), b"{", half_close=False),
            client.raw(head("POST", path, kind, "Content-Length: 100"), b'{"data": "'),
            client.raw(head("POST", path, kind, "Transfer-Encoding: chunked"), b"zz\r\n"),
        ):
            assert checked(path, answer)["message"] == SOMETHING_WRONG
    within = sent(data=FILES["cat"]).ljust(MAX_BODY)
    assert homy.send(TEST, within)["message"] == GOOD


def test_no_content_type_is_needed_and_other_fields_are_ignored(homy: HomyBK) -> None:
    for kind in ("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        body = sent(data=FILES["cat"], user="somebody", tag=None)
        assert homy.send(TEST, body, {"Content-Type": kind})["message"] == GOOD


@pytest.mark.parametrize("path", DOCUMENTED)
def test_the_page_of_another_origin_is_unexpected(
    homy: HomyBK, serve: Serve, engine: FaceEngine, folder: Path, path: str
) -> None:
    """A page may send text to any server, and JSON is read whatever it calls itself."""
    before = stored(folder)
    body, kind = sent(data=FILES["cat"], name="", tag=""), {"Content-Type": "text/plain"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}):
        assert homy.send(path, body, {**kind, **headers})["message"] == SOMETHING_WRONG
    assert stored(folder) == before
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://one.example"}
    for settings in ({"page": False}, {"cors_origins": ("https://one.example",)}):
        open_to_it = HomyBK(Client(serve(engine, data=folder, **settings, **SMALL).port))
        assert open_to_it.send(path, body, {**kind, **elsewhere})["message"] in (GOOD, NO_STANDARD, NO_TAG)


def test_a_storage_that_fails_is_unexpected(serve: Serve, engine: FaceEngine, tmp_path: Path) -> None:
    homy = HomyBK(Client(serve(engine, data=tmp_path, **SMALL).port))
    url = homy.registered(FILES["cat"])
    (tmp_path / "stored").rename(tmp_path / "elsewhere")
    assert homy.ask(STDIMG, data=FILES["cat"]) == SOMETHING_WRONG
    assert homy.test(FILES["cat"]) == GOOD
    assert homy.feature(FILES["cat"], url) == MISSING_STANDARD


def test_switched_off_it_is_no_path_at_all(serve: Serve, engine: FaceEngine, folder: Path) -> None:
    client = Client(serve(engine, data=folder, dialects=("nhn",), **SMALL).port)
    for path in DOCUMENTED:
        answer = client.request("POST", path, sent(data=FILES["cat"]))
        assert answer.error == (404, "1001", "BAD_ARGUMENTS")


def test_the_table_for_the_docs_has_every_row() -> None:
    assert {PREFIX + name: {row.message for row, _ in rows} for name, rows in ROWS.items()} == DOCUMENTED


SMALL_PHOTOS = (encoded(textured(64, 64)), blank(64, 64), encoded(textured(64, 64))[:-9], b"GIF89a", b"", bomb(9000))
URLS = ("", "s3://photos/a.jpg", "http://127.0.0.1/", "https://[::1", "http://a@b/", "/stored/a", "a" * 5000)
DATA_FIELDS = (
    st.sampled_from(SMALL_PHOTOS).map(lambda data: base64.b64encode(data).decode())
    | st.text(max_size=20)
    | st.none()
    | st.integers()
    | st.lists(st.text(max_size=3), max_size=2)
)
NAME_FIELDS = (
    st.sampled_from(
        ["", "s3://photos/a.jpg", "http://127.0.0.1/", "https://[::1", "http://a@b/", "/stored/a", "a" * 5000]
    )
    | st.text(st.characters(), max_size=20)
    | st.none()
    | st.floats()
)
FIELD_NAMES = st.sampled_from(["data", "name", "tag", " data ", ""]) | st.text(max_size=4)
USUAL = st.fixed_dictionaries({"data": DATA_FIELDS}, optional={"name": NAME_FIELDS, "tag": NAME_FIELDS})
ANY = st.dictionaries(FIELD_NAMES, DATA_FIELDS | NAME_FIELDS, max_size=4) | st.lists(NAME_FIELDS, max_size=2)
BODIES = (USUAL | ANY).map(lambda document: json.dumps(document).encode()) | st.binary(max_size=60)
METHODS = ("POST",) * 9 + ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")
PATHS = (*DOCUMENTED,) * 4 + (f"{PREFIX}x", PREFIX, f"{TAG}/", f"{STDIMG}?data=x", f"{FEATURE}?%ff", f"{PREFIX}%ff")


@given(st.sampled_from(METHODS), st.sampled_from(PATHS), BODIES)
@hypothesis_settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
def test_2000_requests_get_no_other_answer(homy: HomyBK, method: str, path: str, body: bytes) -> None:
    answer = homy.client.request(method, path, body, {"Content-Type": "application/json"})
    plain = path.partition("?")[0]
    if method == "HEAD" or (method == "OPTIONS" and plain in DOCUMENTED):
        assert (answer.status, answer.body) == (200, b"")
    else:
        message = checked(plain, answer)["message"]
        assert method == "POST" or message == SOMETHING_WRONG
