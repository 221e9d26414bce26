"""Finday's contract through HTTP: matches and strangers, every fault of the input, and no other answer ever."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from api.finday import LIMITS
from engine import FaceEngine
from errors import Overloaded
from similarity import SAME_PERSON
from tests.client import FORM, Part, field, multipart, photo
from tests.conftest import Live
from tests.finday_client import PATH, Finday, checked
from tests.module_engine import engine
from tests.pictures import blank, bomb, decoded, encoded, padded
from tests.wild_forms import BAD_PHOTOS, WildRequest, wild_requests

__all__ = ["engine"]

Serve = Callable[..., Live]
People = dict[str, list[bytes]]
ORIGIN = {"Origin": "https://bank.example"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def finday(serve: Serve, engine: FaceEngine, data: Path) -> Finday:
    return Finday(serve, engine, data)


@pytest.fixture(scope="module")
def people(photos: Path) -> People:
    folders = sorted(photos.glob("val/*"))
    return {folder.name: [file.read_bytes() for file in sorted(folder.glob("*.jpg"))] for folder in folders}


@pytest.fixture(scope="module")
def portrait(people: People) -> bytes:
    return people["ben_afflek"][0]


def cosine(engine: FaceEngine, one: bytes, other: bytes) -> float:
    vectors = [engine.recognizer.largest_embedded(each)[2].astype(float) for each in (one, other)]
    return 1 - float(vectors[0] @ vectors[1])


def test_one_person_matches_and_a_stranger_does_not(finday: Finday, engine: FaceEngine, people: People) -> None:
    names = list(people)
    for name, after in zip(names, names[1:] + names[:1], strict=True):
        registered = people[name][0]
        for captured, expected in ((people[name][2], 200), (people[after][0], 401)):
            status, body = finday.verify(captured, finday.stored(registered))
            assert status == expected, name
            assert body["distance"] == pytest.approx(cosine(engine, captured, registered), abs=1e-5)
            assert body["threshold"] == SAME_PERSON


def test_the_largest_face_of_each_photo_counts(finday: Finday, people: People) -> None:
    near, far = decoded(people["ben_afflek"][1]), decoded(people["mindy_kaling"][0])
    both = np.zeros((600, 900, 3), np.uint8)
    both[:, :600] = cv2.resize(near, (600, 600))
    both[:300, 600:] = cv2.resize(far, (300, 300))
    two = encoded(both)
    ben, mindy = (finday.stored(people[name][2]) for name in ("ben_afflek", "mindy_kaling"))
    assert [finday.verify(two, url)[0] for url in (ben, mindy)] == [200, 401]
    here = finday.stored(two)
    assert [finday.verify(people[name][2], here)[0] for name in ("ben_afflek", "mindy_kaling")] == [200, 401]


def test_the_photo_of_a_phone_is_taken(finday: Finday, portrait: bytes) -> None:
    phone = encoded(cv2.resize(decoded(portrait), (3000, 4500), interpolation=cv2.INTER_CUBIC))
    full = padded(phone, LIMITS.max_bytes)
    assert finday.verify(full, finday.stored(portrait))[0] == 200
    assert finday.verify(portrait, finday.stored(full))[0] == 200
    over = padded(phone, LIMITS.max_bytes + 1)
    for answer, which in (
        (finday.verify(over, finday.stored(portrait)), "captured"),
        (finday.verify(portrait, finday.stored(over)), "registered"),
    ):
        assert answer[0] == 400
        assert re.match(rf"{which} photo: the photo .*{LIMITS.max_bytes}", answer[1]["reason"])


def test_the_threshold_is_a_setting_and_includes_itself(
    serve: Serve, engine: FaceEngine, data: Path, people: People
) -> None:
    one, same = people["ben_afflek"][0], people["ben_afflek"][2]
    strict = Finday(serve, engine, data, finday_threshold=0.0)
    status, body = strict.verify(one, strict.stored(one))
    assert (status, body["distance"], body["threshold"]) == (200, 0, 0)
    assert strict.verify(same, strict.stored(one))[0] == 401


def face_image(content: bytes) -> Part:
    return photo(content, "face_image")


FORMS: dict[str, Callable[[bytes, str], list[Part]]] = {
    "face_img_url is required": lambda good, _: [face_image(good)],
    "face_image is required": lambda _, url: [field("face_img_url", url)],
    "face_image came as a text field; send it as a file": lambda _, url: [
        field("face_image", "me"),
        field("face_img_url", url),
    ],
    "face_img_url is given more than once": lambda good, url: [
        face_image(good),
        field("face_img_url", url),
        field("face_img_url", url),
    ],
    "face_image is given more than once": lambda good, url: [
        face_image(good),
        face_image(good),
        field("face_img_url", url),
    ],
    "face_image is empty": lambda _, url: [face_image(b""), field("face_img_url", url)],
}


@pytest.mark.parametrize("reason", FORMS)
def test_a_person_is_told_what_is_wrong_with_the_fields(finday: Finday, portrait: bytes, reason: str) -> None:
    status, body = finday.post(*FORMS[reason](portrait, finday.stored(portrait)))
    assert status == 400
    assert reason in body["reason"]


def test_an_empty_url_or_a_file_in_its_place_is_no_url(finday: Finday, portrait: bytes) -> None:
    for part in (field("face_img_url", ""), photo(portrait, "face_img_url")):
        status, body = finday.post(face_image(portrait), part)
        assert status == 400
        assert "face_img_url is required" in body["reason"]


BAD: dict[str, bytes] = {
    "cut off before its end": blank(200, 200, ".jpg")[:-30],
    "47x200 pixels": blank(47, 200),
    "million pixels": bomb(16_384),
    "no face of at least 40x40 pixels": blank(300, 300),
}


@pytest.mark.parametrize("reason", BAD)
def test_a_person_is_told_what_is_wrong_with_each_photo(finday: Finday, portrait: bytes, reason: str) -> None:
    for answer, which in (
        (finday.verify(BAD[reason], finday.stored(portrait)), "captured"),
        (finday.verify(portrait, finday.stored(BAD[reason])), "registered"),
    ):
        assert answer[0] == 400
        assert re.match(f"{which} photo: .*{reason}", answer[1]["reason"])


def test_a_page_is_no_photo(finday: Finday, portrait: bytes) -> None:
    status, body = finday.verify(b"<!doctype html><p>Log in first", finday.stored(portrait))
    assert status == 400
    assert re.match("captured photo: .*neither a JPEG nor a PNG", body["reason"])


def test_a_body_that_is_no_form(finday: Finday, portrait: bytes) -> None:
    form = multipart([face_image(portrait)])
    large = multipart([face_image(bytes(LIMITS.max_bytes * 2))])
    for body, kind in (
        (json.dumps({"face_img_url": "s3://photos/a.jpg"}).encode(), "application/json"),
        (form, "multipart/form-data"),
        (form[:-20], FORM),
        (b"face_img_url=%ff", "application/x-www-form-urlencoded"),
        (large, FORM),
    ):
        answer = finday.client.request("POST", PATH, body, {"Content-Type": kind})
        assert answer.status == 400
        checked(answer)


def test_fields_that_are_not_of_the_contract_are_ignored(finday: Finday, portrait: bytes) -> None:
    more = [field("email", "a@b.example"), field("email", "twice"), photo(b"", "file"), Part("", b"")]
    parts = [face_image(portrait), field("face_img_url", finday.stored(portrait)), *more]
    assert finday.post(*parts)[0] == 200


def test_another_method_or_path_is_answered_in_the_same_shape(finday: Finday) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = finday.client.request(method, PATH, b"")
        assert answer.status == 405
        assert answer.headers["Allow"] == "OPTIONS, POST"
        checked(answer)
    assert finday.client.request("HEAD", PATH).status == 405
    for path in (f"{PATH}/", f"{PATH}/x"):
        answer = finday.client.request("POST", path, b"")
        assert answer.status == 404
        checked(answer)


def test_nothing_is_kept(finday: Finday, engine: FaceEngine, data: Path, people: People) -> None:
    url = finday.stored(people["madonna"][0])
    before = sorted(data.rglob("*"))
    assert finday.verify(people["madonna"][2], url)[0] == 200
    assert sorted(data.rglob("*")) == before
    assert list(engine.crops.file("x").parent.glob("*.jpg")) == []
    assert finday.client.get("/faces").json["total"] == 0


class Failing:
    """An engine that does nothing but fail."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    @property
    def recognizer(self) -> Any:
        raise self._error


