"""What stands in a face set's file, read past the server and opened with the key beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from faceset.keyfile import KeyFile
from faceset.seal import Seal

STORED = """SELECT token, group_id, vector, details, fingerprint FROM faces
    JOIN slots ON slots.id = faces.slot JOIN models ON models.id = faces.model_id WHERE token LIKE ?"""


def stored(database: Path, token: str = "%") -> dict[str, bytes]:
    """Return the vector of each token; details must open as well. Raises SealBroken."""
    ring = KeyFile(database.with_name("key")).read()
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
        rows = connection.execute(STORED, (token,)).fetchall()
    found = {}
    for each, owner, vector, details, model in rows:
        seal = Seal(ring, model)
        seal.open_details(details, each, owner)
        found[each] = seal.open_vector(vector, each, owner)
    return found
