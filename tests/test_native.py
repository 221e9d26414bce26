"""The native dialect's good answers, field by field, over HTTP."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from answers import EnrolmentRule
from engine import FaceEngine
from tests.client import Client, field, photo
from tests.conftest import Live
from tests.pictures import blank, decoded, encoded, grid, padded, read, tiff_orientation, turned, with_exif

TOKEN = re.compile(r"[A-Za-z0-9]{24}")
Serve = Callable[..., Live]
NewEngine = Callable[..., FaceEngine]


@pytest.fixture(scope="module")
def engine(new_engine: NewEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaceEngine]:
    made = new_engine(tmp_path_factory.mktemp("native"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(serve: Serve, engine: FaceEngine) -> Client:
    return Client(serve(engine).port)


@pytest.fixture(scope="module")
def people(photos: Path) -> dict[str, list[Path]]:
    """Return five people's photos of one clear face each."""
    return {folder.name: sorted(folder.glob("*.jpg")) for folder in sorted((photos / "val").iterdir())}


@pytest.fixture(scope="module")
def one(people: dict[str, list[Path]]) -> bytes:
    return people["mindy_kaling"][0].read_bytes()


def corners(face: dict[str, Any]) -> list[float]:
    return [*face["top_left"], *face["bottom_right"]]


def overlap(one: list[float], other: list[float]) -> float:
    """Return the intersection of two boxes over their union."""
    sides = [min(one[i + 2], other[i + 2]) - max(one[i], other[i]) for i in (0, 1)]
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    shared = max(sides[0], 0) * max(sides[1], 0)
    return shared / (sum(areas) - shared)


def test_detect(client: Client, engine: FaceEngine, one: bytes) -> None:
    found = client.detect(one)
    assert (found["sucess"], found["success"]) == (True, True)
    assert found["face_num"] == len(found["faces"]) == 1
    assert (found["image_width"], found["image_height"]) == (300, 300)
    face = found["faces"][0]
    assert TOKEN.fullmatch(face["face_token"])
    assert (engine.crops.path / face["face_name"]).is_file()
    left, top, right, bottom = corners(face)
    assert 0 <= left < left + 30 <= right <= 300
    assert 0 <= top < top + 30 <= bottom <= 300
    assert len(face["landmarks"]) == 5
    assert all(left < x < right and top < y < bottom for x, y in face["landmarks"])
    assert 0.9 < face["confidence"] <= 1


def test_every_detection_gives_new_tokens(client: Client, one: bytes) -> None:
    tokens = {face["face_token"] for _ in range(3) for face in client.detect(one)["faces"]}
    assert len(tokens) == 3