@pytest.mark.parametrize(
    "error", [RuntimeError("/work/secret.py"), Overloaded("the server is starting: wait for it", 7)]
)
def test_a_fault_of_the_server_is_told_without_its_insides(
    serve: Serve, tmp_path: Path, portrait: bytes, error: Exception
) -> None:
    failing = Finday(serve, Failing(error), tmp_path)  # type: ignore[arg-type]
    answer = failing.client.post(PATH, face_image(portrait), field("face_img_url", "s3://photos/a.jpg"), headers=ORIGIN)
    assert answer.status == 500
    assert not re.search("secret|photo", checked(answer)["reason"])
    assert answer.headers["Retry-After"] == ("7" if isinstance(error, Overloaded) else None)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


FACE = b"<face>"
"""Stands for a small photo of a face: the strategies are made before the photos are at hand."""

URLS = ("", "s3://photos/a.jpg", "http://169.254.169.254/", "https://[::1", "http://a@b/", "/stored/a", "a" * 5000)
USUAL = st.tuples(st.sampled_from([FACE, *BAD_PHOTOS]), st.sampled_from(URLS) | st.text(max_size=30)).map(
    lambda drawn: [face_image(drawn[0]), field("face_img_url", drawn[1])]
)


@pytest.fixture(scope="module")
def face(engine: FaceEngine, portrait: bytes) -> bytes:
    """A photo that takes a few milliseconds."""
    image, found = engine.recognizer.largest(portrait)
    left, top, right, bottom = (int(edge) for edge in found.box)
    small = encoded(np.ascontiguousarray(image[top:bottom, left:right]))
    assert engine.recognizer.largest(small, LIMITS)
    return small


@given(wild_requests(("face_img_url", "face_image"), USUAL))
@hypothesis_settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
def test_2000_requests_get_no_other_answer(finday: Finday, face: bytes, wild: WildRequest) -> None:
    body = wild.body.replace(FACE, face)
    answer = finday.client.request(wild.method, PATH + wild.query, body, {"Content-Type": wild.kind})
    if wild.method == "OPTIONS":
        assert (answer.status, answer.body) == (200, b"")
    elif wild.method == "HEAD":
        assert (answer.status, answer.body) == (405, b"")
    else:
        checked(answer)
        # Nothing of it leads to a registered photo.
        assert answer.status == (400 if wild.method == "POST" else 405)
