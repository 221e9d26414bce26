"""What is wanted of a search: the nearest few, without one's own, and exact counts of all."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import faceset.index
from faceset.index import ExactIndex
from faceset.nearest import Nearest, Wanted
from faceset.scan import Hits, scan
from tests.brute_force import brute_force, filled, small_segments
from tests.vectors import Floats, unit

__all__ = ["small_segments"]

pytestmark = pytest.mark.usefixtures("small_segments")

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LIMITS = st.one_of(st.none(), st.integers(1, 50))


def pairs(found: Nearest) -> list[tuple[str, float]]:
    return list(zip(found.tokens, found.distances.tolist(), strict=True))


def check(index: ExactIndex, stored: dict[str, Floats], query: Floats, threshold: float, wanted: Wanted) -> None:
    """Compare with brute force: the list, the total, and every bin by a search of its own."""
    others = {token: vector for token, vector in stored.items() if token != wanted.without}
    found, expected = index.nearest(query, threshold, wanted), brute_force(others, query, threshold)
    assert pairs(found) == expected[: wanted.limit]
    assert found.total == len(expected)
    assert (found.histogram is None) == (wanted.bins is None)
    if found.histogram is not None:
        counts, edges = found.histogram.counts.tolist(), found.histogram.edges.tolist()
        assert len(counts) == wanted.bins
        distances = [distance for _, distance in expected]
        assert list(accumulate(counts)) == [sum(distance <= edge for distance in distances) for edge in edges]


@QUICK
@given(
    vectors=arrays(np.float32, st.tuples(st.integers(1, 90), st.just(2)), elements=st.sampled_from([0, 0.25, 0.5, 1])),
    threshold=st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.25, 1.4, 2.0]),
    limit=LIMITS,
    bins=st.one_of(st.none(), st.integers(1, 12)),
    own=st.integers(-1, 89),
)
def test_ties_everywhere(vectors: Floats, threshold: float, limit: int | None, bins: int | None, own: int) -> None:
    index, stored = filled(vectors)
    check(index, stored, vectors[own % len(vectors)], threshold, Wanted(f"t{own:03}", limit, bins))


@QUICK
@given(seed=st.integers(0, 2**32 - 1), threshold=st.sampled_from([0.65, 1.4, 2.0]), limit=LIMITS)
def test_faces_with_duplicates(seed: int, threshold: float, limit: int | None) -> None:
    random = np.random.default_rng(seed)
    vectors = unit(random.standard_normal((50, 8)))[random.integers(0, 50, 150)]
    index, stored = filled(vectors)
    check(index, stored, vectors[7], threshold, Wanted("t007", limit, 140))


def test_distances_at_every_edge_and_one_float32_beside() -> None:
    at = np.array([float(f"{place / 100:.2f}") for place in range(1, 141)], np.float32)
    places = np.concatenate([at, np.nextafter(at, np.float32(0)), np.nextafter(at, np.float32(2)), [0, 0]])
    vectors = np.zeros((len(places), 4), np.float32)
    vectors[:, 2] = places
    index, stored = filled(vectors)
    query = np.zeros(4, np.float32)
    check(index, stored, query, 1.4, Wanted(bins=140))
    histogram = index.nearest(query, 1.4, Wanted(limit=1, bins=140)).histogram
    assert histogram is not None
    for place, total in enumerate(accumulate(histogram.counts.tolist()), 1):
        assert total == len(index.search(query, float(f"{place / 100:.2f}"))[0])


def test_ties_at_the_cut_are_cut_by_token() -> None:
    index, same = ExactIndex(2), np.ones((40, 2), np.float32)
    index.add([f"t{number * 17 % 40:02}" for number in range(40)], same)
    index.add(["nearer", "own"], np.full((2, 2), 0.5, np.float32))
    found = index.nearest(np.full(2, 0.5, np.float32), 1.4, Wanted("own", 4, 2))
    assert found.tokens == ["nearer", "t00", "t01", "t02"]
    assert found.total == 41
    assert found.histogram is not None
    assert found.histogram.counts.tolist() == [1, 40]


Change = Callable[[ExactIndex, dict[str, Floats]], None]


def removes(index: ExactIndex, stored: dict[str, Floats]) -> None:
    for token in list(stored)[3:60:4]:
        index.remove([token])
        del stored[token]


def adds(index: ExactIndex, stored: dict[str, Floats]) -> None:
    new = {
        f"new{number:03}": vector for number, vector in enumerate(unit(np.random.default_rng(1).normal(size=(90, 8))))
    }
    index.add(list(new), np.stack(list(new.values())))
    stored |= new


def uses_rows_again(index: ExactIndex, stored: dict[str, Floats]) -> None:
    removes(index, stored)
    adds(index, stored)


def replaces(index: ExactIndex, stored: dict[str, Floats]) -> None:
    stored["t005"] = -stored["t005"]
    index.replace("t005", stored["t005"])


def removes_the_nearest(index: ExactIndex, stored: dict[str, Floats]) -> None:
    for token, _ in brute_force(stored, stored["t000"], 2.0)[1:106]:
        index.remove([token])
        del stored[token]


@pytest.mark.parametrize("change", [removes, adds, uses_rows_again, replaces, removes_the_nearest])
@pytest.mark.parametrize("threshold", [0.9, 1.4, 2.0])
@pytest.mark.parametrize("limit", [4, 30, None])
@pytest.mark.parametrize("during", ["scan", "up_to", "ExactIndex._named"])
def test_an_answer_is_of_one_moment(
    change: Change, threshold: float, limit: int | None, during: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever changes while rows are scanned, chosen or named: list, total and histogram are those after it."""
    # Seven whole blocks: a row that is new is in one of its own.
    vectors = unit(np.random.default_rng(0).normal(size=(112, 8)))
    index, stored = filled(vectors)
    index.settle()

    changes = [change]
    through = attrgetter(during)(faceset.index)

    def and_then_change(*given: Any) -> Any:
        done = through(*given)
        while changes:
            changes.pop()(index, stored)
        return done

    monkeypatch.setattr(f"faceset.index.{during}", and_then_change)
    query = vectors[0]
    found = index.nearest(query, threshold, Wanted("t000", limit, 14))
    others = {token: vector for token, vector in stored.items() if token != "t000"}
    expected = brute_force(others, query, threshold)
    assert pairs(found) == expected[:limit]
    assert found.histogram is not None
    assert found.total == found.histogram.counts.sum() == len(expected)


