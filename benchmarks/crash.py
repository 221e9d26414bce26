"""Kill a real server again and again while it adds and removes faces, and check what is left of them each time.

    python -m benchmarks.crash [--rounds 20] [--seed 0] [--threads 8] [--data DIR]

A round detects composed photos, so that every face has a vector of its own, lets the threads add, rename and remove
over HTTP, sends SIGKILL at a random moment and starts the server again on the same folder. Then what was acknowledged
must hold, what was in flight must have happened wholly or not at all, index and crops must equal the database, and no
file may hold a removed vector, not even a part of it.

As many rounds again kill in the middle of a key's rotation, a group's deletion, and the addition of many faces at once
(benchmarks.interrupted). Ends with status 1 when anything was wrong.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import numpy as np

from benchmarks.interrupted import interrupted
from benchmarks.photos import GroupPhoto, encoded, listed, read
from benchmarks.served import Client, ServerProcess
from benchmarks.stored import stored
from model.weights import ensure_photos
from settings import Settings

PHOTOS, PEOPLE = 16, 9
LONGEST_RUN = 1.3
FRAGMENT = 64
"""Bytes of a removed vector that may be nowhere, at any multiple of this: it may have been overwritten in part."""


@dataclass(slots=True)
class Entry:
    """Record a face: what was acknowledged of it, and what was asked for and not answered yet."""

    token: str
    names: list[str] = field(default_factory=list)
    removed: str | None = None
    asked: str | None = None
    vector: bytes = field(default=b"", repr=False)

    @property
    def name(self) -> str | None:
        return self.names[-1] if self.names and not self.removed else None

    def settle(self, name: str | None) -> None:
        """Accept `name` (None: not there) as the end of what was in flight, if it can be one."""
        if self.asked == "/removeface" and name is None:
            self.removed = "in flight"
        elif self.asked is not None and self.asked == name:
            self.names.append(name)
        self.asked = None


class Worker(threading.Thread):
    """Add, rename and remove faces of its own until the server is gone."""

    def __init__(self, port: int, database: Path, entries: list[Entry], seed: int) -> None:
        super().__init__(daemon=True)
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._client, self._database, self._entries, self._random = Client(port), database, entries, random.Random(seed)

    def run(self) -> None:
        try:
            while self._entries:
                self._change(self._random.choice(self._entries))
        except (OSError, HTTPException):
            return

    def _change(self, entry: Entry) -> None:
        if entry.names and self._random.random() < 0.6:
            entry.asked = "/removeface"
            self._ask("/removeface", face_token=entry.token)
            entry.removed = "acknowledged"
            self._entries.remove(entry)
        else:
            entry.asked = f"{self._random.randrange(10**9)} " + "x" * self._random.randrange(200)
            self._ask("/addface", face_token=entry.token, face_name=entry.asked)
            entry.names.append(entry.asked)
            entry.vector = entry.vector or stored(self._database, entry.token).get(entry.token, b"")
        entry.asked = None

    def _ask(self, path: str, **query: str) -> None:
        status, body = self._client.get(path, **query)
        self.done[path] += 1
        if status != 200:
            self.wrong.append(f"{path} answered {status} {body}")


class Trial:
    """Run rounds on one data folder and keep the record of every face that was ever added to it."""

    def __init__(self, data: Path, seed: int = 0, threads: int = 8, photos: int = PHOTOS) -> None:
        self._data, self._threads, self._photos, self._random = data, threads, photos, random.Random(seed)
        self._originals = [read(path) for path in listed(ensure_photos(Settings.from_environment().weights))]
        self._entries: dict[str, Entry] = {}
        self.server = ServerProcess(data)

    def round(self) -> tuple[str, list[str]]:
        """Run one round; return its summary and what was wrong."""
        client = self.server.ready()
        photos = {photo: client.detect(photo) for photo in (self._photo() for _ in range(self._photos))}
        pool = {token: Entry(token) for tokens in photos.values() for token in tokens}
        self._entries |= pool
        workers = self._crash(list(pool.values()))
        flying = sum(entry.asked is not None for entry in pool.values())
        self.server = ServerProcess(self._data)
        client = self.server.ready()
        wrong = [line for worker in workers for line in worker.wrong]
        wrong += [*self._contradictions(client), *self._remnants(), *self._twins(client, photos)]
        done = sum((worker.done for worker in workers), Counter[str]())
        faces = sum(entry.name is not None for entry in self._entries.values())
        asked = f"{done['/addface']:4} added or renamed, {done['/removeface']:3} removed, {flying} in flight"
        return f"{asked}; {faces:4} faces, {len(wrong)} violations", wrong

    def _photo(self) -> bytes:
        return encoded(GroupPhoto(1, PEOPLE, self._random.randrange(2**30)).compose(self._originals))

    def _crash(self, pool: list[Entry]) -> list[Worker]:
        shares = [(pool[start :: self._threads], self._random.randrange(2**30)) for start in range(self._threads)]
        workers = [Worker(self.server.port, self._data / "faces.db", *share) for share in shares]
        for worker in workers:
            worker.start()
        time.sleep(self._random.uniform(0.02, LONGEST_RUN))
        self.server.stop(signal.SIGKILL)
        for worker in workers:
            worker.join()
        return workers

    def _contradictions(self, client: Client) -> Iterator[str]:
        """Yield where the list, the database, the index, the crops and the record do not say the same."""
        names, vectors = listing(client), stored(self._data / "faces.db")
        for entry in self._entries.values():
            entry.settle(names.get(entry.token))
            entry.vector = vectors.get(entry.token, entry.vector)
            if names.get(entry.token) != entry.name:
                yield f"{entry} is listed as {names.get(entry.token)}"
        crops = {path.stem for path in (self._data / "crop_faces").iterdir()}
        if not set(names) == set(vectors) == crops or not set(names) <= set(self._entries):
            yield f"{len(names)} faces are listed, {len(vectors)} stored, {len(crops)} have a crop"
        for query in self._random.sample(sorted(names), min(3, len(names))):
            if client.search(query, 2) != distances(query, vectors):
                yield f"the index does not equal the database, as seen from {query}"

    def _remnants(self) -> Iterator[str]:
        for path in self._data.glob("faces.db*"):
            held = path.read_bytes()
            for entry in self._entries.values():
                parts = (entry.vector[start : start + FRAGMENT] for start in range(0, len(entry.vector), FRAGMENT))
                if entry.removed and any(part in held for part in parts):
                    yield f"{path.name} holds the vector of {entry.token}, whose removal was {entry.removed}"

    def _twins(self, client: Client, photos: dict[bytes, list[str]]) -> Iterator[str]:
        """Detect the same photos again: each new token must find the face it is the twin of, if that was kept."""
        for photo, tokens in photos.items():
            for twin, token in zip(client.detect(photo), tokens, strict=True):
                hits, entry = client.search(twin, 1e-3), self._entries[token]
                if set(hits) != ({token} if entry.name is not None else set()):
                    yield f"the twin of {entry} finds {hits}"


def listing(client: Client, limit: int = 1000) -> dict[str, str]:
    """Return token and name of every face, page by page."""
    names: dict[str, str] = {}
    cursor: str | None = "0"
    while cursor is not None:
        body = client.get("/faces", limit=limit, cursor=cursor)[1]
        names |= {face["face_token"]: face["face_name"] for face in body["faces"]}
        cursor = body["cursor"]
    return names


def distances(query: str, vectors: dict[str, bytes]) -> dict[str, float]:
    """Return the float32 distance of every other vector from the query's, computed in float64."""
    arrays = {token: np.frombuffer(vector, "<f4").astype(np.float64) for token, vector in vectors.items()}
    origin = arrays.pop(query)
    return {token: float(np.float32(np.linalg.norm(array - origin))) for token, array in arrays.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crash", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args(arguments)
    failures = 0
    with tempfile.TemporaryDirectory() as temporary:
        trial = Trial(options.data or Path(temporary) / "data", options.seed, options.threads)
        for number in range(1, options.rounds + 1):
            summary, wrong = trial.round()
            print(f"round {number:3}: {summary}", *wrong, sep="\n    ", flush=True)
            failures += len(wrong)
        trial.server.stop()
        for summary, wrong in interrupted(Path(temporary) / "interrupted", options.rounds, options.seed):
            print(summary, *wrong, sep="\n    ", flush=True)
            failures += len(wrong)
    print(f"{options.rounds} rounds of each kind, {failures} violations")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
