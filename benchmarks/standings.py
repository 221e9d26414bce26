"""What a stage came to: medians, quartiles, and how many times faster ours is."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks import tables
from benchmarks.contestants import OURS
from benchmarks.race import Measured
from benchmarks.stages import RATES, Case, Stage

Results = dict[str, Measured]


@dataclass(frozen=True, slots=True)
class Standing:
    """Hold what everyone took for the cases of a stage so far."""

    stage: Stage
    results: list[tuple[Case, Results]]

    def ratio(self, results: Results, ours: str, peer: str) -> float:
        """Return how many times faster ours answered one case, by the medians."""
        (_, mine, _), (_, theirs, _) = results[ours].quartiles, results[peer].quartiles
        return mine / theirs if self.stage.unit == RATES else theirs / mine

    def ratios(self, ours: str, peer: str) -> dict[str, float]:
        """Return the geometric mean of the cases' ratios, the lowest and the highest."""
        each = [self.ratio(results, ours, peer) for _, results in self.results]
        return {
            "geometric_mean": round(statistics.geometric_mean(each), 3),
            "lowest": round(min(each), 3),
            "highest": round(max(each), 3),
        }

    def numbers(self) -> dict[str, Any]:
        """Return everything as the benchmark's JSON has it."""
        pairs = {ours: {peer: self.ratios(ours, peer) for peer in self._peers()} for ours in self._ours()}
        return {"unit": self.stage.unit, "cases": [self._case(*each) for each in self.results], "ratios": pairs}

    def text(self) -> str:
        """Lay out medians with quartiles, then ratios, first sights and faces."""
        parts = [self._table(f"{self.stage.name}, {self.stage.unit} (quartiles)", _spread)]
        if self._peers():
            parts.append(self._ratio_table())
        if self.stage.unit != RATES:
            parts.append(self._table("first sight, ms", lambda one: f"{one.first:.0f}"))
        if self.stage.task != "embedding":
            parts.append(self._table("faces", _faces))
        memory = {name: max(results[name].megabytes for _, results in self.results) for name in self.stage.contestants}
        parts.append(tables.text([["peak memory, MB", *memory], ["", *memory.values()]]))
        return "\n\n".join(parts)

    def _case(self, case: Case, results: Results) -> dict[str, Any]:
        ratios = {
            ours: {peer: round(self.ratio(results, ours, peer), 3) for peer in self._peers()} for ours in self._ours()
        }
        return {
            "case": case.title,
            "width": case.width,
            "height": case.height,
            "contestants": {name: _numbers(one) for name, one in results.items()},
            "ratios": ratios,
        }

    def _ours(self) -> list[str]:
        return [name for name in self.stage.contestants if name.startswith(OURS)]

    def _peers(self) -> list[str]:
        return [name for name in self.stage.contestants if not name.startswith(OURS)]

    def _table(self, heading: str, cell: Any) -> str:
        names = self.stage.contestants
        rows = [[_title(case), *(cell(results[name]) for name in names)] for case, results in self.results]
        return tables.text([[heading, *names], *rows])

    def _ratio_table(self) -> str:
        rows: list[list[str]] = [["times as fast", *(f"than {peer}" for peer in self._peers())]]
        for ours in self._ours():
            all_of_them = (self.ratios(ours, peer).values() for peer in self._peers())
            rows.append([ours, *("{:.2f} ({:.2f}-{:.2f})".format(*each) for each in all_of_them)])
        return tables.text(rows) + "\n(geometric mean, lowest and highest)"


def _numbers(one: Measured) -> dict[str, Any]:
    lower, median, upper = (round(value, 3) for value in one.quartiles)
    spread = {"median": median, "lower": lower, "upper": upper, "values": [round(value, 3) for value in one.values]}
    return spread | {"first": round(one.first, 3), "faces": int(_faces(one)), "megabytes": one.megabytes}


def _faces(one: Measured) -> str:
    # A closed loop answers with the number alone.
    counted = len(one.rows[0]) == 1 if one.rows else False
    return f"{one.rows[0][0] if counted else len(one.rows):.0f}"


def _spread(one: Measured) -> str:
    lower, median, upper = one.quartiles
    digits = 0 if median >= 100 else 1 if median >= 10 else 2
    return f"{median:.{digits}f} ({lower:.{digits}f}-{upper:.{digits}f})"


def _title(case: Case) -> str:
    return f"{case.title} ({case.width}x{case.height})" if case.width else case.title


def lines(standings: Iterable[Standing]) -> str:
    """Lay out all stages."""
    return "\n\n\n".join(standing.text() for standing in standings if standing.results)
