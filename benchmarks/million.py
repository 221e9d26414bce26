"""Fill a face set with made-up people, serve it with a real server, and measure both.

    python -m benchmarks.million [--faces 1000000] [--data DIR]

A person is a random direction in 128 dimensions; each of the ten faces is that centre plus noise whose length is drawn
for the person from 0.47 to 1.2, made a unit vector again. Two faces of one person are then 0.6 to 1.09 apart, give or
take 0.05, and strangers 1.41: at 0.65, 0.9 and 1.1 a search finds few, half and nearly all of a person's faces, and a
few strangers. Everything is seeded, and deleted in the end. Ends with status 1 when a search does not equal a
brute-force scan in float64.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from benchmarks.photos import listed
from faceset.store import FaceSet
from faceset.tokens import Face
from model.backends import networks, settled_precision
from model.base import EMBEDDING_DIM
from model.weights import ensure_photos
from settings import ROOT, Settings

GROUP = "default"
FACES_EACH, PART = 10, 20_000
THRESHOLDS = (0.65, 0.9, 1.1)
SEARCHES, CHANGES, CHECKED = 50, 60, 5

Floats = NDArray[np.float32]


class ServerProcess:
    """Run `python server.py` on loopback over a data folder; `log` gathers what it writes."""

    def __init__(self, data: Path, **settings: object) -> None:
        given = {"host": "127.0.0.1", "port": 0, "data": data, **settings}
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


class Client:
    """Talk to a server on loopback over one kept connection; answers are (HTTP status, JSON)."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def __del__(self) -> None:
        self._connection.close()

    def get(self, path: str, **query: object) -> tuple[int, dict[str, Any]]:
        return self._ask("GET", f"{path}?{urlencode(query)}", None)

    def post(self, path: str, photo: bytes, **query: object) -> tuple[int, dict[str, Any]]:
        """Send a photo as the multipart field `image_file`."""
        head = b'--frontier\r\nContent-Disposition: form-data; name="image_file"; filename="photo.jpg"\r\n\r\n'
        return self._ask("POST", f"{path}?{urlencode(query)}", head + photo + b"\r\n--frontier--\r\n")

    def _ask(self, method: str, target: str, body: bytes | None) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "multipart/form-data; boundary=frontier"} if body else {}
        self._connection.request(method, target, body, headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def detect(self, photo: bytes) -> list[str]:
        return [face["face_token"] for face in self.post("/detect", photo)[1]["faces"]]

    def search(self, token: str, threshold: float) -> dict[str, float]:
        """Return distance by token; nothing for an unknown token."""
        body = self.get("/search", face_token=token, threshold=threshold)[1]
        return {hit["face_token"]: hit["distance"] for hit in body.get("cmp_result", ())}


class Crowd:
    """Make up the people of a face set, the same for the same seed."""

    def __init__(self, faces: int, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.vectors = np.concatenate([self._people(random) for _ in range(0, faces, PART)])[:faces]

    @staticmethod
    def _people(random: np.random.Generator) -> Floats:
        centres = _unit(random.standard_normal((PART // FACES_EACH, 1, EMBEDDING_DIM)))
        noise = _unit(random.standard_normal((PART // FACES_EACH, FACES_EACH, EMBEDDING_DIM)))
        faces = _unit(centres + noise * random.uniform(0.47, 1.2, (PART // FACES_EACH, 1, 1)))
        return faces.reshape(PART, EMBEDDING_DIM).astype(np.float32)

    def fill(self, faceset: FaceSet) -> None:
        for start in range(0, len(self.vectors), PART):
            part = enumerate(self.vectors[start : start + PART], start)
            faces = [Face(token(row), vector, 0.99, 99.0, name=f"person {row // FACES_EACH}") for row, vector in part]
            faceset.add(faces, GROUP)

    def near(self, row: int, threshold: float) -> dict[str, float]:
        """Scan everything in float64 for the neighbours of one face; return their float32 distances."""
        found = {}
        for start in range(0, len(self.vectors), PART):
            differences = self.vectors[start : start + PART].astype(np.float64) - self.vectors[row].astype(np.float64)
            exact = np.sqrt((differences**2).sum(axis=1)).astype(np.float32)
            within = np.flatnonzero(exact.astype(np.float64) <= threshold).tolist()
            found.update({token(start + place): float(exact[place]) for place in within})
        del found[token(row)]
        return found


def token(row: int) -> str:
    return f"{row:024d}"


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / lengths


def timed(what: str, actions: Iterable[Callable[[], object]]) -> None:
    """Run the actions one by one and print the median and the 95th percentile of their times."""
    times = []
    for action in actions:
        begun = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - begun))
    median, high = np.percentile(times, [50, 95])
    print(f"{what:40}{median:9.1f} ms median {high:9.1f} ms p95   of {len(times)}", flush=True)


def fill(data: Path, crowd: Crowd, queries: list[int]) -> None:
    """Store the crowd and search it in this process."""
    settings = Settings.from_environment()
    precision = settled_precision(settings.backend, settings.precision, None)
    _, embedder = networks(settings.backend, precision, settings.mirror, settings.weights, h5=settings.facenet_h5)
    begun = time.perf_counter()
    faceset = FaceSet(data / "faces.db", str(embedder.fingerprint), EMBEDDING_DIM)
    crowd.fill(faceset)
    print(f"filled with {len(crowd.vectors)} faces in {time.perf_counter() - begun:.1f} s")
    for threshold in THRESHOLDS:
        actions = (partial(faceset.search, crowd.vectors[row], threshold, GROUP) for row in queries)
        timed(f"search at {threshold} in process", actions)
    faceset.close()
    print(f"{sum(path.stat().st_size for path in data.glob('faces.db*')) / 1e6:.1f} MB on disk")


def serve(data: Path, crowd: Crowd, queries: list[int]) -> int:
    """Serve the crowd, measure the requests, and return the number of wrong searches."""
    begun = time.perf_counter()
    server = ServerProcess(data, status_200=0)
    client = server.ready(600)
    print(f"ready after {time.perf_counter() - begun:.1f} s with {server.memory():.0f} MB")
    wrong = 0
    for threshold in THRESHOLDS:
        timed(f"search at {threshold} over HTTP", (partial(client.search, token(row), threshold) for row in queries))
        wrong += sum(client.search(token(row), threshold) != crowd.near(row, threshold) for row in queries[:CHECKED])
    photos = listed(ensure_photos(Settings.from_environment().weights))
    tokens = [found for photo in photos[:CHANGES] for found in client.detect(photo.read_bytes())]
    timed("add over HTTP", (partial(change, client, "/addface", found) for found in tokens))
    timed("remove over HTTP", (partial(change, client, "/removeface", found) for found in tokens))
    timed("remove an old face over HTTP", (partial(change, client, "/removeface", token(row)) for row in queries))
    print(f"{server.memory():.0f} MB at the end; {wrong} of {CHECKED * len(THRESHOLDS)} checked searches are wrong")
    server.stop()
    return wrong


def change(client: Client, path: str, face_token: str) -> None:
    status, body = client.get(path, face_token=face_token)
    if status != 200:
        raise RuntimeError(f"{path} answered {status} {body}")


def main(arguments: Sequence[str] | None = None) -> int:
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.million", description=summary)
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="where to make, and afterwards delete, the data folder")
    options = parser.parse_args(arguments)
    crowd = Crowd(options.faces)
    queries = np.random.default_rng(1).choice(options.faces, SEARCHES, replace=False).tolist()
    with tempfile.TemporaryDirectory(dir=options.data) as data:
        fill(Path(data), crowd, queries)
        return 1 if serve(Path(data), crowd, queries) else 0


if __name__ == "__main__":
    sys.exit(main())
