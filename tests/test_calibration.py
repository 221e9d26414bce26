"""The arithmetic of the calibration, and that the networks at hand still fit its constants."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks import calibration
from benchmarks.accuracy import Pairs
from benchmarks.calibration_page import STEPS, clear, page
from benchmarks.error_rates import FaceTable, Rate, accepted, equal_error, refused
from model.base import Detector, Embedder
from similarity import EQUAL_ERROR, SAME_PERSON


def table(people: str, rows: list[int], scores: float = 1.0) -> FaceTable:
    """One face of each person, whose vectors are rows of the unit matrix."""
    count = len(people)
    return FaceTable(
        np.array(list(people)), np.full(count, scores), np.full(count, 100.0), np.eye(128, dtype=np.float32)[rows]
    )


@pytest.mark.parametrize(
    ("errors", "cases", "low", "high"),
    [(0, 100, 0.0, 0.0370), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (1, 1000, 0.0002, 0.0056)],
)
def test_bounds_are_wilsons(errors: int, cases: int, low: float, high: float) -> None:
    assert Rate(errors, cases).bounds == pytest.approx((low, high), abs=5e-5)


def test_no_error_is_not_never() -> None:
    assert Rate(0, 5549).share == 0
    assert Rate(0, 5549).bounds == pytest.approx((0, 3.8415 / (5549 + 3.8415)), abs=1e-8)


def test_a_pair_at_the_threshold_passes() -> None:
    pairs = Pairs(np.array([0.5, 1.0, 1.1]), np.array([1.0, 1.2]))
    assert accepted(pairs, 1.0) == Rate(1, 2)
    assert refused(pairs, 1.0) == Rate(1, 3)
    assert accepted(pairs, 0.999) == Rate(0, 2)
    assert refused(pairs, 0.999) == Rate(2, 3)


def test_equal_error_is_where_the_shares_cross() -> None:
    pairs = Pairs(np.array([0.1, 0.2, 0.3, 1.3]), np.array([0.9, 1.0, 1.1, 1.2]))
    # At 0.9 one of four strangers passes, and one of four pairs of one person fails.
    assert equal_error(pairs) == 0.9
    assert equal_error(Pairs(np.array([0.1, 0.2]), np.array([1.0, 1.1]))) == 0.2


def test_people_are_confused_when_any_two_photos_are() -> None:
    faces = table("aabbc", [0, 1, 2, 0, 3])
    assert faces.confused(0.0) == Rate(1, 3)
    assert faces.confused(1.5) == Rate(3, 3)


def test_clear_faces_are_sure_and_large() -> None:
    assert len(clear(table("ab", [0, 1])).people) == 2
    assert len(clear(table("ab", [0, 1], scores=0.98)).people) == 0


def test_the_page_counts_what_was_measured() -> None:
    """Two photos of each of three people, of whom one's photos are as far apart as strangers are."""
    faces = table("aabbcc", [0, 0, 1, 1, 2, 3])
    made = page({(precision, mirror): faces for precision in ("f32", "bf16") for mirror in (False, True)})
    assert "6 photos of 3 people" in made
    assert "3 of one person, 12 of strangers" in made
    rows = [line for line in made.splitlines() if line.startswith("| 0.")]
    assert len(rows) == 2 * len(STEPS)
    assert {row.split(" | ")[3] for row in rows} == {"0"}
    assert {row.split(" | ")[6] for row in rows} == {"1"}
    assert "f32, mirrored, all faces | 0 of 12 | 0 (0.24) | 1 of 3 | 0.33" in made


def test_the_networks_fit_the_constants(photos: Path, face_networks: tuple[Detector, Embedder]) -> None:
    faces = calibration.measured([photos], *face_networks)
    pairs = faces.pairs()
    assert equal_error(pairs) == pytest.approx(EQUAL_ERROR, abs=0.04)
    assert accepted(pairs, math.sqrt(2 * SAME_PERSON)).bounds[1] <= 1e-3
    assert refused(pairs, math.sqrt(2 * SAME_PERSON)).share < 0.23
    assert refused(clear(faces).pairs(), math.sqrt(2 * SAME_PERSON)).share < 0.12
