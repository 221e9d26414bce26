"""The codes: no vector within the threshold is ever ruled out, whatever it looks like, and most others are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from faceset.blocks import LANES, survivors
from faceset.distance import distances, within
from faceset.quantizer import Codes, Quantizer
from tests.vectors import Floats, unit

SEEDS = st.integers(0, 2**32 - 1)
THRESHOLDS = st.one_of(st.sampled_from([0.0, 1e-7, 0.65, 0.9, 1.1, 2.0]), st.floats(0, 2))
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def people(random: np.random.Generator, count: int, dim: int, spread: float) -> Floats:
    """Faces of a few people whose directions matter unequally, as real ones' do."""
    weights = np.exp(-np.arange(dim) / 20)
    centres = random.standard_normal((-(-count // 8), dim)).repeat(8, axis=0)[:count]
    return unit((centres + spread * random.standard_normal((count, dim))) * weights)


def left(quantizer: Quantizer, vectors: Floats, query: Floats, threshold: float) -> NDArray[np.int64]:
    """The rows that the codes do not rule out."""
    full = np.full((-(-len(vectors) // LANES) * LANES, vectors.shape[1]), np.nan, np.float32)
    full[: len(vectors)] = vectors
    codes = Codes.empty(vectors.shape[1], len(full))
    quantizer.encode(full, codes, 0)
    coded = quantizer.query(query, threshold)
    rows = np.empty(len(full), np.int64)
    count = survivors(*codes.stages(), codes.errors, coded.codes, coded.reaches, rows)
    return rows[:count]


def check(quantizer: Quantizer, vectors: Floats, query: Floats, threshold: float) -> None:
    exact = distances(vectors, np.arange(len(vectors)), query)
    near = np.flatnonzero(within(exact, threshold))
    assert set(near.tolist()) <= set(left(quantizer, vectors, query, threshold).tolist())


def check_around(quantizer: Quantizer, vectors: Floats, query: Floats) -> None:
    """Check at every distance there is, and one float32 step to either side: the hardest thresholds."""
    for distance in np.unique(distances(vectors, np.arange(len(vectors)), query))[:40]:
        for threshold in (distance, np.nextafter(distance, np.float32(-1)), np.nextafter(distance, np.float32(9e9))):
            check(quantizer, vectors, query, max(float(threshold), 0.0))


@QUICK
@given(seed=SEEDS, dim=st.sampled_from([1, 2, 15, 16, 17, 48, 49, 128, 130]), threshold=THRESHOLDS)
def test_faces_like_the_sample(seed: int, dim: int, threshold: float) -> None:
    random = np.random.default_rng(seed)
    vectors = people(random, 96, dim, 0.5)
    check(Quantizer(vectors[:64]), vectors, vectors[random.integers(96)], threshold)


@QUICK
@given(seed=SEEDS, spread=st.sampled_from([0.0, 1e-8, 1e-7, 1e-4, 0.3]))
def test_thresholds_one_step_around_each_distance(seed: int, spread: float) -> None:
    random = np.random.default_rng(seed)
    vectors = people(random, 32, 128, spread)
    check_around(Quantizer(people(random, 64, 128, 0.5)), vectors, vectors[random.integers(32)])


@settings(QUICK, max_examples=15)
@given(seed=SEEDS, exponent=st.integers(-140, 60), offset=st.sampled_from([0.0, 1.0, -1e3]))
def test_vectors_that_the_sample_did_not_foresee(seed: int, exponent: int, offset: float) -> None:
    random = np.random.default_rng(seed)
    strange = np.asarray(np.ldexp(random.standard_normal((40, 128)), exponent) + offset, np.float32)
    for sample in (people(random, 64, 128, 0.5), strange[:20]):
        for query in (strange[0], sample[0]):
            check_around(Quantizer(sample), np.concatenate([strange, sample]), query)


@pytest.mark.parametrize(("offset", "exponent"), [(1e3, -10), (-1e3, -10), (1e6, 0), (1.0, -20)])
def test_small_differences_far_from_the_origin(offset: float, exponent: int) -> None:
    """Here the float32 rotation is off by far more than a code."""
    random = np.random.default_rng(3)
    vectors = np.asarray(np.ldexp(random.standard_normal((64, 128)), exponent) + offset, np.float32)
    check_around(Quantizer(vectors), vectors, vectors[9])


@QUICK
@given(seed=SEEDS, halves=st.booleans(), together=st.booleans(), steps=st.integers(0, 4))
def test_vectors_made_from_the_rotation_itself(seed: int, halves: bool, together: bool, steps: int) -> None:
    """Coordinates just between two codes, all rounded away from each other: the largest error that codes can have."""
    random = np.random.default_rng(seed)
    quantizer = Quantizer(people(random, 64, 128, 0.5))
    rotation, scale = quantizer._rotation.astype(np.float64), quantizer._scale
    codes = random.integers(-40, 40, (32, 128)) + (0.5 if halves else 0.0)
    nudge = random.choice([-1, 1], (32, 128)) * np.ldexp(1.0, -12 - 4 * steps)
    if together:
        nudge[0], nudge[1:] = -abs(nudge[0]), abs(nudge[1:])
    codes[1:16] = codes[0]
    codes[4:16, :8] += random.integers(-2, 3, (12, 8))
    turned = quantizer._centre + (codes + nudge) * scale
    vectors = np.asarray(turned @ rotation.T, np.float32)
    check_around(quantizer, vectors, vectors[0])


@QUICK
@given(seed=SEEDS, axis=st.integers(0, 127))
def test_vectors_along_one_axis_of_the_rotation(seed: int, axis: int) -> None:
    random = np.random.default_rng(seed)
    quantizer = Quantizer(people(random, 64, 128, 0.5))
    places = np.concatenate([random.uniform(-2, 2, 20), quantizer._scale * np.arange(-127, 128, 20.5)])
    vectors = np.asarray(np.outer(places, quantizer._rotation[:, axis]), np.float32)
    check_around(quantizer, vectors, vectors[5])


@pytest.mark.parametrize("value", [0.0, 1e-45, 1e-38, 1.0, 3e38])
def test_samples_of_one_point(value: float) -> None:
    same = np.full((32, 128), value, np.float32)
    other = unit(np.random.default_rng(0).standard_normal((16, 128)))
    for query in (same[0], other[0]):
        check_around(Quantizer(same), np.concatenate([same, other]), query)


def test_nearly_everybody_else_is_ruled_out() -> None:
    random = np.random.default_rng(1)
    vectors = people(random, 4096, 128, 0.5)
    quantizer = Quantizer(vectors[:1024])
    for threshold, most in ((0.65, 0.01), (0.9, 0.03), (1.1, 0.1)):
        shares = [len(left(quantizer, vectors, vectors[row], threshold)) / len(vectors) for row in range(0, 4096, 512)]
        exact = [
            within(distances(vectors, np.arange(4096), vectors[row]), threshold).mean() for row in range(0, 4096, 512)
        ]
        assert np.mean(shares) < np.mean(exact) + most


def test_removed_vectors_and_empty_places_have_no_codes() -> None:
    vectors = people(np.random.default_rng(2), 64, 128, 0.5)
    quantizer = Quantizer(vectors)
    vectors[[3, 20]] = np.nan
    codes = Codes.empty(128, 64)
    quantizer.encode(vectors, codes, 0)
    for stage in codes.stages():
        assert not stage[0, :, 3].any()
        assert not stage[1, :, 20 - LANES].any()
        assert stage[0, :, 4].any()
    codes.clear(4)
    assert not any(stage[0, :, 4].any() for stage in codes.stages())
    assert np.isfinite(codes.errors).all()


@given(seed=SEEDS, pairs=st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9)))
@settings(deadline=None, max_examples=60)
def test_the_kernel_sums_squares_exactly(seed: int, pairs: tuple[int, int, int]) -> None:
    random = np.random.default_rng(seed)
    stages = [random.integers(-127, 128, (3, count, LANES, 2), np.int8) for count in pairs]
    query = random.integers(-127, 128, 2 * sum(pairs)).astype(np.int16)
    errors, reaches = random.uniform(0, 9, (3, 3)), np.sort(random.uniform(0, 700, 3))
    rows = np.empty(3 * LANES, np.int64)
    count = survivors(*stages, errors, query, reaches, rows)
    expected = []
    for row in range(3 * LANES):
        codes = [stage[row // LANES, :, row % LANES].reshape(-1).astype(np.int64) for stage in stages]
        ends = np.cumsum([len(part) for part in codes])
        sums = [((np.concatenate(codes)[:end] - query[:end]) ** 2).sum() for end in ends]
        limits = [
            math.floor((reach + error) ** 2 + 1) for reach, error in zip(reaches, errors[row // LANES], strict=True)
        ]
        if all(total <= limit for total, limit, part in zip(sums, limits, codes, strict=True) if len(part)):
            expected.append(row)
    assert rows[:count].tolist() == expected
