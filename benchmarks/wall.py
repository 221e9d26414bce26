"""What a page of a wall of faces costs the server: from any place on, by name, sorted.

    python -m benchmarks.wall [--sizes 100000,1000000] [--rounds 20] [--data DIR]

The faces of benchmarks.gallery, ten of each person, are put in and served, and pages asked for over one connection.
The first page by name and the first that is sorted by name are asked for once: names are opened, and sorted, for it.
Memory is resident. Everything is deleted in the end. Ends with status 1 when a page begins with another face than it
should.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import tables
from benchmarks.gallery import FACES_EACH
from benchmarks.loading import growing
from benchmarks.million import token
from benchmarks.served import Client, ServerProcess

SIZES, LIMIT, READY_SECONDS = (100_000, 1_000_000), 200, 600
PERSON = "person 77"


class Wall:
    """Ask a server for pages, and note what each took."""

    def __init__(self, server: ServerProcess, size: int, rounds: int) -> None:
        self.client: Client = server.ready(READY_SECONDS)
        self.server, self.size, self.rounds = server, size, rounds
        self.rows: list[list[str]] = []
        self.wrong: list[str] = []

    def ask(self, what: str, first: int, *, times: int | None = None, **query: object) -> dict[str, Any]:
        """Ask for one page again and again; its first face is to be the `first` that was made up, if not negative."""
        spent = []
        for _ in range(times or self.rounds):
            begun = time.perf_counter()
            _, body = self.client.get("/faces", limit=LIMIT, **query)
            spent.append(1000 * (time.perf_counter() - begun))
        if first >= 0 and [face["face_token"] for face in body["faces"][:1]] != [token(first)]:
            self.wrong.append(f"{self.size} faces, {what}: another face comes first")
        median, late = np.percentile(spent, [50, 95])
        self.rows.append([f"{self.size:,}", what, f"{median:.1f}", f"{late:.1f}", f"{self.server.memory():.0f}"])
        return body

    def look(self) -> None:
        """Go through the pages that a wall asks for."""
        last, middle = self.size - 1, self.size // 2
        self.ask("the first page", 0)
        self.ask("newest first", last, sort="newest")
        for share in (0.25, 0.5, 0.75):
            self.ask(f"{share:.0%} down", int(share * self.size), offset=int(share * self.size))
        self.ask("by name, first", 77 * FACES_EACH, times=1, face_name=PERSON)
        total = self.ask("by name", 77 * FACES_EACH, face_name=PERSON)["total"]
        self.ask("by name, the last of many", -1, face_name=PERSON.upper(), offset=max(0, total - LIMIT))
        self.ask("another name, first", -1, times=1, face_name="son 9")
        self.ask("sorted by name, first", 0, times=1, sort="name")
        self.ask("sorted by name, 50% down", -1, sort="name", offset=middle)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wall", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), metavar="N,…", help="numbers of faces, ascending")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--data", type=Path, metavar="DIR", help="where to make, and afterwards delete, the face set")
    options = parser.parse_args(arguments)
    sizes, wrong = [int(size) for size in options.sizes.split(",")], []
    table = [["faces", "page of 200", "median, ms", "95 %, ms", "server, MB"]]
    for size, server in growing(sizes, options.data):
        wall = Wall(server, size, options.rounds)
        wall.look()
        table += wall.rows
        wrong += wall.wrong
    print(tables.text(table))
    for sentence in wrong:
        print(f"benchmarks.wall: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
