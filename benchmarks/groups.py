"""Delete a large group, open very many small ones, rotate the key: what each costs.

    python -m benchmarks.groups [--faces 100000] [--groups 10000] [--rounds 3] [--seed 0] [--data DIR]

Groups of made-up faces are deleted through the engine, and through HTTP as an NHN tenant does; the server answers once
rows, index and write-ahead log are empty of them. Then the key is rotated beside that server, which is asked to make
groups all the while. A face set of many groups of one to five faces is opened. Ends with status 1 when a deletion takes
more than two seconds, or leaves a row, a slot in use, or part of a sealed vector in any file.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.served import ServerProcess
from benchmarks.tenant import Tenant, command
from faceset.cipher import NAME
from faceset.store import FaceSet
from faceset.tokens import Face, new_token
from model.base import EMBEDDING_DIM
from settings import Settings
from startup import opened_engine

PART, SAMPLED, PIECE = 5000, 10, 64
PROMISED = 2.0
"""Seconds."""


def made_up(count: int, random: np.random.Generator) -> list[Face]:
    """Make up faces as NHN keeps them."""
    vectors = random.standard_normal((count, EMBEDDING_DIM)).astype(np.float32)
    details = {"imageId": "0" * 36, "externalImageId": "customer-4711.jpg", "box": [0.1, 0.2, 0.3, 0.4]}
    return [Face(new_token(), vector / np.linalg.norm(vector), details=details) for vector in vectors]


def fill(faceset: FaceSet, group: str, count: int, random: np.random.Generator) -> None:
    for start in range(0, count, PART):
        faceset.add(made_up(min(PART, count - start), random), group)


def pieces(database: Path, group: str) -> set[bytes]:
    """Return all that may be nowhere once the group is deleted: parts of some of its vectors as sealed."""
    query = """SELECT vector FROM slots JOIN faces ON faces.slot = slots.id JOIN groups ON groups.id = group_id
        WHERE key = ? ORDER BY random() LIMIT ?"""
    with closing(sqlite3.connect(database)) as connection:
        vectors = [vector[NAME:] for (vector,) in connection.execute(query, (group, SAMPLED))]
    return {vector[at : at + PIECE] for vector in vectors for at in range(0, len(vector) - PIECE + 1, PIECE)}


def left(database: Path, group: str, gone: set[bytes]) -> Iterator[str]:
    """Yield what is left of a deleted group."""
    for path in database.parent.glob("faces.db*"):
        held = path.read_bytes()
        if any(piece in held for piece in gone):
            yield f"{path.name} holds a part of a vector"
    with closing(sqlite3.connect(database)) as connection:
        if connection.execute("SELECT 1 FROM groups WHERE key = ?", (group,)).fetchone():
            yield "the group is still there"
        (slots,) = connection.execute("SELECT count(*) FROM slots WHERE used").fetchone()
        (rows,) = connection.execute("SELECT count(*) FROM faces").fetchone()
    if slots != rows:
        yield f"{slots} slots are in use by {rows} faces"


class Deletions:
    """Delete one group after the other, and note how long it took and what was left."""

    def __init__(self, settings: Settings, options: argparse.Namespace) -> None:
        self._settings, self._options = settings, options
        self._random = np.random.default_rng(options.seed)
        self._database = settings.database
        self.wrong: list[str] = []

    def run(self) -> None:
        with opened_engine(self._settings) as engine:
            tenant = Tenant(self._database.parent)
            groups = [tenant.key(f"g{number}") for number in range(2 * self._options.rounds + 1)]
            for group in groups:
                fill(engine.faceset, group, self._options.faces, self._random)
            for group in groups[: self._options.rounds]:
                gone, begun = pieces(self._database, group), time.perf_counter()
                engine.remove_group(group)
                self._note("engine.remove_group", group, time.perf_counter() - begun, gone)
        with ServerProcess(self._database.parent) as server:
            tenant.port = server.port
            for group in groups[self._options.rounds : -1]:
                gone, name = pieces(self._database, group), group.rpartition("/")[2]
                begun = time.perf_counter()
                status, _ = tenant.ask("DELETE", f"/groups/{name}")
                self._note(f"HTTP, code {status}", group, time.perf_counter() - begun, gone)
            rotate(self._database.parent, tenant)
            server.stop()

    def _note(self, how: str, group: str, seconds: float, gone: set[bytes]) -> None:
        print(f"{how}: {self._options.faces:,} faces gone in {seconds:.2f} s", flush=True)
        self.wrong += [f"{how}: {line}" for line in left(self._database, group, gone)]
        if seconds > PROMISED:
            self.wrong.append(f"{how}: {seconds:.2f} s is more than {PROMISED:g}")


def rotate(data: Path, tenant: Tenant) -> None:
    """Rotate the key, and measure how long a small write has to wait for it."""
    waits: list[float] = []
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            name, begun = f"w{len(waits)}", time.perf_counter()
            tenant.ask("POST", "/groups", {"groupId": name})
            waits.append(time.perf_counter() - begun)
            time.sleep(0.02)

    writer = threading.Thread(target=write)
    begun = time.perf_counter()
    rotation = command(data, "rotate-key")
    writer.start()
    out, err = rotation.communicate()
    seconds = time.perf_counter() - begun
    done.set()
    writer.join()
    typical, late, worst = (1000 * float(np.quantile(waits, share)) for share in (0.5, 0.95, 1))
    print(f"rotate-key, {seconds:.1f} s: {(out or err).strip()}")
    print(f"  {len(waits)} groups were made meanwhile in {typical:.0f} ms, 95 % {late:.0f} ms, at most {worst:.0f} ms")


def open_many(path: Path, fingerprint: str, options: argparse.Namespace) -> None:
    """Fill a face set with many small groups, and open it."""
    random = np.random.default_rng(options.seed)
    faceset = FaceSet(path, fingerprint, EMBEDDING_DIM)
    for number in range(options.groups):
        faceset.add(made_up(int(random.integers(1, 6)), random), f"tenant/{'a' * 16}/{number}")
    faceset.close()
    before, begun = _resident(), time.perf_counter()
    faceset = FaceSet(path, fingerprint, EMBEDDING_DIM)
    seconds, more = time.perf_counter() - begun, _resident() - before
    print(
        f"{options.groups:,} groups, {len(faceset.tokens()):,} faces: open in {seconds:.2f} s, "
        f"{more / 1e6:.0f} MB, {more / options.groups / 1e3:.1f} KB a group"
    )
    faceset.close()


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.groups", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--faces", type=int, default=100_000)
    parser.add_argument("--groups", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, metavar="DIR", help="where to make, and afterwards delete, the face sets")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.data) as folder:
        settings = replace(Settings.from_environment(), data=Path(folder) / "data")
        # First: what was freed before would be taken again without anybody seeing it.
        open_many(Path(folder) / "many" / "faces.db", "made up", options)
        deletions = Deletions(settings, options)
        deletions.run()
    for line in deletions.wrong:
        print(f"benchmarks.groups: {line}", file=sys.stderr)
    return 1 if deletions.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
