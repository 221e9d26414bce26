"""Read a whole face set at start, while another thread checks the file's integrity."""

from __future__ import annotations

import gc
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from errors import StartError
from faceset.database import check_integrity, has_log, read_only
from faceset.seal import Seal
from faceset.tables import VERSION

Floats = NDArray[np.float32]
Part = tuple[str, list[str], Floats]

ROWS = 2000
"""Rows at a time: a megabyte of vectors stays in a core's cache on its way from the file to the index."""

ALL = "SELECT group_id, token, vector FROM faces JOIN slots ON slots.id = faces.slot ORDER BY group_id, number"


def as_it_is(path: Path) -> bool:
    """Tell whether the file can be read without writing to it first: of this version, and with no log left behind."""
    try:
        if path.stat().st_size == 0 or has_log(path):
            return False
        with closing(read_only(path)) as connection:
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


def stored(path: Path, dim: int, seal: Seal) -> Iterator[Part]:
    """Yield all faces, group by group, in parts: the group's key, tokens, and vectors, float32 (n, dim).

    Raises SealBroken when a vector does not open; sqlite3.Error, ValueError or LookupError when rows cannot be read.
    """
    with closing(read_only(path)) as connection:
        keys = dict(connection.execute("SELECT id, key FROM groups"))
        # Straight from the driver: a million rows through SQLAlchemy's row objects take two seconds more.
        cursor = connection.execute(ALL)
        while rows := cursor.fetchmany(ROWS):
            owners, tokens, vectors = zip(*rows, strict=True)
            matrix = seal.open_vectors(vectors, tokens, owners, dim)
            start = 0
            for owner, run in groupby(owners):
                end = start + len(list(run))
                yield keys[owner], list(tokens[start:end]), matrix[start:end]
                start = end


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from looking, again and again, through a million rows of which none is garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
