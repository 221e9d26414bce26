"""How the distances of one search spread: counts between edges that a client can write down and search with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

EDGE_DECIMALS = 9
"""What float64 has beyond them of threshold * place / bins is rounding: 1.4 * 7 / 140 is not 0.07, which is meant."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Hold how many distances are at most each of some edges, and above the edge before; `edges` is float64, ascending.

    The first count is of everything up to its edge. So the first k counts add up to what a search with edge k as its
    threshold finds.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, distances: NDArray[np.float32], threshold: float, bins: int) -> Self:
        """Count distances, none above the threshold, in `bins` parts of it.

        Edge k is threshold * k / bins rounded to nine decimals, so that it is the number that its decimal text stands
        for; the last edge is the threshold itself.
        """
        inner = [min(round(threshold * place / bins, EDGE_DECIMALS), threshold) for place in range(1, bins)]
        edges = np.array([*inner, threshold])
        return cls(edges, _counts(distances, edges))

    def without(self, distances: Iterable[float]) -> Self:
        """Return the histogram less some of the distances that were counted."""
        gone = np.fromiter(distances, np.float32)
        return replace(self, counts=self.counts - _counts(gone, self.edges))


def _counts(distances: NDArray[np.float32], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    # In float64, as a search compares them. Sorting first is ten times as fast as looking up every distance.
    return np.diff(np.searchsorted(np.sort(distances).astype(np.float64), edges, side="right"), prepend=0)
