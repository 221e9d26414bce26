"""Kept connections to one server, and what each request over them took."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http.client import HTTPException

from benchmarks.served import Client
from benchmarks.workload import Request

IDLE_SECONDS = 30
"""A kept connection unused for longer is left alone: the server closes it at some time, and that is not its failure."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Record one request: when it was due, sent and answered, in seconds of one clock; status 0 is no answer."""

    kind: str
    due: float
    sent: float
    done: float
    status: int = 0
    retry_after: str | None = None
    faces: int = 0

    @property
    def answered(self) -> bool:
        return self.status == 200

    @property
    def refused(self) -> bool:
        return self.status == 503 and self.retry_after is not None


class Connections:
    """Keep connections to one server and take the last used first, so that no more are open than are busy at once."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: list[tuple[float, Client]] = []
        self.opened = 0

    def ask(self, request: Request, due: float) -> Sample:
        """Send one request that was due at a time; a connection that fails is dropped, and its sample has status 0."""
        sent = time.perf_counter()
        client = self._client(sent)
        try:
            answer = client.ask(request.question)
        except (OSError, HTTPException):
            return Sample(request.kind, due, sent, time.perf_counter())
        done = time.perf_counter()
        self._idle.append((done, client))
        faces = request.faces(answer)
        return Sample(request.kind, due, sent, done, answer.status, answer.retry_after, faces)

    def _client(self, now: float) -> Client:
        # list.pop and list.append are atomic; a lock would only add to the client's share of the cores.
        try:
            used, client = self._idle.pop()
        except IndexError:
            used = -float("inf")
        if now - used <= IDLE_SECONDS:
            return client
        self.opened += 1
        return Client(self._port, self._host)
