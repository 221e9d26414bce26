"""The face set: SQLite is the truth, the index is made from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, exc, insert, select, update

from errors import BadArguments, StartError
from faceset.adoption import adopt, require_model
from faceset.cipher import SealBroken
from faceset.database import Database, sealing_key
from faceset.index import ExactIndex
from faceset.keyfile import KeyFile
from faceset.loading import as_it_is, checked_meanwhile, stored, uncollected
from faceset.pages import count, page
from faceset.rows import FACE, STORED, face_from, group_id, in_group, row_of, those
from faceset.seal import Seal
from faceset.slots import clear, fill
from faceset.tables import faces
from faceset.tokens import Face
from faceset.transactions import Transactions

Floats = NDArray[np.float32]

UNREADABLE = (sqlite3.Error, exc.SQLAlchemyError, LookupError, TypeError, ValueError)


class FaceSet:
    """Persist faces in groups and search them exactly; safe for many threads of one process.

    Raises StartError when the file is damaged, made by another model, sealed with another key, or from a newer version;
    InternalError when the disk refuses, in which case nothing was changed.
    """

    def __init__(self, path: Path, fingerprint: str, dim: int, key_file: KeyFile | None = None) -> None:
        """Open the face set at `path`, whose keys are in a file beside it unless another is given."""
        self.dim = dim
        key_file = key_file or KeyFile(path.with_name("key"))
        require_model(path, fingerprint)
        self._seal = Seal(key_file.of(sealing_key(path), path), fingerprint)
        self._indexes: dict[str, ExactIndex] = {}
        self._read_ahead(path)
        self._database = Database(path, self._seal)
        self._transactions = Transactions(self._database)
        try:
            self._model_id = adopt(self._database.engine, fingerprint)
            if not self._indexes:
                self._load(path)
        except UNREADABLE as error:
            self._database.close()
            raise _unreadable(path, error) from error
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the database; the write-ahead log is folded into the file."""
        self._transactions.close()

    def add(self, new: Sequence[Face], group: str, *, make_group: bool = True) -> None:
        """Persist faces, all or none; once this returns they survive a crash.

        Raises BadArguments for a token twice, and UnknownGroup for a group that is neither there nor to be made.
        """
        if not new:
            return
        vectors = np.stack([face.vector for face in new]).astype(np.float32)
        if vectors.shape[1:] != (self.dim,) or not np.isfinite(vectors).all():
            raise ValueError(f"a face's vector must be {self.dim} finite numbers")
        with self._transactions.writing() as connection:
            owner = group_id(connection, group, make=make_group)
            seal = self._seal
            places = fill(connection, [seal.vector(face.vector, face.token, owner) for face in new])
            sealed = zip(new, places, strict=True)
            rows = [row_of(face, slot, owner, self._model_id, seal) for face, slot in sealed]
            try:
                connection.execute(insert(faces), rows)
            except exc.IntegrityError as error:
                raise BadArguments("a face_token is in the face set already") from error
            connection.commit()
            self._index(group).add([face.token for face in new], vectors)

    def remove(self, tokens: Sequence[str], group: str) -> list[str]:
        """Remove faces for good, from slots, rows and index; return the tokens that were there."""
        with self._transactions.writing() as connection:
            mine = those(tokens, group)
            found = list(connection.execute(select(faces.c.token).where(mine)).scalars())
            if not found:
                return []
            clear(connection, mine, self.dim)
            connection.execute(delete(faces).where(mine))
            self._database.needs_scrub = True
            connection.commit()
            self._index(group).remove(found)
        return found

    def scrub(self) -> None:
        """Empty the write-ahead log, where a removed face's vector may still stand. Call it after `remove`.

        Raises InternalError while another program reads the database; call it again later, it is cheap when clean.
        """
        self._transactions.scrub()

    @property
    def is_new(self) -> bool:
        """Tell whether the database was made by this start."""
        return self._database.is_new

    def require_file(self) -> None:
        """Raise InternalError when the database is gone from its place."""
        self._database.require_file()

    def rename(self, token: str, name: str, group: str) -> bool:
        """Give a face another name; tell whether it is there."""
        mine = in_group(group) & (faces.c.token == token)
        with self._transactions.writing() as connection:
            row = connection.execute(select(faces.c.group_id, faces.c.details).where(mine)).first()
            if row is None:
                return False
            details = self._seal.open_details(row.details, token, row.group_id) | {"name": name}
            sealed = self._seal.details(details, token, row.group_id)
            connection.execute(update(faces).where(mine).values(details=sealed))
            connection.commit()
        return True

    def get(self, token: str, group: str) -> Face | None:
        """Return the face, or None."""
        with self._transactions.reading() as connection:
            row = connection.execute(
                select(*FACE).select_from(STORED).where(in_group(group) & (faces.c.token == token))
            ).first()
            return face_from(row, self._seal) if row else None

    def vector(self, token: str, group: str) -> Floats | None:
        """Return the face's vector from the index, float32 (dim,), or None."""
        return self._known(group).vector(token)

    def count(self, group: str, name: str | None = None, photo_sha256: bytes | None = None) -> int:
        """Return the number of faces in the group that fit the filters of `page`."""
        if name is None and photo_sha256 is None:
            return len(self._known(group))
        with self._transactions.reading() as connection:
            return count(connection, self._seal, group, name, photo_sha256)

    def __contains__(self, token: str) -> bool:
        # Not from the indexes: there may be thousands, and a set of all tokens takes 40 MB at a million faces.
        with self._transactions.reading() as connection:
            return connection.execute(select(faces.c.id).where(faces.c.token == token)).first() is not None

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
        *,
        newest_first: bool = False,
    ) -> tuple[list[Face], int | None]:
        """Return up to `limit` faces in the order they were added, or against it, and the next page's cursor or None.

        `after` is the cursor; 0 begins. Who follows the cursors sees each face that stays exactly once; a face that is
        added meanwhile is on the last page, or on none when the newest come first. `name` keeps the faces whose name
        contains it, whatever the case of ASCII letters; `photo_sha256` those that came from that very file.
        """
        with self._transactions.reading() as connection:
            return page(connection, self._seal, group, limit, after, name, photo_sha256, newest_first=newest_first)

    def search(
        self, vector: Floats, threshold: float, group: str, *, without: str | None = None
    ) -> list[tuple[str, float]]:
        """Return (token, distance) of every face within the threshold but `without`, nearest first, ties by token."""
        tokens, distances = self._known(group).search(vector, threshold)
        return [pair for pair in zip(tokens, distances.tolist(), strict=True) if pair[0] != without]

    def names(self, tokens: Sequence[str], group: str) -> dict[str, str]:
        """Return the names of those tokens that are in the group."""
        query = select(faces.c.token, faces.c.group_id, faces.c.details).where(those(tokens, group))
        with self._transactions.reading() as connection:
            rows = connection.execute(query).all()
            return {row.token: self._seal.open_details(row.details, row.token, row.group_id)["name"] for row in rows}

    def _known(self, group: str) -> ExactIndex:
        """Return the group's index, or an empty one: asking for a group does not make it."""
        index = self._indexes.get(group)
        return ExactIndex(self.dim) if index is None else index

    def _index(self, group: str) -> ExactIndex:
        return self._indexes.setdefault(group, ExactIndex(self.dim))

    def _read_ahead(self, path: Path) -> None:
        """Check the file, and build the indexes meanwhile when it need not be written to before."""
        try:
            with checked_meanwhile(path):
                if as_it_is(path):
                    self._load(path)
        except UNREADABLE as error:
            raise _unreadable(path, error) from error

    def _load(self, path: Path) -> None:
        """Build the indexes from the rows."""
        with uncollected(), ExitStack() as filling:
            for group, tokens, vectors in stored(path, self.dim, self._seal):
                if group not in self._indexes:
                    filling.enter_context(self._index(group).filling())
                self._index(group).add(tokens, vectors)


def _unreadable(path: Path, error: Exception) -> StartError:
    if isinstance(error, SealBroken):
        return StartError(
            f"the face set {path} is damaged: a vector was altered, belongs to another face, or was sealed with "
            "another key; restore a backup, the key file with it"
        )
    return StartError(f"the face set {path} is damaged: its rows cannot be read; restore a backup")
