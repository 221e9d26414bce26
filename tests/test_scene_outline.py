"""The guards of an outline, on corners and homographies made by hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes import outline

SIZE = 640, 480
SQUARE = [[0, 0], [100, 0], [100, 100], [0, 100]]


@pytest.mark.parametrize(
    ("corners", "flaw"),
    [
        ([[0, 0], [640, 0], [640, 480], [0, 480]], None),
        ([[0, 0], [640, 0], [0, 480], [640, 480]], "not convex"),
        ([[0, 0], [640, 480], [640, 0], [0, 480]], "not convex"),
        ([[0, 0], [640, 0], [200, 150], [0, 480]], "not convex"),
        ([[640, 0], [0, 0], [0, 480], [640, 480]], "mirrored"),
        ([[0, 0], [640, 0], [640, 20], [0, 20]], "collapsed"),
        ([[0, 0], [5, 0], [5, 5], [0, 5]], "collapsed"),
        ([[0, 0], [40, 0], [40, 30], [0, 30]], "scale"),
        ([[0, 0], [6400, 0], [6400, 4800], [0, 4800]], "scale"),
        ([[0, 0], [0, 0], [0, 0], [0, 0]], "not convex"),
    ],
)
def test_the_guards_of_an_outline(corners: list[list[float]], flaw: str | None) -> None:
    assert outline.flaw(np.array(corners, np.float64), *SIZE) == flaw


def test_the_area_is_the_shoelace_formulas() -> None:
    assert outline.area(np.array(SQUARE, np.float64)) == 10_000
    assert outline.area(np.array(SQUARE[::-1], np.float64)) == -10_000
    assert outline.area(np.array([[0, 0], [4, 1], [5, 6], [-1, 3]], np.float64)) == 20


@given(
    angle=st.floats(-180, 180),
    scale=st.floats(0.3, 3.5),
    x=st.floats(-500, 500),
    y=st.floats(-500, 500),
    sign=st.sampled_from((-3, 1)),
)
def test_every_move_turn_and_zoom_is_a_photo(angle: float, scale: float, x: float, y: float, sign: int) -> None:
    matrix = np.vstack([cv2.getRotationMatrix2D((x, y), angle, scale), [0, 0, 1]]) * sign
    corners = outline.projected(matrix, *SIZE)
    assert corners is not None
    assert outline.flaw(corners, *SIZE) is None
    assert outline.scale(corners, *SIZE) == pytest.approx(scale)


@given(matrix=st.lists(st.floats(-1e6, 1e6), min_size=9, max_size=9))
def test_any_homography_has_an_answer(matrix: list[float]) -> None:
    corners = outline.projected(np.array(matrix).reshape(3, 3), *SIZE)
    if corners is not None and outline.flaw(corners, *SIZE) is None:
        assert 30 < outline.area(corners) <= 16 * 640 * 480 * 1.001
        assert cv2.isContourConvex(corners.astype(np.float32))
