"""How many threads to compute with, and how to reach every one of a pool."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


LOOKING = threading.Semaphore(cores())
"""Whoever decodes a photo and looks for something in it does so in here: 16 megapixels take some 400 MB for a moment,
so there are no more photos at once than cores."""


def on_every_thread(pool: ThreadPoolExecutor, work: Callable[[], object]) -> None:
    """Do some work once on each thread of a pool of `cores()`; threads that are missing are started for it.

    Only one caller at a time may have this done by a pool: two would each hold threads that the other waits for.
    """
    together = threading.Barrier(cores())

    def join() -> None:
        together.wait()
        work()

    for done in [pool.submit(join) for _ in range(cores())]:
        done.result()
