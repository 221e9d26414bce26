"""Start a real server again and again, and time what only the first requests may have to wait for.

    python -m benchmarks.startup [--images DIR] [--rounds 5] [--seed 0] [--json FILE]

Each round starts a server on an empty data folder and notes when /readyz says yes; sends a 1080p photo of four people
ten times; then, for six odd sizes between 0.5 and 2 megapixels, a photo of two people six times each. Every round has
sizes of its own, so that nothing on disk can have seen them. Told are medians over the rounds with their quartiles, and
two ratios: the first 1080p photo to the tenth (target 1.5), and a new size to the median of its five repetitions
(target 1.3). Ready is asked every 50 ms.

JSON: machine, versions, seed, command, the medians "ready_s", "first_ms", "tenth_ms", "first_to_tenth", "new_size_ms",
"seen_size_ms", "new_to_seen", "memory_ready_mb" and "memory_end_mb", and "rounds": a list of {"ready_s", "photos_ms":
[ten], "sizes": [{"width", "height", "milliseconds": [six]}, …], "memory_ready_mb", "memory_end_mb"}.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks import photos, tables
from benchmarks.machine import described
from benchmarks.photos import GroupPhoto, encoded, full_hd
from benchmarks.served import Client, ServerProcess
from model.base import Image
from model.weights import ensure_photos
from settings import Settings

PEOPLE, SIZE_PEOPLE = 4, 2
REPEATED = 10
SIZES, SEEN = 6, 5
SMALLEST, LARGEST = 0.5, 2.0
FIRST_TARGET, SIZE_TARGET = 1.5, 1.3


@dataclass(frozen=True, slots=True)
class Size:
    """Hold the times of one image size, the first of them when the server had never seen it."""

    width: int
    height: int
    milliseconds: list[float]

    @property
    def seen(self) -> float:
        return statistics.median(self.milliseconds[1:])


@dataclass(frozen=True, slots=True)
class Start:
    """Hold what one start of a server showed."""

    ready_s: float
    photos_ms: list[float]
    sizes: list[Size]
    memory_ready_mb: float
    memory_end_mb: float


def start(originals: Sequence[Image], seed: int) -> Start:
    """Start a server, measure it and stop it."""
    group = encoded(full_hd(PEOPLE, seed).compose(originals))
    sized = [odd(originals, megapixels, seed) for megapixels in _megapixels(seed)]
    jpegs = [encoded(image) for image in sized]
    with tempfile.TemporaryDirectory() as data:
        begun = time.perf_counter()
        server = ServerProcess(Path(data))
        client = server.ready()
        ready, memory = time.perf_counter() - begun, server.memory()
        try:
            times = [_milliseconds(client, group) for _ in range(REPEATED)]
            sizes = [
                Size(image.shape[1], image.shape[0], [_milliseconds(client, jpeg) for _ in range(1 + SEEN)])
                for image, jpeg in zip(sized, jpegs, strict=True)
            ]
            return Start(ready, times, sizes, memory, server.memory())
        finally:
            server.stop()


def odd(originals: Sequence[Image], megapixels: float, seed: int) -> Image:
    """Compose a group photo whose width and height are odd numbers."""
    image = GroupPhoto(megapixels, SIZE_PEOPLE, seed).compose(originals)
    height, width = (side - 1 + side % 2 for side in image.shape[:2])
    return image[:height, :width]


def summary(starts: Sequence[Start]) -> dict[str, tuple[float, float, float]]:
    """Return lower quartile, median and upper quartile of every measure."""
    sizes = [size for one in starts for size in one.sizes]
    return {
        "ready_s": _quartiles(one.ready_s for one in starts),
        "first_ms": _quartiles(one.photos_ms[0] for one in starts),
        "tenth_ms": _quartiles(one.photos_ms[-1] for one in starts),
        "first_to_tenth": _quartiles(one.photos_ms[0] / one.photos_ms[-1] for one in starts),
        "new_size_ms": _quartiles(size.milliseconds[0] for size in sizes),
        "seen_size_ms": _quartiles(size.seen for size in sizes),
        "new_to_seen": _quartiles(size.milliseconds[0] / size.seen for size in sizes),
        "memory_ready_mb": _quartiles(one.memory_ready_mb for one in starts),
        "memory_end_mb": _quartiles(one.memory_end_mb for one in starts),
    }


def text(found: dict[str, tuple[float, float, float]]) -> str:
    """Lay out the measures."""
    titles = {
        "ready_s": "start to /readyz, s",
        "first_ms": "first 1080p photo, ms",
        "tenth_ms": "tenth 1080p photo, ms",
        "first_to_tenth": f"first to tenth (target {FIRST_TARGET})",
        "new_size_ms": "an image size never seen, ms",
        "seen_size_ms": "the same size again, ms",
        "new_to_seen": f"new to seen (target {SIZE_TARGET})",
        "memory_ready_mb": "resident memory at ready, MB",
        "memory_end_mb": "resident memory at the end, MB",
    }
    rows = [[title, *(f"{value:.2f}" for value in _middle_first(found[name]))] for name, title in titles.items()]
    return tables.text([["", "median", "lower", "upper"], *rows])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.startup", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--images", type=Path, metavar="DIR", help="photos of one face each; else the archive's")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    facts = described(options.seed)
    folder = options.images or ensure_photos(Settings.from_environment().weights)
    originals = [photos.read(path) for path in photos.listed(folder)]
    seeds = tqdm(range(options.seed, options.seed + options.rounds), unit="start", leave=False, disable=None)
    starts = [start(originals, seed) for seed in seeds]
    found = summary(starts)
    machine = facts["machine"]
    print(f"{machine['cores']} cores, load before {machine['load_before']}, {options.rounds} starts\n\n{text(found)}")
    if options.json:
        facts |= {name: round(middle, 3) for name, (_, middle, _) in found.items()}
        facts["rounds"] = [asdict(one) for one in starts]
        options.json.write_text(json.dumps(facts, indent=2) + "\n")
    return 0


def _megapixels(seed: int) -> list[float]:
    drawn: list[float] = np.random.default_rng(seed).uniform(SMALLEST, LARGEST, SIZES).tolist()
    return drawn


def _milliseconds(client: Client, jpeg: bytes) -> float:
    begun = time.perf_counter()
    if not client.detect(jpeg):
        raise RuntimeError("a composed photo shows no face")
    return (time.perf_counter() - begun) * 1000


def _quartiles(values: Iterable[float]) -> tuple[float, float, float]:
    lower, middle, upper = np.percentile(list(values), [25, 50, 75]).tolist()
    return lower, middle, upper


def _middle_first(quartiles: tuple[float, float, float]) -> tuple[float, float, float]:
    lower, middle, upper = quartiles
    return middle, lower, upper


if __name__ == "__main__":
    sys.exit(main())
