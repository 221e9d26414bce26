"""The contract of the exact index: all vectors within the threshold, by a brute-force scan in float64."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from faceset.index import ExactIndex
from faceset.nearest import Wanted
from tests.brute_force import Answer, brute_force, filled, small_segments
from tests.vectors import Floats, unit

__all__ = ["small_segments"]

pytestmark = pytest.mark.usefixtures("small_segments")

THRESHOLDS = st.one_of(st.sampled_from([0.0, 1e-7, 0.5, 0.65, 1.0, 1.1, 2.0]), st.floats(0, 2))
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def answer(index: ExactIndex, query: Floats, threshold: float, limit: int | None = None) -> Answer:
    tokens, distances = index.search(query, threshold, limit)
    return list(zip(tokens, distances.tolist(), strict=True))


def check(vectors: Floats, queries: Floats, threshold: float) -> None:
    index, stored = filled(vectors)
    expected = [brute_force(stored, query, threshold) for query in queries]
    for _ in ("while it learns or before", "with codes"):
        assert [answer(index, query, threshold) for query in queries] == expected
        index.settle()
    batch = index.search_batch(queries, threshold)
    assert [list(zip(tokens, distances.tolist(), strict=True)) for tokens, distances in batch] == expected


@QUICK
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 60), threshold=THRESHOLDS)
@example(seed=0, count=0, threshold=2.0)
@example(seed=1, count=1, threshold=0.0)
@example(seed=2, count=2, threshold=1e-7)
def test_random_unit_vectors(seed: int, count: int, threshold: float) -> None:
    random = np.random.default_rng(seed)
    vectors = unit(random.standard_normal((count + 1, 128)))
    check(vectors[:count], vectors[[0, -1]], threshold)


@QUICK
@given(seed=st.integers(0, 2**32 - 1), spread=st.sampled_from([1e-8, 1e-7, 1e-4, 0.03, 0.06]), threshold=THRESHOLDS)
def test_clusters_as_tight_as_rounding_and_as_wide_as_people(seed: int, spread: float, threshold: float) -> None:
    random = np.random.default_rng(seed)
    centres = unit(random.standard_normal((4, 128))).repeat(10, axis=0)
    vectors = unit(centres + spread * random.standard_normal((40, 128)))
    index, stored = filled(vectors)
    distances = [distance for _, distance in brute_force(stored, vectors[7], 2.0)]
    # The hardest thresholds are the distances themselves and their neighbours.
    edge = float(random.choice(distances))
    for chosen in (threshold, edge, math.nextafter(edge, 0), math.nextafter(edge, 3)):
        assert answer(index, vectors[7], chosen) == brute_force(stored, vectors[7], chosen)


@QUICK
@given(
    vectors=arrays(np.float32, st.tuples(st.integers(0, 20), st.just(3)), elements=st.sampled_from([0, 0.5, 1, -1])),
    threshold=THRESHOLDS,
)
def test_duplicates_tie_by_token(vectors: Floats, threshold: float) -> None:
    check(vectors, np.array([[0, 0.5, 0], [1, 1, -1]], np.float32), threshold)


@QUICK
@given(places=st.lists(st.floats(-4, 4, width=32), max_size=24), place=st.floats(-4, 4, width=32), threshold=THRESHOLDS)
def test_vectors_along_one_axis(places: list[float], place: float, threshold: float) -> None:
    vectors = np.zeros((len(places), 128), np.float32)
    vectors[:, 5] = places
    query = np.zeros((1, 128), np.float32)
    query[0, 5] = place
    check(vectors, query, threshold)


@QUICK
@given(
    vectors=arrays(np.float32, (12, 4), elements=st.floats(-(2.0**-123), 2.0**-123, width=32, allow_subnormal=True)),
    threshold=st.sampled_from([0.0, 1e-45, 1e-38, 1e-37, 1e-20, 1e-7]),
)
def test_denormal_vectors(vectors: Floats, threshold: float) -> None:
    check(vectors, vectors[:2], threshold)


@QUICK
@given(
    vectors=arrays(np.float32, (12, 4), elements=st.floats(-(2.0**60), 2.0**60, width=32)),
    step=st.sampled_from([0.0, 0.5, 1.0, 1e3]),
    threshold=st.sampled_from([0.0, 0.5, 2.0, 1e3, 1e6]),
)
def test_vectors_of_large_norm(vectors: Floats, step: float, threshold: float) -> None:
    near = np.concatenate([vectors, vectors + np.float32(step)])
    check(near, vectors[:2], threshold)


@pytest.mark.parametrize("offset", [0.0, 1.0, -3.0, 1024.0])
@pytest.mark.parametrize("gap", [0.5, 0.25, 2.0, 2**-10])
def test_a_distance_exactly_at_the_threshold_is_within(offset: float, gap: float) -> None:
    vectors = np.array([[offset, 0], [offset + gap, 0], [offset, -gap], [offset + 2 * gap, 0]], np.float32)
    index, _ = filled(vectors)
    assert answer(index, vectors[0], gap) == [("t000", 0.0), ("t001", gap), ("t002", gap)]
    assert answer(index, vectors[0], math.nextafter(gap, 0)) == [("t000", 0.0)]


@pytest.mark.parametrize("queries", [1, 16, 17, 40])
def test_a_batch_answers_in_order_and_a_limit_cuts_only_the_answer(queries: int) -> None:
    vectors = unit(np.random.default_rng(3).standard_normal((60, 128)))
    for threshold in (0.0, 1e-7, 1.35):
        check(vectors, vectors[:queries], threshold)
    index, stored = filled(vectors)
    for limit in (1, queries, 80):
        assert answer(index, vectors[30], 2, limit) == brute_force(stored, vectors[30], 2)[:limit]


@pytest.mark.parametrize(
    ("tokens", "shape", "value"),
    [("a", (1, 3), 0), ("ab", (1, 2), 0), ("a", (1, 2), np.nan), ("aa", (2, 2), 0), ("ah", (2, 2), 0)],
)
def test_a_refused_add_or_query_changes_nothing(tokens: str, shape: tuple[int, int], value: float) -> None:
    index = ExactIndex(2)
    index.add(["h"], np.ones((1, 2), np.float32))
    with pytest.raises(ValueError, match=r"finite|already"):
        index.add(list(tokens), np.full(shape, value, np.float32))
    for query in (np.ones(3, np.float32), np.array([np.nan, 0], np.float32)):
        with pytest.raises(ValueError, match="finite and of shape"):
            index.search(query, 1)
    assert answer(index, np.ones(2, np.float32), 5) == [("h", 0.0)]


class IndexMachine(RuleBasedStateMachine):
    """Add, remove and search against a dictionary; rows are used again, segments fill and begin."""

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begin(self, seed: int) -> None:
        self.random, self.index, self.model = np.random.default_rng(seed), ExactIndex(8), dict[str, Floats]()
        self.made = 0

    @rule(count=st.integers(0, 14), coarse=st.booleans())
    def add(self, count: int, coarse: bool) -> None:
        numbers = self.random.standard_normal((count, 8))
        vectors = np.asarray(np.round(numbers) if coarse else numbers, np.float32)
        tokens = [f"t{number:04}" for number in range(self.made, self.made + count)]
        self.made += count
        self.index.add(tokens, vectors)
        self.model |= dict(zip(tokens, vectors, strict=True))

    @rule(share=st.floats(0, 1))
    def remove(self, share: float) -> None:
        gone = [token for token in self.model if self.random.random() < share]
        assert self.index.remove([*gone, "stranger"]) == len(gone)
        for token in gone:
            del self.model[token]
        assert all(np.isnan(self.index._segments.row(row)).all() for row in self.index._free)

    @rule(threshold=st.sampled_from([0.0, 1.0, 2.0, 3.0, 100.0]), limit=st.sampled_from([None, 1, 5]))
    def search(self, threshold: float, limit: int | None) -> None:
        here = list(self.model.values()) or [np.zeros(8, np.float32)]
        query = here[self.random.integers(len(here))]
        expected = brute_force(self.model, query, threshold)
        assert answer(self.index, query, threshold, limit) == expected[:limit]
        counted = self.index.nearest(query, threshold, Wanted(limit=limit, bins=7))
        assert counted.histogram is not None
        assert counted.histogram.counts.sum() == counted.total == len(expected)

    @invariant()
    def the_same_faces(self) -> None:
        assert len(self.index) == len(self.model)
        assert self.index.tokens() == set(self.model)
        for token, vector in self.model.items():
            assert np.array_equal(self.index.vector(token), vector)  # type: ignore[arg-type]


IndexMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestIndexMachine = IndexMachine.TestCase


def test_faces_that_stay_are_never_missed_while_others_come_and_go() -> None:
    vectors = unit(np.random.default_rng(5).standard_normal((30, 32)))
    index, stored = filled(vectors)
    stays = dict(brute_force(stored, vectors[0], 2.0))
    made, wrong = dict(stored), list[str]()
    readers = [threading.Thread(target=_read, args=(index, vectors[0], stays, made, wrong)) for _ in range(4)]
    over = threading.Event()
    writers = [threading.Thread(target=_write, args=(index, made, over, seed)) for seed in range(3)]
    for thread in writers + readers:
        thread.start()
    for reader in readers:
        reader.join()
    over.set()
    for writer in writers:
        writer.join()
    assert not wrong
    assert len(made) > 1000, "the writers hardly ran"


def _write(index: ExactIndex, made: dict[str, Floats], over: threading.Event, seed: int) -> None:
    random, mine = np.random.default_rng(seed), list[str]()
    while not over.is_set():
        vectors = unit(random.standard_normal((int(random.integers(1, 20)), 32)))
        tokens = [f"w{seed}-{len(made)}-{place}" for place in range(len(vectors))]
        made.update(zip(tokens, vectors, strict=True))
        index.add(tokens, vectors)
        mine += tokens
        random.shuffle(mine)
        keep = int(random.integers(0, 200))
        index.remove(mine[keep:])
        mine = mine[:keep]


def _read(index: ExactIndex, query: Floats, stays: dict[str, float], made: dict[str, Floats], wrong: list[str]) -> None:
    for _ in range(250):
        found = answer(index, query, 2.0)
        if not stays.items() <= dict(found).items():
            wrong.append(f"missed {stays.keys() - dict(found).keys()}")
        for token, distance in found:
            exact = np.linalg.norm(made[token].astype(np.float64) - query.astype(np.float64))
            if distance != float(np.float32(exact)):
                wrong.append(f"{token} is {exact} away, not {distance}")
