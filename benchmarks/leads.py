"""Where a peer is ahead of us, in words made from the numbers."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.contestants import OURS
from benchmarks.measurements import Line
from benchmarks.numbers import MILLISECONDS, quantity
from benchmarks.palette import look
from benchmarks.stages import RATES


def sentences(lines: Iterable[Line]) -> list[str]:
    """Say of every peer and contestant of ours in which lines the peer's median is the better one."""
    found: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        for peer, ours in _pairs(line):
            theirs, mine = (_told(line.values[name].middle, line.unit) for name in (peer, ours))
            found.setdefault((peer, ours), []).append(f"{line.title}, {theirs} against {mine}")
    return [
        f"{look(peer).title} is ahead of {look(ours).title}: {'; '.join(cases)}."
        for (peer, ours), cases in found.items()
    ]


def is_ours(name: str) -> bool:
    """Tell ours from peers."""
    return name == "ours" or name.startswith(OURS)


def _pairs(line: Line) -> Iterable[tuple[str, str]]:
    medians = {name: one.middle for name, one in line.values.items()}
    for peer in (name for name in medians if not is_ours(name)):
        for ours in filter(is_ours, medians):
            ahead = medians[peer] > medians[ours] if line.unit == RATES else medians[peer] < medians[ours]
            if ahead:
                yield peer, ours


def _told(value: float, unit: str) -> str:
    return quantity(1000 * value, MILLISECONDS) if unit == "s" else quantity(value, unit)
