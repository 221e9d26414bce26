"""Scan segments for everything within a threshold, on every core."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import faiss
import numpy as np
from numpy.typing import NDArray

from faceset.blocks import LANES, survivors
from faceset.distance import distances, within
from faceset.quantizer import CodedQuery, Quantizer
from faceset.segments import Segment
from threads import cores, on_every_thread

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

# FAISS sums squared differences in float32. All terms are positive, so the relative error of a sum of d terms is at
# most (d + 2) units of 2**-24, whatever the order of summation; d is 128 here, and this covers d up to 16,000. The
# absolute part covers squares that underflow.
RELATIVE_SLACK = 1e-3
ABSOLUTE_SLACK = 1e-30

FLAT_QUERIES = 16
"""Queries FAISS gets at a time: from 20 on it expands squares, which cancels; below, it sums differences."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Hold rows of the index that were within the threshold when they were looked at, and their distances then."""

    rows: Rows
    distances: Floats

    @classmethod
    def joined(cls, parts: Sequence[Hits]) -> Self:
        """Return the hits of all the parts, which may be none."""
        rows = np.concatenate([np.empty(0, np.int64), *(part.rows for part in parts)])
        return cls(rows, np.concatenate([np.empty(0, np.float32), *(part.distances for part in parts)]))

    def where(self, mask: NDArray[np.bool_]) -> Hits:
        """Return the hits for which a mask is true."""
        return Hits(self.rows[mask], self.distances[mask])

    def at(self, places: Rows) -> Hits:
        """Return the hits at those places."""
        return Hits(self.rows[places], self.distances[places])

    def outside(self, blocks: Rows) -> NDArray[np.bool_]:
        """Return a mask of the hits whose rows are in none of those blocks."""
        mask: NDArray[np.bool_] = ~np.isin(self.rows // LANES, blocks)
        return mask


def scan(segments: Sequence[Segment], queries: Floats, threshold: float) -> list[Hits]:
    """Return the hits of each query, float32 (n, dim) finite."""
    coded: dict[Quantizer | None, list[CodedQuery]] = {
        quantizer: [quantizer.query(query, threshold) for query in queries]
        for quantizer in {segment.quantizer for segment in segments}
        if quantizer is not None
    }
    waiting, looks = deque(segments), list[list[Hits]]()

    def work() -> None:
        while waiting:
            try:
                segment = waiting.popleft()
            except IndexError:
                return
            looks.append(_look(segment, queries, coded.get(segment.quantizer), threshold))

    # The asking thread works too, so a search never waits for a place in the pool.
    helpers = [_pool().submit(work) for _ in range(min(cores(), len(segments)) - 1)]
    work()
    for helper in helpers:
        if not helper.cancel():
            helper.result()
    return [Hits.joined([hits[place] for hits in looks]) for place in range(len(queries))]


def _look(segment: Segment, queries: Floats, coded: list[CodedQuery] | None, threshold: float) -> list[Hits]:
    """Scan one segment for all queries, while its codes are in the core's cache."""
    near = _flat(segment, queries, threshold) if coded is None else _coded(segment, coded)
    exact = [distances(segment.vectors, rows, query) for query, rows in zip(queries, near, strict=True)]
    looks = [Hits(rows + segment.first, each) for rows, each in zip(near, exact, strict=True)]
    return [hits.where(within(hits.distances, threshold)) for hits in looks]


def _coded(segment: Segment, queries: Sequence[CodedQuery]) -> list[Rows]:
    assert segment.codes
    first, second, third, errors = *segment.codes.stages(), segment.codes.errors
    rows = np.empty(len(errors) * LANES, np.int64)
    near = []
    for query in queries:
        count = survivors(first, second, third, errors, query.codes, query.reaches, rows)
        near.append(rows[:count].copy())
    return near


def _flat(segment: Segment, queries: Floats, threshold: float) -> list[Rows]:
    """Look at every vector; NaN is within no radius."""
    radius = threshold * threshold * (1 + RELATIVE_SLACK) + ABSOLUTE_SLACK
    near: list[Rows] = []
    for start in range(0, len(queries), FLAT_QUERIES):
        part = queries[start : start + FLAT_QUERIES]
        result = faiss.RangeSearchResult(len(part))
        asked, stored = faiss.swig_ptr(part), faiss.swig_ptr(segment.vectors)
        faiss.range_search_L2sqr(asked, stored, part.shape[1], len(part), len(segment.vectors), radius, result)
        limits = faiss.rev_swig_ptr(result.lims, len(part) + 1).astype(np.int64)
        labels = faiss.rev_swig_ptr(result.labels, int(limits[-1])).astype(np.int64)
        near += np.split(labels, limits[1:-1])
    return near


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """Return the process's scanning threads; the compiled scan holds no interpreter lock."""
    return ThreadPoolExecutor(cores(), thread_name_prefix="scan")


def start_threads() -> None:
    """Start the scanning threads now: they keep the priority of the thread that starts them."""
    on_every_thread(_pool(), lambda: None)
