"""The truth about who is near whom: every row is looked at, and what may be near is summed in float64."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

QUERIES_AT_ONCE, ROWS_AT_ONCE = 256, 65_536

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]


def neighbours(vectors: Floats, queries: Floats, threshold: float) -> Iterator[tuple[Rows, Doubles]]:
    """Yield for each query the rows that may be within the threshold, ascending, and their distances in float64.

    None that is within it is left out, whatever the vectors; a few beyond it are there. Every row is looked at.
    """
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        asked = np.ascontiguousarray(queries[start : start + QUERIES_AT_ONCE], np.float32)
        parts = []
        for first in range(0, len(vectors), ROWS_AT_ONCE):
            part = np.ascontiguousarray(vectors[first : first + ROWS_AT_ONCE])
            places, rows = np.nonzero(_candidates(part, asked, threshold))
            parts.append((places, rows + first, distances(part, asked, rows, places)))
        places, rows, exact = (np.concatenate(each) for each in zip(*parts, strict=True))
        order = np.argsort(places, kind="stable")
        borders = np.searchsorted(places[order], np.arange(1, len(asked)))
        yield from zip(np.split(rows[order], borders), np.split(exact[order], borders), strict=True)


def faults(answer: tuple[Rows, Floats], truth: tuple[Rows, Doubles], threshold: float, dim: int) -> int:
    """Count what is wrong with one answer: rows missing, extra, twice, at a wrong distance; and the order.

    What is right is one float64 distance rounded once to float32. Two orders of summing its `dim` squares may differ by
    (dim + 4) 2^-53 of it, so a distance that close to where float32 rounds the other way may be rounded either way.
    """
    (given, lengths), (rows, exact) = answer, truth
    leeway = (dim + 4) * 2.0**-53
    low, high = ((exact * (1 + sign * leeway)).astype(np.float32) for sign in (-1, 1))
    must, may = (rows[each.astype(np.float64) <= threshold] for each in (high, low))
    kept, first = np.unique(given, return_index=True)
    known, places = np.isin(kept, rows), np.searchsorted(rows, kept)
    places, found = places[known], lengths[first[known]]
    wrong = len(np.setdiff1d(must, kept)) + len(np.setdiff1d(kept, may)) + len(given) - len(kept)
    wrong += int(((found < low[places]) | (found > high[places])).sum())
    return wrong + int((np.lexsort((given, lengths)) != np.arange(len(given))).any())


def beyond_rounding(vectors: Floats, query: Floats, one: Rows, other: Rows, threshold: float) -> int:
    """Count the rows that only one of two answers has though their distance is not just at the threshold.

    FAISS sums in float32: 1e-6 of the threshold. The rest is for squares that underflow there.
    """
    odd = np.setxor1d(one, other)
    exact = distances(vectors, query[np.newaxis], odd, np.zeros(len(odd), np.int64))
    return int((np.abs(exact - threshold) > 1e-6 * threshold + 1e-18).sum())


def distances(vectors: Floats, queries: Floats, rows: Rows, places: Rows) -> Doubles:
    """Return the distances in float64 of pairs of a vector, by its row, and a query, by its place."""
    found = np.empty(len(rows))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        pairs = slice(start, start + ROWS_AT_ONCE)
        difference = vectors[rows[pairs]].astype(np.float64) - queries[places[pairs]]
        found[pairs] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return found


def _candidates(vectors: Floats, queries: Floats, threshold: float) -> NDArray[np.bool_]:
    """Return by query and row whether the distance may be at most the threshold.

    |v - q| <= t is q.v - |v|^2 / 2 >= (|q|^2 - t^2) / 2. In float32, u = 2^-24, the product of n terms is wrong by at
    most n u |v||q| in any order, and each of the few other roundings by u times what it rounds; none of that is more
    than (|v| + |q| + t)^2, and twice the sum is allowed for. What underflows adds n 2^-126 at most. Where a square may
    overflow, all may be near.
    """
    # A distance that float32 rounds down to the threshold is a hair above it.
    widened = threshold * (1 + 1e-6) + 1e-38
    halves = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64) / 2
    squares = np.einsum("ij,ij->i", queries, queries, dtype=np.float64)
    reach = (np.sqrt(2 * halves.max()) + np.sqrt(squares) + widened) ** 2
    if not reach.max() < 1e37:
        return np.ones((len(queries), len(vectors)), np.bool_)
    slack = (vectors.shape[1] + 8) * (2.0**-23 * reach + 2.0**-120)
    products = queries @ vectors.T
    products -= halves.astype(np.float32)
    near: NDArray[np.bool_] = products >= ((squares - widened**2) / 2 - slack).astype(np.float32)[:, np.newaxis]
    return near
