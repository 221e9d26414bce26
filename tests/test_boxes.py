from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.boxes import clipped, moved, squared, suppress

Over = Literal["union", "smaller"]


def overlap(a: np.ndarray, b: np.ndarray, over: Over) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    base = sum(areas) - width * height if over == "union" else min(areas)
    return float(width * height / base)


boxes_and_scores = st.lists(
    st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(1, 30)] * 2, st.integers(0, 1000)), min_size=0, max_size=25
)


@given(boxes_and_scores, st.sampled_from([0.3, 0.5, 0.7]), st.sampled_from(["union", "smaller"]))
def test_suppression_keeps_the_best_and_nothing_that_overlaps(
    rows: list[tuple[int, ...]], limit: float, over: Over
) -> None:
    table = np.array(rows, np.float32).reshape(-1, 5)
    boxes = np.concatenate([table[:, :2], table[:, :2] + table[:, 2:4]], axis=1)
    kept = suppress(boxes, table[:, 4], limit, over).tolist()
    scores = table[:, 4].tolist()
    assert [scores[row] for row in kept] == sorted((scores[row] for row in kept), reverse=True)
    for place, row in enumerate(kept):
        assert all(overlap(boxes[row], boxes[other], over) <= limit + 1e-6 for other in kept[:place])
    for row in set(range(len(boxes))) - set(kept):
        better = [other for other in kept if scores[other] >= scores[row]]
        assert any(overlap(boxes[row], boxes[other], over) > limit - 1e-6 for other in better)


def test_moving_shares_of_the_sides() -> None:
    box = np.array([[10, 20, 30, 60]], np.float32)
    np.testing.assert_allclose(moved(box, np.array([[0.1, 0.1, -0.1, 0.5]], np.float32)), [[12, 24, 28, 80]])
    np.testing.assert_allclose(moved(box, np.array([[1, 0, 0, 0]], np.float32), extra=1), [[31, 20, 30, 60]])


def test_squares_share_the_centre() -> None:
    np.testing.assert_allclose(squared(np.array([[10, 20, 30, 60]], np.float32)), [[0, 20, 40, 60]])


@pytest.mark.parametrize(
    ("box", "window", "present"),
    [
        ((1.0, 1.0, 48.0, 48.0), (0, 0, 48, 48), True),
        ((-5.5, 0.4, 12.9, 13.0), (0, 0, 12, 13), True),
        ((95.0, 95.0, 140.0, 140.0), (94, 94, 100, 100), True),
        ((120.0, 5.0, 140.0, 25.0), (119, 4, 100, 25), False),
        ((-40.0, 5.0, -20.0, 25.0), (0, 4, -20, 25), False),
    ],
)
def test_windows_stay_inside_the_photo(box: tuple[float, ...], window: tuple[int, ...], present: bool) -> None:
    windows, there = clipped(np.array([box], np.float32), 100, 100)
    assert tuple(windows[0]) == window
    assert bool(there[0]) is present
