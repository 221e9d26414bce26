"""Which key seals a face set: the database names it, and every writer of every process goes by that name."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, select, update

from errors import InternalError
from faceset.cipher import Keyring, SealBroken
from faceset.database import read_only
from faceset.tables import keys

log = logging.getLogger("facetoken.faceset")

NAME = str(select(keys.c.name))


def sealing_key(path: Path) -> bytes | None:
    """Return the name of the key that seals the face set at `path`, or None when nothing is sealed yet."""
    if not path.is_file() or path.stat().st_size == 0:
        return None
    try:
        with closing(read_only(path)) as connection:
            row = connection.execute(NAME).fetchone()
    except sqlite3.Error:
        # Of an earlier version, or damaged, which is reported when it is opened.
        return None
    return row[0] if row else None


def follow(connection: Connection, ring: Keyring) -> None:
    """Have the ring seal with the key that the database names, within a transaction that may write.

    So whatever is committed after another key was named is sealed with that one, and nothing can come later that is
    not. Raises InternalError when that key is not to be had.
    """
    row = connection.exec_driver_sql(NAME).first()
    try:
        if row is not None:
            ring.seal_with(row[0])
    except SealBroken as error:
        log.error("the face set is sealed with another key by now, which this process does not have")
        raise InternalError("the face set is sealed with another key by now; nothing was changed") from error


def name_key(connection: Connection, ring: Keyring, name: bytes) -> bool:
    """Name the key that seals from now on; tell whether it was another one. The caller commits."""
    if ring.sealing == name:
        return False
    connection.execute(update(keys).values(name=name))
    ring.seal_with(name)
    return True
