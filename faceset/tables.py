"""The database's tables, at the current schema version, and the steps from every earlier one."""

from __future__ import annotations

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

from errors import StartError

VERSION = 2

metadata = MetaData()

groups = Table(
    "groups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
)

models = Table(
    "models",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", Text, nullable=False, unique=True),
)

faces = Table(
    "faces",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token", Text, nullable=False, unique=True),
    Column("group_id", ForeignKey("groups.id", ondelete="CASCADE"), nullable=False),
    Column("model_id", ForeignKey("models.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("confidence", Float),
    Column("size", Float),
    Column("photo_sha256", LargeBinary),
    Index("faces_by_group", "group_id", "id"),
    Index("faces_by_photo", "group_id", "photo_sha256"),
    # Never hand out the id of a removed face again: page cursors are ids.
    sqlite_autoincrement=True,
)

MIGRATIONS: dict[int, tuple[str, ...]] = {
    # 1 -> 2: the detector's confidence, the face's size, and the photo it came from, for quality reports and import.
    1: (
        "ALTER TABLE faces ADD COLUMN confidence FLOAT",
        "ALTER TABLE faces ADD COLUMN size FLOAT",
        "ALTER TABLE faces ADD COLUMN photo_sha256 BLOB",
        "CREATE INDEX faces_by_photo ON faces (group_id, photo_sha256)",
    ),
}


def migrate(connection: Connection) -> None:
    """Bring the database to VERSION, wholly or not at all; raise StartError for one from the future.

    The caller commits.
    """
    # sqlite3 begins no transaction of its own before changes to the schema.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
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
        connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