class Guarded(list[str | None]):
    """Count who asks for a token while the index is locked."""

    of: ExactIndex
    asked = 0

    def __getitem__(self, row: Any) -> Any:
        self.asked += self.of._lock.locked()
        return super().__getitem__(row)


@pytest.mark.parametrize("limit", [None, 80])
def test_who_searches_names_nothing_that_stays_under_the_lock(limit: int | None) -> None:
    vectors = unit(np.random.default_rng(0).normal(size=(112, 8)))
    index, stored = filled(vectors)
    index.settle()
    index._tokens = tokens = Guarded(index._tokens)
    tokens.of = index
    assert pairs(index.nearest(vectors[0], 2.0, Wanted(limit=limit))) == brute_force(stored, vectors[0], 2.0)[:limit]
    assert tokens.asked == 0


def test_the_next_nearest_are_found_when_all_that_were_named_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that stay in the changed blocks are looked at again, but others are nearer."""
    order = [*range(68), *range(80, 112), *range(68, 80)]
    vectors = np.zeros((112, 2), np.float32)
    vectors[order, 0] = np.arange(112) / 100
    index, stored = filled(vectors)
    index.settle()
    nearest = list(stored)[:68]

    def and_then_remove(*given: Any) -> list[Hits]:
        found = scan(*given)
        index.remove(nearest)
        return found

    monkeypatch.setattr("faceset.index.scan", and_then_remove)
    found = index.nearest(np.zeros(2, np.float32), 2.0, Wanted(limit=4))
    assert (found.tokens, found.total) == ([f"t{row:03}" for row in range(80, 84)], 44)
