"""Measure how well and how fast scenes are known again, beside the rule without guards, and write docs/scenes.md.

    python -m benchmarks.scenes [--page FILE] [--times]

Photos are fetched into build/scenes at the first run (181 MB). The numbers in `scenes` were chosen on one half of them;
the tables of pairs tell of the other half.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks import photos, tables
from benchmarks.machine import described
from benchmarks.scene_page import Measured, Stage, page
from benchmarks.scene_photos import Part, parts
from benchmarks.scene_trials import Bench, Trial, tallied, total
from images import scaled_down
from model.base import Image
from model.weights import ensure_photos
from scenes.features import LONGEST_SIDE, features
from scenes.match import FEWEST_INLIERS, SMALLEST_SPREAD, compare
from settings import Settings

SIDES = (480, 640, 800)
LEAST_INLIERS = (6, 8, 10, 12, 15, 20)
HARD = ("angle 45°", "size 0.5", "size 2.0", "60% covered", "angle 20°, crop, dark, blur, noise and JPEG at once")
"""The changes that the numbers were chosen on."""

LARGE = (4000, 3000)
REPEATED = 9


def chosen(part: Part) -> tuple[list[list[str]], list[list[str]]]:
    """Return what other least inliers and other sizes would do, on the half the numbers were chosen on."""
    sides = [["longer side, pixels", "same scene: accepted", "other scenes: accepted", "features of a photo, ms"]]
    inliers = [["least inliers", "same scene: accepted", "other scenes: accepted"]]
    for side in SIDES:
        bench = Bench(side)
        same = [*bench.views(part), *bench.changed(part, HARD)]
        other = list(bench.others(part))
        took = _median_ms(lambda side=side: [features(image, side) for image in part.others]) / len(part.others)  # type: ignore[misc]
        sides.append([str(side), _share(same, FEWEST_INLIERS), _share(other, FEWEST_INLIERS), f"{took:.0f}"])
        if side == 640:
            inliers += [[str(least), _share(same, least), _share(other, least)] for least in LEAST_INLIERS]
    return sides, inliers


def stages(views: Sequence[Image]) -> list[Stage]:
    """Time each stage on photos of 12 megapixels, made by enlarging real ones."""
    large = [np.asarray(cv2.resize(image, LARGE, interpolation=cv2.INTER_CUBIC), np.uint8) for image in views]
    files = [photos.encoded(image) for image in large]
    small = [scaled_down(image, LONGEST_SIDE) for image in large]
    found = [features(image) for image in small]
    cases: list[tuple[str, Callable[[int], object]]] = [
        ("decode the JPEG", lambda number: photos.decode(files[number])),
        ("shrink", lambda number: scaled_down(large[number], LONGEST_SIDE)),
        ("keypoints and descriptors", lambda number: features(small[number])),
        ("**one photo analysed: shrink, keypoints, descriptors**", lambda number: features(large[number])),
        ("compare two photos' features", lambda number: compare(found[number - 1], found[number])),
    ]
    return [_stage(title, work, len(views)) for title, work in cases]


def measured(tuning: Part, reported: Part, seed: int) -> Measured:
    """Run everything."""
    bench = Bench()
    views, changes = tallied(bench.views(reported)), tallied(bench.changed(reported))
    others = tallied(bench.others(reported))
    sides, inliers = chosen(tuning)
    return Measured(
        machine=described(seed),
        standards=len(bench.standards(reported.others)),
        refused=len(reported.others) - len(bench.standards(reported.others)),
        views=[*views, total(views, "all")],
        changes=[*changes, total(changes, "all")],
        others=[*others, total(others, "all")],
        sides=sides,
        inliers=inliers,
        stages=stages([images[0] for images in reported.scenes.values()]),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scenes", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the page there, else print it")
    parser.add_argument("--times", action="store_true", help="only the times")
    options = parser.parse_args(arguments)
    tuning, reported = parts(Path("build/scenes"), ensure_photos(Settings.from_environment().weights) / "train")
    if options.times:
        found = stages([images[0] for images in reported.scenes.values()])
        rows = [stage.row for stage in found]
        print(tables.text([["12 megapixels", "median, ms", "slowest photo, ms"], *rows]))
        return 0
    text = page(measured(tuning, reported, 0))
    if options.page:
        options.page.write_text(text)
    else:
        print(text)
    return 0


def _share(trials: Sequence[Trial], least: int) -> str:
    found = [trial.found for trial in trials]
    passed = sum(one.inliers >= least and one.spread >= SMALLEST_SPREAD and one.distortion is None for one in found)
    return f"{passed} of {len(found)}"


def _stage(title: str, work: Callable[[int], object], count: int) -> Stage:
    times = [_median_ms(lambda number=number: work(number)) for number in range(count)]  # type: ignore[misc]
    return Stage(title, statistics.median(times), max(times))


def _median_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATED):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())
