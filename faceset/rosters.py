"""The rosters of those groups whose faces somebody asked for by name, and reads that agree with them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from faceset.indexes import Indexes
from faceset.roster import Roster
from faceset.seal import Seal
from faceset.transactions import Transactions

ROWS = 5000
"""Rows read in one go: a reader at work keeps a removed face's pages in the log, and they are to leave it soon."""

MANY = 10_000
"""Added names that wait, at most, to be put into the roster by the next who asks for it."""

NAMED = """SELECT number, token, group_id, details FROM faces
    WHERE group_id = (SELECT id FROM groups WHERE key = ?) AND number > ? ORDER BY number LIMIT ?"""


@dataclass(frozen=True, slots=True)
class Moment:
    """Hold what there is at one moment: a connection that sees no later one, how many faces, their names if wanted."""

    connection: Connection
    count: int
    roster: Roster | None


@dataclass(eq=False, slots=True)
class _Kept:
    """Keep a roster, once it is read, with the changes that are not in it yet."""

    roster: Roster | None = None
    changes: dict[int, str | None] = field(default_factory=dict)
    reading: threading.Lock = field(default_factory=threading.Lock)

    def current(self) -> Roster:
        assert self.roster is not None
        if self.changes:
            self.roster, self.changes = self.roster.changed(self.changes), {}
        return self.roster

    def change(self, names: Mapping[int, str | None]) -> None:
        self.changes.update(names)
        if self.roster is None:
            return
        numbers = self.roster.numbers
        # A name that somebody took away must not stay in memory until somebody asks.
        if len(self.changes) > MANY or (len(numbers) and names and min(names) <= numbers[-1]):
            self.current()


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
            try:
                yield
            finally:
                if group in self._by_group:
                    self._by_group[group].change(names)

    @contextmanager
    def dropping(self, connection: Connection, group: str) -> Iterator[None]:
        """Commit as `committing` does, when the whole group is gone."""
        with self._lock:
            connection.commit()
            self._by_group.pop(group, None)
            yield

    @contextmanager
    def moment(self, group: str, *, named: bool) -> Iterator[Moment]:
        """Yield what there is of a group now, with its roster if `named`; the first who asks for that waits for it.

        Raises InternalError when the disk refuses, or a row does not open.
        """
        kept = self._read(group) if named else None
        with self._transactions.reading() as connection:
            with self._lock:
                # The group may have been removed, and made again, since its roster was read.
                there = not named or self._by_group.get(group) is kept
                roster = kept.current() if kept and there else None
                # SQLite shows what there is when a transaction first reads.
                connection.exec_driver_sql("BEGIN")
                connection.exec_driver_sql("SELECT 1 FROM groups LIMIT 1")
                now = Moment(connection, len(self._indexes.known(group)), roster)
            if there:
                yield now
                return
        with self.moment(group, named=named) as now:
            yield now

    def _read(self, group: str) -> _Kept:
        """Return what is kept of a group, with its roster."""
        with self._lock:
            kept = self._by_group.setdefault(group, _Kept())
        with kept.reading:
            if kept.roster is None:
                try:
                    # What changes from here on is noted, so that it does not matter which row is read when.
                    kept.roster = Roster.of(self._named(group))
                except BaseException:
                    with self._lock:
                        if self._by_group.get(group) is kept:
                            del self._by_group[group]
                    raise
        return kept

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
