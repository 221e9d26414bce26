"""Scenes: the same thing is known again from elsewhere, and nothing else passes for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import scene_changes
from images import Image
from scenes.features import Features, features
from scenes.match import FEWEST_INLIERS, MOST_MATCHES, SMALLEST_SPREAD, Comparison, compare, same_scene
from tests.pictures import decoded, encoded, read
from tests.scenery import BLANK, PHOTOS, pasted, textured

SEEN_AGAIN: dict[str, Callable[[Image], Image]] = {
    "itself": lambda photo: photo,
    "from aside": lambda photo: scene_changes.turned_away(photo, 25),
    "from above": lambda photo: scene_changes.turned_away(photo, 25, upright=False),
    "leaning": lambda photo: scene_changes.rotated(photo, 30),
    "upside down": lambda photo: scene_changes.rotated(photo, 180),
    "farther": lambda photo: scene_changes.farther(photo, 0.7),
    "nearer": lambda photo: scene_changes.nearer(photo, 1.4),
    "cropped": lambda photo: scene_changes.cropped(photo, 0.75),
    "dark": lambda photo: scene_changes.darker(photo, 1.8),
    "out of focus": lambda photo: scene_changes.blurred(photo, 1.5),
    "noisy": lambda photo: scene_changes.noisy(photo, 5),
    "squeezed": lambda photo: decoded(encoded(photo, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 30)),
    "partly hidden": lambda photo: scene_changes.covered(photo, 0.3, np.zeros_like(photo)),
}


def equal(one: Features, other: Features) -> bool:
    return np.array_equal(one.points, other.points) and np.array_equal(one.descriptors, other.descriptors)


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("change", SEEN_AGAIN)
def test_a_scene_is_known_again(name: str, change: str) -> None:
    one, other = features(PHOTOS[name]), features(SEEN_AGAIN[change](PHOTOS[name]))
    assert compare(one, other).flaw is None
    assert same_scene(one, other)


def test_another_scene_is_not(photos: Path) -> None:
    portraits = [read(sorted(person.glob("*.jpg"))[0]) for person in sorted((photos / "train").iterdir())]
    found = [features(photo) for photo in (*PHOTOS.values(), *portraits)]
    assert len(found) == 8
    assert [compare(one, other).flaw is None for one, other in permutations(found, 2)] == [False] * 56


@pytest.mark.parametrize("name", PHOTOS)
def test_a_mirrored_scene_is_another(name: str) -> None:
    photo = PHOTOS[name]
    assert not same_scene(features(photo), features(scene_changes.mirrored(photo)))


@pytest.mark.parametrize("name", PHOTOS)
def test_the_other_half_of_a_photo_is_another_scene(name: str) -> None:
    left, right = (features(half) for half in scene_changes.halves(PHOTOS[name]))
    assert not same_scene(left, right)
    assert not same_scene(right, left)


def test_a_mark_printed_into_both_photos_is_no_scene() -> None:
    mark = textured(80, 80)
    found = compare(*(features(pasted(mark, 390, 550, PHOTOS[name])) for name in ("cat", "coffee")))
    assert found.inliers >= FEWEST_INLIERS
    assert found.flaw == "spread"


def test_a_close_up_of_a_thing_among_others_is_its_scene() -> None:
    alone = features(PHOTOS["tripod"])
    among = features(pasted(PHOTOS["tripod"][:200, :200], 200, 300, PHOTOS["cat"]))
    assert same_scene(alone, among)
    assert same_scene(among, alone)


def test_the_share_of_either_photo_counts() -> None:
    part = features(PHOTOS["tripod"])
    whole = dataclasses.replace(part, width=3000, height=3000)
    assert same_scene(part, whole)
    assert same_scene(whole, part)
    assert compare(whole, whole).flaw == "spread"


def test_the_nearest_matches_count() -> None:
    photo = features(textured(480, 640))
    half = photo.count // 2
    assert half > MOST_MATCHES
    points, descriptors = photo.points.copy(), photo.descriptors.copy()
    points[half:] = np.random.default_rng(0).uniform(0, 480, points[half:].shape)
    descriptors[half:, 0] ^= 1
    found = compare(photo, dataclasses.replace(photo, points=points, descriptors=descriptors))
    assert (found.matches, found.inliers) == (MOST_MATCHES, MOST_MATCHES)


@pytest.mark.parametrize("name", BLANK)
def test_a_blank_photo_is_no_scene(name: str) -> None:
    nothing, something = features(BLANK[name]), features(PHOTOS["cat"])
    for one, other in ((nothing, something), (something, nothing), (nothing, nothing)):
        assert compare(one, other) == Comparison(0)
        assert compare(one, other).flaw == "matches"


@pytest.mark.parametrize("kept", [0, 1, 2, 3, FEWEST_INLIERS - 1])
def test_too_few_features_are_no_scene(kept: int) -> None:
    whole = features(PHOTOS["tripod"])
    few = dataclasses.replace(whole, points=whole.points[:kept], descriptors=whole.descriptors[:kept])
    assert compare(few, whole).flaw == compare(whole, few).flaw == "matches"


def test_keypoints_on_one_spot_make_no_scene() -> None:
    whole = features(PHOTOS["tripod"])
    on_one_spot = dataclasses.replace(whole, points=np.full_like(whole.points, 7))
    assert not same_scene(whole, on_one_spot)
    assert not same_scene(on_one_spot, whole)


@pytest.mark.parametrize(
    ("matrix", "flaw"),
    [
        ([[1, 0], [0, 1]], None),
        ([[2, 0], [0, 2]], None),
        ([[5, 0], [0, 5]], "scale"),
        ([[0.2, 0], [0, 0.2]], "scale"),
        ([[1, 0], [0, -1]], "mirrored"),
        ([[2, 0], [0, 0.1]], "collapsed"),
        ([[1, 0.98], [1, 1]], "collapsed"),
    ],
)
def test_an_outline_that_no_camera_makes_is_refused(matrix: list[list[float]], flaw: str | None) -> None:
    """The keypoints agree perfectly, on a change that no second photo has."""
    whole = features(PHOTOS["tripod"])
    moved = dataclasses.replace(whole, points=(whole.points @ np.array(matrix).T).astype(np.float32))
    found = compare(whole, moved)
    assert found.inliers >= FEWEST_INLIERS
    assert found.flaw == flaw


def test_a_photo_folded_over_the_horizon_is_refused() -> None:
    whole = features(PHOTOS["tripod"])
    depth = whole.points[:, :1] / 100 - 1.2
    folded = dataclasses.replace(whole, points=(whole.points / depth).astype(np.float32))
    assert compare(whole, folded).distortion == "horizon"


def test_the_size_of_the_file_does_not_matter() -> None:
    small = textured(480, 640)
    large = np.asarray(cv2.resize(small, (2560, 1920), interpolation=cv2.INTER_CUBIC), np.uint8)
    found = compare(features(small), features(large))
    assert found.flaw is None
    assert found.scale == pytest.approx(1, abs=0.02)


def test_the_answer_tells_how_the_scene_was_found() -> None:
    found = compare(features(PHOTOS["tripod"]), features(scene_changes.nearer(PHOTOS["tripod"], 1.5)))
    assert FEWEST_INLIERS <= found.inliers <= found.matches <= MOST_MATCHES
    assert found.scale == pytest.approx(1.5, rel=0.05)
    assert found.area == pytest.approx(1.5**2 * 300 * 300, rel=0.1)
    assert SMALLEST_SPREAD < found.spread < 1


def test_a_clear_case_is_the_same_both_ways() -> None:
    for photo in PHOTOS.values():
        one, other = features(photo), features(scene_changes.turned_away(photo, 20))
        there, back = compare(one, other), compare(other, one)
        assert there.flaw is back.flaw is None
        assert there.scale * back.scale == pytest.approx(1, abs=0.25)


def test_the_same_photos_always_have_the_same_answer_on_any_thread() -> None:
    hard = {name: scene_changes.all_at_once(photo) for name, photo in PHOTOS.items()}
    expected = {name: (features(PHOTOS[name]), features(hard[name])) for name in PHOTOS}
    answers = {name: compare(*pair) for name, pair in expected.items()}

    def again(name: str) -> tuple[bool, Comparison]:
        one, other = features(PHOTOS[name]), features(hard[name])
        return equal(one, expected[name][0]) and equal(other, expected[name][1]), compare(one, other)

    with ThreadPoolExecutor(8) as pool:
        for seed in (1, 2, 3):
            cv2.setRNGSeed(seed)
            names = [*PHOTOS] * 8
            for name, answer in zip(names, pool.map(again, names), strict=True):
                assert answer == (True, answers[name])
