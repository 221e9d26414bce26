"""Images of the NHN dialect: every way they come, their limits, and what is answered of the faces in them."""

from __future__ import annotations

import base64
import math
from typing import Any

import cv2
import numpy as np
import pytest

from api.nhn.parameters import LIMITS
from tests.nhn_client import Refusal
from tests.nhn_world import CROWD, World, open_world, world
from tests.pictures import Pixels, blank, decoded, encoded, grid, padded, read, tiff_orientation, turned, with_exif

__all__ = ["open_world", "world"]

INVALID = (-40000, "InvalidParam")
TOO_LARGE, NO_FORMAT = (-45000, "ImageTooLargeException"), (-45000, "InvalidImageFormatException")


@pytest.fixture(scope="module")
def crowd(world: World) -> list[Any]:
    """The faces of `World.crowd`, as they are answered."""
    found: list[Any] = world.checked.detect(world.app, world.crowd)["faceDetails"]
    assert len(found) == len(CROWD)
    return found


def numbers(face: Any) -> list[float]:
    """Return a face's box and landmarks."""
    return [*face["bbox"].values(), *(point[axis] for point in face["landmarks"] for axis in "xy")]


def resized(pixels: Pixels, width: int, height: int) -> Pixels:
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def on_canvas(pixels: Pixels, width: int, height: int) -> Pixels:
    """Return a grey picture with those pixels in its corner."""
    canvas = np.full((height, width, 3), 128, np.uint8)
    canvas[: pixels.shape[0], : pixels.shape[1]] = pixels
    return canvas


def test_every_way_an_image_comes(world: World) -> None:
    photo = world.portrait()
    text = base64.b64encode(photo).decode()
    assert "+" in text
    assert "/" in text
    ways: list[Any] = [
        {"bytes": text.rstrip("=")},
        {"bytes": base64.urlsafe_b64encode(photo).decode()},
        {"bytes": base64.encodebytes(photo).decode().replace("\n", "\r\n")},
        {"bytes": f" {text}\n", "url": None},
        {"bytes": f"data:image/jpeg;base64,{text}", "url": ""},
        {"bytes": f"DATA:;base64,{text}", "format": "jpeg"},
        {"url": world.url("photo.jpg"), "bytes": ""},
        {"url": world.url("moved"), "bytes": None},
        {"url": world.stored(photo)},
    ]
    expected = world.checked.detect(world.app, photo)
    assert expected["faceDetailCount"] == 1
    fetched = world.web.connections
    for way in ways:
        assert world.checked.detect(world.app, way) == expected
    # One of the photo itself, two of the one that moved; the server's own was not asked for.
    assert world.web.connections == fetched + 3
    source = world.checked.compare(world.app, ways[6], ways[8])["sourceFace"]
    assert source == {key: expected["faceDetails"][0][key] for key in ("bbox", "confidence")}


def test_the_bytes_an_image_may_have(world: World) -> None:
    group, largest = world.new_group(), padded(world.portrait(), LIMITS.max_bytes)
    assert world.checked.detect(world.app, largest)["faceDetailCount"] == 1
    assert world.checked.detect(world.app, world.stored(largest))["faceDetailCount"] == 1
    assert world.checked.detect(world.app, padded(world.portrait(), LIMITS.max_bytes + 1)) == TOO_LARGE
    assert world.checked.add_faces(world.app, group, padded(blank(80, 80), LIMITS.max_bytes))["addedFaces"] == []
    # Two of them fit into one request, however the client writes its base64.
    lines = {"bytes": base64.encodebytes(largest).decode().replace("\n", "\r\n")}
    compared = world.checked.compare(world.app, lines, lines, 100)
    assert compared["matchedFaceDetailCount"] == 1
    # A body that no image of the limits needs is not read to its end.
    assert world.checked.detect(world.app, bytes(16 * 2**20)) == TOO_LARGE