def test_a_group_photo_gives_a_token_for_each_face(client: Client, people: dict[str, list[Path]]) -> None:
    pictures = [read(paths[0]) for paths in people.values()]
    found = client.detect(encoded(grid(pictures, 3)))
    assert found["face_num"] == 5
    assert len({face["face_token"] for face in found["faces"]}) == 5
    cells = {(int(corners(face)[0] // 320), int(corners(face)[1] // 320)) for face in found["faces"]}
    assert cells == {(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)}
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in map(corners, found["faces"])]
    assert areas == sorted(areas, reverse=True)
    for picture in pictures:
        alone = client.detect(encoded(picture))["faces"][0]["face_token"]
        tokens = [face["face_token"] for face in found["faces"]]
        distances = [client.get("/compare", face_token=alone, other_token=token).json["distance"] for token in tokens]
        assert min(distances) < 0.5


@pytest.mark.parametrize("kind", [".jpg", ".png"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_gives_upright_boxes(client: Client, one: bytes, orientation: int, kind: str) -> None:
    upright = decoded(one)[:240, :288]
    expected = client.detect(encoded(upright, ".png"))
    stored = with_exif(encoded(turned(upright, orientation), kind), tiff_orientation(orientation))
    found = client.detect(stored)
    assert (found["image_width"], found["image_height"]) == (288, 240)
    if kind == ".png":
        assert corners(found["faces"][0]) == corners(expected["faces"][0])
    # A JPEG's losses turn with the photo, and the detector sees them.
    assert overlap(corners(found["faces"][0]), corners(expected["faces"][0])) > 0.75


def test_a_photo_without_a_face(client: Client) -> None:
    found = client.detect(blank(320, 240))
    assert (found["sucess"], found["face_num"], found["faces"]) == (True, 0, [])
    answer = client.post("/search", photo(blank(320, 240)), field("threshold", "1"))
    assert answer.error == (422, "1007", "FACE_INFO_ERROR")


def test_search_by_token_and_by_photo(client: Client, people: dict[str, list[Path]]) -> None:
    added = [client.enrolled(path.read_bytes(), f"elton {place}") for place, path in enumerate(people["elton_john"])]
    other = client.enrolled(people["madonna"][1].read_bytes(), "madonna")
    by_token = client.get("/search", face_token=added[0], threshold="2").json
    assert by_token["face_token"] == added[0]
    found = [match["face_token"] for match in by_token["cmp_result"]]
    assert added[0] not in found
    assert {*added[1:], other} <= set(found)
    assert by_token["total"] == len(found)
    form = photo(people["elton_john"][0].read_bytes()), field("threshold", "2.0")
    by_photo = client.post("/search", *form).json
    assert TOKEN.fullmatch(by_photo["face_token"])
    assert by_photo["cmp_result"][0]["face_token"] == added[0]
    assert by_photo["cmp_result"][0]["distance"] == pytest.approx(0, abs=1e-3)
    assert client.get("/addface", face_token=by_photo["face_token"]).json["face_name"] == "unknown"
    for answer in (by_token, by_photo):
        assert (answer["sucess"], answer["success"]) == (True, True)
        distances = [match["distance"] for match in answer["cmp_result"]]
        assert distances == sorted(distances)
        assert all(match["distant"] == match["distance"] for match in answer["cmp_result"])
        assert all(float(np.float32(distance)) == distance for distance in distances)
        assert {match["face_name"] for match in answer["cmp_result"]} >= {"elton 1", "elton 2", "madonna"}


def test_the_threshold_is_inclusive_and_echoed(client: Client, one: bytes, people: dict[str, list[Path]]) -> None:
    first, second = client.enrolled(one, "near"), client.enrolled(people["ben_afflek"][0].read_bytes(), "far")
    distance = client.get("/compare", face_token=first, other_token=second).json["distance"]
    at = client.get("/search", face_token=first, threshold=repr(distance)).json
    under = client.get("/search", face_token=first, threshold=repr(float(np.nextafter(np.float32(distance), 0)))).json
    assert at["threshold"] == repr(distance)
    assert second in [match["face_token"] for match in at["cmp_result"]]
    assert second not in [match["face_token"] for match in under["cmp_result"]]
    for sent in ("0.65", "6.5e-1", "1.", ".5", "2", "0", "02.000"):
        assert client.get("/search", face_token=first, threshold=sent).json["threshold"] == sent


def test_a_limit_cuts_the_list_and_not_the_total(client: Client, people: dict[str, list[Path]]) -> None:
    tokens = [client.enrolled(path.read_bytes(), "limited") for path in people["jerry_seinfeld"][:3]]
    everything = client.get("/search", face_token=tokens[0], threshold=2).json
    cut = client.get("/search", face_token=tokens[0], threshold=2, limit=2).json
    assert cut["cmp_result"] == everything["cmp_result"][:2]
    assert cut["total"] == everything["total"] == len(everything["cmp_result"]) >= 2


def test_addface_is_idempotent_and_renames(client: Client, one: bytes) -> None:
    token = client.detect(one)["faces"][0]["face_token"]
    first = client.get("/addface", face_token=token, face_name="Zoë 李")
    names = {"face_neme": "Zoë 李", "face_name": "Zoë 李"}
    assert first.json == {"sucess": True, "success": True, "face_token": token, **names}
    total = client.get("/faces").json["total"]
    assert client.get("/addface", face_token=token).json == first.json
    assert client.post("/addface", field("face_token", token), field("face_name", "Zoe")).json["face_neme"] == "Zoe"
    assert client.get(f"/faces/{token}").json["face_name"] == "Zoe"
    assert client.get("/faces").json["total"] == total


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_removeface(client: Client, engine: FaceEngine, one: bytes, method: str) -> None:
    token, other = client.enrolled(one, "leaving"), client.enrolled(one, "staying")
    answer = client.request(method, f"/removeface?face_token={token}")
    assert answer.json == {"sucess": True, "success": True, "face_token": token}
    assert not engine.crops.file(token).exists()
    nearby = client.get("/search", face_token=other, threshold="2").json["cmp_result"]
    assert token not in [match["face_token"] for match in nearby]
    for path in (f"/removeface?face_token={token}", f"/faces/{token}", f"/show_photo/{token}.jpg"):
        assert client.get(path).error == (404, "1006", "FACE_TOKEN_ERROR")
    assert client.get(f"/search?face_token={token}&threshold=1").error[1] == "1006"


def test_removeface_takes_a_form(client: Client, one: bytes) -> None:
    token = client.enrolled(one, "leaving")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.request("POST", "/removeface", f"face_token={token}".encode(), form).status == 200


def test_faces_come_in_pages(client: Client, one: bytes) -> None:
    mine = padded(one, len(one) + 100)
    names = ["page_A", "page_B", "PAGE_c", "pageXd"]
    tokens = [client.enrolled(mine, name) for name in names]
    first = client.get("/faces", face_name="page_", limit=2).json
    assert [face["face_token"] for face in first["faces"]] == tokens[:2]
    assert first["total"] == 3
    last = client.get("/faces", face_name="page_", limit=2, cursor=first["cursor"]).json
    assert [face["face_name"] for face in last["faces"]] == ["PAGE_c"]
    assert last["cursor"] is None
    listed = client.get("/faces", photo_sha256=hashlib.sha256(mine).hexdigest()).json
    assert [face["face_token"] for face in listed["faces"]] == tokens
    row = {key: value for key, value in client.get(f"/faces/{tokens[3]}").json.items() if "suc" not in key}
    assert row == listed["faces"][3]
    assert set(row) == {"face_token", "face_name", "photo", "created_at", "confidence", "size"}
    assert client.get("/faces", face_name="%").json["faces"] == []
    assert client.get("/faces", photo_sha256="0" * 64).json["total"] == 0


def test_compare(client: Client, one: bytes, people: dict[str, list[Path]]) -> None:
    first = client.detect(one)["faces"][0]["face_token"]
    second = client.enrolled(people["madonna"][0].read_bytes(), "compared")
    answer = client.get("/compare", face_token=first, other_token=second).json
    swapped = client.post("/compare", field("face_token", second), field("other_token", first)).json
    assert answer["distant"] == answer["distance"] == swapped["distance"]
    assert 0.7 < answer["distance"] <= 2
    assert client.get("/compare", face_token=first, other_token=first).json["distance"] == 0


def test_crops_and_the_upload_page(client: Client, one: bytes) -> None:
    face = client.detect(one)["faces"][0]
    shown = client.get(f"/show_photo/{face['face_name']}")
    saved = client.get(f"/download/{face['face_name']}")
    assert shown.status == saved.status == 200
    assert shown.body == saved.body
    assert shown.body.startswith(b"\xff\xd8\xff")
    assert shown.headers["Content-Type"] == saved.headers["Content-Type"] == "image/jpeg"
    assert not (shown.headers["Content-Disposition"] or "inline").startswith("attachment")
    assert saved.headers["Content-Disposition"] == f"attachment; filename={face['face_name']}"
    assert "no-store" in shown.headers["Cache-Control"]
    page = client.get("/upload")
    assert page.headers["Content-Type"].startswith("text/html")
    assert b'name="image_file"' in page.body
    policy = page.headers["Content-Security-Policy"].split("; ")
    # Neither shown within a foreign page nor led by one to another address.
    assert {"frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} <= set(policy)
    assert page.headers["X-Frame-Options"] == "DENY"


def test_enrolment_rules_say_why(serve: Serve, new_engine: NewEngine, tmp_path: Path, one: bytes) -> None:
    engine = new_engine(tmp_path, rule=EnrolmentRule(min_confidence=0.5, min_size=250))
    client = Client(serve(engine, threads=2, queue=2).port)
    answer = client.get("/addface", face_token=client.detect(one)["faces"][0]["face_token"])
    assert answer.error == (422, "1007", "FACE_INFO_ERROR")
    assert "250" in answer.json["detail"]
    engine.rule = EnrolmentRule(min_confidence=1.01)
    answer = client.get("/addface", face_token=client.detect(one)["faces"][0]["face_token"])
    assert answer.error == (422, "1007", "FACE_INFO_ERROR")
    assert re.search(r"detector is [01]\.\d+ sure", answer.json["detail"])
    assert client.get("/faces").json["total"] == 0
    engine.close()
