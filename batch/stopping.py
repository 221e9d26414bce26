"""Stopping in good order: Ctrl-C lets the photo at hand be finished."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Note SIGINT and SIGTERM while entered, instead of dying by them.

    `insisted` is called at every further one: it ends what may take long.
    """

    def __init__(self) -> None:
        self.insisted: Callable[[], None] = lambda: None
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
        if self._event.is_set():
            self.insisted()
            return
        self._event.set()
        print("\nstopping after this photo", file=sys.stderr)
