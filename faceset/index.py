"""Exact range search in memory: every vector within the threshold, none left out and none guessed."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

SEGMENT_ROWS = 65_536
"""Rows a segment grows to before the next one begins: growth never copies more than this."""

FIRST_ROWS = 256

# FAISS sums squared differences in float32. All terms are positive, so the relative error of a sum of d terms is at
# most (d + 2) units of 2**-24, whatever the order of summation; d is 128 here, and this covers d up to 16,000. The
# absolute part covers squares that underflow. Candidates within the widened radius are decided on exact distances.
RELATIVE_SLACK = 1e-3
ABSOLUTE_SLACK = 1e-30


class ExactIndex:
    """Answer range queries over float32 vectors of `dim` numbers; safe for many threads.

    Rows never move while they are alive: a removed row is overwritten with NaN, which no query can match, and used
    again later. So a scan needs no lock, and a face that is there the whole time is never missed.
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._lock = threading.Lock()
        self._segments: list[Floats] = []
        self._tokens: list[str | None] = []
        self._rows: dict[str, int] = {}
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, token: str) -> bool:
        return token in self._rows

    def tokens(self) -> set[str]:
        """Return the tokens in the index."""
        with self._lock:
            return set(self._rows)

    def vector(self, token: str) -> Floats | None:
        """Return a copy of the token's vector, float32 (dim,), or None."""
        with self._lock:
            row = self._rows.get(token)
            return None if row is None else self._segments[row // SEGMENT_ROWS][row % SEGMENT_ROWS].copy()

    def add(self, tokens: Sequence[str], vectors: Floats) -> None:
        """Add one vector per token, float32 (n, dim); raise ValueError for a token twice, a wrong shape or a NaN."""
        if vectors.shape != (len(tokens), self.dim) or not np.isfinite(vectors).all():
            raise ValueError(f"vectors must be finite and of shape ({len(tokens)}, {self.dim}), not {vectors.shape}")
        with self._lock:
            if len(set(tokens)) != len(tokens) or not self._rows.keys().isdisjoint(tokens):
                raise ValueError("a token is in the index already")
            rows = self._take_rows(len(tokens))
            self._write(rows, vectors)
            for row, token in zip(rows.tolist(), tokens, strict=True):
                self._tokens[row] = token
                self._rows[token] = row

    def remove(self, tokens: Sequence[str]) -> int:
        """Overwrite the tokens' vectors; return how many were there."""
        with self._lock:
            rows = [self._rows.pop(token) for token in tokens if token in self._rows]
            for row in rows:
                self._segments[row // SEGMENT_ROWS][row % SEGMENT_ROWS] = np.nan
                self._tokens[row] = None
            self._free.extend(rows)
            return len(rows)

    def search(self, query: Floats, threshold: float, limit: int | None = None) -> tuple[list[str], Floats]:
        """Return (tokens, distances) of every vector at most `threshold` away, nearest first, ties by token.

        A distance is computed in float64 from the stored float32 vectors and rounded once to float32; that number
        decides membership and is the one answered. `limit` cuts the answer, never the search.
        """
        return self.search_batch(query[np.newaxis], threshold, limit)[0]

    def search_batch(
        self, queries: Floats, threshold: float, limit: int | None = None
    ) -> list[tuple[list[str], Floats]]:
        """Search several queries, float32 (n, dim), at once; one answer per query, in order."""
        if queries.ndim != 2 or queries.shape[1] != self.dim or not np.isfinite(queries).all():
            raise ValueError(f"queries must be finite and of shape (n, {self.dim}), not {queries.shape}")
        queries = np.ascontiguousarray(queries, np.float32)
        candidates = self._scan(queries, threshold)
        return [self._verify(*pair, threshold, limit) for pair in zip(queries, candidates, strict=True)]

    def _take_rows(self, count: int) -> Rows:
        reused = [self._free.pop() for _ in range(min(count, len(self._free)))]
        first = len(self._tokens)
        fresh = count - len(reused)
        self._tokens.extend([None] * fresh)
        self._reserve(len(self._tokens))
        return np.array(reused + list(range(first, first + fresh)), np.int64)

    def _reserve(self, rows: int) -> None:
        """Make room; a scan that is under way keeps the smaller first segment it began with."""
        while rows > self._capacity():
            last = self._segments[-1] if self._segments else np.empty((0, self.dim), np.float32)
            if not self._segments or len(last) == SEGMENT_ROWS:
                self._segments.append(self._empty_segment(FIRST_ROWS if not self._segments else SEGMENT_ROWS))
            else:
                grown = self._empty_segment(min(SEGMENT_ROWS, max(2 * len(last), FIRST_ROWS)))
                grown[: len(last)] = last
                self._segments = [*self._segments[:-1], grown]

    def _capacity(self) -> int:
        return (len(self._segments) - 1) * SEGMENT_ROWS + len(self._segments[-1]) if self._segments else 0

    def _empty_segment(self, rows: int) -> Floats:
        return np.empty((rows, self.dim), np.float32)

    def _write(self, rows: Rows, vectors: Floats) -> None:
        segments, places = np.divmod(rows, SEGMENT_ROWS)
        for segment in np.unique(segments).tolist():
            mine = segments == segment
            self._segments[segment][places[mine]] = vectors[mine]

    def _scan(self, queries: Floats, threshold: float) -> list[Rows]:
        """Return for each query the rows that may be within the threshold: all that are, and few that are not."""
        with self._lock:
            segments, count = list(self._segments), len(self._tokens)
        radius = threshold * threshold * (1 + RELATIVE_SLACK) + ABSOLUTE_SLACK
        found: list[list[Rows]] = [[] for _ in queries]
        for number, segment in enumerate(segments):
            first = number * SEGMENT_ROWS
            rows = min(len(segment), count - first)
            # FAISS expands squares for larger batches, which cancels; below 20 queries it sums differences.
            for start in range(0, len(queries), 16):
                part = queries[start : start + 16]
                limits, hits = _range_search(segment[:rows], part, radius)
                for offset in range(len(part)):
                    found[start + offset].append(hits[limits[offset] : limits[offset + 1]] + first)
        return [np.concatenate(parts) if parts else np.empty(0, np.int64) for parts in found]

    def _verify(self, query: Floats, rows: Rows, threshold: float, limit: int | None) -> tuple[list[str], Floats]:
        tokens, distances = [], []
        for start in range(0, len(rows), SEGMENT_ROWS):
            alive, vectors = self._gather(rows[start : start + SEGMENT_ROWS])
            exact = np.linalg.norm(vectors.astype(np.float64) - query.astype(np.float64), axis=1).astype(np.float32)
            within = exact.astype(np.float64) <= threshold
            tokens.append(alive[within])
            distances.append(exact[within])
        if not tokens:
            return [], np.empty(0, np.float32)
        all_tokens, all_distances = np.concatenate(tokens), np.concatenate(distances)
        order = np.lexsort((all_tokens, all_distances))[:limit]
        return [str(token) for token in all_tokens[order]], all_distances[order]

    def _gather(self, rows: Rows) -> tuple[NDArray[np.str_], Floats]:
        """Copy the rows that are still alive, tokens and vectors from the same moment."""
        with self._lock:
            alive = np.array([row for row in rows.tolist() if self._tokens[row] is not None], np.int64)
            tokens = np.array([self._tokens[row] for row in alive.tolist()], np.str_)
            vectors = np.empty((len(alive), self.dim), np.float32)
            segments, places = np.divmod(alive, SEGMENT_ROWS)
            for segment in np.unique(segments).tolist():
                mine = segments == segment
                vectors[mine] = self._segments[segment][places[mine]]
        return tokens, vectors


def _range_search(vectors: Floats, queries: Floats, radius: float) -> tuple[Rows, Rows]:
    """Return FAISS's (limits, rows) of the vectors within the squared radius of each query."""
    result = faiss.RangeSearchResult(len(queries))
    faiss.range_search_L2sqr(
        faiss.swig_ptr(queries), faiss.swig_ptr(vectors), queries.shape[1], len(queries), len(vectors), radius, result
    )
    limits = faiss.rev_swig_ptr(result.lims, len(queries) + 1).astype(np.int64)
    return limits, faiss.rev_swig_ptr(result.labels, int(limits[-1])).astype(np.int64)
