"""The rosters of those groups whose faces somebody asked for by name, and reads that agree with them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from faceset.indexes import Indexes
from faceset.roster import Asked, Patch, Roster, Rows
from faceset.seal import Seal
from faceset.transactions import Transactions

ROWS = 5000
"""Rows read in one go: a reader at work keeps a removed face's pages in the log, and they are to leave it soon."""

MANY = 10_000
"""Changes that wait to be put into the roster by the next who asks for it; at more, who changes does it."""

FEW = 32
"""Changes that a reader leaves waiting: for each, some microseconds under the lock, where others wait."""

NAMED = """SELECT number, token, group_id, details FROM faces
    WHERE group_id = (SELECT id FROM groups WHERE key = ?) AND number > ? ORDER BY number LIMIT ?"""


@dataclass(frozen=True, slots=True)
class Moment:
    """Hold what there is at one moment: a connection that sees no later one, how many faces, and the asked ones."""

    connection: Connection
    count: int
    listed: Rows | None


@dataclass(eq=False, slots=True)
class _Kept:
    """Keep a roster, once it is read, with the changes that are not in it yet, and what was listed last.

    Changes come under the lock of Rosters, and the roster is replaced under it; `preparing` is held by who does that,
    or lists, and taken before the other lock.
    """

    roster: Roster | None = None
    changes: dict[int, str | None] = field(default_factory=dict)
    changed: int = 0
    latest: tuple[Asked, int, Patch] | None = None
    preparing: threading.Lock = field(default_factory=threading.Lock)

    def change(self, names: Mapping[int, str | None]) -> None:
        self.changed += 1
        self.changes.update(names)
        # A name that somebody took away must not stay in memory until somebody asks.
        if self.roster is not None:
            self.roster.erase(names)

    def take(self, roster: Roster, done: Mapping[int, str | None]) -> None:
        """Take a roster in which the changes `done` are."""
        waiting = self.changes.items() - done.items()
        self.roster, self.changes = roster, dict(waiting)
        roster.erase(self.changes)

    def patch(self, listed: Rows, asked: Asked) -> Patch:
        """Return what makes of a listing of the roster one of now; the same object until there is a change."""
        if self.latest is None or self.latest[:2] != (asked, self.changed):
            self.latest = asked, self.changed, self.known.patch(listed, asked, self.changes)
        return self.latest[2]

    @property
    def known(self) -> Roster:
        assert self.roster is not None
        return self.roster


class Rosters:
    """Make rosters when they are asked for, and keep them as the database is; safe for many threads.

    A commit, and what memory holds of the same faces, change in one moment, under one lock; a read begins under it.
    """

    def __init__(self, transactions: Transactions, indexes: Indexes, seal: Seal) -> None:
        self._transactions = transactions
        self._indexes = indexes
        self._seal = seal
        self._lock = threading.Lock()
        self._by_group: dict[str, _Kept] = {}

    @contextmanager
    def committing(self, connection: Connection, group: str, names: Mapping[int, str | None]) -> Iterator[None]:
        """Commit; the body changes the group's index. `names` has the numbers that changed, None for who is gone."""
        with self._lock:
            connection.commit()
            kept = self._by_group.get(group)
            try:
                yield
            finally:
                if kept is not None:
                    kept.change(names)
        # Who reads the names, or sorts them, is not waited for: the next change comes here too.
        if kept is not None and len(kept.changes) > MANY and kept.preparing.acquire(blocking=False):
            try:
                self._fold(kept)
            finally:
                kept.preparing.release()

    @contextmanager
    def dropping(self, connection: Connection, group: str) -> Iterator[None]:
        """Commit as `committing` does, when the whole group is gone."""
        with self._lock:
            connection.commit()
            self._by_group.pop(group, None)
            yield

    @contextmanager
    def moment(self, group: str, asked: Asked | None) -> Iterator[Moment]:
        """Yield what there is of a group now, and what is asked for by name; the first who does waits for the names.

        Raises InternalError when the disk refuses, or a row does not open.
        """
        if asked is None:
            with self._transactions.reading() as connection:
                with self._lock:
                    count = self._begin(connection, group)
                yield Moment(connection, count, None)
            return
        kept = self._read(group)
        with ExitStack() as preparing:
            preparing.enter_context(kept.preparing)
            listed = self._listed(kept, asked)
            with self._transactions.reading() as connection:
                with self._lock:
                    count = self._begin(connection, group)
                    # The group may have been removed, and made again, since its roster was read.
                    patch = kept.patch(listed, asked) if self._by_group.get(group) is kept else None
                if patch is not None:
                    listed = patch.listing
                    preparing.close()
                    yield Moment(connection, count, listed)
                    return
        with self.moment(group, asked) as now:
            yield now

    def _begin(self, connection: Connection, group: str) -> int:
        """Begin to read; return how many faces the group has."""
        # SQLite shows what there is when a transaction first reads.
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT 1 FROM groups LIMIT 1")
        return len(self._indexes.known(group))

    def _read(self, group: str) -> _Kept:
        """Return what is kept of a group, with its roster."""
        with self._lock:
            kept = self._by_group.setdefault(group, _Kept())
        with kept.preparing:
            if kept.roster is None:
                try:
                    # What changes from here on is noted, so that it does not matter which row is read when.
                    roster = Roster.of(self._named(group))
                except BaseException:
                    with self._lock:
                        if self._by_group.get(group) is kept:
                            del self._by_group[group]
                    raise
                with self._lock:
                    kept.take(roster, {})
        return kept

    def _listed(self, kept: _Kept, asked: Asked) -> Rows:
        """Return what was asked for a moment ago, with few changes since."""
        for _ in ("before it is sorted, which takes seconds", "after that"):
            if len(kept.changes) > FEW:
                self._fold(kept)
            listed = kept.known.listing(asked)
        return listed

    def _fold(self, kept: _Kept) -> None:
        """Put the changes into the roster, while others come."""
        with self._lock:
            done = dict(kept.changes)
        roster = kept.known.changed(done)
        with self._lock:
            kept.take(roster, done)

    def _named(self, group: str) -> Iterator[tuple[Sequence[int], Sequence[str]]]:
        """Yield the numbers and names of a group's faces, ROWS at a time."""
        after = 0
        while True:
            with self._transactions.reading() as connection:
                # As tuples: a million of SQLAlchemy's rows take a second more.
                rows = connection.exec_driver_sql(NAMED, (group, after, ROWS)).cursor.fetchall()
                names = [self._seal.open_details(details, token, owner)["name"] for _, token, owner, details in rows]
            if not rows:
                return
            numbers = [row[0] for row in rows]
            yield numbers, names
            after = numbers[-1]
