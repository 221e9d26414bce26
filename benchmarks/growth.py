"""What ten times as much costs: the gallery, the pixels, the faces, the clients."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

from benchmarks import lines
from benchmarks.measurements import Line, Measurements
from benchmarks.numbers import digits
from benchmarks.palette import look

HEADING = ("ten times", "from", "to", "who", "cost", "unit", "times as much")
TOLERANCE = 0.1
"""Of the decimal logarithm: what counts as ten times is eight to twelve and a half."""


def rows(found: Measurements) -> list[list[str]]:
    """Return the table; each kind of growth has a line for each contestant, or says that it was not measured."""
    table = [list(HEADING)]
    for title, measured in _kinds(found):
        pair = tenfold(measured)
        table += list(_rows(title, *pair)) if pair else [[title, "not measured", *[""] * (len(HEADING) - 2)]]
    return table


def tenfold(measured: Sequence[Line]) -> tuple[Line, Line] | None:
    """Return the two lines that lie nearest to a factor of ten apart; of several such pairs the highest up."""
    ordered = sorted(measured, key=lambda line: line.at)
    pairs = [(_miss(one, other), -other.at, one, other) for one, other in combinations(ordered, 2)]
    near = [pair for pair in pairs if pair[0] <= TOLERANCE]
    return min(near, key=lambda pair: pair[:2])[2:] if near else None


def _miss(one: Line, other: Line) -> float:
    return round(abs(math.log10(other.at / one.at) - 1), 2)


def _kinds(found: Measurements) -> Iterator[tuple[str, list[Line]]]:
    for typed, read in lines.BY_THRESHOLD.items():
        yield f"gallery: a query within {typed}", read(found)
    yield "gallery: start", lines.loading(found)
    yield "gallery: memory", lines.memory(found)
    yield "pixels: detection", lines.detection(found)
    yield "faces: photo to vectors", lines.crowds(found)
    yield "clients: capacity", lines.capacity(found)
    yield "clients: latency, open loop", lines.latencies(found)


def _rows(title: str, before: Line, after: Line) -> Iterator[list[str]]:
    for name in (each for each in before.values if each in after.values):
        low, high = before.values[name].middle, after.values[name].middle
        times = digits(high / low) if low else "-"
        cost = f"{digits(low)} to {digits(high)}"
        yield [title, before.title, after.title, look(name).title, cost, before.unit, times]
