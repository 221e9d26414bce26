"""Requests at arrival times fixed beforehand (the open loop), and the closed loop that tells how much a server takes.

Whoever asks again only after the answer asks less of a slow server, and measures none of the waiting that it causes
(coordinated omission). Here each request has its time, whatever the server does, and its latency counts from that time.
Times are drawn as a Poisson process, as people who do not know of each other arrive: an even beat below the capacity
never lets two requests meet, and would hide all queueing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from benchmarks.connections import Connections, Sample
from benchmarks.workload import Request

DRAIN_SECONDS = 60
"""A request whose turn has not come so long after its time is never sent: its client would have gone."""


@dataclass(frozen=True, slots=True)
class Run:
    """Hold what one loop did, `asked` of it or more, in its own process's `cpu` seconds.

    `begun` is a time of the samples' clock, `planned` the seconds it was to take, `connections` how many it opened.
    """

    samples: list[Sample]
    asked: int
    begun: float
    planned: float
    cpu: float
    connections: int

    @property
    def seconds(self) -> float:
        """Return how long it took, to the last answer."""
        return max([self.planned, *(sample.done - self.begun for sample in self.samples)])


def scheduled(rate: float, seconds: float, seed: int = 0) -> list[float]:
    """Return the arrival times, seconds from the start, ascending.

    A Poisson process whose number of arrivals is known is that many independent uniform times (Kingman, Poisson
    Processes, 1993, section 2.4), so that the offered rate is the one asked for and not one near it.
    """
    drawn = np.random.default_rng(seed).uniform(0, seconds, max(1, round(rate * seconds)))
    times: list[float] = np.sort(drawn).tolist()
    return times


def open_loop(
    connections: Connections, requests: Sequence[Request], times: Sequence[float], clients: int, seconds: float
) -> Run:
    """Send the requests at their times, at most `clients` at once; one that finds all busy waits, and that counts.

    The threads are as many as are busy at once, and this one, which keeps the time.
    """
    account = _Account(connections, seconds)

    def send(request: Request, due: float) -> Sample | None:
        return connections.ask(request, due) if time.perf_counter() < due + DRAIN_SECONDS else None

    with ThreadPoolExecutor(clients) as pool:
        futures = []
        for request, offset in zip(requests, times, strict=True):
            time.sleep(max(0.0, account.begun + offset - time.perf_counter()))
            futures.append(pool.submit(send, request, account.begun + offset))
    samples = [sample for future in futures if (sample := future.result()) is not None]
    return account.closed(samples, len(requests))


def closed_loop(connections: Connections, requests: Sequence[Request], clients: int, seconds: float) -> Run:
    """Let so many clients ask again and again, each after its answer, until the time is over; the order repeats.

    A client that is refused waits as long as Retry-After says; a loop of refusals would measure nothing but itself.
    """
    account = _Account(connections, seconds)
    following, end = cycle(requests), account.begun + seconds

    def work() -> Iterator[Sample]:
        while (now := time.perf_counter()) < end:
            sample = connections.ask(next(following), now)
            yield sample
            if sample.refused:
                time.sleep(max(0.0, min(_pause(sample), end - time.perf_counter())))

    with ThreadPoolExecutor(clients) as pool:
        shares = list(pool.map(lambda _: list(work()), range(clients)))
    samples = [sample for share in shares for sample in share]
    return account.closed(samples, len(samples))


class _Account:
    """Note where the clocks and the connections stand when a loop begins."""

    def __init__(self, connections: Connections, planned: float) -> None:
        self._connections, self._opened, self._planned = connections, connections.opened, planned
        self._cpu = time.process_time()
        self.begun = time.perf_counter()

    def closed(self, samples: list[Sample], asked: int) -> Run:
        cpu, opened = time.process_time() - self._cpu, self._connections.opened - self._opened
        return Run(samples, asked, self.begun, self._planned, cpu, opened)


def _pause(sample: Sample) -> float:
    text = sample.retry_after or ""
    return float(text) if text.isdecimal() else 1.0
