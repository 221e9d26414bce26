"""Growth: one by one, through every border there is, while rotations are learnt in the background."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from faceset import segments
from faceset.index import ExactIndex
from faceset.quantizer import Quantizer

Floats = NDArray[np.float32]

# In between comes bulk: adds far from any border are all alike. The last ones are encoded by a search, in two segments.
BY_ONE, BULK = (range(70_000), range(390_000, 412_000), range(980_000, 1_000_000)), 10_000
BORDERS = [segments.LEARN_ROWS * segments.LEARN_AGAIN**again for again in range(3)]
BORDERS += [segments.SEGMENT_ROWS * number for number in (1, 6, 15)]


def check(index: ExactIndex, vectors: Floats, alive: NDArray[np.bool_], rows: list[int]) -> None:
    assert len(index) == alive.sum()
    for row in rows:
        differences = vectors.astype(np.float64) - vectors[row].astype(np.float64)
        exact = np.sqrt((differences**2).sum(axis=1)).astype(np.float32)
        for threshold in (0.0, 1e-7, 0.001, 0.02):
            near = np.flatnonzero(alive & (exact.astype(np.float64) <= threshold))
            tokens, distances = index.search(vectors[row], threshold)
            assert dict(zip(tokens, distances.tolist(), strict=True)) == {str(at): float(exact[at]) for at in near}


def test_grown_to_a_million_by_one_at_every_border_and_thinned_at_random() -> None:
    random = np.random.default_rng(0)
    vectors = random.uniform(-1, 1, (1_000_000, 2)).astype(np.float32)
    index, done = ExactIndex(2), 0
    assert all(any(border in rows for rows in BY_ONE) for border in BORDERS)
    for by_one in BY_ONE:
        for rows in (range(row, min(row + BULK, by_one.start)) for row in range(done, by_one.start, BULK)):
            index.add([str(row) for row in rows], vectors[rows.start : rows.stop])
        for row in by_one:
            index.add((str(row),), vectors[row : row + 1])
        done = by_one.stop
    assert done == len(vectors)
    alive = np.ones(len(vectors), bool)
    index.settle()
    rows = random.integers(0, len(vectors), 5).tolist()
    check(index, vectors, alive, rows)
    gone = random.choice(len(vectors), 100_000, replace=False)
    assert index.remove([str(row) for row in gone]) == len(gone)
    alive[gone] = False
    check(index, vectors, alive, rows)


def test_the_rotation_is_learnt_again_when_the_set_has_grown_tenfold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "LEARN_ROWS", 64)
    learnt: list[int] = []

    class Counted(Quantizer):
        def __init__(self, sample: Floats) -> None:
            learnt.append(len(sample))
            super().__init__(sample)

    monkeypatch.setattr(segments, "Quantizer", Counted)
    vectors = np.random.default_rng(1).standard_normal((7000, 16)).astype(np.float32)
    index = ExactIndex(16)
    for row in range(len(vectors)):
        index.add([str(row)], vectors[row : row + 1])
        if row in (63, 639, 6399):
            index.settle()
    assert learnt == [64, 640, 6400]


def test_what_comes_in_bulk_is_laid_out_once_and_searched_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "LEARN_ROWS", 64)
    vectors = np.random.default_rng(1).uniform(-1, 1, (900, 2)).astype(np.float32)
    index, alive = ExactIndex(2), np.ones(900, bool)
    with index.filling():
        for start in range(0, 900, 100):
            index.add([str(row) for row in range(start, start + 100)], vectors[start : start + 100])
        assert {segment.codes for segment in index._segments.snapshot()} == {None}
        check(index, vectors, alive, [5, 800])
    index.settle()
    assert all(segment.codes is not None for segment in index._segments.snapshot())
    check(index, vectors, alive, [5, 800])


def test_searches_go_on_and_miss_nothing_while_a_rotation_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hidden danger: a vector that is written, removed or moved to a larger segment while its codes are made."""
    monkeypatch.setattr(segments, "SEGMENT_ROWS", 256)
    monkeypatch.setattr(segments, "FIRST_ROWS", 16)
    monkeypatch.setattr(segments, "LEARN_ROWS", 64)
    monkeypatch.setattr(segments, "LEARN_AGAIN", 2)
    encode = Quantizer.encode

    def slowly(self: Quantizer, *arguments: object) -> None:
        encode(self, *arguments)  # type: ignore[arg-type]
        if threading.current_thread().name == "learning":
            time.sleep(0.02)

    monkeypatch.setattr(Quantizer, "encode", slowly)
    random = np.random.default_rng(2)
    index, stored = ExactIndex(16), dict[str, Floats]()
    learning = 0
    for turn in range(120):
        vectors = random.standard_normal((random.integers(1, 40), 16)).astype(np.float32)
        tokens = [f"{turn}-{number}" for number in range(len(vectors))]
        index.add(tokens, vectors)
        stored.update(zip(tokens, vectors, strict=True))
        for token in random.choice(list(stored), random.integers(0, 12), replace=False).tolist():
            index.remove([token])
            stored.pop(token, None)
        learning += any(thread.name == "learning" for thread in threading.enumerate())
        query = random.standard_normal(16).astype(np.float32)
        tokens, distances = index.search(query, 4.5)
        exact = {token: np.linalg.norm(each.astype(np.float64) - query) for token, each in stored.items()}
        assert set(tokens) == {token for token, distance in exact.items() if np.float32(distance) <= 4.5}
        assert np.all(np.diff(distances) >= 0)
    assert learning > 5, "nothing was ever learnt during a search"
    index.settle()
