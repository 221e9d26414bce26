"""Histograms: every edge is the number that a client writes for it, and every count that of a search."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from faceset.distance import within
from faceset.histogram import Histogram

WRITTEN = st.integers(0, 20_000).map(lambda units: Decimal(units).scaleb(-4))
THRESHOLDS = st.one_of(WRITTEN.map(float), st.floats(0, 2), st.floats(0, 2, width=32))
NONE = np.empty(0, np.float32)


def beside(edges: list[float]) -> NDArray[np.float32]:
    """Return the float32 numbers nearest to some edges, and their neighbours."""
    at = np.array([*edges, 0], np.float32)
    return np.concatenate([at, np.nextafter(at, np.float32(-1)), np.nextafter(at, np.float32(9))])


@given(threshold=WRITTEN, bins=st.integers(1, 1000))
@example(threshold=Decimal("1.4"), bins=140)
@example(threshold=Decimal("1.4000"), bins=1000)
@example(threshold=Decimal("0.0003"), bins=3)
def test_an_edge_is_what_its_text_stands_for(threshold: Decimal, bins: int) -> None:
    edges = Histogram.of(NONE, float(threshold), bins).edges
    assert len(edges) == bins
    for place, edge in enumerate(edges.tolist(), 1):
        exact = threshold * place / bins
        if exact == round(exact, 4):
            assert edge == float(f"{exact:.4f}")
    assert edges[-1] == float(threshold)


def test_edges_that_float64_alone_would_miss() -> None:
    assert 1.4 * 7 / 140 != 0.07
    assert Histogram.of(NONE, 1.4, 140).edges.tolist() == [float(f"{place / 100:.2f}") for place in range(1, 141)]


@given(threshold=THRESHOLDS, bins=st.integers(1, 300))
@example(threshold=1.4, bins=140)
@example(threshold=0.0, bins=5)
@example(threshold=6e-10, bins=7)
@example(threshold=0.8412345647811890, bins=10)
def test_the_first_counts_add_up_to_what_a_search_with_their_edge_finds(threshold: float, bins: int) -> None:
    edges = Histogram.of(NONE, threshold, bins).edges.tolist()
    assert edges == sorted(edges)
    assert edges[-1] == threshold
    near = beside(edges)
    near = near[(near >= 0) & within(near, threshold)]
    counted = Histogram.of(np.append(near, near), threshold, bins)
    found = [2 * sum(float(distance) <= edge for distance in near) for edge in edges]
    assert list(accumulate(counted.counts.tolist())) == found
    assert counted.counts.sum() == 2 * len(near)


@pytest.mark.parametrize("distance", [0.0, 0.5, float(np.float32(0.07)), 1.25])
def test_what_is_taken_out_was_in_the_same_bin(distance: float) -> None:
    kept = np.array([0, 0.5, 1.4 - 1e-6], np.float32)
    counted = Histogram.of(np.append(kept, np.float32(distance)), 1.4, 140)
    assert counted.without([distance]).counts.tolist() == Histogram.of(kept, 1.4, 140).counts.tolist()
    assert counted.without([]).counts.tolist() == counted.counts.tolist()


def test_an_edge_belongs_to_the_bin_below_it() -> None:
    at, above = np.float32(0.5), np.nextafter(np.float32(0.5), np.float32(1))
    assert Histogram.of(np.array([0, at, above], np.float32), 1.0, 2).counts.tolist() == [2, 1]
    assert math.isclose(above, 0.5, rel_tol=1e-6)
