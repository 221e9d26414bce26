"""Ask contestants the same questions in turn, and take the times when nothing else computed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.quiet import Window
from benchmarks.stages import Case

Rows = list[list[float]]

PAUSE = 0.1
"""Seconds before each question in which nobody may compute: what still spins comes to rest, and a neighbour shows."""

BREATH = 1.0


@dataclass(slots=True)
class Measured:
    """Hold what one contestant took for one case, milliseconds or photos a second, and what it answered each time."""

    first: float
    answers: list[Rows]
    values: list[float] = field(default_factory=list)
    megabytes: int = 0

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """The lower quartile, the median and the upper quartile."""
        values = self.values if len(self.values) > 1 else self.values * 2
        lower, median, upper = quantiles(values, method="inclusive")
        return lower, median, upper

    @property
    def rows(self) -> Rows:
        """What it answered first."""
        return self.answers[0]


@dataclass(slots=True)
class Track:
    """Time contestants one by one, again when somebody else computed meanwhile, until `patience` (seconds) is spent."""

    patience: float
    repeated: int = 0
    disturbed: int = 0

    def race(self, case: Case, racers: Sequence[Contestant], rounds: int) -> dict[str, Measured]:
        """Put one case to all, first once to each, then in rounds, a different one first in each."""
        results = {}
        for racer in racers:
            with racer.turn():
                first = racer.ask(case.question)
            results[racer.name] = Measured(first["value"], [first["rows"]])
        for turn in range(rounds):
            start = turn % len(racers)
            for racer in [*racers[start:], *racers[:start]]:
                answer = self._timed(racer, case)
                results[racer.name].values.append(answer["value"])
                results[racer.name].answers.append(answer["rows"])
        for racer in racers:
            results[racer.name].megabytes = racer.peak_megabytes()
        return results

    def _timed(self, racer: Contestant, case: Case) -> dict[str, Any]:
        while True:
            begun = time.monotonic()
            with racer.turn():
                window = Window(racer.group)
                time.sleep(PAUSE)
                # Where it is not calm beforehand, asking would only add to the crowd.
                if window.is_quiet() or self.patience <= 0:
                    answer = racer.ask(case.question)
                    quiet = window.is_quiet()
                    if quiet or self.patience <= 0:
                        self.disturbed += not quiet
                        return answer
            self.repeated += 1
            time.sleep(BREATH)
            self.patience -= time.monotonic() - begun
