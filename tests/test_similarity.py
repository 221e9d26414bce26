"""Similarity: fixed points, order, and its inverse."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similarity import EQUAL_ERROR, distance_at, similarity

DISTANCES = st.floats(0, 2)


def test_its_fixed_points() -> None:
    assert similarity(0) == 100
    assert similarity(EQUAL_ERROR) == pytest.approx(50)
    assert similarity(2) == 0
    assert similarity(2.0000002) == 0
    assert distance_at(100) == 0
    assert distance_at(0) == 2


@given(DISTANCES, DISTANCES)
def test_it_never_rises_with_the_distance(one: float, other: float) -> None:
    near, far = sorted((one, other))
    assert 100 >= similarity(near) >= similarity(far) >= 0
    if far - near > 1e-6:
        assert similarity(near) > similarity(far)


@given(st.floats(0, 100))
def test_what_is_found_has_what_was_asked_for_and_nothing_is_left_out(least: float) -> None:
    distance = distance_at(least)
    assert similarity(distance) >= least
    beyond = distance + 1e-9
    assert beyond > 2 or similarity(beyond) < least or math.isclose(similarity(beyond), least, abs_tol=1e-6)


@given(st.integers(1, 100), DISTANCES)
def test_a_threshold_decides_as_the_answered_number_does(least: int, distance: float) -> None:
    if abs(similarity(distance) - least) > 1e-9:
        assert (distance <= distance_at(least)) == (similarity(distance) >= least)
