"""Race our pipeline, and its stages, against facenet-pytorch and DeepFace on the same weights.

    python -m benchmarks.photo [--images DIR] [--peers facenet-pytorch,deepface] [--threads 1,2,4]
                               [--stages detection,embedding,photo] [--rounds N] [--quick] [--json FILE]

- detection: a decoded photo to boxes and landmarks, eleven photos from 0.2 to 12 megapixels with one to ten faces.
- embedding: one, four and eight cut-out faces in memory to vectors, everything between included.
- photo: the bytes of a photo to vectors: decode, detect, cut out, embed; ours also gives tokens and writes the crops.
- throughput, with photo: photos a second with so many client threads, each with the next photo as soon as it has an
  answer, in the process of the pipeline; ours also over HTTP, where the clients take their share of the same cores.
  Torch runs as it comes and with one thread a call (`-single`), which is faster for some numbers of clients.

Group photos are composed, with a seed, from the photos that come with the weights; `--images` takes anybody's own as
they are. Every pipeline is a process that stays loaded and is stopped unless it is its turn. Each case is first put
once to each (its first sight, where some runtimes compile for a new size), then in rounds that alternate. A time during
which other programs computed is taken again, for five minutes in sum, then it counts as it is (`benchmarks.quiet` has
the reason). Threads are each library's default. Ends with status 1 when an answer is wrong, never for a slow one: the
same faces every time, in each precision, and as facenet-pytorch has them.

JSON: machine, versions, seed, command (`benchmarks.machine`), and
    "peer_versions": {CONTESTANT: {PACKAGE: VERSION}}, "rounds", "repeated", "disturbed" (times taken again, and kept
    though others computed), "wrong": [SENTENCE], "stages": {STAGE: {"unit": "ms" or "photos/s",
        "cases": [{"case", "width", "height", "contestants": {CONTESTANT: {"median", "lower", "upper", "values": [...],
            "first", "faces", "megabytes"}}, "ratios": {OURS: {PEER: times as fast}}}],
        "ratios": {OURS: {PEER: {"geometric_mean", "lowest", "highest"}}}}}
CONTESTANT is facetoken-f32, facetoken-bf16, facetoken-http-bf16 (throughput), facenet-pytorch, facenet-pytorch-single
(throughput), deepface or deepface-onnx.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from tqdm import tqdm

from benchmarks import standings
from benchmarks.contestants import PEERS, Contestant, prepare_deepface, python_of
from benchmarks.machine import described
from benchmarks.race import Track
from benchmarks.stages import (
    FULL,
    QUICK,
    RATES,
    Pictures,
    Stage,
    contestants,
    crop_cases,
    photo_cases,
    stream_cases,
)
from benchmarks.standings import Standing
from benchmarks.verdict import wrong
from errors import StartError
from model.runtime import cpu_has_bf16
from model.weights import ensure, ensure_h5, ensure_photos
from settings import Settings

STAGES = ("detection", "embedding", "photo")
ROUNDS, MOST_STREAMS, STREAM_SECONDS = 5, 3, 5.0
QUICK_ROUNDS, QUICK_SECONDS = 2, 1.0
PATIENCE = 300.0


class Benchmark:
    """Race one stage after the other and keep everything that is known so far."""

    def __init__(self, options: argparse.Namespace, home: Path) -> None:
        self._options, self._home = options, home
        self._track = Track(0 if options.quick else PATIENCE)
        self._facts = described(seed=0)
        self._versions: dict[str, dict[str, str]] = {}
        self.standings: list[Standing] = []

    def run(self, stage: Stage) -> None:
        """Race a stage with its contestants loaded side by side."""
        rounds = min(self._options.rounds, MOST_STREAMS) if stage.unit == RATES else self._options.rounds
        self.standings.append(Standing(stage, []))
        with ExitStack() as stack:
            weights, home = self._options.weights, self._home
            racers = [stack.enter_context(Contestant(name, stage.task, weights, home)) for name in stage.contestants]
            self._versions |= {racer.name: racer.ready() for racer in racers}
            for case in tqdm(stage.cases, desc=stage.name, leave=False, disable=None):
                self.standings[-1].results.append((case, self._track.race(case, racers, rounds)))
                # A race may take half an hour; what is broken off keeps what it has.
                self.save()

    def save(self) -> None:
        """Write the JSON as far as it is known."""
        if self._options.json:
            known = {each.stage.name: each.numbers() for each in self.standings if each.results}
            track = {"repeated": self._track.repeated, "disturbed": self._track.disturbed}
            head = self._facts | {"peer_versions": self._versions, "rounds": self._options.rounds} | track
            whole = head | {"wrong": wrong(self.standings), "stages": known}
            self._options.json.write_text(json.dumps(whole, indent=2) + "\n")

    def text(self) -> str:
        """Lay out everything."""
        machine = self._facts["machine"]
        head = f"{machine['cpu']}, {machine['cores']} cores, load before {machine['load_before']}"
        noise = f"{self._track.repeated} times taken again and {self._track.disturbed} kept though others computed"
        return f"{head}; {self._options.rounds} rounds, {noise}\n\n{standings.lines(self.standings)}"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    ensure(options.weights)
    ensure_h5(options.weights)
    with tempfile.TemporaryDirectory() as pictures, tempfile.TemporaryDirectory() as home:
        if "deepface" in options.peers:
            prepare_deepface(Path(home), options.weights)
        originals = options.images or ensure_photos(options.weights)
        benchmark = Benchmark(options, Path(home))
        try:
            for stage in stages(options, Pictures(Path(pictures), originals, bool(options.images))):
                benchmark.run(stage)
        except StartError as error:
            print(f"benchmarks.photo: {error}", file=sys.stderr)
            return 2
    print(benchmark.text())
    failures = wrong(benchmark.standings)
    for failure in failures:
        print(f"benchmarks.photo: {failure}", file=sys.stderr)
    return 1 if failures else 0


def stages(options: argparse.Namespace, pictures: Pictures) -> Iterator[Stage]:
    """Prepare what was asked for, a stage at a time."""
    programme = QUICK if options.quick else FULL
    precisions = [name for name in ("f32", "bf16") if name == "f32" or cpu_has_bf16()]

    def names(stage: str) -> tuple[str, ...]:
        return contestants(stage, options.peers, precisions)

    if "detection" in options.stages:
        yield Stage("detection", "detection", names("detection"), photo_cases(pictures.files(programme.sizes)))
    if "embedding" in options.stages:
        yield Stage("embedding", "embedding", names("embedding"), crop_cases(pictures.crops(options.weights)))
    if "photo" in options.stages:
        yield Stage("photo", "photo", names("photo"), photo_cases(pictures.files(programme.crowds)))
        seconds = QUICK_SECONDS if options.quick else STREAM_SECONDS
        cases = stream_cases(pictures.sendable(programme.stream), options.threads, seconds)
        if cases:
            yield Stage("throughput", "photo", names("throughput"), cases, RATES)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photo", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--weights", type=Path, default=Settings.from_environment().weights)
    parser.add_argument("--images", type=Path, metavar="DIR", help="your own photos; else composed ones")
    parser.add_argument("--peers", type=_names, help=f"of {', '.join(PEERS)}; else those whose environment is there")
    parser.add_argument("--threads", type=_numbers, metavar="N,…", help="numbers of clients; 1,2,4, or none if --quick")
    parser.add_argument("--stages", type=_names, default=list(STAGES), help=f"of {', '.join(STAGES)}")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"{ROUNDS}, or {QUICK_ROUNDS} if --quick")
    parser.add_argument("--quick", action="store_true", help="a few photos, for every day")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    there = [peer for peer in PEERS if all(python_of(name).exists() for name in PEERS[peer])]
    for asked, known in ((options.peers or [], there), (options.stages, STAGES)):
        if missing := set(asked) - set(known):
            parser.error(f"there is no {', '.join(sorted(missing))} here, but {', '.join(known) or 'nothing'}")
    options.peers = there if options.peers is None else options.peers
    options.threads = ([] if options.quick else [1, 2, 4]) if options.threads is None else options.threads
    options.rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    return options


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _numbers(text: str) -> list[int]:
    found = [int(number) for number in _names(text)]
    if any(number < 1 for number in found):
        raise ValueError
    return found


if __name__ == "__main__":
    sys.exit(main())
