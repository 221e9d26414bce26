"""Feed damaged photos to the decoder and count what becomes of them: `python -m benchmarks.fuzz_decoder --seconds N`.

Every case is made from the run's seed and its number, and decoded in a child process; a child that crashes or hangs is
replaced, and the case is reported so that `--seed S --case N` runs it alone. Anything but a photo of the size its
header says, or an error of the table, is a failure.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from benchmarks import tables
from benchmarks.mutants import mutant, seeds
from errors import FaceError
from images import NATIVE_LIMITS, decode, pixel_size
from model.weights import ensure_photos
from settings import Settings

HANG_SECONDS = 20
"""A case that takes longer counts as a hang and its child is killed."""

SLOW_SECONDS = 5
PEAK_MEGABYTES = 1024
"""What no case may take. Beyond either the child is replaced, since its peak would hide later ones."""

START_SECONDS = 120

Report = tuple[int, str, str, float, int]
"""Case, outcome, its first words, seconds, peak memory of the child in kB. Case -1 says that the child is ready."""


@dataclass(slots=True)
class Tally:
    """Sum up a run."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)
    peak: int = 0
    peak_case: int = -1

    def add(self, report: Report) -> None:
        case, outcome, reason, seconds, peak = report
        self.outcomes[outcome] += 1
        self.reasons[reason] += 1
        self.slowest = max(self.slowest, (seconds, case))
        if peak > self.peak:
            self.peak, self.peak_case = peak, case
        if outcome == "WRONG":
            self.failures.append((case, reason))

    def fail(self, case: int, what: str) -> None:
        self.outcomes["CRASH"] += 1
        self.failures.append((case, what))

    def print(self, seed: int, seconds: float) -> None:
        cases = sum(self.outcomes.values())
        print(f"seed {seed}: {cases} cases in {seconds:.0f} s ({cases / seconds:.0f}/s)\n")
        print(tables.text([("outcome", "cases"), *self.outcomes.most_common()]), "\n")
        print(tables.text([("why", "cases"), *self.reasons.most_common(20)]), "\n")
        print(f"slowest: {self.slowest[0] * 1000:.0f} ms, case {self.slowest[1]}")
        print(f"peak memory: {self.peak / 1024:.0f} MB, case {self.peak_case}")
        for case, what in self.failures:
            print(f"FAILED: {what}; again: python -m benchmarks.fuzz_decoder --seed {seed} --case {case}")


class Child:
    """Own the process that decodes, and know which case it is at."""

    def __init__(self, originals: Sequence[bytes], seed: int, first: int) -> None:
        context = get_context("spawn")
        self._reports, sending = context.Pipe(duplex=False)
        self._case = context.Value("q", first, lock=False)
        self._process: BaseProcess = context.Process(
            target=_decode_for_ever, args=(list(originals), seed, first, self._case, sending), daemon=True
        )
        self._process.start()
        sending.close()
        self._wait = START_SECONDS

    @property
    def case(self) -> int:
        return int(self._case.value)

    def report(self) -> Report | str:
        """Return the next report, or in words how the child died on its case."""
        try:
            if self._reports.poll(self._wait):
                self._wait = HANG_SECONDS
                received: Report = self._reports.recv()
                return received
        except EOFError:
            self._process.join()
            return f"the decoder died with exit status {self._process.exitcode}"
        return f"the decoder hung for {HANG_SECONDS} s"

    def stop(self) -> None:
        self._process.kill()
        self._process.join()


class _Counter:
    """Stand for multiprocessing's shared number, which has no type of its own."""

    value: int


def _decode_for_ever(originals: list[bytes], seed: int, first: int, at: _Counter, reports: Connection) -> None:
    # What libjpeg and libpng say about each case would fill the terminal.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    reports.send((-1, "", "", 0.0, 0))
    case = first
    while True:
        at.value = case
        data = mutant(originals, seed, case)
        begun = time.perf_counter()
        outcome, reason = outcome_of(data)
        seconds = time.perf_counter() - begun
        reports.send((case, outcome, reason, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
        case += 1


def outcome_of(data: bytes) -> tuple[str, str]:
    """Decode, and return the outcome by type and its first words; WRONG is what must never happen."""
    try:
        image = decode(data)
    except FaceError as error:
        return type(error).__name__, " ".join(w for w in error.detail.split()[:7] if not w[0].isdigit())
    except BaseException as error:
        return "WRONG", repr(error)
    sides, told = image.shape[:2], pixel_size(data)
    if sorted(sides) != sorted(told) or max(sides) > NATIVE_LIMITS.max_side or min(sides) < NATIVE_LIMITS.min_side:
        return "WRONG", f"the header says {told}, the photo is {sides}"
    return "photo", "decoded"


def _excess(report: Report) -> str:
    *_, seconds, peak = report
    if seconds > SLOW_SECONDS or peak > PEAK_MEGABYTES * 1024:
        return f"the decoder took {seconds:.1f} s, and {peak / 1024:.0f} MB at its peak"
    return ""


def fuzz(originals: Sequence[bytes], seed: int, seconds: float) -> Tally:
    """Run cases until the time is over."""
    tally = Tally()
    child, deadline = Child(originals, seed, 0), time.monotonic() + seconds
    while time.monotonic() < deadline:
        report = child.report()
        if isinstance(report, str):
            case, failed = child.case, report
        else:
            case, failed = report[0], _excess(report)
            if case >= 0:
                tally.add(report)
        if failed:
            tally.fail(case, failed)
            child.stop()
            child = Child(originals, seed, case + 1)
    child.stop()
    return tally


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz, print what happened, return 1 when anything crashed, hung or came out wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fuzz_decoder", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int, help="run this case of the seed alone, here")
    parser.add_argument("--save", type=Path, help="with --case: write its file here")
    options = parser.parse_args(arguments)
    photos = ensure_photos(Settings.from_environment().weights)
    originals = seeds([path.read_bytes() for path in sorted(photos.glob("*/*/*.jpg"))])
    if options.case is None:
        tally = fuzz(originals, options.seed, options.seconds)
        tally.print(options.seed, options.seconds)
        return 1 if tally.failures else 0
    data = mutant(originals, options.seed, options.case)
    if options.save:
        options.save.write_bytes(data)
    outcome, reason = outcome_of(data)
    print(f"{len(data)} bytes: {outcome}: {reason}")
    return 1 if outcome == "WRONG" else 0


if __name__ == "__main__":
    sys.exit(main())
