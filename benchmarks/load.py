"""The load of a benchmark: which requests, on which server, for how long, by which seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.arrivals import Run, closed_loop, open_loop, scheduled
from benchmarks.connections import Connections
from benchmarks.workload import Request, Workload

MOST_CLIENTS = 256
REPEATED = 1000
"""A closed loop starts again with its requests after so many."""


@dataclass(slots=True)
class Load:
    """Put a mix of requests on a server, as an open or a closed loop; `failed` counts what was neither 200 nor refused.

    Each loop has connections of its own, and draws the same requests at the same times as any other with its seed.
    """

    workload: Workload
    mix: Mapping[str, float]
    seconds: float
    clients: int = MOST_CLIENTS
    seed: int = 0
    failed: int = field(default=0, init=False)

    def open(self, rate: float, clients: int | None = None, mix: Mapping[str, float] | None = None) -> Run:
        """Send `rate` requests a second, whatever the server does."""
        times = scheduled(rate, self.seconds, self.seed)
        requests = self._requests(len(times), mix)
        return self.counted(open_loop(self._connections(), requests, times, clients or self.clients, self.seconds))

    def closed(self, clients: int, seconds: float | None = None) -> Run:
        """Keep so many clients busy."""
        requests = self._requests(REPEATED, None)
        return self.counted(closed_loop(self._connections(), requests, clients, seconds or self.seconds))

    def counted(self, run: Run) -> Run:
        """Take a run's failures into the account, and return it."""
        self.failed += sum(not sample.answered and not sample.refused for sample in run.samples)
        return run

    def _connections(self) -> Connections:
        return Connections(self.workload.host, self.workload.port)

    def _requests(self, count: int, mix: Mapping[str, float] | None) -> list[Request]:
        return self.workload.mixed(mix or self.mix, count, self.seed)
