from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.area import AreaTable
from model.base import Image

Floats = NDArray[np.float32]


def plain_average(image: Image, height: int, width: int) -> np.ndarray:
    """The rule of adaptive average pooling, cell by cell, in float64."""
    result = np.empty((height, width, 3))
    for row in range(height):
        top, bottom = row * image.shape[0] // height, math.ceil((row + 1) * image.shape[0] / height)
        for column in range(width):
            left, right = column * image.shape[1] // width, math.ceil((column + 1) * image.shape[1] / width)
            result[row, column] = image[top:bottom, left:right].mean(axis=(0, 1))
    return result


def resized(image: Image, height: int, width: int, rows: slice | None = None, columns: slice | None = None) -> Floats:
    rows, columns = rows or slice(0, height), columns or slice(0, width)
    out = np.full((rows.stop - rows.start, columns.stop - columns.start, 3), np.nan, np.float32)
    AreaTable(image).resize(height, width, rows, columns, out)
    return out


def windows(image: Image, boxes: list[list[int]], side: int) -> Floats:
    out = np.full((len(boxes) + 1, side, side, 3), np.nan, np.float32)
    AreaTable(image).windows(np.array(boxes), out)
    assert np.isnan(out[-1]).all(), "wrote more than it was asked for"
    return out[:-1]


def noise(seed: int, height: int, width: int) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(st.integers(0, 99), *[st.integers(1, 40)] * 4)
@settings(deadline=None, max_examples=60)
def test_resize_is_the_plain_average(seed: int, height: int, width: int, rows: int, columns: int) -> None:
    image = noise(seed, height, width)
    np.testing.assert_allclose(resized(image, rows, columns), plain_average(image, rows, columns), rtol=1e-6, atol=1e-4)


@given(st.integers(0, 99), st.integers(1, 30), st.integers(1, 30), st.integers(0, 30), st.integers(0, 30))
@settings(deadline=None, max_examples=60)
def test_windows_are_plain_averages_of_their_parts(seed: int, height: int, width: int, top: int, left: int) -> None:
    image = noise(seed, 60, 60)
    got = windows(image, [[left, top, left + width, top + height], [0, 0, 60, 60]], 24)
    np.testing.assert_allclose(
        got[0], plain_average(image[top : top + height, left : left + width], 24, 24), rtol=1e-6, atol=1e-4
    )
    np.testing.assert_allclose(got[1], plain_average(image, 24, 24), rtol=1e-6, atol=1e-4)


def test_sums_that_wrap_are_right_all_the_same() -> None:
    white = np.full((4096, 4096, 3), 255, np.uint8)
    np.testing.assert_allclose(resized(white, 7, 7), 255, rtol=1e-6)
    np.testing.assert_allclose(windows(white, [[4000, 4000, 4096, 4096], [0, 0, 4096, 4096]], 24), 255, rtol=1e-6)


def test_a_part_is_cut_from_the_whole() -> None:
    image = noise(1, 200, 100)
    whole = resized(image, 90, 50)
    np.testing.assert_array_equal(resized(image, 90, 50, slice(20, 70), slice(3, 44)), whole[20:70, 3:44])
