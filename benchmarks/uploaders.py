"""Clients that upload photos without a pause, in a process of their own."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from benchmarks.arrivals import Run
from benchmarks.load import Load

MIX = {"detect": 1.0}


class Uploaders:
    """Keep `clients` busy with POST /detect for so many seconds; the context begins once the photos are being sent.

    In the measuring client's process they would take turns with it at Python's interpreter lock, and their work would
    be counted as the server's. Raises EOFError when they break off; their last words are above.
    """

    def __init__(self, load: Load, clients: int, seconds: float) -> None:
        # Not forked: this process has threads.
        context = multiprocessing.get_context("spawn")
        self._receiver, sender = context.Pipe(duplex=False)
        self._process = context.Process(target=_upload, args=(load, clients, seconds, sender), daemon=True)
        self._process.start()
        sender.close()

    def __enter__(self) -> Self:
        self._receiver.recv()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self._process.terminate()
        self._process.join()

    def run(self) -> Run:
        """Wait for their end and return what they did."""
        run: Run = self._receiver.recv()
        return run


def _upload(load: Load, clients: int, seconds: float, sender: Connection) -> None:
    load.mix = MIX
    load.closed(1, 0.1)
    sender.send("begun")
    sender.send(load.closed(clients, seconds))
