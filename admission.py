"""Let requests in: photos in a lane of their own, so that a queue of them never holds up a search by token."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from api.envelope import REFUSED

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
Answer = Iterable[bytes]

HEALTH_PATHS = ("/healthz", "/readyz")

LIGHT_BODY = 4096
"""Bytes of a body from which a request counts as a photo; tokens, names and thresholds take less."""

NICENESS = 10
"""Added to that of the threads that work on photos: when both want a core, a search gets it."""

FIRST_GUESS = 0.1
"""Seconds a request is taken to need before one was seen."""

MEMORY = 0.9
"""Weight of what is known when a new duration comes in."""


class Lane:
    """Let `running` requests run, and up to `waiting` more wait if they may expect their turn in `patience` seconds."""

    def __init__(self, running: int, waiting: int, patience: float) -> None:
        self._running = running
        self._room = running + waiting
        self._patience = patience
        self._turn = threading.Semaphore(running)
        self._lock = threading.Lock()
        self._inside = 0
        self._seconds = FIRST_GUESS

    def enter(self) -> float | None:
        """Take a place and return None; or return the seconds after which to come back."""
        with self._lock:
            ahead = self._inside - self._running + 1
            expected = max(ahead, 0) * self._seconds / self._running
            if self._inside >= self._room or expected > self._patience:
                return max(expected, 1.0)
            self._inside += 1
            return None

    def run(self, work: Callable[[], Answer]) -> Answer:
        """Work when it is this request's turn, and give the place back."""
        try:
            with self._turn:
                begun = time.monotonic()
                answer = work()
                took = time.monotonic() - begun
            with self._lock:
                self._seconds = MEMORY * self._seconds + (1 - MEMORY) * took
            return answer
        finally:
            with self._lock:
                self._inside -= 1


class Gate:
    """Send each request through its lane; one that finds no room is marked to be refused at once.

    `fetching` tells by the path whose requests may wait for another server's photo, or returns None. Each of the
    `fetchers` has a lane of its own: a slow server elsewhere holds up those who ask for photos by the same dialect, and
    nobody else.
    """

    def __init__(
        self,
        application: Wsgi,
        *,
        threads: int,
        photos: int,
        queue: int,
        patience: float,
        fetches: int,
        fetchers: Collection[str],
        fetching: Callable[[str], str | None],
    ) -> None:
        self._application = application
        self._light = Lane(threads, queue, patience)
        self._photos = _NiceLane(photos, queue, patience, "photo")
        self._fetches = {name: _NiceLane(fetches, queue, patience, name) for name in fetchers}
        self._fetching = fetching

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Answer:
        if environ.get("PATH_INFO") in HEALTH_PATHS:
            return self._application(environ, start_response)
        lane = self._lane(environ)
        wait = lane.enter()
        if wait is not None:
            environ[REFUSED] = math.ceil(wait)
            return self._application(environ, start_response)
        return lane.run(lambda: self._application(environ, start_response))

    def _lane(self, environ: dict[str, Any]) -> Lane:
        fetcher = self._fetching(environ.get("PATH_INFO", "")) if environ.get("REQUEST_METHOD") == "POST" else None
        if fetcher is not None:
            return self._fetches[fetcher]
        return self._photos if int(environ.get("CONTENT_LENGTH") or 0) > LIGHT_BODY else self._light


class _NiceLane(Lane):
    """A lane whose work is done with less priority."""

    def __init__(self, running: int, waiting: int, patience: float, name: str) -> None:
        super().__init__(running, waiting, patience)
        # A thread's niceness can be raised and, without privileges, never lowered: such work has threads of its own.
        self._threads = ThreadPoolExecutor(running, thread_name_prefix=name, initializer=be_nice)

    def run(self, work: Callable[[], Answer]) -> Answer:
        # Handed over in its turn and not before: the lane measures how long the work takes.
        return super().run(lambda: self._threads.submit(work).result())


def be_nice() -> None:
    """Lower the priority of the calling thread, and of the threads that it starts from now on."""
    # On Linux, niceness belongs to a thread, and a number of 0 means the caller.
    os.setpriority(os.PRIO_PROCESS, 0, min(os.getpriority(os.PRIO_PROCESS, 0) + NICENESS, 19))
