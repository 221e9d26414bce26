"""A real server in a process of its own, and a client that talks to any facetoken server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from settings import ROOT

LOOPBACK = "127.0.0.1"
BOUNDARY = "frontier"


class ServerProcess:
    """Run `python server.py` on loopback over a data folder; `log` gathers what it writes."""

    def __init__(self, data: Path, **settings: object) -> None:
        given = {"host": LOOPBACK, "port": 0, "data": data, **settings}
        environment = os.environ | {f"FACETOKEN_{name.upper()}": str(value) for name, value in given.items()}
        self.log: deque[str] = deque(maxlen=10_000)
        self.port = 0
        command = [sys.executable, "server.py"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> ServerProcess:
        self.ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGKILL)

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                self.log.append(line.rstrip())
                if "listening on http" in line:
                    self.port = int(line.rpartition(":")[2])

    def ready(self, seconds: float = 120) -> Client:
        """Return a connection once the server answers; raise RuntimeError with its last words when it ends instead."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            if self.port and (client := Client(self.port)).get("/readyz")[0] == 200:
                return client
            time.sleep(0.05)
        self.stop(signal.SIGKILL)
        raise RuntimeError("the server did not start: " + " / ".join(list(self.log)[-3:]))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and return the exit status."""
        self.process.send_signal(number)
        status = self.process.wait(60)
        self._reader.join(60)
        return status

    def memory(self) -> float:
        """Return the resident memory in MB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024


@dataclass(frozen=True, slots=True)
class Question:
    """Hold one request, ready to be sent again and again: building a form each time would be the client's own load."""

    method: str
    target: str
    body: bytes | None = field(default=None, repr=False)

    @classmethod
    def get(cls, path: str, **query: object) -> Question:
        return cls("GET", f"{path}?{urlencode(query)}")

    @classmethod
    def post(cls, path: str, photo: bytes | None = None, **query: object) -> Question:
        """Send a photo as the multipart field `image_file`, or nothing but the query."""
        part = 'Content-Disposition: form-data; name="image_file"; filename="photo.jpg"'
        head, tail = f"--{BOUNDARY}\r\n{part}\r\n\r\n".encode(), f"\r\n--{BOUNDARY}--\r\n".encode()
        return cls("POST", f"{path}?{urlencode(query)}", None if photo is None else head + photo + tail)


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold an answer as it came."""

    status: int
    retry_after: str | None
    body: bytes = field(repr=False)


class Client:
    """Talk to a server over one kept connection; answers are (HTTP status, JSON)."""

    def __init__(self, port: int, host: str = LOOPBACK) -> None:
        self._connection = HTTPConnection(host, port, timeout=60)

    def __del__(self) -> None:
        self._connection.close()

    def get(self, path: str, **query: object) -> tuple[int, dict[str, Any]]:
        return self._read(Question.get(path, **query))

    def post(self, path: str, photo: bytes, **query: object) -> tuple[int, dict[str, Any]]:
        """Send a photo as the multipart field `image_file`."""
        return self._read(Question.post(path, photo, **query))

    def ask(self, question: Question) -> Answer:
        """Send a request and read its answer to the end; raises OSError or http.client.HTTPException without one."""
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} if question.body else {}
        self._connection.request(question.method, question.target, question.body, headers)
        answer = self._connection.getresponse()
        return Answer(answer.status, answer.headers["Retry-After"], answer.read())

    def _read(self, question: Question) -> tuple[int, dict[str, Any]]:
        answer = self.ask(question)
        return answer.status, json.loads(answer.body)

    def detect(self, photo: bytes) -> list[str]:
        return [face["face_token"] for face in self.post("/detect", photo)[1]["faces"]]

    def search(self, token: str, threshold: float) -> dict[str, float]:
        """Return distance by token; nothing for an unknown token."""
        body = self.get("/search", face_token=token, threshold=threshold)[1]
        return {hit["face_token"]: hit["distance"] for hit in body.get("cmp_result", ())}
