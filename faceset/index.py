"""Exact range search in memory: every vector within the threshold, none left out and none guessed."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from faceset import segments
from faceset.blocks import LANES
from faceset.changes import Changes
from faceset.distance import distances, within
from faceset.histogram import Histogram
from faceset.nearest import Nearest, Wanted, ordered, up_to
from faceset.scan import Hits, scan
from faceset.segments import Segments

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

SPARE = 64
"""Hits beyond a limit, and an eighth of it, that are named too: some of the nearest may go meanwhile."""


class ExactIndex:
    """Answer range queries over float32 vectors of `dim` numbers; safe for many threads.

    Rows never move while they are alive: a removed row is overwritten with NaN, which no query can match, and used
    again later. So a scan needs no lock. Under it, what changed meanwhile is then looked at again, and nothing else:
    an answer is that of the moment when the search ends.
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._lock = threading.Lock()
        self._segments = Segments(dim, self._lock)
        self._changes = Changes()
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
            self._changes.mark(runs)
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
            self._changes.mark([run])
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
        found = self._search(queries, threshold, Wanted(limit=limit))
        return [(each.tokens, each.distances) for each in found]

    def nearest(self, query: Floats, threshold: float, wanted: Wanted) -> Nearest:
        """Return what is wanted of the vectors that `search` finds, and how many they are, all of the same moment."""
        return self._search(query[np.newaxis], threshold, wanted)[0]

    def _search(self, queries: Floats, threshold: float, wanted: Wanted) -> list[Nearest]:
        if queries.ndim != 2 or queries.shape[1] != self.dim or not np.isfinite(queries).all():
            raise ValueError(f"queries must be finite and of shape (n, {self.dim}), not {queries.shape}")
        queries = np.ascontiguousarray(queries, np.float32)
        # Taking the snapshot waits for the lock: the change of this number is through by then.
        before = self._changes.latest
        found = scan(self._segments.snapshot(), queries, threshold)
        pairs = zip(queries, found, strict=True)
        return [self._settled(query, threshold, hits, before, wanted) for query, hits in pairs]

    def _clear(self, rows: list[int]) -> None:
        self._changes.mark(range(row, row + 1) for row in rows)
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

    def _settled(self, query: Floats, threshold: float, found: Hits, before: int, wanted: Wanted) -> Nearest:
        """Make an answer of what a scan found; what has changed since the change `before` is looked at again."""
        limit, sure = wanted.limit, -1
        while sure < min(len(found.rows), len(found.rows) if limit is None else limit):
            near = found.at(up_to(limit and limit + limit // 8 + SPARE, found.distances))
            reach = math.inf if len(near.rows) == len(found.rows) else near.distances.max()
            # Without the lock, for it takes long: a row gets another token only with a change.
            named = self._named(near)
            with self._lock:
                blocks, before = self._changes.since(before), self._changes.latest
                fresh = Hits.joined([*self._looked_at(blocks, query, threshold)])
                renamed = self._named(fresh)
                own = self._rows.get(wanted.without or "", -1)
            if len(blocks):
                stay = near.outside(blocks)
                near, named = Hits.joined([near.where(stay), fresh]), [*compress(named, stay), *renamed]
                found = Hits.joined([found.where(found.outside(blocks)), fresh])
            if own >= 0:
                for place in np.flatnonzero(near.rows == own).tolist():
                    del named[place]
                near, found = near.where(near.rows != own), found.where(found.rows != own)
            # What is beyond reach has no name yet, and gets one when too many of the nearest went meanwhile.
            sure = int(np.count_nonzero(near.distances <= reach))
        return _answer(near, named, found, threshold, wanted)

    def _named(self, hits: Hits) -> list[str | None]:
        return [self._tokens[row] for row in hits.rows.tolist()]

    def _looked_at(self, blocks: Rows, query: Floats, threshold: float) -> Iterator[Hits]:
        """Yield what is within the threshold in some blocks, segment by segment; the caller holds the lock."""
        rows = (blocks[:, np.newaxis] * LANES + np.arange(LANES)).reshape(-1)
        borders = np.flatnonzero(np.diff(rows // segments.SEGMENT_ROWS)) + 1
        for part in np.split(rows, borders) if len(rows) else []:
            first = int(part[0]) // segments.SEGMENT_ROWS * segments.SEGMENT_ROWS
            hits = Hits(part, distances(self._segments.vectors_from(first), part - first, query))
            yield hits.where(within(hits.distances, threshold))


def _answer(near: Hits, named: list[str | None], found: Hits, threshold: float, wanted: Wanted) -> Nearest:
    """Make an answer of all hits, and of the nearest of them with their names."""
    chosen = up_to(wanted.limit, near.distances)
    if len(chosen) < len(named):
        named = [named[place] for place in chosen.tolist()]
    # A row without a face is NaN and within nothing: each of these has a token.
    tokens, lengths = ordered([token for token in named if token is not None], near.distances[chosen])
    histogram = None if wanted.bins is None else Histogram.of(found.distances, threshold, wanted.bins)
    return Nearest(tokens[: wanted.limit], lengths[: wanted.limit], len(found.rows), histogram)
