"""Fill a face set further and further, and tell at each size how long it takes to serve it, and in how much memory.

    python -m benchmarks.loading [--sizes 10000,100000,1000000,4000000] [--rounds 3] [--seed 0] [--data DIR]
                                 [--json FILE]

The faces are those of benchmarks.gallery. In each round the face set is opened in this process, until its first search
is answered (from SQLite to searchable, the file in the page cache); then a server is started on it, until /readyz says
yes, searched by token at three thresholds, and given a 1080p photo of four people again and again. Memory is resident,
at ready and after all that. Ends with status 1 when the server does not count the faces that were added.

JSON: machine, versions, seed, command (`benchmarks.machine`), and "sizes": [{"faces", "disk_mb", "rounds": [{"load_s",
"ready_s", "memory_ready_mb", "memory_end_mb", "search_ms": {THRESHOLD: [...]}, "total"}]}], "wrong": [SENTENCE].
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks import photos, tables
from benchmarks.gallery import PART, Gallery
from benchmarks.machine import described
from benchmarks.million import GROUP, THRESHOLDS, face, token
from benchmarks.photos import full_hd
from benchmarks.served import Client, ServerProcess
from faceset.database import stored_fingerprint
from faceset.store import FaceSet
from model.base import EMBEDDING_DIM, Image, Vectors
from model.weights import ensure_photos
from settings import Settings
from startup import opened_engine

SIZES = (10_000, 100_000, 1_000_000, 4_000_000)
SEARCHES, PHOTOS, PEOPLE = 10, 10, 4
READY_SECONDS = 600


def numbered(gallery: Gallery) -> Iterator[tuple[int, Vectors]]:
    """Yield the gallery's faces, each with its row."""
    return enumerate(row for part in gallery.parts() for row in part)


def fill(settings: Settings, faces: Iterator[tuple[int, Vectors]], count: int) -> None:
    """Add the next `count` faces to the face set."""
    with opened_engine(settings) as engine:
        for start in range(0, count, PART):
            some = islice(faces, min(PART, count - start))
            engine.faceset.add([face(row, vector) for row, vector in some], GROUP)


def growing(sizes: Sequence[int], within: Path | None) -> Iterator[tuple[int, ServerProcess]]:
    """Yield each size, ascending, with a server over the gallery's first faces; their folder is made in `within`."""
    with tempfile.TemporaryDirectory(dir=within) as data:
        settings = replace(Settings.from_environment(), data=Path(data))
        faces, filled = numbered(Gallery(max(sizes))), 0
        for size in sizes:
            fill(settings, faces, size - filled)
            filled = size
            with ServerProcess(Path(data)) as server:
                yield size, server


def load(settings: Settings, query: Vectors) -> float:
    """Return the seconds from opening the face set to the answer of its first search."""
    fingerprint = stored_fingerprint(settings.database) or ""
    begun = time.perf_counter()
    faceset = FaceSet(settings.database, fingerprint, EMBEDDING_DIM)
    faceset.search(query, THRESHOLDS[0], GROUP)
    seconds = time.perf_counter() - begun
    faceset.close()
    return seconds


def serve(data: Path, photo: bytes, rows: Sequence[int]) -> dict[str, Any]:
    """Start a server on the face set, put it to work, and return what it took."""
    begun = time.perf_counter()
    server = ServerProcess(data)
    try:
        client = server.ready(READY_SECONDS)
        ready, memory = time.perf_counter() - begun, server.memory()
        total = client.get("/faces", limit=1)[1]["total"]
        searches = {str(threshold): [_searched(client, row, threshold) for row in rows] for threshold in THRESHOLDS}
        for _ in range(PHOTOS):
            client.detect(photo)
        found = {"ready_s": ready, "memory_ready_mb": memory, "memory_end_mb": server.memory()}
        return found | {"search_ms": searches, "total": total}
    finally:
        server.stop()


def measured(data: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield what each size came to."""
    settings = replace(Settings.from_environment(), data=data)
    photo = data / "photo.jpg"
    photos.write(photo, _full_hd(settings))
    gallery = Gallery(max(options.sizes), options.seed)
    query, faces, filled = gallery.queries(1)[0], numbered(gallery), 0
    for size in tqdm(options.sizes, unit="size", leave=False, disable=None):
        fill(settings, faces, size - filled)
        filled = size
        rows = np.random.default_rng(options.seed).choice(size, SEARCHES).tolist()
        rounds = [
            {"load_s": load(settings, query), **serve(data, photo.read_bytes(), rows)} for _ in range(options.rounds)
        ]
        disk = sum(path.stat().st_size for path in data.glob("faces.db*")) / 1e6
        yield {"faces": size, "disk_mb": disk, "rounds": rounds}


def text(sizes: Sequence[dict[str, Any]]) -> str:
    """Lay out the medians."""
    names = ("load_s", "ready_s", "memory_ready_mb", "memory_end_mb")
    rows: list[list[str]] = [["faces", "load, s", "ready, s", "MB at ready", "MB in the end"]]
    for size in sizes:
        medians = (np.median([one[name] for one in size["rounds"]]) for name in names)
        rows.append([f"{size['faces']:,}", *(f"{median:.2f}" for median in medians)])
    return tables.text(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.loading", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--sizes", type=_ascending, default=list(SIZES), metavar="N,…", help="numbers of faces")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, metavar="DIR", help="where to make, and afterwards delete, the face set")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    facts, sizes = described(options.seed), []
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(dir=options.data) as data:
        for size in measured(Path(data), options):
            sizes.append(size)
            counted = {one["total"] for one in size["rounds"]}
            wrong += [
                f"{size['faces']} faces were added, the server counts {total}" for total in counted - {size["faces"]}
            ]
            if options.json:
                options.json.write_text(json.dumps(facts | {"sizes": sizes, "wrong": wrong}, indent=2) + "\n")
    print(text(sizes))
    for sentence in wrong:
        print(f"benchmarks.loading: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


def _full_hd(settings: Settings) -> Image:
    originals = [photos.read(path) for path in photos.listed(ensure_photos(settings.weights))]
    return full_hd(PEOPLE).compose(originals)


def _searched(client: Client, row: int, threshold: float) -> float:
    begun = time.perf_counter()
    client.search(token(row), threshold)
    return 1000 * (time.perf_counter() - begun)


def _ascending(text: str) -> list[int]:
    sizes = sorted({int(size) for size in text.split(",")})
    if sizes[0] < 1:
        raise ValueError
    return sizes


if __name__ == "__main__":
    sys.exit(main())
