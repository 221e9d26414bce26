"""Face tokens, and the store of faces that were detected but not (yet) added."""

from __future__ import annotations

import secrets
import string
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALPHABET = string.ascii_letters + string.digits
LENGTH = 24


def new_token() -> str:
    """Return 24 characters of [A-Za-z0-9] from the system's cryptographic source: 142 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


@dataclass(frozen=True, slots=True)
class Face:
    """Hold a face as the stores keep it.

    `vector` is float32 (128,) of length 1. `size` is the shorter side of the box in pixels. `photo_sha256` is the
    digest of the file it came from. `name` and `created_at` (seconds since the epoch) are set once it is in a face set;
    `details` is what else an API dialect keeps of it, fit for JSON.
    """

    token: str
    vector: NDArray[np.float32]
    confidence: float | None = None
    size: float | None = None
    photo_sha256: bytes | None = None
    name: str = ""
    created_at: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Entry:
    face: Face
    cost: int
    expires: float
    held: int = 0


class TemporaryStore:
    """Keep faces for `ttl` seconds within `budget` bytes, least recently used out first; safe for many threads.

    `dropped` is called with each token that leaves by age, by pressure or by `remove`, outside the lock: the caller
    deletes what belongs to it. A face that was kept (see `hold`) leaves silently.
    """

    def __init__(
        self,
        budget: int,
        ttl: float,
        dropped: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget = budget
        self._ttl = ttl
        self._dropped = dropped
        self._clock = clock
        self._lock = threading.Lock()
        # By last use, and by age: what is old or unused stands in front, so that nobody walks the whole store.
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._by_age: dict[str, None] = {}
        self._spent = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def spent(self) -> int:
        """Return the bytes that the faces in store account for."""
        return self._spent

    def put(self, face: Face, cost: int) -> None:
        """Keep a face that accounts for `cost` bytes; older ones make room. A token already there is replaced."""
        with self._lock:
            self._forget(face.token)
            self._entries[face.token] = _Entry(face, cost, self._clock() + self._ttl)
            self._by_age[face.token] = None
            self._spent += cost
            out = self._expired() + self._over_budget(but=face.token)
        self._report(out)

    def get(self, token: str) -> Face | None:
        """Return the face, now the most recently used, or None."""
        with self._lock:
            entry = self._entries.get(token)
            if entry is None or (entry.expires <= self._clock() and not entry.held):
                return None
            self._entries.move_to_end(token)
            return entry.face

    @contextmanager
    def hold(self, token: str) -> Iterator[Face | None]:
        """Yield the face (or None) and keep it from being dropped meanwhile; `keep` makes it leave silently."""
        with self._lock:
            entry = self._entries.get(token)
            if entry is not None and entry.expires <= self._clock() and not entry.held:
                entry = None
            if entry is not None:
                entry.held += 1
        try:
            yield entry.face if entry else None
        finally:
            with self._lock:
                if entry is not None:
                    entry.held -= 1

    def keep(self, token: str) -> None:
        """Let go of a face that lives elsewhere now, without reporting it dropped."""
        with self._lock:
            self._forget(token)

    def remove(self, token: str) -> bool:
        """Drop a face; tell whether it was there and alive."""
        with self._lock:
            entry = self._entries.get(token)
            alive = entry is not None and entry.expires > self._clock()
            removed = self._forget(token)
        if removed:
            self._dropped(token)
        return alive

    def sweep(self) -> int:
        """Drop every face past its time; return how many."""
        with self._lock:
            out = self._expired()
        self._report(out)
        return len(out)

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            out = list(self._entries)
            self._entries.clear()
            self._by_age.clear()
            self._spent = 0
        self._report(out)

    def _report(self, tokens: list[str]) -> None:
        for token in tokens:
            self._dropped(token)

    def _forget(self, token: str) -> bool:
        entry = self._entries.pop(token, None)
        if entry is None:
            return False
        del self._by_age[token]
        self._spent -= entry.cost
        return True

    def _expired(self) -> list[str]:
        now = self._clock()
        out = []
        for token in self._by_age:
            entry = self._entries[token]
            if entry.expires > now:
                break
            if not entry.held:
                out.append(token)
        for token in out:
            self._forget(token)
        return out

    def _over_budget(self, but: str) -> list[str]:
        out, over = [], self._spent - self._budget
        for token, entry in self._entries.items():
            if over <= 0:
                break
            if token != but and not entry.held:
                out.append(token)
                over -= entry.cost
        for token in out:
            self._forget(token)
        return out