@pytest.mark.parametrize(
    ("width", "height", "answered"),
    [(80, 80, 0), (79, 80, NO_FORMAT), (80, 79, NO_FORMAT), (16_384, 80, 0), (80, 16_384, 0), (80, 16_385, NO_FORMAT)],
)
def test_the_sides_an_image_may_have(world: World, width: int, height: int, answered: int | tuple[int, str]) -> None:
    found = world.checked.detect(world.app, blank(width, height))
    assert (found if isinstance(found, Refusal) else found["faceDetailCount"]) == answered


@pytest.mark.parametrize("scale", [(2049, 683), (3000, 1000), (6000, 2000)])
@pytest.mark.parametrize("upright", [True, False])
def test_a_larger_image_is_scaled_down_and_boxes_are_fractions(
    world: World, crowd: list[Any], scale: tuple[int, int], upright: bool
) -> None:
    pixels = grid([read(world.path_of(person)) for person in CROWD], 3 if not upright else 1)
    size = scale[::-1] if upright else scale
    enlarged = encoded(resized(pixels, *size), ".jpg", cv2.IMWRITE_JPEG_QUALITY, 90)
    small = world.checked.detect(world.app, encoded(pixels))["faceDetails"]
    large = world.checked.detect(world.app, enlarged)["faceDetails"]
    assert len(large) == len(small) == len(crowd)
    for one, other in zip(small, large, strict=True):
        assert numbers(other) == pytest.approx(numbers(one), abs=0.03)


def test_a_face_must_have_60_pixels_after_the_scaling(world: World) -> None:
    pixels = read(world.path_of("ben_afflek"))
    box = world.checked.detect(world.app, world.portrait())["faceDetails"][0]["bbox"]
    side = min((box["x1"] - box["x0"]) * pixels.shape[1], (box["y1"] - box["y0"]) * pixels.shape[0])

    def found(pixels_of_the_face: int, width: int, height: int) -> int:
        scale = pixels_of_the_face / side
        small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        picture = on_canvas(np.asarray(small, np.uint8), width, height)
        return int(world.checked.detect(world.app, encoded(picture, ".png"))["faceDetailCount"])

    assert [found(pixels, 400, 300) for pixels in (52, 70)] == [0, 1]
    # Twice as wide as what is looked at: 100 pixels are 50 there.
    assert [found(100, *size) for size in ((2048, 300), (4096, 300), (300, 4096))] == [1, 0, 0]


def test_up_to_100_faces_are_answered(world: World) -> None:
    many = encoded(grid([read(world.path_of("ben_afflek"))] * 108, 12, cell=160))
    assert world.checked.detect(world.app, many)["faceDetailCount"] == 100
    group = world.new_group()
    added = world.checked.add_faces(world.app, group, many, 2)
    assert [added[name] for name in ("addedFaceCount", "notAddedFaceCount")] == [2, 98]
    assert len(world.ids(group)) == 2


@pytest.mark.parametrize("limit", [1, 2, 3.0, 4, 100])
def test_the_largest_faces_are_added_and_the_others_told(world: World, crowd: list[Any], limit: float) -> None:
    group, most = world.new_group(), int(limit)
    added = world.checked.add_faces(world.app, group, world.crowd, limit)
    assert (added["addedFaceDetails"], added["notAddedFaces"]) == (crowd[:most], crowd[most:])
    listed = world.checked.list_faces(world.app, group)["faces"]
    assert listed == added["addedFaces"][::-1]
    assert [face["bbox"] for face in listed[::-1]] == [face["bbox"] for face in crowd[:most]]


def test_a_photo_without_a_face(world: World) -> None:
    group = world.new_group("ben_afflek")
    before = world.ids(group)
    assert world.checked.detect(world.app, world.nobody) == {"faceDetailCount": 0, "faceDetails": []}
    added = world.checked.add_faces(world.app, group, world.nobody)
    assert [len(added[name]) for name in ("addedFaces", "addedFaceDetails", "notAddedFaces")] == [0, 0, 0]
    assert world.ids(group) == before
    # There is no answer without a source face.
    assert world.checked.search_by_image(world.app, group, world.nobody) == INVALID
    assert world.checked.compare(world.app, world.nobody, world.crowd) == INVALID
    compared = world.checked.compare(world.app, world.crowd, world.nobody)
    assert [compared[f"{kind}FaceDetails"] for kind in ("matched", "unmatched")] == [[], []]


