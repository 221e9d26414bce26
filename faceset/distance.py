"""The distance that is answered: computed in float64 from float32 vectors, rounded once to float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from kernels import kernel

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


# Sums may be taken in any order (vector registers need that); nothing else about the arithmetic is loosened.
@kernel(
    types.void(
        types.Array(types.float32, 2, "C"), types.Array(types.int64, 1, "C"),
        types.Array(types.float64, 1, "C"), types.Array(types.float32, 1, "C"),
    ),
    fastmath={"reassoc"},
)  # fmt: skip
def _distances(vectors: Any, rows: Any, query: Any, exact: Any) -> None:
    for place in range(rows.shape[0]):
        row, square = rows[place], 0.0
        for axis in range(vectors.shape[1]):
            difference = np.float64(vectors[row, axis]) - query[axis]
            square += difference * difference
        exact[place] = np.float32(np.sqrt(square))


def distances(vectors: Floats, rows: Rows, query: Floats) -> Floats:
    """Return how far some rows of float32 (n, dim) are from the query, float32; NaN for a row of NaN."""
    exact = np.empty(len(rows), np.float32)
    _distances(vectors, rows, query.astype(np.float64), exact)
    return exact


def all_distances(vectors: Floats, query: Floats) -> Floats:
    """Return how far every row is from the query, as `distances` does."""
    return distances(vectors, np.arange(len(vectors)), query)


def within(exact: Floats, threshold: float) -> NDArray[np.bool_]:
    """Tell which float32 distances are at most the threshold, compared as they stand: neither is rounded."""
    return exact.astype(np.float64) <= threshold
