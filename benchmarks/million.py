"""Fill a face set with made-up people, serve it with a real server, and measure both.

    python -m benchmarks.million [--faces 1000000] [--data DIR]

The faces are those of benchmarks.gallery, ten of each person. Everything is seeded, and deleted in the end. Ends with
status 1 when a search does not equal a brute-force scan in float64.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.gallery import FACES_EACH, PART, Gallery
from benchmarks.photos import listed
from benchmarks.served import Client, ServerProcess
from benchmarks.truth import neighbours
from faceset.store import FaceSet
from faceset.tokens import Face
from model.backends import networks, settled_precision
from model.base import EMBEDDING_DIM, Vectors
from model.weights import ensure_photos
from settings import Settings

GROUP = "default"
THRESHOLDS = (0.65, 0.9, 1.1)
SEARCHES, CHANGES, CHECKED = 50, 60, 5


class Crowd:
    """Make up the people of a face set, the same for the same seed."""

    def __init__(self, faces: int, seed: int = 0) -> None:
        self.vectors = Gallery(faces, seed).vectors()

    def fill(self, faceset: FaceSet) -> None:
        for start in range(0, len(self.vectors), PART):
            part = enumerate(self.vectors[start : start + PART], start)
            faceset.add([face(row, vector) for row, vector in part], GROUP)

    def near(self, row: int, threshold: float) -> dict[str, float]:
        """Scan everything in float64 for the neighbours of one face; return their float32 distances."""
        ((rows, exact),) = neighbours(self.vectors, self.vectors[[row]], threshold)
        rounded = exact.astype(np.float32).astype(np.float64).tolist()
        hits = zip(rows.tolist(), rounded, strict=True)
        return {token(other): distance for other, distance in hits if distance <= threshold and other != row}


def token(row: int) -> str:
    return f"{row:024d}"


def face(row: int, vector: Vectors) -> Face:
    """Return a face of the gallery, named after its person."""
    return Face(token(row), vector, 0.99, 99.0, name=f"person {row // FACES_EACH}")


def timed(what: str, actions: Iterable[Callable[[], object]]) -> None:
    """Run the actions one by one and print the median and the 95th percentile of their times."""
    times = []
    for action in actions:
        begun = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - begun))
    median, high = np.percentile(times, [50, 95])
    print(f"{what:40}{median:9.1f} ms median {high:9.1f} ms p95   of {len(times)}", flush=True)


def fill(data: Path, crowd: Crowd, queries: list[int]) -> None:
    """Store the crowd and search it in this process."""
    settings = Settings.from_environment()
    precision = settled_precision(settings.backend, settings.precision, None)
    _, embedder = networks(settings.backend, precision, settings.mirror, settings.weights, h5=settings.facenet_h5)
    begun = time.perf_counter()
    faceset = FaceSet(data / "faces.db", str(embedder.fingerprint), EMBEDDING_DIM)
    crowd.fill(faceset)
    print(f"filled with {len(crowd.vectors)} faces in {time.perf_counter() - begun:.1f} s")
    for threshold in THRESHOLDS:
        actions = (partial(faceset.search, crowd.vectors[row], threshold, GROUP) for row in queries)
        timed(f"search at {threshold} in process", actions)
    faceset.close()
    print(f"{sum(path.stat().st_size for path in data.glob('faces.db*')) / 1e6:.1f} MB on disk")


def serve(data: Path, crowd: Crowd, queries: list[int]) -> int:
    """Serve the crowd, measure the requests, and return the number of wrong searches."""
    begun = time.perf_counter()
    server = ServerProcess(data, status_200=0)
    client = server.ready(600)
    print(f"ready after {time.perf_counter() - begun:.1f} s with {server.memory():.0f} MB")
    wrong = 0
    for threshold in THRESHOLDS:
        timed(f"search at {threshold} over HTTP", (partial(client.search, token(row), threshold) for row in queries))
        wrong += sum(client.search(token(row), threshold) != crowd.near(row, threshold) for row in queries[:CHECKED])
    photos = listed(ensure_photos(Settings.from_environment().weights))
    tokens = [found for photo in photos[:CHANGES] for found in client.detect(photo.read_bytes())]
    timed("add over HTTP", (partial(change, client, "/addface", found) for found in tokens))
    timed("remove over HTTP", (partial(change, client, "/removeface", found) for found in tokens))
    timed("remove an old face over HTTP", (partial(change, client, "/removeface", token(row)) for row in queries))
    print(f"{server.memory():.0f} MB at the end; {wrong} of {CHECKED * len(THRESHOLDS)} checked searches are wrong")
    server.stop()
    return wrong


def change(client: Client, path: str, face_token: str) -> None:
    status, body = client.get(path, face_token=face_token)
    if status != 200:
        raise RuntimeError(f"{path} answered {status} {body}")


def main(arguments: Sequence[str] | None = None) -> int:
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.million", description=summary)
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="where to make, and afterwards delete, the data folder")
    options = parser.parse_args(arguments)
    crowd = Crowd(options.faces)
    queries = np.random.default_rng(1).choice(options.faces, SEARCHES, replace=False).tolist()
    with tempfile.TemporaryDirectory(dir=options.data) as data:
        fill(Path(data), crowd, queries)
        return 1 if serve(Path(data), crowd, queries) else 0


if __name__ == "__main__":
    sys.exit(main())
