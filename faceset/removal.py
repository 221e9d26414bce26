"""Remove rows for good: their vectors are overwritten first. What an index knows of them is its owner's to forget."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, delete, func, select

from faceset.groups import below
from faceset.rows import group_id
from faceset.slots import clear
from faceset.tables import faces, groups, tenants
from faceset.tenants import APP_KEY, OWNED
from faceset.transactions import Transactions


def remove_faces(connection: Connection, mine: ColumnElement[bool]) -> None:
    """Remove the faces that fit a condition."""
    clear(connection, mine)
    connection.execute(delete(faces).where(mine))


def remove_listed(connection: Connection, mine: ColumnElement[bool]) -> dict[int, str]:
    """Remove the faces that fit a condition; return their tokens by number."""
    found = {row.number: row.token for row in connection.execute(select(faces.c.number, faces.c.token).where(mine))}
    if found:
        remove_faces(connection, mine)
    return found


def remove_group(connection: Connection, key: str) -> None:
    """Remove a group and its faces; raise UnknownGroup when it is not there."""
    owner = group_id(connection, key, make=False)
    remove_faces(connection, faces.c.group_id == owner)
    connection.execute(delete(groups).where(groups.c.id == owner))


def ownerless(connection: Connection) -> list[str]:
    """Return the keys of the groups whose tenant was removed."""
    owner = func.substr(groups.c.key, len(OWNED) + 1, APP_KEY)
    # One statement: a tenant who came between two of them, and made a group, would lose it.
    gone = below(OWNED) & owner.not_in(select(tenants.c.app_key))
    return list(connection.execute(select(groups.c.key).where(gone)).scalars())


def purge(transactions: Transactions) -> None:
    """Remove the groups whose tenant was removed, where no process has an index of them."""
    with transactions.reading() as connection:
        found = ownerless(connection)
    for key in found:
        with transactions.writing() as connection:
            remove_group(connection, key)
            connection.commit()
            transactions.database.needs_scrub = True
    transactions.scrub()
