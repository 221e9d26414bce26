"""Groups of faces: made, listed and found by their keys."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exc, insert, select

from errors import GroupExists, UnknownGroup
from faceset.tables import groups
from faceset.transactions import Transactions

AFTER_ALL = "\U0010ffff"
"""Sorts behind every text that a key may go on with."""


@dataclass(frozen=True, slots=True)
class Group:
    """Hold what is known of a group; `created_at` is in seconds since the epoch."""

    key: str
    created_at: float


class Groups:
    """Keep groups in the face set's database; FaceSet removes them, with their faces."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def make(self, key: str) -> None:
        """Make an empty group; raise GroupExists when there is one of that key."""
        with self._transactions.writing() as connection:
            try:
                connection.execute(insert(groups).values(key=key, created_at=time.time()))
            except exc.IntegrityError as error:
                raise GroupExists("there is a group of that name already") from error
            connection.commit()

    def get(self, key: str) -> Group:
        """Return a group; raise UnknownGroup when it is not there."""
        query = select(groups.c.key, groups.c.created_at).where(groups.c.key == key)
        with self._transactions.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise UnknownGroup("there is no such group; make it first")
        return Group(*row)

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin with `prefix`."""
        with self._transactions.reading() as connection:
            return list(connection.execute(select(groups.c.key).where(below(prefix))).scalars())

    def page(self, prefix: str, limit: int, after: int = 0) -> tuple[list[Group], int | None]:
        """Return up to `limit` groups whose keys begin with `prefix`, oldest first, and the next page's cursor or None.

        `after` is the cursor; 0 begins.
        """
        mine = below(prefix) & (groups.c.id > after)
        query = select(groups.c.id, groups.c.key, groups.c.created_at).where(mine).order_by(groups.c.id)
        with self._transactions.reading() as connection:
            rows = connection.execute(query.limit(limit + 1)).all()
        following = rows[limit - 1].id if len(rows) > limit else None
        return [Group(row.key, row.created_at) for row in rows[:limit]], following


def below(prefix: str) -> ColumnElement[bool]:
    """Return the condition for groups whose keys begin with `prefix`."""
    return groups.c.key.between(prefix, prefix + AFTER_ALL)
