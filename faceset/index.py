"""Exact range search in memory: every vector within the threshold, none left out and none guessed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray

from faceset.distance import distances, within
from faceset.scan import Hits, scan
from faceset.segments import Segments

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

GATHER_ROWS = 4096
"""Hits settled under one hold of the lock."""


class ExactIndex:
    """Answer range queries over float32 vectors of `dim` numbers; safe for many threads.

    Rows never move while they are alive: a removed row is overwritten with NaN, which no query can match, and used
    again later. So a scan needs no lock, and a face that is there the whole time is never missed.
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._lock = threading.Lock()
        self._segments = Segments(dim, self._lock)
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
            return None if row is None else self._segments.row(row).copy()

    def add(self, tokens: Sequence[str], vectors: Floats) -> None:
        """Add one vector per token, float32 (n, dim); raise ValueError for a token twice, a wrong shape or a NaN."""
        if vectors.shape != (len(tokens), self.dim) or not np.isfinite(vectors).all():
            raise ValueError(f"vectors must be finite and of shape ({len(tokens)}, {self.dim}), not {vectors.shape}")
        with self._lock:
            if len(set(tokens)) != len(tokens) or not self._rows.keys().isdisjoint(tokens):
                raise ValueError("a token is in the index already")
            runs = self._take_rows(len(tokens))
            self._segments.write(runs, vectors)
            done = 0
            for run in runs:
                named = tokens[done : done + len(run)]
                self._tokens[run.start : run.stop] = named
                self._rows.update(zip(named, run, strict=True))
                done += len(run)

    def replace(self, token: str, vector: Floats) -> None:
        """Give a token of the index another vector, float32 (dim,), at once; raise KeyError for an unknown token."""
        with self._lock:
            old = self._rows[token]
            (run,) = self._take_rows(1)
            self._segments.write([run], vector[np.newaxis])
            self._tokens[run.start] = token
            self._rows[token] = run.start
            self._clear([old])

    def remove(self, tokens: Sequence[str]) -> int:
        """Overwrite the tokens' vectors; return how many were there."""
        with self._lock:
            rows = [self._rows.pop(token) for token in tokens if token in self._rows]
            self._clear(rows)
            return len(rows)

    def filling(self) -> AbstractContextManager[None]:
        """Return a context to add very much in; searches are exact meanwhile, and slower until it is laid out."""
        return self._segments.filling()

    def settle(self) -> None:
        """Wait until what was added is laid out for fast search; a search is exact without, and may be slower."""
        self._segments.settle()

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
        found = scan(self._segments.snapshot(), queries, threshold)
        return [self._settled(*pair, threshold, limit) for pair in zip(queries, found, strict=True)]

    def _clear(self, rows: list[int]) -> None:
        for row in rows:
            self._segments.clear(row)
            self._tokens[row] = None
        self._free.extend(rows)

    def _take_rows(self, count: int) -> list[range]:
        """Return rows that are free, as runs: those of removed faces first, then new ones."""
        reused = [self._free.pop() for _ in range(min(count, len(self._free)))]
        first, fresh = len(self._tokens), count - len(reused)
        self._tokens.extend([None] * fresh)
        return [*(range(row, row + 1) for row in reused), *([range(first, first + fresh)] if fresh else [])]

    def _settled(
        self, query: Floats, found: Iterable[Hits], threshold: float, limit: int | None
    ) -> tuple[list[str], Floats]:
        """Sort the hits that are still alive, tokens and distances from the same moment."""
        tokens: list[str] = []
        lengths: list[Floats] = []
        for hits in found:
            for start in range(0, len(hits.rows), GATHER_ROWS):
                alive, exact = self._alive(query, hits.first, hits.rows[start : start + GATHER_ROWS], threshold)
                tokens += alive
                lengths.append(exact)
        if not tokens:
            return [], np.empty(0, np.float32)
        return _nearest(tokens, np.concatenate(lengths), limit)

    def _alive(self, query: Floats, first: int, rows: Rows, threshold: float) -> tuple[list[str], Floats]:
        with self._lock:
            # A removed row is NaN, and so is its distance: what is left has a token.
            exact = distances(self._segments.vectors_from(first), rows, query)
            near = within(exact, threshold)
            tokens = [self._tokens[row] for row in (rows[near] + first).tolist()]
        return [token for token in tokens if token is not None], exact[near]


def _nearest(tokens: list[str], lengths: Floats, limit: int | None) -> tuple[list[str], Floats]:
    order = np.argsort(lengths, kind="stable")
    ordered = lengths[order]
    # Sorting by token as well is slow and seldom needed: only where distances are equal.
    ties = np.flatnonzero(ordered[1:] == ordered[:-1])
    for run in np.split(ties, np.flatnonzero(np.diff(ties) > 1) + 1):
        if len(run):
            equal = slice(run[0], run[-1] + 2)
            order[equal] = sorted(order[equal], key=tokens.__getitem__)
    return [tokens[place] for place in order[:limit]], ordered[:limit]
