"""Transactions on the face set's database: many readers, and one writer at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, exc

from errors import InternalError
from faceset.cipher import SealBroken
from faceset.database import Database
from faceset.sealing import follow

log = logging.getLogger("facetoken.faceset")


class Transactions:
    """Read and write one database; safe for many threads of this process, and beside writers of other processes.

    What must follow a commit in the order of the commits, such as a change of an index, belongs into the body of
    `writing`, behind the commit.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._writer = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection to read with. Raises InternalError when the disk refuses, or a row does not open."""
        try:
            with self.database.engine.connect() as connection:
                yield connection
        except exc.DBAPIError as error:
            log.error("the face set cannot be read: %s", error.orig)
            raise InternalError("the face set cannot be read at the moment") from error
        except SealBroken as error:
            raise _altered() from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a transaction of its own; the body commits it, or it is rolled back.

        Raises InternalError when the disk refuses, when a row does not open, when another process writes for too long,
        and when the file is gone from its place.
        """
        with self._writer:
            self.database.require_file()
            try:
                with self.database.engine.connect() as connection:
                    # The driver would begin one that only reads, and only with the first change. SQLite lets none of
                    # those write that read before another process's commit; this one reads what it then changes.
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                    follow(connection, self.database.ring)
                    yield connection
            except exc.DBAPIError as error:
                log.error("the face set cannot be written: %s", error.orig)
                raise InternalError("the face set cannot be written at the moment; nothing was changed") from error
            except SealBroken as error:
                raise _altered() from error
            # If it went before the commit, what was written is on no disk that anybody will find.
            self.database.require_file()

    def scrub(self) -> None:
        """Empty the write-ahead log if something was removed; see Database.scrub."""
        with self._writer:
            if self.database.needs_scrub:
                self.database.scrub()

    def close(self) -> None:
        """Close the database behind the last writer."""
        with self._writer:
            self.database.close()


def _altered() -> InternalError:
    log.error("a row of the face set does not open; it was altered, or sealed with another key")
    return InternalError("what is stored of a face was altered, or sealed with another key; restore a backup")
