"""Between database rows and faces."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, ScalarSelect, func, literal_column, select, update
from sqlalchemy.dialects.sqlite import insert

from errors import UnknownGroup
from faceset.seal import VECTOR_TYPE, Seal
from faceset.tables import faces, groups, slots
from faceset.tokens import Face

FACE = (
    faces.c.token,
    faces.c.group_id,
    slots.c.vector,
    faces.c.details,
    faces.c.confidence,
    faces.c.size,
    faces.c.photo_sha256,
    faces.c.created_at,
)
"""The columns that `face_from` reads, in its order; select them from STORED."""

STORED = faces.join(slots, slots.c.id == faces.c.slot)


def face_from(row: Sequence[Any], seal: Seal) -> Face:
    """Return the face of a row of FACE columns."""
    token, owner, vector, details, confidence, size, photo, created_at = row
    numbers = np.frombuffer(seal.open_vector(vector, token, owner), VECTOR_TYPE)
    known = seal.open_details(details, token, owner)
    return Face(token, numbers, confidence, size, photo, known.pop("name"), created_at, known)


def row_of(face: Face, number: int, slot: int, owner: int, model: int, seal: Seal) -> dict[str, Any]:
    """Return the row for a face of group `owner`, made by `model`."""
    return {
        "token": face.token,
        "number": number,
        "group_id": owner,
        "model_id": model,
        "slot": slot,
        "created_at": face.created_at or time.time(),
        "confidence": face.confidence,
        "size": face.size,
        "photo_sha256": face.photo_sha256,
        "details": seal.details({"name": face.name, **face.details}, face.token, owner),
    }


def group_id(connection: Connection, key: str, *, make: bool) -> int:
    """Return the group's id; make the group when it is not there, or raise UnknownGroup."""
    if make:
        connection.execute(insert(groups).values(key=key, created_at=time.time()).on_conflict_do_nothing())
    found: int | None = connection.execute(select(groups.c.id).where(groups.c.key == key)).scalar()
    if found is None:
        raise UnknownGroup("no such group; make it first")
    return found


def next_numbers(connection: Connection, owner: int, count: int) -> range:
    """Return the numbers of so many faces that are added to a group."""
    counted = update(groups).where(groups.c.id == owner).values(last=groups.c.last + count).returning(groups.c.last)
    last: int = connection.execute(counted).scalar_one()
    return range(last - count + 1, last + 1)


def in_group(key: str) -> ColumnElement[bool]:
    """Return the condition for the faces of a group."""
    return faces.c.group_id == _id_of(key)


def _id_of(key: str) -> ScalarSelect[int]:
    return select(groups.c.id).where(groups.c.key == key).scalar_subquery()


def from_photo(key: str, photo_sha256: bytes | None) -> ColumnElement[bool]:
    """Return the condition for faces of a group, those of that photo only when one is given."""
    condition = in_group(key)
    return condition if photo_sha256 is None else condition & (faces.c.photo_sha256 == photo_sha256)


def those(tokens: Sequence[str], key: str) -> ColumnElement[bool]:
    """Return the condition for the faces of a group with one of the tokens; one parameter however many there are."""
    # SQLite cuts a JSON string at a NUL, and no token has one.
    sound = [token for token in tokens if "\0" not in token]
    listed = select(func.json_each(json.dumps(sound)).table_valued("value").c.value)
    # The plus keeps SQLite from walking the whole group by its index to find a few tokens: 600 ms at a million faces.
    return faces.c.token.in_(listed) & (literal_column("+faces.group_id") == _id_of(key))
