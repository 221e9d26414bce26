"""Answer questions about one pipeline from stdin, each a line of JSON, each answered by one.

`python -m benchmarks.racer NAME STAGE WEIGHTS` first writes the versions of the packages, then answers
{"path"} with {"value": milliseconds a run, "rows"}, and {"paths", "threads", "seconds"} with {"value": photos a
second, "rows": the number of faces in all the photos}: a closed loop of so many client threads, each of which goes over
all the photos until the seconds are over, so that everyone's share of large photos is the same.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from benchmarks.pipelines import Pipeline, build

PACKAGES = {"openvino", "numba", "numpy", "torch", "facenet-pytorch", "deepface", "tensorflow", "onnxruntime"}


IN_A_ROW = {"embedding": 15, "detection": 3}
"""Runs whose median is one time. A process that was stopped finds its caches cold, and a run of a few milliseconds is
half as long again for that, where a server at work has them warm; whole photos are timed as they come, once."""


def timed(pipeline: Pipeline, path: Path, runs: int) -> dict[str, Any]:
    """Run over a file that is in memory, some times in a row."""
    given = pipeline.read(path)
    milliseconds = []
    for _ in range(runs):
        started = time.perf_counter()
        result = pipeline.run(given)
        milliseconds.append((time.perf_counter() - started) * 1000)
    return {"value": statistics.median(milliseconds), "rows": pipeline.rows(result)}


def looped(pipeline: Pipeline, paths: Sequence[Path], threads: int, seconds: float) -> dict[str, Any]:
    """Run from many threads at once."""
    photos = [pipeline.read(path) for path in paths]

    def client(number: int) -> tuple[float, set[int]]:
        started, passes, faces = time.perf_counter(), 0, set()
        # Not all begin with the same photo.
        mine = photos[number % len(photos) :] + photos[: number % len(photos)]
        while time.perf_counter() - started < seconds:
            faces.add(sum(len(pipeline.rows(pipeline.run(photo))) for photo in mine))
            passes += 1
        return passes * len(photos) / (time.perf_counter() - started), faces

    with ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(client, range(threads)))
    counts = set().union(*(faces for _, faces in done))
    return {"value": sum(rate for rate, _ in done), "rows": [[count] for count in sorted(counts)]}


def answers(name: str, stage: str, weights: Path) -> Iterator[dict[str, Any]]:
    """Load the pipeline, and answer what is asked until there is nothing more."""
    with ExitStack() as stack:
        pipeline = build(name, stage, weights, stack)
        yield {each.name: each.version for each in distributions() if each.name in PACKAGES}
        for line in sys.stdin:
            question = json.loads(line)
            if "path" in question:
                yield timed(pipeline, Path(question["path"]), IN_A_ROW.get(stage, 1))
            else:
                paths = [Path(path) for path in question["paths"]]
                yield looped(pipeline, paths, question["threads"], question["seconds"])


def main() -> None:
    # The libraries print to stdout now and then; the answers need it for themselves.
    with os.fdopen(os.dup(1), "w", buffering=1) as lines:
        os.dup2(2, 1)
        for answer in answers(sys.argv[1], sys.argv[2], Path(sys.argv[3])):
            print(json.dumps(answer), file=lines)


if __name__ == "__main__":
    main()
