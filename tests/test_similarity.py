"""Similarity and cosine distance: fixed points, order, inverse, and constants as the calibration found them."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings import Settings
from similarity import EQUAL_ERROR, SAME_PERSON, cosine_distance, distance_at, similarity

DISTANCES = st.floats(0, 2)

CALIBRATION = Path(__file__).resolve().parent.parent / "docs" / "calibration.md"


def calibrated(first: str) -> list[list[str]]:
    """The cells of the rows of docs/calibration.md whose first cell matches."""
    rows = [line.strip("| ").split(" | ") for line in CALIBRATION.read_text().splitlines() if line.startswith("|")]
    return [row for row in rows if re.fullmatch(first, row[0])]


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


def test_cosine_distance_is_one_minus_the_cosine() -> None:
    vectors = np.random.default_rng(3).normal(size=(50, 128))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for one, other in zip(vectors[:25], vectors[25:], strict=True):
        assert cosine_distance(float(np.linalg.norm(one - other))) == pytest.approx(1 - one @ other)
    assert cosine_distance(0) == 0
    assert cosine_distance(2) == cosine_distance(2.0000002) == 2


def test_similarity_50_is_the_equal_error_of_the_calibration() -> None:
    settings = calibrated("(f32|bf16)(, mirrored)?")
    assert len(settings) == 4
    assert round(sum(float(row[1]) for row in settings) / 4, 2) == EQUAL_ERROR


def test_the_login_threshold_is_the_largest_step_with_a_far_of_a_thousandth() -> None:
    steps = calibrated(r"0\.\d\d")
    assert len(steps) == 2 * len({row[0] for row in steps})
    above = [float(row[0]) for row in steps if float(row[4].partition("(")[2].strip(")")) > 1e-3]
    assert max(float(row[0]) for row in steps if float(row[0]) < min(above)) == SAME_PERSON
    assert Settings().finday_threshold == SAME_PERSON


def test_the_calibrations_three_scales_are_those_of_the_code() -> None:
    for cosine, distance, alike, *_ in calibrated(r"0\.\d\d"):
        assert cosine_distance(float(distance)) == pytest.approx(float(cosine), abs=1e-4)
        assert similarity(math.sqrt(2 * float(cosine))) == pytest.approx(float(alike), abs=0.005)
