"""Stopping in good order: Ctrl-C lets the photo at hand be finished."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Note SIGINT and SIGTERM while entered, instead of dying by them.

    `firmly` makes a second one raise KeyboardInterrupt, for whoever may be waiting for a server.
    """

    def __init__(self, *, firmly: bool = False) -> None:
        self._firmly = firmly
        self._event = threading.Event()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __call__(self) -> bool:
        """Tell whether to stop."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait, unless told to stop meanwhile; tell whether that was so."""
        return self._event.wait(seconds)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if self._event.is_set() and self._firmly:
            raise KeyboardInterrupt
        if not self._event.is_set():
            print("\nstopping after this photo", file=sys.stderr)
        self._event.set()
