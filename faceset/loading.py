"""Read a whole face set at start: the rows by one thread, their index by another, the integrity check by a third."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import compress
from pathlib import Path
from queue import Queue

import numpy as np
from numpy.typing import NDArray

from errors import StartError
from faceset.database import check_integrity, has_log
from faceset.slots import joined
from faceset.tables import VERSION

Floats = NDArray[np.float32]
Part = tuple[str, list[str], Floats]

ROWS = 4096
"""Rows read at a time: 2 MB, which the allocator uses again instead of asking the system for fresh pages."""

PARTS_AHEAD = 4

ALL = "SELECT group_id, token, vector FROM faces JOIN slots ON slots.id = faces.slot ORDER BY faces.id"


def as_it_is(path: Path) -> bool:
    """Tell whether the file can be read without writing to it first: of this version, and with no log left behind."""
    try:
        if path.stat().st_size == 0 or has_log(path):
            return False
        with closing(_reading(path)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
    except (OSError, sqlite3.Error):
        return False
    return bool(version == VERSION)


@contextmanager
def checked_meanwhile(path: Path) -> Iterator[None]:
    """Check the file's integrity beside the body; raise StartError when it is damaged, whatever the body met."""
    found: list[StartError] = []

    def check() -> None:
        try:
            check_integrity(path)
        except StartError as error:
            found.append(error)

    checking = threading.Thread(target=check, name="checking")
    checking.start()
    try:
        yield
    finally:
        checking.join()
        if found:
            raise found[0]


def stored(path: Path, dim: int) -> Iterator[Part]:
    """Yield all faces, oldest first, in parts: the group's key, tokens, and vectors, float32 (n, dim).

    Raises sqlite3.Error, ValueError or LookupError when rows cannot be read.
    """
    parts: Queue[Part | Exception | None] = Queue(PARTS_AHEAD)
    over = threading.Event()

    def read() -> None:
        try:
            with closing(_reading(path)) as connection:
                for part in _parts(connection, dim):
                    parts.put(part)
                    if over.is_set():
                        return
            parts.put(None)
        except (sqlite3.Error, LookupError, TypeError, ValueError) as error:
            parts.put(error)

    threading.Thread(target=read, name="reading", daemon=True).start()
    try:
        while (part := parts.get()) is not None:
            if isinstance(part, Exception):
                raise part
            yield part
    finally:
        over.set()


def _parts(connection: sqlite3.Connection, dim: int) -> Iterator[Part]:
    keys = dict(connection.execute("SELECT id, key FROM groups"))
    # Straight from the driver: a million rows through SQLAlchemy's row objects take two seconds more.
    cursor = connection.execute(ALL)
    while rows := cursor.fetchmany(ROWS):
        owners, tokens, vectors = zip(*rows, strict=True)
        matrix = joined(vectors, dim)
        present = set(owners)
        for owner in present:
            if len(present) == 1:
                yield keys[owner], list(tokens), matrix
            else:
                mine = np.array(owners) == owner
                yield keys[owner], list(compress(tokens, mine)), matrix[mine]


def _reading(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False)
