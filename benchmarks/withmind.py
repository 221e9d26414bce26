"""Measure WithMind's promises over HTTP: enrolment within 500 ms and analysis within 1000 ms, four clients at once.

    python -m benchmarks.withmind [--seconds S] [--clients N] [--json FILE]

A server in a process of its own, on an empty face set. Photos of one person each, of 2 to 12 megapixels with a sensor's
noise, saved as well as 300 to 500 KB allow. Each client asks again after its answer; the promise is held against the
95th percentile. Then one client asks in turn for an analysis and for the native /detect of the same photo: the
difference of the medians is what the dialect costs. Ends with status 1 when an answer was wrong; slow ones are told.

JSON: machine, versions, seed, command, seconds, clients; "enrolment" and "analysis": {"run": RUN of benchmarks.http
with kinds by megapixels, "wrong", "promised_ms", "kept"}; "cost": {"analysis_ms", "detect_ms", "difference_ms"}.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import photos
from benchmarks.arrivals import closed_loop
from benchmarks.connections import Connections
from benchmarks.http import count, positive
from benchmarks.latencies import summary, table
from benchmarks.machine import described
from benchmarks.photos import GroupPhoto, full_hd
from benchmarks.served import BOUNDARY, LOOPBACK, Answer, Client, Question, ServerProcess
from benchmarks.workload import Request
from model.base import Image
from model.weights import ensure_photos
from settings import Settings

SIZES = (2.0, 4.0, 8.0, 12.0)
"""Megapixels."""

PEOPLE = ("ben_afflek", "jerry_seinfeld", "mindy_kaling")
"""Each has a photo of every size."""

LEAST, MOST = 300_000, 500_000
NOISE = 4.0
"""Standard deviation, of 255: a telephone's indoors."""

SEED = 0
COMPANY = "benchmark"

PROMISED_MS = {"enrolment": 500, "analysis": 1000}
ENROLLED, MATCHED = "Success", {"person_1": "match"}

ROUNDS = 40
"""Of the comparison with the native call."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Form(Request):
    """Hold a request with the answer that is the right one: only then does it count a face."""

    right: object

    def faces(self, answer: Answer) -> int:
        return int(json.loads(answer.body) == {"result": self.right})


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    begun = described(SEED)
    folder = ensure_photos(Settings.from_environment().weights)
    people = [photos.read(photos.listed(folder / "val" / name)[0]) for name in PEOPLE]
    with tempfile.TemporaryDirectory() as data, ServerProcess(Path(data)) as server:
        found = _measured(server.port, people, options)
    print(f"{begun['machine']['cores']} cores, load before {begun['machine']['load_before']}\n")
    print(_text(found))
    if options.json:
        options.json.write_text(
            json.dumps(begun | {"seconds": options.seconds, "clients": options.clients} | found, indent=2) + "\n"
        )
    return 1 if any(found[kind]["wrong"] for kind in PROMISED_MS) else 0


def photo_of(person: Image, group: GroupPhoto) -> bytes:
    """Return a photo of one person, noisy, as a JPEG of LEAST to MOST bytes."""
    image = group.compose([person])
    patch = np.random.default_rng(SEED).normal(0, NOISE, (512, 512, 3)).astype(np.int8)
    height, width = image.shape[:2]
    noise = np.tile(patch, (height // 512 + 1, width // 512 + 1, 1))[:height, :width]
    noisy = np.clip(image.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    stored = cv2.cvtColor(noisy, cv2.COLOR_RGB2BGR)
    for quality in range(95, 0, -3):
        data = bytes(cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
        if len(data) <= MOST:
            break
    return data.ljust(LEAST, b"\0")


def _measured(port: int, people: Sequence[Image], options: argparse.Namespace) -> Json:
    enrolments, analyses = [], []
    for place, (size, person) in enumerate((size, person) for size in SIZES for person in people):
        photo, fields = photo_of(person, GroupPhoto(size, 1, seed=place)), {"company": COMPANY, "id": f"p{place}"}
        kind = f"{size:g} MP"
        enrolments.append(Form(kind, _form("/enrollment_img/", photo, **fields, gender="1", age="40"), ENROLLED))
        analyses.append(Form(kind, _form("/analy_img/", photo, **fields), MATCHED))
    client = Client(port)
    # Who is analysed must be there, and the server warm.
    for enrolment in enrolments:
        client.ask(enrolment.question)
    loops = {"enrolment": enrolments, "analysis": analyses}
    found = {kind: _loop(kind, Connections(LOOPBACK, port), requests, options) for kind, requests in loops.items()}
    return found | {"cost": _cost(client, photo_of(people[0], full_hd(1)))}


def _loop(kind: str, connections: Connections, requests: Sequence[Form], options: argparse.Namespace) -> Json:
    run = summary(closed_loop(connections, requests, options.clients, options.seconds))
    p95, promised = run["all"]["p95_ms"], PROMISED_MS[kind]
    kept = p95 is not None and p95 <= promised
    return {"run": run, "wrong": run["sent"] - run["faces"], "promised_ms": promised, "kept": kept}


def _cost(client: Client, photo: bytes) -> Json:
    """Ask for an analysis and for the native detection of one photo in turn, one request at a time."""
    fields = {"company": COMPANY, "id": "cost"}
    client.ask(_form("/enrollment_img/", photo, **fields))
    asked = {"analysis": _form("/analy_img/", photo, **fields), "detect": Question.post("/detect", photo)}
    took: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(ROUNDS):
        for name, question in asked.items():
            begun = time.perf_counter()
            client.ask(question)
            took[name].append(1000 * (time.perf_counter() - begun))
    analysis, detect = (statistics.median(took[name]) for name in ("analysis", "detect"))
    return {"analysis_ms": analysis, "detect_ms": detect, "difference_ms": analysis - detect}


def _form(path: str, photo: bytes, **fields: str) -> Question:
    texts = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields.items()
    )
    head = f'{texts}--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="photo.jpg"\r\n\r\n'
    return Question("POST", path, head.encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode())


def _text(found: Json) -> str:
    lines = []
    for kind, promised in PROMISED_MS.items():
        told = found[kind]
        verdict = "kept" if told["kept"] else "NOT kept"
        lines += [
            f"{kind}: within {promised} ms at p95 {verdict}, {told['wrong']} wrong answers",
            table(told["run"]),
            "",
        ]
    cost = found["cost"]
    lines.append(
        f"analysis {cost['analysis_ms']:.1f} ms, native /detect {cost['detect_ms']:.1f} ms, medians of {ROUNDS}: "
        f"{cost['difference_ms']:+.1f} ms"
    )
    return "\n".join(lines)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.withmind", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--seconds", type=positive, default=20.0, metavar="S", help="of each of the two loops")
    parser.add_argument("--clients", type=count, default=4, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
