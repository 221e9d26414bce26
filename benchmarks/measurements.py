"""What the benchmarks left behind: one JSON a command in a folder, read as numbers with their spread."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DETECTION, EMBEDDING, PHOTO, PARITY = "photo-detection", "photo-embedding", "photo-whole", "parity"
SEARCH, THRESHOLDS, EXACTNESS = "search-{}", "search-thresholds", "search-exactness"
LEVELS, ISOLATION, OVERLOAD = "http-levels", "http-isolation", "http-overload"
STARTUP, LOADING = "startup", "loading"
"""Names of the measurements, and so of their files."""

RUNS = "runs.json"
"""Beside them: how each command ended."""

F32, BF16 = "facetoken-f32", "facetoken-bf16"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Spread:
    """Hold a median and its quartiles; or the geometric mean of several ratios, the least of them and the greatest."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Return the median and the quartiles."""
        low, middle, high = np.percentile(list(values), [25, 50, 75]).tolist()
        return cls(middle, low, high)

    @classmethod
    def exactly(cls, value: float) -> Spread:
        """Return a number that was measured once."""
        return cls(value, value, value)

    @classmethod
    def mean(cls, ratios: Sequence[float]) -> Spread:
        """Return the geometric mean, the least and the greatest."""
        # To the digits that the photo benchmark keeps of them: 4.9999999 is a 5 that was computed.
        return cls(round(statistics.geometric_mean(ratios), 3), min(ratios), max(ratios))

    def over(self, other: Spread) -> Spread:
        """Return the ratio of the medians, and how far it goes when each is anywhere between its quartiles."""
        return Spread(
            _divided(self.middle, other.middle), _divided(self.low, other.high), _divided(self.high, other.low)
        )

    def times(self, factor: float) -> Spread:
        """Return it in another unit."""
        return Spread(self.middle * factor, self.low * factor, self.high * factor)


def _divided(one: float, other: float) -> float:
    return one / other if other else math.inf


@dataclass(frozen=True, slots=True)
class Line:
    """Hold what each contestant took in one case: a line of a table, and a place (`at`) in a figure."""

    title: str
    at: float
    unit: str
    values: Mapping[str, Spread]


class Measurements:
    """Hold the JSON of all measurements in a folder; one that is missing or cut off was not measured."""

    def __init__(self, folder: Path) -> None:
        known = {path.name: _read(path) for path in sorted(folder.glob("*.json"))}
        self.runs = known.pop(RUNS, None) or {}
        self._facts = {name.removesuffix(".json"): facts for name, facts in known.items() if facts}

    def get(self, name: str) -> Json | None:
        """Return a measurement's JSON, or None when there is none."""
        return self._facts.get(name)

    def stage(self, name: str, stage: str) -> list[Json]:
        """Return the cases of a stage of the photo benchmark."""
        cases: list[Json] = ((self.get(name) or {}).get("stages", {}).get(stage) or {}).get("cases", [])
        return cases

    def searches(self) -> dict[int, Json]:
        """Return the measurements of the search by gallery size, in that order."""
        prefix = SEARCH.format("")
        found = {name.removeprefix(prefix): facts for name, facts in self._facts.items() if name.startswith(prefix)}
        return {int(rows): found[rows] for rows in sorted(filter(str.isdecimal, found), key=int)}

    def named(self, names: Iterable[str]) -> list[Json]:
        """Return the JSON of those of the named that were measured; SEARCH names those of all gallery sizes."""
        found = ([*self.searches().values()] if name == SEARCH else [self.get(name)] for name in names)
        return [facts for several in found for facts in several if facts]

    def wrong(self) -> dict[str, str]:
        """Say of each measurement in which answers were wrong how wrong they were."""
        found = {}
        for name, facts in self._facts.items():
            if sentences := facts.get("wrong") or []:
                found[name] = "; ".join(sentences)
            if count := facts.get("check", {}).get("wrong"):
                found[name] = f"{count} answers were not those of the brute force, of a batch or of FAISS"
        return found

    def failed(self) -> dict[str, str]:
        """Say of each command that did not end well how it ended."""
        return {name: run["note"] for name, run in self.runs.items() if run["status"] != 0}


def default(contestants: Iterable[str]) -> str:
    """Name the precision that is served by default: bf16 where the CPU has it."""
    return BF16 if BF16 in contestants else F32


def contestants(case: Json) -> dict[str, Spread]:
    """Return by contestant what one case of the photo benchmark came to."""
    found = case["contestants"].items()
    return {name: Spread(one["median"], one["lower"], one["upper"]) for name, one in found}


def compared(found: Json) -> dict[str, Spread]:
    """Return by contestant what one line of the search benchmark came to, in ms."""
    quartiles = found["quartiles_ms"].items()
    return {name: Spread(found[f"{name}_ms"], low, high) for name, (low, high) in quartiles}


def _read(path: Path) -> Json | None:
    try:
        facts = json.loads(path.read_text())
    except ValueError:
        return None
    return facts if isinstance(facts, dict) else None
