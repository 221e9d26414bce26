"""The search benchmark: its galleries are as documented, its answers right, and a wrong answer is noticed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import gallery, search, truth
from benchmarks.gallery import Gallery
from faceset.index import ExactIndex

Floats = NDArray[np.float32]
Answers = list[tuple[list[str], Floats]]
THRESHOLDS = ("0.65", "0.9", "1.1")
QUICK = ["--rounds", "1", "--timed", "2", "--batches", "1,3", "--peers", "faiss", "--thresholds", ",".join(THRESHOLDS)]


def brute_force(vectors: Floats, query: Floats, threshold: float) -> tuple[list[int], list[float]]:
    exact = np.sqrt(((vectors.astype(np.float64) - query.astype(np.float64)) ** 2).sum(axis=1)).astype(np.float32)
    near = [(distance, row) for row, distance in enumerate(exact.tolist()) if distance <= threshold]
    return [row for _, row in sorted(near)], [distance for distance, _ in sorted(near)]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is timed for its own sake here."""
    monkeypatch.setattr(search, "PAUSE", 0)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    made = Gallery(3000)
    np.save(tmp_path / "vectors.npy", made.vectors())
    np.save(tmp_path / "queries.npy", made.queries(12))
    return tmp_path / "vectors.npy", tmp_path / "queries.npy"


def run(files: tuple[Path, Path], *more: str) -> int:
    return search.main(["--vectors", str(files[0]), "--queries", str(files[1]), *QUICK, *more])


def test_hits_are_those_of_a_brute_force(files: tuple[Path, Path], tmp_path: Path) -> None:
    vectors, queries = (np.load(file) for file in files)
    vectors[::3] *= np.float32(0.75)
    np.save(files[0], vectors)
    hits, report = tmp_path / "hits.npz", tmp_path / "report.json"
    assert run(files, "--hits", str(hits), "--json", str(report)) == 0
    stored = np.load(hits)
    for typed in THRESHOLDS:
        rows, starts, distances = (stored[f"{name}_{typed}"] for name in ("rows", "starts", "distances"))
        assert (rows.dtype, starts.dtype, distances.dtype) == (np.int64, np.int64, np.float32)
        assert len(starts) == len(queries) + 1
        for query, first, last in zip(queries, starts, starts[1:], strict=False):
            found = rows[first:last].tolist(), distances[first:last].tolist()
            assert found == brute_force(vectors, query, float(typed))
    assert len(rows) > len(queries)
    for each in json.loads(report.read_text())["thresholds"].values():
        assert each["ratio"] == pytest.approx(each["faiss_ms"] / each["ours_ms"])


def wrong_index(kind: str) -> type[ExactIndex]:
    class Wrong(ExactIndex):
        def search_batch(self, queries: Floats, threshold: float, limit: int | None = None) -> Answers:
            answers = super().search_batch(queries, threshold, limit)
            return [self._spoilt(*answer) for answer in answers]

        def _spoilt(self, tokens: list[str], distances: Floats) -> tuple[list[str], Floats]:
            if kind == "missing":
                return tokens[1:], distances[1:]
            if kind == "extra":
                return [*tokens, f"{2999:024d}"], np.append(distances, np.float32(0.64))
            if kind == "distance":
                return tokens, distances * np.float32(1 + 2**-22)
            return tokens[::-1], distances[::-1]

    return Wrong


@pytest.mark.parametrize("kind", ["missing", "extra", "distance", "order"])
def test_a_wrong_answer_is_counted(files: tuple[Path, Path], kind: str) -> None:
    vectors, queries = (np.load(file) for file in files)
    index = wrong_index(kind)(gallery.DIM)
    index.add([f"{row:024d}" for row in range(len(vectors))], vectors)
    answers = [
        (np.array([int(token) for token in tokens], np.int64), distances)
        for tokens, distances in (index.search(query, 1.1) for query in queries)
    ]
    truths = list(truth.neighbours(vectors, queries, 1.3))
    assert sum(truth.faults(*pair, 1.1, gallery.DIM) for pair in zip(answers, truths, strict=True)) > 0


class Spoilt(search.Racer):
    """Lose one hit of ours on the way; the process and its index are real."""

    def answers(self, threshold: float, batch: int, places: Iterable[int]) -> search.Found:
        found = super().answers(threshold, batch, places)
        return [(rows[1:], distances[1:]) for rows, distances in found] if self.name == search.OURS else found


def test_a_wrong_answer_ends_with_status_1(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "Racer", Spoilt)
    assert run(files, "--peers", "", "--check", "all", "--json", str(tmp_path / "report.json")) == 1
    assert json.loads((tmp_path / "report.json").read_text())["check"]["brute_force"] > 0


def test_hits_at_the_threshold_itself(tmp_path: Path) -> None:
    places = np.array([0.25, 1.1, 0.9, 0.65, 3e4], np.float32)
    edges = np.concatenate([places, np.nextafter(places, np.float32(0)), np.nextafter(places, np.float32(9e9))])
    vectors = np.zeros((len(edges), 5), np.float32)
    vectors[:, 2] = edges
    for threshold in (0.65, 0.9, 1.1, float(np.float32(1.1))):
        ((rows, exact),) = truth.neighbours(vectors, np.zeros((1, 5), np.float32), threshold)
        within = exact.astype(np.float32).astype(np.float64) <= threshold
        assert rows[within].tolist() == sorted(brute_force(vectors, np.zeros(5, np.float32), threshold)[0])


def test_a_gallery_is_the_same_for_the_same_seed_and_any_part_of_it() -> None:
    small, large, other = Gallery(1000), Gallery(20_010), Gallery(1000, seed=1)
    assert np.array_equal(small.vectors(), large.vectors()[:1000])
    assert np.array_equal(large.queries(9), Gallery(20_010).queries(9))
    assert not np.array_equal(small.vectors(), other.vectors())
    assert [len(part) for part in large.parts()] == [20_000, 10]
    assert np.linalg.norm(large.vectors(), axis=1) == pytest.approx(1, abs=1e-5)


def test_a_gallery_has_the_documented_distances() -> None:
    made = Gallery(20_000)
    people = made.vectors().reshape(-1, gallery.FACES_EACH, gallery.DIM)
    first, second = np.triu_indices(gallery.FACES_EACH, 1)
    genuine = np.linalg.norm(people[:, first] - people[:, second], axis=2).ravel()
    assert np.quantile(genuine, gallery.QUANTILES) == pytest.approx(gallery.GENUINE["made"], abs=0.015)
    assert np.quantile(genuine, gallery.QUANTILES) == pytest.approx(gallery.GENUINE["measured"], abs=0.04)
    cosines = people[:, 0] @ people[:, 1].T
    strangers = np.sqrt(2 - 2 * cosines[~np.eye(len(people), dtype=bool)])
    assert np.quantile(strangers, gallery.QUANTILES) == pytest.approx(gallery.STRANGERS["made"], abs=0.015)
    shares = [(strangers <= threshold).mean() for threshold in gallery.FAR_AT]
    assert shares == pytest.approx(gallery.FAR["made"], rel=0.15, abs=1e-5)
    assert shares[:4] == pytest.approx(gallery.FAR["measured"][:4], rel=0.3, abs=1e-5)


def test_queries_are_of_people_in_the_gallery_and_of_strangers_in_turn() -> None:
    made = Gallery(20_000)
    nearest = np.array([exact.min() for _, exact in truth.neighbours(made.vectors(), made.queries(200), 1.3)])
    assert np.median(nearest[::2]) < 0.75
    assert np.median(nearest[1::2]) > 0.85