def test_every_face_of_the_target_is_compared_with_the_largest_of_the_source(world: World, crowd: list[Any]) -> None:
    people = {person: world.portrait(person) for person in CROWD}
    for place, person in enumerate(CROWD):
        compared = world.checked.compare(world.app, people[person], world.crowd, 75)
        assert [pair["faceDetail"] for pair in compared["matchedFaceDetails"]] == [crowd[place]]
        assert compared["matchedFaceDetails"][0]["similarity"] > 90
        assert compared["unmatchedFaceDetailCount"] == 2
        assert all(pair["similarity"] < 75 for pair in compared["unmatchedFaceDetails"])
        turned_round = world.checked.compare(world.app, world.crowd, people[person], 75)
        assert turned_round["matchedFaceDetailCount"] == (place == 0)
        assert turned_round["sourceFace"]["bbox"] == crowd[0]["bbox"]
    for threshold in (1, 100):
        compared = world.checked.compare(world.app, people["madonna"], world.crowd, threshold)
        pairs = compared["matchedFaceDetails"] + compared["unmatchedFaceDetails"]
        assert len(pairs) == 3
        assert compared["matchedFaceDetails"] == [pair for pair in pairs if pair["similarity"] >= threshold]


def test_the_references_own_request_has_a_blank_behind_threshold(world: World) -> None:
    one = {"url": world.url("photo.jpg")}
    body = {"sourceImage": one, "targetImage": one, "threshold ": 80}
    compared = world.checked.ask("compare", world.app, body=body)
    assert compared["matchedFaceDetailCount"] == 1
    assert world.checked.ask("compare", world.app, body={**body, "threshold ": 101}) == INVALID


def test_which_side_was_refused(world: World) -> None:
    good, gif, gone = world.portrait(), b"GIF89a", world.url("none.jpg")
    for source, target, refused in (
        (gif, good, "ImageInvalidImageFormatException:Source"),
        (good, gif, "ImageInvalidImageFormatException:Target"),
        (gone, gif, "ImageInvalidImageURLException:Source"),
        (good, gone, "ImageInvalidImageURLException:Target"),
    ):
        assert world.checked.compare(world.app, source, target) == (-45000, refused)
    # What is wrong with the request itself is told first, and nothing is fetched for it.
    fetched = world.web.connections
    assert world.checked.compare(world.app, world.url("photo.jpg"), None) == INVALID
    assert world.web.connections == fetched


@pytest.mark.parametrize("person", ["ben_afflek", "jerry_seinfeld", "mindy_kaling"])
def test_a_mirrored_photo_turns_yaw_and_roll_around(world: World, person: str) -> None:
    pixels = read(world.path_of(person))
    one, other = (
        world.checked.detect(world.app, encoded(np.ascontiguousarray(each), ".png"))["faceDetails"][0]
        for each in (pixels, pixels[:, ::-1])
    )
    straight, mirrored = one["orientation"], other["orientation"]
    assert straight["x"] == pytest.approx(mirrored["x"], abs=8)
    assert straight["y"] == pytest.approx(-mirrored["y"], abs=8)
    assert straight["z"] == pytest.approx(-mirrored["z"], abs=5)
    points = {point["type"]: point["x"] for point in other["landmarks"]}
    assert points["leftEye"] < points["nose"] < points["rightEye"]
    assert points["leftLip"] < points["rightLip"]
    assert math.isclose(one["bbox"]["x0"], 1 - other["bbox"]["x1"], abs_tol=0.03)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_boxes_are_those_of_the_upright_photo(world: World, crowd: list[Any], orientation: int) -> None:
    stored = encoded(turned(decoded(world.crowd), orientation), ".png")
    shown = with_exif(stored, tiff_orientation(orientation))
    found = world.checked.detect(world.app, shown)["faceDetails"]
    assert [numbers(face) for face in found] == [pytest.approx(numbers(face), abs=0.01) for face in crowd]
