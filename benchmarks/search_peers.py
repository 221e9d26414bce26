"""Contenders of the search benchmark, each in a process of its own, timed inside it.

`python -m benchmarks.search_peers NAME VECTORS.npy QUERIES.npy` reads one JSON command a line, {"do": method, ...}, and
answers each with a line of JSON. One process a contender, in the environment that has its packages, with the threads
that its library takes by itself; a process that was not asked anything waits.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Hits = list[tuple[Rows, Floats]]


class Contender:
    """Hold vectors and answer range queries; rows are numbered as in the file."""

    package = "facetoken"

    def labels(self, rows: Sequence[int]) -> Sequence[Any]:
        """Return what `add` and `remove` call these rows."""
        return rows

    def add(self, labels: Sequence[Any], vectors: Floats) -> None:
        """Add one vector per label, float32 (n, dim)."""
        raise NotImplementedError

    def settle(self) -> None:
        """Wait until nothing is done in the background any more."""

    def search(self, queries: Floats, threshold: float) -> Any:
        """Search for float32 (n, dim) within the threshold; return whatever the library returns."""
        raise NotImplementedError

    def hits(self, answer: Any) -> Hits:
        """Return (rows, distances) for each query of an answer of `search`."""
        raise NotImplementedError

    def removable(self, vectors: Floats) -> None:
        """Become an index that rows are removed from, with the same vectors in it."""

    def remove(self, label: Any) -> None:
        """Remove one row."""
        raise NotImplementedError


class Facetoken(Contender):
    """Our own index, with tokens of 24 characters."""

    def __init__(self, dim: int) -> None:
        from faceset.index import ExactIndex

        self._index = ExactIndex(dim)

    def labels(self, rows: Sequence[int]) -> list[str]:
        return [f"{row:024d}" for row in rows]

    def add(self, labels: Sequence[str], vectors: Floats) -> None:
        self._index.add(labels, vectors)

    def settle(self) -> None:
        self._index.settle()

    def search(self, queries: Floats, threshold: float) -> list[tuple[list[str], Floats]]:
        if len(queries) == 1:
            return [self._index.search(queries[0], threshold)]
        return self._index.search_batch(queries, threshold)

    def hits(self, answer: list[tuple[list[str], Floats]]) -> Hits:
        return [(np.array([int(token) for token in tokens], np.int64), distances) for tokens, distances in answer]

    def remove(self, label: str) -> None:
        self._index.remove([label])


class Faiss(Contender):
    """IndexFlatL2 and its range_search; rows are removed from an IndexIDMap2 around it."""

    package = "faiss-cpu"

    def __init__(self, dim: int) -> None:
        import faiss

        self._index: Any = faiss.IndexFlatL2(dim)

    def add(self, labels: Sequence[int], vectors: Floats) -> None:  # noqa: ARG002 - its rows number themselves
        self._index.add(vectors)

    def search(self, queries: Floats, threshold: float) -> Any:
        return self._index.range_search(queries, threshold**2)

    def hits(self, answer: Any) -> Hits:
        limits, squares, rows = answer
        borders = limits[1:-1].astype(np.int64)
        return list(zip(np.split(rows, borders), np.split(np.sqrt(squares), borders), strict=True))

    def removable(self, vectors: Floats) -> None:
        import faiss

        self._index = faiss.IndexIDMap2(faiss.IndexFlatL2(vectors.shape[1]))
        self._index.add_with_ids(vectors, np.arange(len(vectors)))

    def remove(self, label: int) -> None:
        self._index.remove_ids(np.array([label]))


class Usearch(Contender):
    """Exact search over a matrix; there is no range query, so k grows until the k-th distance passes the threshold."""

    package = "usearch"
    FIRST_K, GROWTH = 1024, 8

    def __init__(self, dim: int) -> None:
        self._matrix = np.empty((0, dim), np.float32)

    def add(self, labels: Sequence[int], vectors: Floats) -> None:  # noqa: ARG002 - its rows number themselves
        self._matrix = vectors

    def search(self, queries: Floats, threshold: float) -> Any:
        from usearch.index import MetricKind, search

        count = self.FIRST_K
        while True:
            found = search(self._matrix, queries, min(count, len(self._matrix)), MetricKind.L2sq, exact=True)
            squares = np.atleast_2d(found.distances)
            if count >= len(self._matrix) or (squares[:, -1] > threshold**2).all():
                return np.atleast_2d(found.keys), squares, threshold**2
            count *= self.GROWTH

    def hits(self, answer: Any) -> Hits:
        keys, squares, limit = answer
        rows = [row.astype(np.int64) for row in keys]
        return [(row[each <= limit], np.sqrt(each[each <= limit])) for row, each in zip(rows, squares, strict=True)]


class SqliteVec(Contender):
    """A vec0 table in memory: nearest neighbours with limits on the distance, a page of 4,096, its most, at a time."""

    package = "sqlite-vec"
    PAGE = 4096

    def __init__(self, dim: int) -> None:
        import apsw
        import sqlite_vec

        self._database = apsw.Connection(":memory:")
        self._database.enable_load_extension(True)
        self._database.load_extension(sqlite_vec.loadable_path())
        self._database.execute(f"CREATE VIRTUAL TABLE faces USING vec0(embedding float[{dim}])")

    def add(self, labels: Sequence[int], vectors: Floats) -> None:
        rows = ((row, vector.tobytes()) for row, vector in zip(labels, vectors, strict=True))
        with self._database:
            self._database.executemany("INSERT INTO faces(rowid, embedding) VALUES (?, ?)", rows)

    def search(self, queries: Floats, threshold: float) -> list[Any]:
        return [self._one(query.tobytes(), threshold) for query in queries]

    def _one(self, query: bytes, threshold: float) -> list[Any]:
        ask = "SELECT rowid, distance FROM faces WHERE embedding MATCH ? AND k = ? AND distance <= ? AND distance > ?"
        page: list[Any] = self._database.execute(ask, (query, self.PAGE, threshold, -1.0)).fetchall()
        found = page
        while len(page) == self.PAGE:
            page = self._database.execute(ask, (query, self.PAGE, threshold, page[-1][1])).fetchall()
            found = found + page
        return found

    def hits(self, answer: list[Any]) -> Hits:
        columns = [np.array(rows, np.float64).reshape(-1, 2) for rows in answer]
        return [(each[:, 0].astype(np.int64), each[:, 1].astype(np.float32)) for each in columns]

    def remove(self, label: int) -> None:
        self._database.execute("DELETE FROM faces WHERE rowid = ?", (label,))


CONTENDERS = {"ours": Facetoken, "faiss": Faiss, "usearch": Usearch, "sqlite-vec": SqliteVec}


class Course:
    """Run a contender over one file of vectors and one of queries; every method is a command."""

    def __init__(self, contender: Contender, vectors: Path, queries: Path) -> None:
        self._contender, self._vectors, self._queries = contender, vectors, np.load(queries)

    def build(self) -> dict[str, Any]:
        """Add all vectors at once; answer the seconds until they are in, and from then until all is quiet."""
        vectors = np.load(self._vectors)
        labels = self._contender.labels(range(len(vectors)))
        added = _clocked(self._contender.add, labels, vectors) / 1000
        settled = _clocked(self._contender.settle) / 1000
        return {"build_s": added, "settle_s": settled, "version": version(self._contender.package)}

    def time(self, threshold: float, batch: int, first: int, count: int) -> list[float]:
        """Search for `count` batches from query `first` on, one by one; answer the milliseconds of each."""
        batches = [self._batch(first + number * batch, batch) for number in range(count)]
        return [_clocked(self._contender.search, queries, threshold) for queries in batches]

    def answer(self, threshold: float, batch: int, places: list[int], file: str) -> None:
        """Search for the queries at `places` and write all hits, CSR over them, as .npz."""
        parts = [self._queries[places[start : start + batch]] for start in range(0, len(places), batch)]
        hits = [each for part in parts for each in self._contender.hits(self._contender.search(part, threshold))]
        starts = np.cumsum([0, *(len(rows) for rows, _ in hits)], dtype=np.int64)
        rows, distances = (np.concatenate(each) for each in zip(*hits, strict=True))
        np.savez(file, rows=rows, starts=starts, distances=distances)

    def change(self, count: int) -> dict[str, list[float]]:
        """Add `count` faces one by one, then remove as many old ones; answer the milliseconds of each."""
        vectors = np.load(self._vectors)
        fresh = self._contender.labels(range(len(vectors), len(vectors) + count))
        old = self._contender.labels(np.random.default_rng(0).permutation(len(vectors))[:count].tolist())
        adds = [_clocked(self._contender.add, [name], self._batch(place, 1)) for place, name in enumerate(fresh)]
        self._contender.removable(vectors)
        return {"add_ms": adds, "remove_ms": [_clocked(self._contender.remove, name) for name in old]}

    def _batch(self, first: int, count: int) -> Floats:
        return np.take(self._queries, range(first, first + count), axis=0, mode="wrap")


def _clocked(action: Any, *arguments: object) -> float:
    begun = time.perf_counter()
    action(*arguments)
    return (time.perf_counter() - begun) * 1000


def serve(name: str, vectors: Path, queries: Path) -> None:
    """Answer commands from stdin until it ends."""
    # The libraries print to stdout now and then; the answers need it for themselves.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    course = Course(CONTENDERS[name](np.load(vectors, mmap_mode="r").shape[1]), vectors, queries)
    for line in sys.stdin:
        command = json.loads(line)
        print(json.dumps(getattr(course, command.pop("do"))(**command)), file=answers)


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
