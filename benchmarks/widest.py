"""Search once at the widest threshold, as the search page does: the nearest few, and counts of all the others.

    python -m benchmarks.widest [--faces N] [--threshold 1.4] [--limit 500] [--bins 140] [--rounds 30] [--data DIR]

In this process, on a face set of the faces of benchmarks.gallery. `everything, cut` makes a pair of every face within
the threshold, as a caller without a limit needs it; the two alternate. Ends with status 1 when a list, a total or a
histogram does not equal a brute-force scan in float64; never for being slow.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.million import GROUP, Crowd, token
from faceset.histogram import Histogram
from faceset.nearest import Wanted
from faceset.scan import start_threads
from faceset.store import FaceSet
from model.base import EMBEDDING_DIM

CHECKED = 3


class Widest:
    """Ask one face set in both ways."""

    def __init__(self, faceset: FaceSet, options: argparse.Namespace) -> None:
        self._faceset, self._options = faceset, options

    def nearest(self, row: int) -> tuple[list[tuple[str, float]], int, list[int]]:
        """Return the nearest as (token, distance), the total, and the histogram; the names are looked up as well."""
        asked, own = self._options, token(row)
        vector = self._vector(own)
        found = self._faceset.nearest(vector, asked.threshold, GROUP, Wanted(own, asked.limit, asked.bins))
        self._faceset.names(found.tokens, GROUP)
        assert found.histogram is not None
        pairs = list(zip(found.tokens, found.distances.tolist(), strict=True))
        return pairs, found.total, found.histogram.counts.tolist()

    def everything(self, row: int) -> list[tuple[str, float]]:
        """Return the nearest, cut from the list of all; the names are looked up as well."""
        own, asked = token(row), self._options
        shown = self._faceset.search(self._vector(own), asked.threshold, GROUP, without=own)[: asked.limit]
        self._faceset.names([found for found, _ in shown], GROUP)
        return shown

    def wrong(self, crowd: Crowd, row: int) -> bool:
        """Compare one answer with brute force."""
        truth = sorted((distance, other) for other, distance in crowd.near(row, self._options.threshold).items())
        distances = np.array([distance for distance, _ in truth], np.float32)
        counts = Histogram.of(distances, self._options.threshold, self._options.bins)
        edges = [int((distances.astype(np.float64) <= edge).sum()) for edge in counts.edges]
        shown = [(other, distance) for distance, other in truth[: self._options.limit]]
        expected = shown, len(truth), np.diff(edges, prepend=0).tolist()
        return self.nearest(row) != expected or self.everything(row) != shown

    def _vector(self, own: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        vector = self._faceset.vector(own, GROUP)
        assert vector is not None
        return vector


def raced(ways: dict[str, Callable[[int], object]], rows: Sequence[int]) -> dict[str, list[float]]:
    """Return the milliseconds of each way, asked in turn for every row; the first row warms up."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for row in tqdm(rows, "searches", leave=False, disable=None):
        for name, way in ways.items():
            begun = time.perf_counter()
            way(row)
            times[name].append(1000 * (time.perf_counter() - begun))
    return {name: each[1:] for name, each in times.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.widest", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--threshold", type=float, default=1.4)
    parser.add_argument("--limit", type=int, default=500)
    parser.add_argument("--bins", type=int, default=140)
    parser.add_argument("--rounds", type=int, default=30, help="searches timed each way")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where to make, and afterwards delete, the face set")
    options = parser.parse_args(arguments)
    crowd = Crowd(options.faces)
    rows = np.random.default_rng(1).integers(0, options.faces, options.rounds + 1).tolist()
    with tempfile.TemporaryDirectory(dir=options.data) as folder:
        faceset = FaceSet(Path(folder) / "faces.db", "made up", EMBEDDING_DIM)
        crowd.fill(faceset)
        start_threads()
        widest = Widest(faceset, options)
        asked = f"nearest {options.limit}, {options.bins} bins"
        for name, times in raced({asked: widest.nearest, "everything, cut": widest.everything}, rows).items():
            low, median, high = np.percentile(times, [25, 50, 75])
            print(f"{name:24}{median:9.1f} ms median ({low:.1f}-{high:.1f}) of {len(times)}", flush=True)
        wrong = sum(widest.wrong(crowd, row) for row in tqdm(rows[:CHECKED], "checked", leave=False, disable=None))
        found = widest.nearest(rows[0])[1]
        faceset.close()
    print(
        f"{found} of {options.faces} within {options.threshold:g} of the first; {wrong} of {CHECKED} answers are wrong"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
