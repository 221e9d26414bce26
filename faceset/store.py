"""The face set: SQLite is the truth, the index is made from it."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, exc, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from errors import BadArguments, InternalError, StartError
from faceset.database import Database
from faceset.index import ExactIndex
from faceset.loading import as_it_is, checked_meanwhile, stored, uncollected
from faceset.rows import FACE, STORED, face_from, group_id, in_group, matching, row_of, those
from faceset.slots import clear, fill
from faceset.tables import faces, models
from faceset.tokens import Face

Floats = NDArray[np.float32]

UNREADABLE = (sqlite3.Error, exc.SQLAlchemyError, LookupError, TypeError, ValueError)

log = logging.getLogger("facetoken.faceset")


class FaceSet:
    """Persist faces in groups and search them exactly; safe for many threads of one process.

    Raises StartError when the file is damaged, made by another model, or from a newer version; InternalError when the
    disk refuses, in which case nothing was changed.
    """

    def __init__(self, path: Path, fingerprint: str, dim: int) -> None:
        self.dim = dim
        # One writer at a time, and the index changes in the order of the commits.
        self._writing = threading.Lock()
        self._indexes: dict[str, ExactIndex] = {}
        self._read_ahead(path)
        self._database = Database(path)
        try:
            self._model_id = self._adopt(fingerprint)
            if not self._indexes:
                self._load(path)
        except UNREADABLE as error:
            self._database.close()
            raise _unreadable(path) from error
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the database; the write-ahead log is folded into the file."""
        with self._writing:
            self._database.close()

    def add(self, new: Sequence[Face], group: str) -> None:
        """Persist faces, all or none; once this returns they survive a crash. Raises BadArguments for a token twice."""
        if not new:
            return
        vectors = np.stack([face.vector for face in new]).astype(np.float32)
        if vectors.shape[1:] != (self.dim,) or not np.isfinite(vectors).all():
            raise ValueError(f"a face's vector must be {self.dim} finite numbers")
        with self._write() as connection:
            owner = group_id(connection, group)
            now = time.time()
            places = fill(connection, vectors)
            rows = [row_of(face, slot, owner, self._model_id, now) for face, slot in zip(new, places, strict=True)]
            try:
                connection.execute(insert(faces), rows)
            except exc.IntegrityError as error:
                raise BadArguments("a face_token is in the face set already") from error
            connection.commit()
            self._index(group).add([face.token for face in new], vectors)
            self._database.require_file()

    def remove(self, tokens: Sequence[str], group: str) -> list[str]:
        """Remove faces for good, from slots, rows and index; return the tokens that were there."""
        with self._write() as connection:
            mine = those(tokens, group)
            found = list(connection.execute(select(faces.c.token).where(mine)).scalars())
            if not found:
                return []
            clear(connection, mine, self.dim)
            connection.execute(delete(faces).where(mine))
            self._database.needs_scrub = True
            connection.commit()
            self._index(group).remove(found)
            self._database.require_file()
        return found

    def scrub(self) -> None:
        """Empty the write-ahead log, where a removed face's vector may still stand. Call it after `remove`.

        Raises InternalError while another program reads the database; call it again later, it is cheap when clean.
        """
        with self._writing:
            if self._database.needs_scrub:
                self._database.scrub()

    @property
    def is_new(self) -> bool:
        """Tell whether the database was made by this start."""
        return self._database.is_new

    def require_file(self) -> None:
        """Raise InternalError when the database is gone from its place."""
        self._database.require_file()

    def rename(self, token: str, name: str, group: str) -> bool:
        """Give a face another name; tell whether it is there."""
        with self._write() as connection:
            mine = in_group(group) & (faces.c.token == token)
            changed = connection.execute(update(faces).where(mine).values(name=name)).rowcount
            connection.commit()
            self._database.require_file()
        return bool(changed)

    def get(self, token: str, group: str) -> Face | None:
        """Return the face, or None."""
        with self._read() as connection:
            row = connection.execute(
                select(*FACE).select_from(STORED).where(in_group(group) & (faces.c.token == token))
            ).first()
        return face_from(row) if row else None

    def vector(self, token: str, group: str) -> Floats | None:
        """Return the face's vector from the index, float32 (dim,), or None."""
        return self._known(group).vector(token)

    def count(self, group: str, name: str | None = None, photo_sha256: bytes | None = None) -> int:
        """Return the number of faces in the group that fit the filters of `page`."""
        if name is None and photo_sha256 is None:
            return len(self._known(group))
        query = select(func.count()).select_from(faces).where(matching(group, name, photo_sha256))
        with self._read() as connection:
            total: int = connection.execute(query).scalar_one()
        return total

    def __contains__(self, token: str) -> bool:
        return any(token in index for index in list(self._indexes.values()))

    def tokens(self) -> set[str]:
        """Return every token of every group."""
        return set().union(*(index.tokens() for index in self._indexes.values()))

    def page(
        self,
        group: str,
        limit: int,
        after: int = 0,
        name: str | None = None,
        photo_sha256: bytes | None = None,
    ) -> tuple[list[Face], int | None]:
        """Return up to `limit` faces in the order they were added, and the cursor of the next page or None.

        `after` is the cursor. `name` keeps the faces whose name contains it, whatever the case of ASCII letters;
        `photo_sha256` those that came from that very file.
        """
        mine = matching(group, name, photo_sha256) & (faces.c.id > after)
        query = select(faces.c.id, *FACE).select_from(STORED).where(mine).order_by(faces.c.id).limit(limit + 1)
        with self._read() as connection:
            found = connection.execute(query).all()
        following = found[limit - 1].id if len(found) > limit else None
        return [face_from(row[1:]) for row in found[:limit]], following

    def search(
        self, vector: Floats, threshold: float, group: str, *, without: str | None = None
    ) -> list[tuple[str, float]]:
        """Return (token, distance) of every face within the threshold but `without`, nearest first, ties by token."""
        tokens, distances = self._known(group).search(vector, threshold)
        return [pair for pair in zip(tokens, distances.tolist(), strict=True) if pair[0] != without]

    def names(self, tokens: Sequence[str], group: str) -> dict[str, str]:
        """Return the names of those tokens that are in the group."""
        mine = those(tokens, group)
        with self._read() as connection:
            rows = connection.execute(select(faces.c.token, faces.c.name).where(mine))
            return {row.token: row.name for row in rows}

    def _known(self, group: str) -> ExactIndex:
        """Return the group's index, or an empty one: asking for a group does not make it."""
        index = self._indexes.get(group)
        return ExactIndex(self.dim) if index is None else index

    def _index(self, group: str) -> ExactIndex:
        return self._indexes.setdefault(group, ExactIndex(self.dim))

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        try:
            with self._database.engine.connect() as connection:
                yield connection
        except exc.DBAPIError as error:
            log.error("the face set cannot be read: %s", error.orig)
            raise InternalError("the face set cannot be read at the moment") from error

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """Hold the writer's lock and a transaction, rolled back unless it was committed.

        The caller checks for the file once more after the commit: if it went in between, what was written is on no
        disk that anybody will find, and must not be acknowledged.
        """
        with self._writing:
            self._database.require_file()
            try:
                with self._database.engine.connect() as connection:
                    yield connection
            except exc.DBAPIError as error:
                log.error("the face set cannot be written: %s", error.orig)
                raise InternalError("the face set cannot be written at the moment; nothing was changed") from error

    def _adopt(self, fingerprint: str) -> int:
        """Return the id of the model that made this face set; refuse one that another model made."""
        with self._database.engine.begin() as connection:
            used = connection.execute(select(models.c.id, models.c.fingerprint)).all()
            others = [row.fingerprint for row in used if row.fingerprint != fingerprint]
            if others and connection.execute(select(faces.c.id).limit(1)).first():
                raise StartError(
                    f"the face set {self._database.path} was made by {others[0]}, and this server runs {fingerprint}; "
                    "their vectors do not compare. Set FACETOKEN_PRECISION and FACETOKEN_MIRROR as they were, "
                    "or point FACETOKEN_DATA to another folder and import the photos again"
                )
            # An empty face set belongs to whoever opens it.
            connection.execute(delete(models).where(models.c.fingerprint != fingerprint))
            connection.execute(upsert(models).values(fingerprint=fingerprint).on_conflict_do_nothing())
            mine = select(models.c.id).where(models.c.fingerprint == fingerprint)
            model_id: int = connection.execute(mine).scalar_one()
        return model_id

    def _read_ahead(self, path: Path) -> None:
        """Check the file, and build the indexes meanwhile when it need not be written to before."""
        try:
            with checked_meanwhile(path):
                if as_it_is(path):
                    self._load(path)
        except UNREADABLE as error:
            raise _unreadable(path) from error

    def _load(self, path: Path) -> None:
        """Build the indexes from the rows."""
        with uncollected(), ExitStack() as filling:
            for group, tokens, vectors in stored(path, self.dim):
                if group not in self._indexes:
                    filling.enter_context(self._index(group).filling())
                self._index(group).add(tokens, vectors)


def _unreadable(path: Path) -> StartError:
    return StartError(f"the face set {path} is damaged: its rows cannot be read; restore a backup")
