from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from model.area import AreaTable
from model.base import Image


def plain_average(image: Image, height: int, width: int) -> np.ndarray:
    """The rule of adaptive average pooling, cell by cell, in float64."""
    result = np.empty((height, width, 3))
    for row in range(height):
        top, bottom = row * image.shape[0] // height, math.ceil((row + 1) * image.shape[0] / height)
        for column in range(width):
            left, right = column * image.shape[1] // width, math.ceil((column + 1) * image.shape[1] / width)
            result[row, column] = image[top:bottom, left:right].mean(axis=(0, 1))
    return result


def noise(seed: int, height: int, width: int) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(st.integers(0, 99), *[st.integers(1, 40)] * 4)
@settings(deadline=None, max_examples=60)
def test_resize_is_the_plain_average(seed: int, height: int, width: int, rows: int, columns: int) -> None:
    image = noise(seed, height, width)
    got = AreaTable(image).resize(rows, columns)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, plain_average(image, rows, columns), rtol=1e-6, atol=1e-4)


@given(st.integers(0, 99), st.integers(1, 30), st.integers(1, 30), st.integers(0, 30), st.integers(0, 30))
@settings(deadline=None, max_examples=60)
def test_windows_are_plain_averages_of_their_parts(seed: int, height: int, width: int, top: int, left: int) -> None:
    image = noise(seed, 60, 60)
    boxes = np.array([[left, top, left + width, top + height], [0, 0, 60, 60]])
    got = AreaTable(image).windows(boxes, 24)
    np.testing.assert_allclose(
        got[0], plain_average(image[top : top + height, left : left + width], 24, 24), rtol=1e-6, atol=1e-4
    )
    np.testing.assert_allclose(got[1], plain_average(image, 24, 24), rtol=1e-6, atol=1e-4)


def test_sums_that_wrap_are_right_all_the_same() -> None:
    white = np.full((4096, 4096, 3), 255, np.uint8)
    table = AreaTable(white)
    np.testing.assert_allclose(table.resize(7, 7), 255, rtol=1e-6)
    np.testing.assert_allclose(table.windows(np.array([[4000, 4000, 4096, 4096]]), 48), 255, rtol=1e-6)


def test_rows_are_a_part_of_the_whole() -> None:
    table = AreaTable(noise(1, 200, 100))
    np.testing.assert_array_equal(table.resize(90, 50, slice(20, 70)), table.resize(90, 50)[20:70])
