"""The database's tables, at the current schema version, and the steps from every earlier one."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import (
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.sqlite import insert

from errors import StartError
from faceset.seal import VECTOR_TYPE, Seal

VERSION = 3

metadata = MetaData()

groups = Table(
    "groups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    # The number of the face that was added last, whether it is still there or not.
    Column("last", Integer, nullable=False, default=0),
)

models = Table(
    "models",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", Text, nullable=False, unique=True),
)

keys = Table(
    "keys",
    metadata,
    # Of the key that seals; the key itself is elsewhere.
    Column("name", LargeBinary, primary_key=True),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

tenants = Table(
    "tenants",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("app_key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    # Salt and hash.
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False),
)

slots = Table(
    "slots",
    metadata,
    Column("id", Integer, primary_key=True),
    # 0 and 1 take the same room in a row, so that filling and clearing a slot change no sizes.
    Column("used", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),
)
Index("free_slots", slots.c.id, sqlite_where=slots.c.used == 0)

faces = Table(
    "faces",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token", Text, nullable=False, unique=True),
    # Counts the faces ever added to the group: page cursors are numbers, and tell of no other group.
    Column("number", Integer, nullable=False),
    Column("group_id", ForeignKey("groups.id", ondelete="CASCADE"), nullable=False),
    Column("model_id", ForeignKey("models.id"), nullable=False),
    Column("slot", ForeignKey("slots.id"), nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    Column("confidence", Float),
    Column("size", Float),
    Column("photo_sha256", LargeBinary),
    # What a person could read: the name, and what an API dialect keeps. Sealed.
    Column("details", LargeBinary, nullable=False),
    Index("faces_by_group", "group_id", "number"),
    Index("faces_by_photo", "group_id", "photo_sha256"),
    # Never hand out the id of a removed face again.
    sqlite_autoincrement=True,
)

MIGRATIONS: dict[int, tuple[str, ...]] = {
    # 1 -> 2: the detector's confidence, the face's size, and the photo it came from, for quality reports and import;
    # vectors move to slots.
    1: (
        "ALTER TABLE faces ADD COLUMN confidence FLOAT",
        "ALTER TABLE faces ADD COLUMN size FLOAT",
        "ALTER TABLE faces ADD COLUMN photo_sha256 BLOB",
        "CREATE INDEX faces_by_photo ON faces (group_id, photo_sha256)",
        "CREATE TABLE slots (id INTEGER NOT NULL PRIMARY KEY, used INTEGER NOT NULL, vector BLOB NOT NULL)",
        "CREATE INDEX free_slots ON slots (id) WHERE used = 0",
        "INSERT INTO slots (id, used, vector) SELECT id, 1, vector FROM faces ORDER BY id",
        "ALTER TABLE faces ADD COLUMN slot INTEGER REFERENCES slots (id)",
        "UPDATE faces SET slot = id",
        "CREATE UNIQUE INDEX faces_by_slot ON faces (slot)",
        "ALTER TABLE faces DROP COLUMN vector",
    ),
    # 2 -> 3: vectors and names are sealed; tenants; faces are numbered in their group.
    2: (
        "CREATE TABLE tenants (id INTEGER NOT NULL PRIMARY KEY, app_key TEXT NOT NULL UNIQUE, "
        "name TEXT NOT NULL UNIQUE, secret BLOB NOT NULL, created_at FLOAT NOT NULL)",
        "CREATE TABLE keys (name BLOB NOT NULL PRIMARY KEY)",
        "CREATE TABLE secrets (name TEXT NOT NULL PRIMARY KEY, sealed BLOB NOT NULL)",
        "UPDATE slots SET vector = zeroblob(length(vector) + 32) WHERE used = 0",
        "UPDATE slots SET vector = (SELECT sealed_vector(slots.vector, token, group_id) FROM faces "
        "WHERE slot = slots.id) WHERE used = 1",
        "ALTER TABLE faces ADD COLUMN details BLOB NOT NULL DEFAULT x''",
        "UPDATE faces SET details = sealed_name(name, token, group_id)",
        "ALTER TABLE faces DROP COLUMN name",
        "ALTER TABLE groups ADD COLUMN last INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE faces ADD COLUMN number INTEGER NOT NULL DEFAULT 0",
        # Cursors that are on their way lead to the same faces.
        "UPDATE faces SET number = id",
        "UPDATE groups SET last = coalesce((SELECT max(number) FROM faces WHERE group_id = groups.id), 0)",
        "DROP INDEX faces_by_group",
        "CREATE INDEX faces_by_group ON faces (group_id, number)",
    ),
}


def migrate(connection: Connection, seal: Seal) -> bool:
    """Bring the database to VERSION, wholly or not at all, and tell whether rows were rewritten for that.

    The caller commits. Raises StartError for a database from the future.
    """
    driver: Any = connection.connection.driver_connection
    for name, sealed in (
        ("sealed_vector", lambda vector, *row: seal.vector(np.frombuffer(vector, VECTOR_TYPE), *row)),
        ("sealed_name", lambda name, *row: seal.details({"name": name}, *row)),
    ):
        driver.create_function(name, 3, sealed)
    # sqlite3 begins no transaction of its own before changes to the schema.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    version: int = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if not 0 <= version <= VERSION:
        raise StartError(
            f"the face set was written by a newer facetoken (schema {version}, this one knows {VERSION}); "
            "install that version"
        )
    if version == 0:
        metadata.create_all(connection)
    for step in range(version or VERSION, VERSION):
        for statement in MIGRATIONS[step]:
            connection.exec_driver_sql(statement)
    # A start that has nothing to change leaves the file as it is: it may yet be refused.
    if version != VERSION:
        # With the rows, so that no kill leaves sealed ones without it.
        connection.execute(insert(keys).values(name=seal.ring.sealing).on_conflict_do_nothing())
        connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
    return 0 < version < VERSION
