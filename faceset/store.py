"""The face set: SQLite is the truth, the index is made from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select, update

from faceset.adoption import adopt, require_model
from faceset.database import Database
from faceset.given_keys import Keys
from faceset.groups import Groups
from faceset.indexes import UNREADABLE, Indexes, unreadable
from faceset.insertion import insert_faces
from faceset.keyfile import KeyFile
from faceset.nearest import Nearest, Wanted
from faceset.pages import NEWEST, OLDEST, Listing, Query, listing, page
from faceset.removal import ownerless, remove_group, remove_listed
from faceset.rosters import Rosters
from faceset.rows import FACE, STORED, face_from, group_id, in_group, those
from faceset.seal import Seal
from faceset.sealing import name_key, sealing_key
from faceset.secrets import secret
from faceset.tables import faces
from faceset.tenants import Tenants
from faceset.tokens import Face
from faceset.transactions import Transactions

Floats = NDArray[np.float32]


class FaceSet:
    """Persist faces in groups and search them exactly; safe for many threads of one process.

    Raises StartError when the file is damaged, made by another model, sealed with another key, or from a newer version;
    InternalError when the disk refuses, in which case nothing was changed.
    """

    def __init__(self, path: Path, fingerprint: str, dim: int, keys: Keys | None = None) -> None:
        """Open the face set at `path`, whose keys are in a file beside it unless others are given."""
        self.dim = dim
        keys = keys or KeyFile(path.with_name("key"))
        require_model(path, fingerprint)
        self._seal = Seal(keys.of(sealing_key(path), path), fingerprint)
        self._indexes = Indexes(dim)
        self._indexes.read_ahead(path, self._seal)
        self._database = Database(path, self._seal)
        self._transactions = Transactions(self._database)
        self._rosters = Rosters(self._transactions, self._indexes, self._seal)
        self._secrets: dict[str, bytes] = {}
        self.groups = Groups(self._transactions)
        self.tenants = Tenants(self._transactions)
        try:
            self._model_id = adopt(self._database.engine, fingerprint)
            self._indexes.load(path, self._seal)
            self._seal_with_the_first(keys)
        except UNREADABLE as error:
            self._database.close()
            raise unreadable(path, error) from error
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
        vectors = self._vectors(new)
        with self._transactions.writing() as connection:
            owner = group_id(connection, group, make=make_group)
            names = insert_faces(connection, new, owner, self._model_id, self._seal)
            with self._rosters.committing(connection, group, names):
                self._indexes.add(group, [face.token for face in new], vectors)

    def replace(self, face: Face, group: str) -> None:
        """Persist a face in the place of the one with its token, if there is one; nobody sees both, or neither."""
        vectors = self._vectors([face])
        with self._transactions.writing() as connection:
            owner = group_id(connection, group, make=True)
            replaced = self._removed(connection, [face.token], group)
            names = dict.fromkeys(replaced) | insert_faces(connection, [face], owner, self._model_id, self._seal)
            with self._rosters.committing(connection, group, names):
                if replaced:
                    self._indexes.known(group).replace(face.token, vectors[0])
                else:
                    self._indexes.add(group, [face.token], vectors)

    def remove(self, tokens: Sequence[str], group: str) -> list[str]:
        """Remove faces for good, from slots, rows and index; return the tokens that were there."""
        with self._transactions.writing() as connection:
            gone = self._removed(connection, tokens, group)
            with self._rosters.committing(connection, group, dict.fromkeys(gone)):
                self._indexes.known(group).remove(list(gone.values()))
        return list(gone.values())

    def remove_group(self, group: str) -> None:
        """Remove a group and its faces for good; raise UnknownGroup when it is not there."""
        with self._transactions.writing() as connection:
            remove_group(connection, group)
            self._database.needs_scrub = True
            with self._rosters.dropping(connection, group):
                self._indexes.drop(group)

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
            row = connection.execute(select(faces.c.number, faces.c.group_id, faces.c.details).where(mine)).first()
            if row is None:
                return False
            details = self._seal.open_details(row.details, token, row.group_id) | {"name": name}
            sealed = self._seal.details(details, token, row.group_id)
            connection.execute(update(faces).where(mine).values(details=sealed))
            with self._rosters.committing(connection, group, {row.number: name}):
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
        return self._indexes.known(group).vector(token)

    def count(self, group: str, name: str | None = None, photo_sha256: bytes | None = None) -> int:
        """Return the number of faces in the group that fit the filters of `page`."""
        query = Query(group, 0, name=name, photo_sha256=photo_sha256)
        return len(self._indexes.known(group)) if query.everything else self.listing(query).total

    def __contains__(self, token: str) -> bool:
        # Not from the indexes: there may be thousands, and a set of all tokens takes 40 MB at a million faces.
        with self._transactions.reading() as connection:
            return connection.execute(select(faces.c.id).where(faces.c.token == token)).first() is not None

    def tokens(self) -> set[str]:
        """Return every token of every group."""
        return self._indexes.tokens()

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
        added meanwhile is on the last page, or on none when the newest come first. The filters are those of Query.
        """
        order = NEWEST if newest_first else OLDEST
        query = Query(group, limit, after, name=name, photo_sha256=photo_sha256, order=order)
        with self._rosters.moment(group, query.asked) as moment:
            return page(moment, self._seal, query)

    def listing(self, query: Query) -> Listing:
        """Return a page of what is asked for, all of one moment; the first who asks a group by name waits for it."""
        with self._rosters.moment(query.group, query.asked) as moment:
            return listing(moment, self._seal, query)

    def search(
        self, vector: Floats, threshold: float, group: str, *, without: str | None = None
    ) -> list[tuple[str, float]]:
        """Return (token, distance) of every face within the threshold but `without`, nearest first, ties by token."""
        found = self.nearest(vector, threshold, group, Wanted(without))
        return list(zip(found.tokens, found.distances.tolist(), strict=True))

    def nearest(self, vector: Floats, threshold: float, group: str, wanted: Wanted) -> Nearest:
        """Return what is wanted of the faces within the threshold, and how many there are."""
        return self._indexes.known(group).nearest(vector, threshold, wanted)

    def details(self, tokens: Sequence[str], group: str) -> dict[str, dict[str, Any]]:
        """Return the details of those tokens that are in the group, `name` among them."""
        query = select(faces.c.token, faces.c.group_id, faces.c.details).where(those(tokens, group))
        with self._transactions.reading() as connection:
            rows = connection.execute(query).all()
            return {row.token: self._seal.open_details(row.details, row.token, row.group_id) for row in rows}

    def names(self, tokens: Sequence[str], group: str) -> dict[str, str]:
        """Return the names of those tokens that are in the group."""
        return {token: found["name"] for token, found in self.details(tokens, group).items()}

    def ownerless_groups(self) -> list[str]:
        """Return the keys of the groups whose tenant was removed."""
        with self._transactions.reading() as connection:
            return ownerless(connection)

    def secret(self, name: str) -> bytes:
        """Return 32 random bytes that are this face set's own, the same for a name for ever."""
        if name not in self._secrets:
            self._secrets[name] = secret(self._transactions, self._seal, name)
        return self._secrets[name]

    def _seal_with_the_first(self, keys: Keys) -> None:
        with self._transactions.writing() as connection:
            # Read again here, so that it is not one which a rotation by another process has replaced since.
            if name_key(connection, self._seal.ring, keys.read().sealing):
                connection.commit()

    def _vectors(self, new: Sequence[Face]) -> Floats:
        vectors = np.stack([face.vector for face in new]).astype(np.float32)
        if vectors.shape[1:] != (self.dim,) or not np.isfinite(vectors).all():
            raise ValueError(f"a face's vector must be {self.dim} finite numbers")
        return vectors

    def _removed(self, connection: Connection, tokens: Sequence[str], group: str) -> dict[int, str]:
        """Remove faces from slots and rows; return the tokens that were there, by number."""
        gone = remove_listed(connection, those(tokens, group))
        self._database.needs_scrub |= bool(gone)
        return gone
