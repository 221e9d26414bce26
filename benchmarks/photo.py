"""Race whole pipelines, photo bytes to face vectors, against facenet-pytorch and DeepFace on the same weights.

`python -m benchmarks.photo [--images DIR] [--peers facenet-pytorch,deepface] [--rounds N] [--json FILE]`

Every pipeline is a process that stays loaded. Each photo is first shown once to each (its first-sight time, where some
runtimes compile for the new size), then timed in rounds that alternate between the pipelines, so that whatever else
the machine does hits all of them. Threads are each library's default.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from tqdm import tqdm

from benchmarks import photos, tables
from benchmarks.contestants import OURS, PEERS, Contestant, Reading, prepare_deepface
from benchmarks.photos import GroupPhoto
from model.runtime import cpu_has_bf16
from model.weights import ensure, ensure_h5, ensure_photos
from settings import Settings

GROUPS = tuple(
    GroupPhoto(megapixels, people)
    for megapixels, people in ((0.2, 1), (0.5, 2), (1, 1), (2, 1), (2, 4), (4, 6), (8, 10), (12, 1), (12, 10))
)
ORIGINALS = 4

# Worker threads that still spin from one pipeline's run would slow the next one's.
PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Result:
    """Hold one pipeline's times over one photo, milliseconds."""

    photo: str
    width: int
    height: int
    pipeline: str
    faces: int
    first: float
    median: float
    lower: float
    upper: float
    megabytes: int


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    busy, weights = os.getloadavg()[0], options.weights
    ensure(weights)
    ensure_h5(weights)
    names = [name for name in OURS if name != "facetoken-bf16" or cpu_has_bf16()]
    names += [name for peer in options.peers.split(",") if peer for name in PEERS[peer]]
    with ExitStack() as stack:
        folder, home = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        prepare(options.images or ensure_photos(weights), folder)
        prepare_deepface(home, weights)
        racers = [stack.enter_context(Contestant(name, weights, home)) for name in names]
        progress = tqdm(sorted(folder.iterdir()), unit="photo", leave=False, disable=None)
        results: list[Result] = []
        for path in progress:
            results += race(path, racers, options.rounds)
            # A race takes a quarter of an hour; what is broken off keeps what it has.
            if options.json:
                options.json.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    print(f"{os.cpu_count()} cores, load before {busy:.1f}, {options.rounds} rounds\n\n{text(results, names)}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photo", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--weights", type=Path, default=Settings.from_environment().weights)
    parser.add_argument("--images", type=Path, metavar="DIR", help="photos of one face each; else the archive's")
    parser.add_argument("--peers", default=",".join(PEERS), help=f"a comma list of {', '.join(PEERS)}")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    unknown = set(filter(None, options.peers.split(","))) - set(PEERS)
    if unknown or options.rounds < 2:
        parser.error(f"no such peer: {', '.join(sorted(unknown))}" if unknown else "--rounds must be at least 2")
    return options


def prepare(originals: Path, folder: Path) -> None:
    """Fill `folder` with a few of the originals as they are and with group photos composed from all, as JPEG."""
    paths = photos.listed(originals)
    for path in paths[:: max(1, len(paths) // ORIGINALS)][:ORIGINALS]:
        (folder / f"original-{path.parent.name}{path.suffix}").write_bytes(path.read_bytes())
    images = [photos.read(path) for path in paths]
    for group in GROUPS:
        photos.write(folder / f"{group.name}.jpg", group.compose(images))


def race(photo: Path, racers: Sequence[Contestant], rounds: int) -> list[Result]:
    """Time one photo through every pipeline, a different one first in each round."""
    first = {racer.name: racer.time(photo).milliseconds for racer in racers}
    readings: dict[str, list[Reading]] = {racer.name: [] for racer in racers}
    for turn in range(rounds):
        start = turn % len(racers)
        for racer in [*racers[start:], *racers[:start]]:
            time.sleep(PAUSE)
            readings[racer.name].append(racer.time(photo))
    height, width = photos.read(photo).shape[:2]
    results = []
    for name, measured in readings.items():
        lower, median, upper = statistics.quantiles([each.milliseconds for each in measured], method="inclusive")
        last = measured[-1]
        results.append(
            Result(photo.stem, width, height, name, last.faces, first[name], median, lower, upper, last.megabytes)
        )
    return results


def text(results: Sequence[Result], names: Sequence[str]) -> str:
    """Lay out times, faces, first sights and how many times faster our first pipelines are."""
    rows = {name: [result for result in results if result.pipeline == name] for name in names}
    titles = [f"{one.photo} ({one.width * one.height / 1e6:.1f} MP)" for one in rows[names[0]]]

    def table(heading: str, cell: str) -> str:
        cells = [[cell.format(**asdict(result)) for result in rows[name]] for name in names]
        return tables.text([[heading, *names], *map(list, zip(titles, *cells, strict=True))])

    ratios = [[ours, *(f"{_ratio(rows[name], rows[ours]):.2f}" for name in names)] for ours in names if ours in OURS]
    memory = [["peak memory, MB", *names], ["", *(str(max(each.megabytes for each in rows[name])) for name in names)]]
    return "\n\n".join(
        [
            table("median ms (quartiles)", "{median:.0f} ({lower:.0f}-{upper:.0f})"),
            table("first sight, ms", "{first:.0f}"),
            table("faces", "{faces}"),
            tables.text([["times as fast", *names], *ratios]) + "\n(geometric mean over the photos)",
            tables.text(memory),
        ]
    )


def _ratio(slower: Sequence[Result], faster: Sequence[Result]) -> float:
    return statistics.geometric_mean([a.median / b.median for a, b in zip(slower, faster, strict=True)])


if __name__ == "__main__":
    main()
