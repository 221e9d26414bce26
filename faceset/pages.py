"""A face set in pages, filtered by what is sealed: such rows are opened one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, func, select

from faceset.rows import FACE, STORED, face_from, from_photo
from faceset.seal import Seal
from faceset.tables import faces
from faceset.tokens import Face

ROWS = 1000


def page(
    connection: Connection,
    seal: Seal,
    group: str,
    limit: int,
    after: int,
    name: str | None,
    photo_sha256: bytes | None,
    *,
    newest_first: bool,
) -> tuple[list[Face], int | None]:
    """Return up to `limit` faces behind the cursor `after` (0: from the start), and the next page's cursor."""
    order = faces.c.number.desc() if newest_first else faces.c.number.asc()
    mine = from_photo(group, photo_sha256)
    if after or not newest_first:
        mine &= faces.c.number < after if newest_first else faces.c.number > after
    if name is not None:
        found = [row for row, _ in zip(_named(connection, seal, mine, name, order), range(limit + 1), strict=False)]
        mine = faces.c.id.in_(found)
    query = select(faces.c.number, *FACE).select_from(STORED).where(mine).order_by(order).limit(limit + 1)
    rows = connection.execute(query).all()
    following = rows[limit - 1].number if len(rows) > limit else None
    return [face_from(row[1:], seal) for row in rows[:limit]], following


def count(connection: Connection, seal: Seal, group: str, name: str | None, photo_sha256: bytes | None) -> int:
    """Return how many faces of a group fit the filters of `page`."""
    mine = from_photo(group, photo_sha256)
    if name is not None:
        return sum(1 for _ in _named(connection, seal, mine, name, faces.c.id.asc()))
    total: int = connection.execute(select(func.count()).select_from(faces).where(mine)).scalar_one()
    return total


def _named(
    connection: Connection, seal: Seal, mine: ColumnElement[bool], name: str, order: ColumnElement[int]
) -> Iterator[int]:
    """Yield the ids of rows whose name contains `name`, in that order."""
    wanted = _folded(name)
    query = select(faces.c.id, faces.c.token, faces.c.group_id, faces.c.details).where(mine).order_by(order)
    for row in connection.execution_options(yield_per=ROWS).execute(query):
        if wanted in _folded(seal.open_details(row.details, row.token, row.group_id)["name"]):
            yield row.id


def _folded(text: str) -> str:
    """Return a text with its ASCII letters in lower case, and no other changed."""
    return text.encode().lower().decode()
