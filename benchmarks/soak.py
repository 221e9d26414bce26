"""Let many clients work one real server for a while, and check every single answer against what must be true.

    python -m benchmarks.soak [--seconds 60] [--threads 16] [--seed 0]

Each thread detects, adds, searches by token and by photo, compares, removes and pages at random, over one kept
connection. What it added it must find, at the exact distance of the stored vectors and under its name; what it removed
it must never see again; an unknown token answers 1006; answers ascend and their totals agree. Prints times by
operation and the server's resident memory after the first third and at the end. Ends with status 1 on a wrong answer;
every status of 500 and above is one, 503 too, since the queue has room for all.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import tables
from benchmarks.crash import distances
from benchmarks.photos import listed
from benchmarks.served import Client, ServerProcess
from benchmarks.stored import stored
from faceset.tokens import new_token
from model.weights import ensure_photos
from settings import Settings

MOST_FACES, MOST_WAITING, LONGEST_MEMORY = 12, 4, 500
SAMPLE_SECONDS = 0.5
TWIN = 1e-3
"""Distance under which two vectors come from the same photo."""

Json = dict[str, Any]


class Visitor(threading.Thread):
    """Work the server with faces of its own; `times` has the seconds of each request, `wrong` what was not true."""

    def __init__(self, server: ServerProcess, database: Path, photos: list[bytes], seed: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self.times: dict[str, list[float]] = defaultdict(list)
        self.wrong: list[str] = []
        self._client, self._database, self._photos = Client(server.port), database, photos
        self._random, self._until = random.Random(seed), time.monotonic() + seconds
        self._waiting: dict[str, bytes] = {}
        self._added: dict[str, str] = {}
        self._vectors: dict[str, bytes] = {}
        self._origins: dict[str, bytes] = {}
        self._gone: list[str] = []

    def run(self) -> None:
        weights = {self.detect: 3, self.add: 3, self.search: 6, self.search_photo: 2}
        weights |= {self.compare: 4, self.remove: 2, self.page: 1, self.unknown: 2}
        while time.monotonic() < self._until and len(self.wrong) < 10:
            (act,) = self._random.choices(list(weights), list(weights.values()))
            if self._added or act in (self.detect, self.add, self.unknown):
                try:
                    act()
                except Exception as error:
                    self.wrong.append(f"{act.__name__}: {error!r}")

    def detect(self) -> None:
        photo = self._random.choice(self._photos)
        body = self._post("detect", "/detect", photo)
        sizes = [_area(face) for face in body["faces"]]
        self._require(body["face_num"] == len(sizes) > 0 and sizes == sorted(sizes, reverse=True), "faces", body)
        self._waiting[body["faces"][0]["face_token"]] = photo
        if len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]

    def add(self) -> None:
        if not self._waiting or len(self._added) >= MOST_FACES:
            return
        token, photo = self._waiting.popitem()
        name = f"{self._random.choice(['Ada', 'Бен', '明', 'Zoë'])} {self._random.randrange(10**6)}"
        body = self._get("add", "/addface", face_token=token, face_name=name)
        self._require(body["face_name"] == body["face_neme"] == name and body["face_token"] == token, "name", body)
        self._added[token], self._origins[token] = name, photo
        self._vectors |= stored(self._database, token)

    def search(self) -> None:
        token, threshold = self._one(), self._random.choice([0, 0.3, 0.65, 0.9, 1.1, 2])
        body = self._get("search by token", "/search", face_token=token, threshold=threshold)
        near = {other: d for other, d in distances(token, self._vectors).items() if d <= threshold}
        mine = {hit["face_token"]: hit["distance"] for hit in body["cmp_result"] if hit["face_token"] in self._added}
        self._require(mine == near, "own faces", mine, near)
        self._check_hits(body, token, threshold)

    def search_photo(self) -> None:
        token = self._one()
        body = self._post("search by photo", "/search", self._origins[token], threshold=0.9)
        self._check_hits(body, body["face_token"], 0.9)
        hits = {hit["face_token"]: hit["distance"] for hit in body["cmp_result"]}
        self._require(hits.get(token, 2) < TWIN, "the face of this very photo", hits.get(token))
        compared = self._get("compare", "/compare", face_token=body["face_token"], other_token=token)
        self._require(compared["distance"] == hits[token], "compare and search", compared, hits[token])

    def compare(self) -> None:
        first, second = self._one(), self._one()
        body = self._get("compare", "/compare", face_token=first, other_token=second)
        expected = distances(first, self._vectors).get(second, 0.0)
        self._require(body["distance"] == body["distant"] == expected, "distance", body, expected)

    def remove(self) -> None:
        token = self._one()
        self._get("remove", "/removeface", face_token=token)
        del self._added[token], self._vectors[token], self._origins[token]
        self._gone = [*self._gone[-LONGEST_MEMORY:], token]

    def page(self) -> None:
        faces: list[Json] = []
        cursor, limit = "0", self._random.choice([7, 50, 1000])
        while cursor is not None:
            body = self._get("page", "/faces", limit=limit, cursor=cursor)
            faces, cursor = faces + body["faces"], body["cursor"]
            self._require(len(body["faces"]) <= limit and body["total"] >= len(self._added), "total", body["total"])
        names = {face["face_token"]: face["face_name"] for face in faces}
        self._require(len(names) == len(faces), "a face listed twice")
        self._require(self._added.items() <= names.items(), "own faces are not all listed")
        self._require(names.keys().isdisjoint(self._gone), "a removed face is listed")

    def unknown(self) -> None:
        token = self._random.choice([*self._gone[-5:], new_token()])
        path = self._random.choice(["/search", "/addface", "/removeface", "/compare"])
        query = {"/search": {"threshold": "1"}, "/compare": {"other_token": token}}.get(path, {})
        status, body = self._timed("unknown token", self._client.get, path, face_token=token, **query)
        self._require(status == 404 and body["error_code"] == "1006", path, status, body)

    def _one(self) -> str:
        return self._random.choice(list(self._added))

    def _check_hits(self, body: Json, query: str, threshold: float) -> None:
        found = [(hit["distance"], hit["face_token"]) for hit in body["cmp_result"]]
        tokens = {token for _, token in found}
        self._require(found == sorted(found) and all(distance <= threshold for distance, _ in found), "order", found)
        self._require(body["total"] == len(found) == len(tokens), "total", body["total"], len(found))
        self._require(query not in tokens and tokens.isdisjoint(self._gone), "a face that must not be there")
        names = {hit["face_token"]: hit["face_name"] for hit in body["cmp_result"]}
        self._require(all(names[token] == name for token, name in self._added.items() if token in names), "names")

    def _get(self, what: str, path: str, **query: object) -> Json:
        status, body = self._timed(what, self._client.get, path, **query)
        self._require(status == 200, path, status, body)
        return body

    def _post(self, what: str, path: str, photo: bytes, **query: object) -> Json:
        status, body = self._timed(what, self._client.post, path, photo, **query)
        self._require(status == 200, path, status, body)
        return body

    def _timed(self, what: str, ask: Any, *arguments: Any, **query: Any) -> tuple[int, Json]:
        begun = time.perf_counter()
        answer: tuple[int, Json] = ask(*arguments, **query)
        self.times[what].append(time.perf_counter() - begun)
        return answer

    @staticmethod
    def _require(truth: bool, *what: object) -> None:
        if not truth:
            raise AssertionError(*what)


def _area(face: Json) -> float:
    (left, top), (right, bottom) = face["top_left"], face["bottom_right"]
    return float((right - left) * (bottom - top))


def report(visitors: list[Visitor], seconds: float, memory: list[float]) -> str:
    """Lay out times by operation and the server's memory."""
    times: dict[str, list[float]] = defaultdict(list)
    for visitor in visitors:
        for what, mine in visitor.times.items():
            times[what] += mine
    rows: list[tuple[str, ...]] = [("operation", "requests", "p50 ms", "p95 ms", "longest ms")]
    for what, all_of_them in sorted(times.items()):
        marks = np.percentile(all_of_them, [50, 95, 100]) * 1000
        rows.append((what, str(len(all_of_them)), *(f"{mark:.1f}" for mark in marks)))
    warm, end = memory[len(memory) // 3], memory[-1]
    total = sum(map(len, times.values()))
    level = (
        f"{memory[0]:.0f} MB at the start, {warm:.0f} MB after a third, {end:.0f} MB at the end: {end - warm:+.1f} MB"
    )
    return f"{tables.text(rows)}\n{total} requests, {total / seconds:.0f} a second\n{level}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    photos = [path.read_bytes() for path in listed(ensure_photos(Settings.from_environment().weights))]
    memory: list[float] = []
    with tempfile.TemporaryDirectory() as temporary:
        # The temporary faces are to fill their room before the end; a face that still waits to be added never leaves.
        server = ServerProcess(Path(temporary), queue=4 * options.threads, token_memory=8)
        client = server.ready()
        photos = [photo for photo in photos if client.detect(photo)]
        database = Path(temporary) / "faces.db"
        seeds = range(options.seed, options.seed + options.threads)
        visitors = [Visitor(server, database, photos, seed, options.seconds) for seed in seeds]
        for visitor in visitors:
            visitor.start()
        while any(visitor.is_alive() for visitor in visitors):
            memory.append(server.memory())
            time.sleep(SAMPLE_SECONDS)
        status = server.stop()
    wrong = [line for visitor in visitors for line in visitor.wrong]
    print(report(visitors, options.seconds, memory), f"{len(wrong)} wrong answers", *wrong, sep="\n")
    return 1 if wrong or status else 0


if __name__ == "__main__":
    sys.exit(main())
