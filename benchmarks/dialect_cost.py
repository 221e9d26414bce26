"""Tell what a request of a dialect costs over the native calls that do the same work, in milliseconds.

    python -m benchmarks.dialect_cost [--rounds N] [--only finday,nhn] [--images FILE FILE] [--json FILE]

One server over an empty face set, one connection, two photos of one person at a webcam's height of 720 pixels, or any
two files. In each round every row's request and its native calls are sent once, in alternating order; told are the
medians and the median of the differences within a round. The native calls of a row look at the same photos: POST
/detect for one that is looked at, POST /search for one that is searched for, GET /search for a stored face. They also
give tokens and write crops, which dialects without them save: a cost may be negative. Ends with status 1 when an answer
is wrong, never for a slow one.

JSON: machine, versions, seed, command, and
    "rounds", "rows": [{"dialect", "request", "native_ms", "dialect_ms", "cost_ms", "lower_ms", "upper_ms"}]
with the quartiles of the differences. A further dialect is one function in DIALECTS.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import cv2
import numpy as np

from benchmarks import tables
from benchmarks.machine import described
from benchmarks.served import BOUNDARY, LOOPBACK, ServerProcess
from model.weights import ensure_photos
from settings import ROOT, Settings
from storage.local import LocalStorage

HEIGHT = 720
WARMING = 5
"""Rounds that do not count."""


@dataclass(frozen=True, slots=True)
class Call:
    """Hold a request, ready to be sent again and again."""

    method: str
    target: str
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def form(cls, target: str, files: Mapping[str, bytes], fields: Mapping[str, str] = {}) -> Call:
        parts = [(f'"{name}"; filename="photo.jpg"', content) for name, content in files.items()]
        parts += [(f'"{name}"', text.encode()) for name, text in fields.items()]
        head = "--{}\r\nContent-Disposition: form-data; name={}\r\n\r\n"
        body = b"".join(head.format(BOUNDARY, name).encode() + content + b"\r\n" for name, content in parts)
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        return cls("POST", target, body + f"--{BOUNDARY}--\r\n".encode(), kind)


@dataclass(frozen=True, slots=True)
class Row:
    """Hold a request of a dialect and the native calls that do the same work."""

    dialect: str
    request: str
    asked: Call
    native: tuple[Call, ...]


class World:
    """Hold a running server, its data folder and two photos; ask it over one connection."""

    def __init__(self, server: ServerProcess, data: Path, photos: tuple[bytes, bytes]) -> None:
        self.url, self.data, self.photos = f"http://{LOOPBACK}:{server.port}", data, photos
        self._connection = HTTPConnection(LOOPBACK, server.port, timeout=60)

    def ask(self, call: Call) -> Any:
        """Return the JSON of a good answer; raise RuntimeError for any other."""
        self._connection.request(call.method, call.target, call.body, dict(call.headers))
        answer = self._connection.getresponse()
        found = json.loads(answer.read())
        if answer.status != 200 or not found.get("header", {}).get("isSuccessful", True):
            raise RuntimeError(f"{call} was answered with {answer.status}: {found}")
        return found

    def milliseconds(self, calls: Sequence[Call]) -> float:
        begun = time.perf_counter()
        for call in calls:
            self.ask(call)
        return (time.perf_counter() - begun) * 1000

    def detections(self) -> tuple[Call, Call]:
        """Return the native calls that look at each photo."""
        first, second = (Call.form("/detect", {"image_file": each}) for each in self.photos)
        return first, second

    def enrolled(self) -> str:
        """Add the second photo's face natively; return its token."""
        token: str = self.ask(self.detections()[1])["faces"][0]["face_token"]
        self.ask(Call("GET", f"/addface?face_token={token}"))
        return token


def finday(world: World) -> list[Row]:
    """Compare with a photo of this server's own storage: nothing is waited for but this server."""
    captured, registered = world.photos
    url = LocalStorage(Settings(data=world.data).stored).put(registered, world.url)
    asked = Call.form("/verify-face", {"face_image": captured}, {"face_img_url": url})
    return [Row("finday", "POST /verify-face", asked, world.detections())]


