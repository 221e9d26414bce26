"""Every parameter, wrong in every way: the right row of the error table, a sentence that helps, nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from engine import FaceEngine
from tests.bad_targets import BAD, MISSING, NO_PATH, TARGETS, Row
from tests.client import BOUNDARY, FORM, Client, Part, field, head, multipart, photo
from tests.conftest import Live

BROKEN = (400, "1005", "UPLOAD_ERROR")
URLENCODED = "application/x-www-form-urlencoded"


class Enrolled:
    """A face set of one face, called Mindy; beside its crop lie files that nobody may reach."""

    def __init__(self, client: Client, engine: FaceEngine, portrait: bytes) -> None:
        self.client = client
        self.token = ""
        self._portrait = portrait
        (engine.crops.path / "secret.txt").write_text("secret")
        (engine.crops.path.parent / "secret.txt").write_text("secret")
        (engine.crops.path / f"{'s' * 24}.jpg").symlink_to(engine.crops.path / "secret.txt")

    def unchanged(self) -> bool:
        faces = self.client.get("/faces").json["faces"]
        return [(face["face_token"], face["face_name"]) for face in faces] == [(self.token, "Mindy")]

    def restore(self) -> None:
        """Make it as it was, so that one failure does not bring the next."""
        if not self.unchanged():
            for face in self.client.get("/faces").json["faces"]:
                self.client.get("/removeface", face_token=face["face_token"])
            self.token = self.client.enrolled(self._portrait, "Mindy")


@pytest.fixture(scope="module")
def face_set(
    serve: Callable[..., Live],
    new_engine: Callable[..., FaceEngine],
    tmp_path_factory: pytest.TempPathFactory,
    photos: Path,
) -> Iterator[Enrolled]:
    engine = new_engine(tmp_path_factory.mktemp("bad"))
    client = Client(serve(engine, threads=2, queue=2).port)
    yield Enrolled(client, engine, min(photos.glob("val/mindy_kaling/*.jpg")).read_bytes())
    engine.close()


@pytest.fixture
def enrolled(face_set: Enrolled) -> Enrolled:
    face_set.restore()
    return face_set


@pytest.mark.parametrize("row", TARGETS, ids=[row.name for row in TARGETS])
def test_a_wrong_target(enrolled: Enrolled, row: Row) -> None:
    line = head(row.method, row.target.replace("TOKEN", enrolled.token), "Content-Length: 0")
    answer = enrolled.client.raw(line, half_close=False)
    assert answer.error == row.expected
    assert row.word in answer.json["detail"]
    assert len(answer.body) < 600
    assert b"secret" not in answer.body
    assert enrolled.unchanged()


A_TOKEN = field("face_token", "a" * 24)
FORMS = {
    "a token twice": ([field("face_token", "x"), field("face_token", "x")], BAD, "face_token is given more than once"),
    "an unknown field": ([field("face_token", "x"), field("token", "x")], BAD, "unknown parameter 'token'"),
    "an empty token": ([field("face_token", "")], MISSING, "face_token is required"),
    "a token as a file": ([photo(b"x", "face_token")], MISSING, "face_token is required"),
    "a name not UTF-8": ([A_TOKEN, Part("face_name", b"\xff")], BAD, "not valid UTF-8"),
    "a photo that nobody asked for": ([field("face_token", "x"), photo(b"x")], BAD, "unknown parameter 'image_file'"),
    "a name of two lines": ([A_TOKEN, field("face_name", "a\r\nb")], BAD, "control character"),
}


@pytest.mark.parametrize("case", FORMS)
def test_a_wrong_form(enrolled: Enrolled, case: str) -> None:
    parts, expected, word = FORMS[case]
    answer = enrolled.client.post("/addface", *parts)
    assert answer.error == expected
    assert word in answer.json["detail"]
    assert enrolled.unchanged()


NAMELESS = f'--{BOUNDARY}\r\nContent-Disposition: form-data; filename="x"\r\n\r\nx\r\n--{BOUNDARY}--\r\n'.encode()
BODIES = {
    "in the query and the form": ("?face_token=x", URLENCODED, b"face_token=x", BAD, "more than once"),
    "raw bytes in a form": ("", URLENCODED, b"face_token=x&face_name=\xff", BAD, "valid UTF-8"),
    "broken percent signs": ("", URLENCODED, b"face_token=x&face_name=%C3%28", BAD, "valid UTF-8"),
    "JSON": ("", "application/json", b'{"face_token": "x"}', BAD, "the body must be a form"),
    "a part without a name": ("", FORM, NAMELESS, BAD, "unknown parameter ''"),
    "a part without a head": ("", FORM, f"--{BOUNDARY}\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(), BROKEN, "is broken"),
    "a boundary that never comes": ("", FORM + "x", multipart([field("face_token", "x")]), BROKEN, "is broken"),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_wrong_body(enrolled: Enrolled, case: str) -> None:
    query, kind, body, expected, word = BODIES[case]
    answer = enrolled.client.request("POST", f"/addface{query}", body, {"Content-Type": kind})
    assert answer.error == expected
    assert word in answer.json["detail"]


def test_a_search_by_both_or_by_neither(enrolled: Enrolled) -> None:
    both = field("face_token", enrolled.token), photo(b"x"), field("threshold", "1")
    assert enrolled.client.post("/search", *both).error == BAD
    neither = enrolled.client.post("/search", field("threshold", "1"))
    assert neither.error == MISSING
    assert "image_file" in neither.json["detail"]


SCRIPTS = (
    "Ünïcödé",
    "Алексей",
    "محمد",
    "עברית",
    "हिन्दी",
    "ไทย",
    "한국어",
    "日本語",
    "አማርኛ",
    "ქართული",
    "Ωμέγα",
    "ᠮᠣᠩᠭᠣᠯ",
)
SIGNS = (
    "👩\u200d👩\u200d👧",
    "%_\\",
    "O'Brien\"; DROP TABLE faces; --",
    "<script>",
    "a b+c&d=e#f",
    "..",
    "%00",
    "\u202eabc",
)


@pytest.mark.parametrize("name", [letter * 255 for letter in "aé李😀"] + [*SCRIPTS, *SIGNS])
def test_a_good_name_comes_back_as_it_was(enrolled: Enrolled, name: str) -> None:
    client, token = enrolled.client, enrolled.token
    urlencoded = f"face_token={token}&face_name={quote(name)}".encode()
    for answer in (
        client.get("/addface", face_token=token, face_name=name),
        client.post("/addface", field("face_token", token), field("face_name", name)),
        client.request("POST", "/addface", urlencoded, {"Content-Type": URLENCODED}),
        client.get(f"/faces/{token}"),
    ):
        assert answer.status == 200
        assert answer.json["face_name"] == name
    assert client.get("/faces", face_name=name).json["total"] == 1
    assert client.get("/addface", face_token=token, face_name="Mindy").status == 200


def test_head_and_options(enrolled: Enrolled) -> None:
    client = enrolled.client
    for path, status in (("/faces", 200), ("/nowhere", 404), ("/detect", 405), ("/search", 400), ("/faces/x", 404)):
        answer = client.request("HEAD", path)
        assert (answer.status, answer.body) == (status, b"")
    for path in ("/addface", "/removeface"):
        assert client.request("HEAD", f"{path}?face_token={enrolled.token}").status == 405
    options = client.request("OPTIONS", "/search")
    assert options.status == 200
    assert {"GET", "POST"} <= set(options.headers["Allow"].split(", "))
    assert options.body == b""
    assert client.request("OPTIONS", "/nowhere").error == NO_PATH
    assert client.get("/detect").headers["Allow"] == "OPTIONS, POST"
    assert enrolled.unchanged()


def test_a_large_form_without_files_is_refused_before_it_is_read(enrolled: Enrolled) -> None:
    answer = enrolled.client.request("POST", "/addface", b"face_name=" + b"%41" * 30_000, {"Content-Type": URLENCODED})
    assert answer.error == (413, "1005", "UPLOAD_ERROR")


@pytest.mark.parametrize("target", ["*", "nowhere/at/all", "?x=1", "a.b:443", "http://x", "http://[x/auth/tag"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST", "CONNECT"])
def test_a_target_that_is_no_path_is_answered(enrolled: Enrolled, method: str, target: str) -> None:
    answer = enrolled.client.raw(head(method, target, "Content-Length: 0"))
    assert answer.status in (400, 404, 405)
    assert answer.error[1] == "1001"
