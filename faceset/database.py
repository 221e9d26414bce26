"""Open the face set's SQLite file: checked first, never overwritten when damaged, durable once a commit returns."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, exc

from errors import InternalError, StartError
from faceset.seal import Seal
from faceset.tables import migrate

BUSY_SECONDS = 10
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR_SHORT_READ)
CONNECTIONS = 64

log = logging.getLogger("facetoken.faceset")

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # A commit has reached the disk when it returns.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # Removed rows are overwritten with zeros.
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
)


class Database:
    """Hold the connections to one file, and notice when it is no longer the one that was opened.

    The caller has had its integrity checked: a damaged file is never written to.
    """

    def __init__(self, path: Path, seal: Seal) -> None:
        self.path = path
        self.ring = seal.ring
        _make_folder(path.parent)
        self.is_new = not path.exists()
        self.engine = _engine(path)
        try:
            # Made here, so that it and the log files beside it, which take after it, are for our eyes only.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            with self.engine.begin() as connection:
                rewritten = migrate(connection, seal)
            if rewritten:
                self.rebuild()
            # A process may have been killed between removing a face and emptying the log of it.
            self._empty_log()
        except StartError:
            self.engine.dispose()
            raise
        except (OSError, exc.SQLAlchemyError) as error:
            self.engine.dispose()
            raise StartError(f"cannot open the face set {path}: {_reason(error)}") from error
        self._identity = _identity(path)
        self.needs_scrub = False

    def require_file(self) -> None:
        """Raise InternalError unless the path still leads to the file that is open.

        SQLite would go on writing to an unlinked file, and what it acknowledged would be gone with the process.
        """
        if _identity(self.path) != self._identity:
            log.error("the face set's file is gone from its place: %s", self.path)
            raise InternalError("the face set's file is gone from its place; nothing was changed")

    def scrub(self) -> None:
        """Move every page into the main file and empty the log, so that no removed vector stays in it."""
        self.needs_scrub = not self._empty_log()
        if self.needs_scrub:
            raise InternalError(
                "the face was removed, but another program reads the database and keeps its old pages in the log; "
                "they go as soon as that program ends"
            )

    def close(self) -> None:
        self.engine.dispose()

    def rebuild(self) -> None:
        """Write the file anew: pages keep copies, in unused parts, of rows that were moved or sealed again.

        Readers go on meanwhile, writers wait. Raises sqlalchemy.exc.DBAPIError when they wait too long, or the disk is
        full: it takes twice the file's room for a moment.
        """
        # What SQLite sets aside is as large as the file: on its disk, and under no name.
        os.environ["SQLITE_TMPDIR"] = str(self.path.parent)
        with self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA temp_store = FILE")
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA temp_store = MEMORY")

    def _empty_log(self) -> bool:
        deadline = time.monotonic() + BUSY_SECONDS
        with self.engine.connect() as connection:
            while True:
                busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").first()
                if busy is not None and not busy[0]:
                    return True
                # SQLite waits for readers, but not for another process that empties the log at the same moment.
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.02)


def read_only(path: Path) -> sqlite3.Connection:
    """Open a file that must not be written to."""
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)


def check_integrity(path: Path) -> None:
    """Raise StartError when SQLite finds the file damaged. Opened read-only: a damaged file is never written to."""
    if not path.exists() or path.stat().st_size == 0:
        return
    try:
        with closing(read_only(path)) as connection:
            # The quick check compares no index with its table: a second less at a million faces, and faces not found.
            problems = [" ".join(row[0].split()) for row in connection.execute("PRAGMA integrity_check(3)")]
            (page,) = connection.execute("PRAGMA page_size").fetchone()
            if problems == ["ok"] and path.stat().st_size % page and not has_log(path):
                # SQLite reads what is missing of its last page as zeros.
                problems = ["its last page is cut off"]
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) not in DAMAGED:
            raise StartError(
                f"cannot read the face set {path}: {error}. The disk may be full, or another program may hold the file"
            ) from error
        problems = [str(error)]
    if problems != ["ok"]:
        raise StartError(
            f"the face set {path} is damaged ({'; '.join(problems)}). It was left as it is; restore it from a backup, "
            "or move it away, the crops with it, to start an empty one"
        )


def stored_fingerprint(path: Path) -> str | None:
    """Return the fingerprint of the model that made the face set at `path`, or None when there is none yet."""
    if not path.is_file() or path.stat().st_size == 0:
        return None
    try:
        with closing(read_only(path)) as connection:
            row = connection.execute(
                "SELECT fingerprint FROM models WHERE EXISTS (SELECT 1 FROM faces) LIMIT 1"
            ).fetchone()
    except sqlite3.Error:
        # A damaged file is reported when it is opened.
        return None
    return row[0] if row else None


def _engine(path: Path) -> Engine:
    engine = create_engine(
        # Not as text: a question mark in the path would begin the URL's query.
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        # A statement's parameters are names and vectors: they must never reach a log through an error's text.
        hide_parameters=True,
        pool_size=CONNECTIONS,
        max_overflow=CONNECTIONS,
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        for pragma in PRAGMAS:
            connection.execute(pragma)

    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"cannot make the data folder {folder}: {error.strerror}") from error


def has_log(path: Path) -> bool:
    """Tell whether pages may stand in the write-ahead log that are not in the file yet."""
    log_file = path.with_name(path.name + "-wal")
    return log_file.exists() and log_file.stat().st_size > 0


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _reason(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error)