def nhn(world: World) -> list[Row]:
    """Send the photos in base64; the group holds one face, as the native face set does."""
    command = [sys.executable, "-m", "cli", "tenants", "add", "benchmark", "--json"]
    keys = json.loads(
        subprocess.check_output(command, cwd=ROOT, env=os.environ | {"FACETOKEN_DATA": str(world.data)}, text=True)
    )
    root = f"/nhn-face-reco/v1.0/appkeys/{keys['appKey']}"
    headers = {"Authorization": keys["secretKey"], "Content-Type": "application/json"}
    first, second = ({"bytes": base64.b64encode(each).decode()} for each in world.photos)

    def call(target: str, body: Any = None) -> Call:
        return Call("GET" if body is None else "POST", root + target, body and json.dumps(body).encode(), headers)

    world.ask(call("/groups", {"groupId": "g"}))
    added = world.ask(call("/groups/g", {"image": second, "limit": 1}))["data"]["addedFaces"]
    looking, query = world.detections(), "limit=10&threshold=50"
    token, natively = world.enrolled(), {"threshold": "1"}
    searching = Call.form("/search", {"image_file": world.photos[0]}, natively)
    by_face = call(f"/groups/g/faces/{added[0]['faceId']}?{query}")
    return [
        Row("nhn", "detect", call("/detect", {"image": first}), looking[:1]),
        Row(
            "nhn", "compare", call("/compare", {"sourceImage": first, "targetImage": second, "threshold": 50}), looking
        ),
        Row("nhn", "search by image", call(f"/groups/g/search?{query}", {"image": first}), (searching,)),
        Row("nhn", "search by face", by_face, (Call("GET", f"/search?face_token={token}&threshold=1"),)),
    ]


DIALECTS: dict[str, Callable[[World], list[Row]]] = {"finday": finday, "nhn": nhn}


def measured(world: World, rows: Sequence[Row], rounds: int) -> list[dict[str, Any]]:
    """Send everything in turn; return each row with its medians."""
    times: list[list[tuple[float, float]]] = [[] for _ in rows]
    for turn in range(WARMING + rounds):
        for row, taken in zip(rows, times, strict=True):
            sides: tuple[Sequence[Call], Sequence[Call]] = (row.native, (row.asked,))
            found = {side: world.milliseconds(sides[side]) for side in ((0, 1) if turn % 2 else (1, 0))}
            if turn >= WARMING:
                taken.append((found[0], found[1]))
    return [_numbers(row, taken) for row, taken in zip(rows, times, strict=True)]


def _numbers(row: Row, taken: Sequence[tuple[float, float]]) -> dict[str, Any]:
    lower, cost, upper = quantiles([asked - native for native, asked in taken], method="inclusive")
    numbers = {
        "native_ms": median(native for native, _ in taken),
        "dialect_ms": median(asked for _, asked in taken),
        "cost_ms": cost,
        "lower_ms": lower,
        "upper_ms": upper,
    }
    return {"dialect": row.dialect, "request": row.request, **{name: round(x, 3) for name, x in numbers.items()}}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    facts = described(seed=0)
    first, second = (path.read_bytes() for path in options.images) if options.images else _webcam_photos()
    try:
        with tempfile.TemporaryDirectory() as folder, ServerProcess(Path(folder), status_200=0) as server:
            world = World(server, Path(folder), (first, second))
            rows = [row for name in options.only for row in DIALECTS[name](world)]
            found = measured(world, rows, options.rounds)
    except (OSError, HTTPException, RuntimeError, ValueError) as error:
        print(f"benchmarks.dialect_cost: {error}", file=sys.stderr)
        return 1
    machine = facts["machine"]
    print(f"{machine['cores']} cores, load before {machine['load_before']}, {options.rounds} rounds\n\n{_text(found)}")
    if options.json:
        options.json.write_text(json.dumps(facts | {"rounds": options.rounds, "rows": found}, indent=2) + "\n")
    return 0


def _text(found: Sequence[dict[str, Any]]) -> str:
    names = ("native_ms", "dialect_ms", "cost_ms", "lower_ms", "upper_ms")
    rows = [[f"{row['dialect']} {row['request']}", *(f"{row[name]:.2f}" for name in names)] for row in found]
    return tables.text([["request", "native ms", "dialect ms", "cost ms", "lower", "upper"], *rows])


def _webcam_photos() -> tuple[bytes, bytes]:
    """Return two photos of one person as a webcam or a phone would send them."""
    files = sorted((ensure_photos(Settings.from_environment().weights) / "val/ben_afflek").glob("*.jpg"))
    first, second = (_scaled(file.read_bytes()) for file in (files[0], files[2]))
    return first, second


def _scaled(photo: bytes) -> bytes:
    pixels = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    scale = HEIGHT / pixels.shape[0]
    scaled = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return bytes(cv2.imencode(".jpg", scaled)[1])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    about = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dialect_cost", description=about)
    parser.add_argument("--rounds", type=int, default=50, metavar="N")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(DIALECTS), metavar="NAME,…")
    parser.add_argument("--images", type=Path, nargs=2, metavar="FILE", help="two photos of one person")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    if options.rounds < 2 or not set(options.only) <= set(DIALECTS):
        parser.error(f"there are {', '.join(DIALECTS)}, and at least two rounds")
    return options


if __name__ == "__main__":
    sys.exit(main())
