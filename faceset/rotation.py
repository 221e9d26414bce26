"""Give a face set another key while a server may be using it; after a kill, run it again and it goes on.

1. The new key is put first in the key file; every process that meets its name reads the file again.
2. The database names it as the one that seals; from that commit on nothing is sealed with the old one.
3. Everything else is sealed again, some rows at a time; what has the new key's name already is left as it is.
4. The file is written anew and the log emptied: pages keep copies of rows in their unused parts.
5. The old key is forgotten. So a key file with one key says that no file holds anything that another one sealed.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, LargeBinary, bindparam, exc, func, select, update

from errors import InternalError, StartError
from faceset.cipher import NAME
from faceset.database import Database, check_integrity, stored_fingerprint
from faceset.given_keys import Keys
from faceset.rows import STORED
from faceset.seal import Seal
from faceset.sealing import name_key, sealing_key
from faceset.tables import faces, secrets, slots
from faceset.transactions import Transactions

ROWS = 500
"""Faces sealed again in one transaction; writers wait for no more than that."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """Tell what a rotation came to: was the key made by it, how many faces it sealed, is the old key forgotten."""

    is_new: bool
    faces: int
    forgotten: bool


def rotate(path: Path, keys: Keys, sealed: Callable[[int], object] = lambda _: None) -> Rotated:
    """Rotate the key of the face set at `path`; `sealed` is told of faces sealed again, some at a time.

    Raises StartError when it cannot begin, InternalError when it cannot go on; the same call goes on then.
    """
    sealing = sealing_key(path)
    if sealing is None:
        raise StartError(f"there is no face set at {path} whose key could be rotated")
    check_integrity(path)
    with _alone(path.parent):
        keys.of(sealing, path)
        made = keys.begin()
        ring = keys.read()
        name, seal = ring.sealing, Seal(ring, stored_fingerprint(path) or "")
        transactions = Transactions(Database(path, seal))
        try:
            with transactions.writing() as connection:
                name_key(connection, ring, name)
                _renew_secrets(connection, seal)
                connection.commit()
            count = 0
            for some in _renewed(transactions, seal):
                count += some
                sealed(some)
            _require_all(transactions, name)
            _write_anew(transactions.database)
            return Rotated(made, count, keys.end(name))
        finally:
            transactions.close()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder itself, whose lock file a server may hold: two rotations at once would lose a key."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StartError(f"another process rotates the key of {folder} at the moment") from None
    finally:
        os.close(handle)


def _renew_secrets(connection: Connection, seal: Seal) -> None:
    for row in connection.execute(select(secrets).where(_another(secrets.c.sealed, seal.ring.sealing))).all():
        renewed = seal.secret(seal.open_secret(row.sealed, row.name), row.name)
        connection.execute(update(secrets).where(secrets.c.name == row.name).values(sealed=renewed))


def _renewed(transactions: Transactions, seal: Seal) -> Iterator[int]:
    """Seal the faces again that another key sealed, in the order of adding; yield how many at a time."""
    after, count = 0, ROWS
    while count == ROWS:
        begun = time.monotonic()
        with transactions.writing() as connection:
            after, count = _renew_faces(connection, seal, after)
            connection.commit()
        yield count
        # SQLite knows no queue: without a pause as long, writers of other processes would hardly ever find it free.
        time.sleep(time.monotonic() - begun)


def _renew_faces(connection: Connection, seal: Seal, after: int) -> tuple[int, int]:
    """Seal up to ROWS faces behind an id again; return the last one's id and how many they are."""
    old = _another(slots.c.vector, seal.ring.sealing) | _another(faces.c.details, seal.ring.sealing)
    columns = faces.c.id, faces.c.token, faces.c.group_id, faces.c.slot, slots.c.vector, faces.c.details
    query = select(*columns).select_from(STORED).where((faces.c.id > after) & old).order_by(faces.c.id).limit(ROWS)
    rows = connection.execute(query).all()
    if not rows:
        return after, 0
    of_slots, of_faces = [], []
    for row in rows:
        vector, details = (
            seal.renewed(kind, value, row.token, row.group_id)
            for kind, value in (("vector", row.vector), ("details", row.details))
        )
        of_slots.append({"its": row.slot, "sealed": vector})
        of_faces.append({"its": row.id, "sealed": details})
    connection.execute(update(slots).where(slots.c.id == bindparam("its")).values(vector=bindparam("sealed")), of_slots)
    connection.execute(
        update(faces).where(faces.c.id == bindparam("its")).values(details=bindparam("sealed")), of_faces
    )
    return rows[-1].id, len(rows)


def _another(sealed: ColumnElement[bytes], name: bytes) -> ColumnElement[bool]:
    """Return the condition for what another key sealed."""
    return func.substr(sealed, 1, NAME, type_=LargeBinary) != name


def _require_all(transactions: Transactions, name: bytes) -> None:
    """Raise InternalError unless the key of that name seals all there is; it is about to be the only one."""
    old = select(faces.c.id).select_from(STORED).where(_another(slots.c.vector, name) | _another(faces.c.details, name))
    with transactions.writing() as connection:
        left = (
            connection.execute(old.limit(1)).first()
            or connection.execute(select(secrets.c.name).where(_another(secrets.c.sealed, name))).first()
        )
        if left or transactions.database.ring.sealing != name:
            raise InternalError("another process has sealed with another key meanwhile; run the command again")


def _write_anew(database: Database) -> None:
    try:
        database.rebuild()
        database.scrub()
    except (exc.DBAPIError, InternalError) as error:
        raise InternalError(
            "everything is sealed with the new key, but what the old one sealed cannot be wiped from the file at the "
            f"moment ({getattr(error, 'orig', None) or 'another program reads it'}); run the command again"
        ) from error
