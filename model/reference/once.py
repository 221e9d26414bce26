"""Build something costly on first use, exactly once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Hold what `build` returns. Threads that come while it is being built wait for it."""

    def __init__(self, build: Callable[[], T]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._built: list[T] = []

    def __call__(self) -> T:
        """Return the one instance; a build that raised is tried again by the next call."""
        with self._lock:
            if not self._built:
                self._built.append(self._build())
            return self._built[0]
