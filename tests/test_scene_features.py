"""The features of a photo: whatever its size and content, the same each time."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes.features import DESCRIPTOR_BYTES, LONGEST_SIDE, MOST_KEYPOINTS, SMALLEST_SIDE, features
from tests.scenery import BLANK, PHOTOS, textured


@pytest.mark.parametrize("name", BLANK)
def test_a_blank_photo_has_no_features(name: str) -> None:
    found = features(BLANK[name])
    assert found.count == 0
    assert found.points.shape == (0, 2)
    assert found.descriptors.shape == (0, DESCRIPTOR_BYTES)


def test_a_photo_of_something_has_as_many_descriptors_as_keypoints() -> None:
    found = features(PHOTOS["tripod"])
    assert found.count > 80
    assert found.points.shape == (found.count, 2)
    assert found.descriptors.shape == (found.count, DESCRIPTOR_BYTES)
    assert (str(found.points.dtype), str(found.descriptors.dtype)) == ("float32", "uint8")


@pytest.mark.parametrize("size", [(1, 1), (1, 640), (640, 1), (1, 5000), (5000, 1), (2, 300), (47, 47)])
def test_a_sliver_has_no_features(size: tuple[int, int]) -> None:
    assert features(textured(*size)).count == 0


def test_a_photo_of_the_smallest_side_is_looked_at() -> None:
    assert features(textured(64, 640)).count > 0
    assert features(textured(SMALLEST_SIDE - 1, 640)).count == 0


@given(height=st.integers(1, 90), width=st.integers(1, 90), seed=st.integers(0, 99))
def test_any_small_photo_has_features_inside(height: int, width: int, seed: int) -> None:
    found = features(textured(height, width, seed))
    assert (found.width, found.height) == (width, height)
    assert ((found.points >= 0) & (found.points <= (width, height))).all()


def test_a_large_photo_is_shrunk_and_keeps_its_strongest_keypoints() -> None:
    photo = textured(1500, 2000)
    found = features(photo)
    assert (found.width, found.height) == (LONGEST_SIDE, LONGEST_SIDE * 3 // 4)
    assert found.count == MOST_KEYPOINTS
    assert features(photo, 480).width == 480


def test_a_photo_that_is_no_block_of_memory_has_the_same_features() -> None:
    photo = PHOTOS["tripod"]
    view = np.repeat(photo, 2, axis=1)[:, ::2]
    assert not view.flags.c_contiguous
    assert np.array_equal(features(view).descriptors, features(photo).descriptors)


def test_colour_does_not_matter_where_the_grey_is_the_same() -> None:
    photo = PHOTOS["tripod"]
    grey = np.asarray(cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    assert np.array_equal(features(grey).descriptors, features(photo).descriptors)
