"""What must be true of the answers of a race, whatever the times."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from benchmarks.contestants import OURS
from benchmarks.matching import pair
from benchmarks.parity import MAX_VECTOR_DIFFERENCE, SURE
from benchmarks.race import Measured, Rows
from benchmarks.standings import Results, Standing
from images import NATIVE_LIMITS
from model.base import Detection

CERTAIN = 0.99
"""Faces that our precisions may not differ in. Against facenet-pytorch parity's rule holds."""

MARGIN = 1.2
"""Smaller faces than this times the smallest are left out: a hair's breadth makes them answered or not."""

MOST_MOVED = 0.05
"""Distance by which bf16 may move a vector."""


def wrong(standings: Iterable[Standing]) -> list[str]:
    """Say in a sentence each what was wrong; empty when all is well."""
    checks = {"detection": _lost, "photo": _lost, "embedding": _moved, "throughput": _miscounted}
    return [
        f"{standing.stage.name}, {case.title}: {line}"
        for standing in standings
        for case, results in standing.results
        for line in [*_changed(results), *checks[standing.stage.name](results)]
    ]


def _changed(results: Results) -> list[str]:
    """Compare with what was answered first: the same photo has the same faces every time."""
    ours = ((name, one) for name, one in results.items() if name.startswith(OURS))
    return [f"{name} answered differently the next time" for name, one in ours if any(_differ(one))]


def _differ(one: Measured) -> Iterable[bool]:
    first = np.array(one.rows)
    for rows in one.answers[1:]:
        other = np.array(rows)
        yield first.shape != other.shape or not np.allclose(first, other, atol=1e-4)


def _lost(results: Results) -> list[str]:
    found = {name: _detections(one.rows) for name, one in results.items()}
    ours = [name for name in found if name.startswith(OURS)]
    rules = [(one, other, CERTAIN) for one in ours for other in ours if one != other]
    rules += [("facenet-pytorch", name, SURE) for name in ours if "facenet-pytorch" in found]
    return [
        f"{other} does not have {count} of the faces that {one} scores {floor} or more"
        for one, other, floor in rules
        if (count := _missing(found[one], found[other], floor))
    ]


def _missing(reference: list[Detection], other: list[Detection], floor: float) -> int:
    paired = {row for row, _, _ in pair(reference, other)}
    return sum(
        row not in paired and face.score >= floor and min(face.width, face.height) >= MARGIN * NATIVE_LIMITS.min_face
        for row, face in enumerate(reference)
    )


def _moved(results: Results) -> list[str]:
    vectors = {name: np.array(one.rows) for name, one in results.items()}
    reference = vectors[f"{OURS}-f32"]
    moved = [
        (name, float(np.linalg.norm(mine - reference, axis=1).max()))
        for name, mine in vectors.items()
        if name.startswith(OURS)
    ]
    lines = [f"{name} moved a vector by {far:.3g}" for name, far in moved if far > MOST_MOVED]
    if "facenet-pytorch" in vectors:
        difference = float(np.abs(vectors["facenet-pytorch"] - reference).max())
        if difference > MAX_VECTOR_DIFFERENCE:
            lines.append(f"f32 vectors differ from facenet-pytorch's by {difference:.2g}")
    return lines


def _miscounted(results: Results) -> list[str]:
    ours = {name: one.rows for name, one in results.items() if name.startswith(OURS)}
    unsteady = [name for name, rows in ours.items() if len(rows) != 1]
    return [f"{name} did not find equally many faces every time" for name in unsteady]


def _detections(rows: Rows) -> list[Detection]:
    return [Detection((left, top, right, bottom), score, ()) for left, top, right, bottom, score in rows]
