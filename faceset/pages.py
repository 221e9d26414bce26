"""A face set in pages: filtered, in one of several orders, from a cursor or from any place on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, func, select

from faceset.roster import Asked
from faceset.rosters import Moment
from faceset.rows import FACE, STORED, face_from, from_photo, in_group
from faceset.seal import Seal
from faceset.tables import faces
from faceset.tokens import Face

Numbers = NDArray[np.int64]

OLDEST, NEWEST, BY_NAME = ORDERS = ("oldest", "newest", "name")

LISTED = (
    faces.c.token,
    faces.c.group_id,
    faces.c.details,
    faces.c.created_at,
    faces.c.confidence,
    faces.c.size,
)


@dataclass(frozen=True, slots=True)
class Query:
    """Ask for up to `limit` faces of a group, behind the cursor `after` or without the first `offset` ones.

    `name` keeps the faces whose name contains it, whatever the case of ASCII letters; `photo_sha256` those that came
    from that very file. `order` is one of ORDERS: as they were added, against that, or by name (faceset.collation).
    A cursor is a face's number, 0 begins; it does not go with the order by name.
    """

    group: str
    limit: int
    after: int = 0
    offset: int = 0
    name: str | None = None
    photo_sha256: bytes | None = None
    order: str = OLDEST

    @property
    def everything(self) -> bool:
        """Tell whether nothing is filtered out."""
        return not self.name and self.photo_sha256 is None

    @property
    def asked(self) -> Asked | None:
        """Return what is asked for by name, or None: no name has to be known."""
        by_name = self.order == BY_NAME
        return Asked(self.name or "", by_name) if self.name or by_name else None


@dataclass(frozen=True, slots=True)
class ListedFace:
    """Hold what a list shows of a face; `created_at` is in seconds since the epoch, `size` in pixels."""

    token: str
    name: str
    created_at: float
    confidence: float | None
    size: float | None

    def fields(self) -> dict[str, Any]:
        """Return it under the names of the native API."""
        measured = {"created_at": self.created_at, "confidence": self.confidence, "size": self.size}
        return {"face_token": self.token, "face_name": self.name, **measured}


@dataclass(frozen=True, slots=True)
class Listing:
    """Hold a page, how many faces fit the filters at that moment, and the next page's cursor or None."""

    faces: list[ListedFace]
    total: int
    following: int | None


def page(moment: Moment, seal: Seal, query: Query) -> tuple[list[Face], int | None]:
    """Return the faces that are asked for, with their vectors, and the next page's cursor or None."""
    numbers, following, _ = _numbers(moment, query)
    columns = select(faces.c.number, *FACE).select_from(STORED)
    rows = moment.connection.execute(columns.where(_those(numbers, query.group))).all()
    return [face_from(row[1:], seal) for row in _arranged(rows, numbers)], following


def listing(moment: Moment, seal: Seal, query: Query) -> Listing:
    """Return the faces that are asked for; their vectors, most of a row, are not read."""
    numbers, following, total = _numbers(moment, query)
    rows = moment.connection.execute(select(faces.c.number, *LISTED).where(_those(numbers, query.group))).all()
    listed = []
    for row in _arranged(rows, numbers):
        name = seal.open_details(row.details, row.token, row.group_id)["name"]
        listed.append(ListedFace(row.token, name, row.created_at, row.confidence, row.size))
    return Listing(listed, total, following)


def _numbers(moment: Moment, query: Query) -> tuple[list[int], int | None, int]:
    """Return the numbers of the faces that are asked for, the next page's cursor or None, and how many fit."""
    if moment.listed is not None:
        found, total = _cut(_from_photo(moment, query, moment.listed), query)
    else:
        found, total = _selected(moment, query)
    numbers = found[: query.limit]
    is_last = len(found) <= query.limit or query.order == BY_NAME
    return numbers, None if is_last or not numbers else numbers[-1], total


def _from_photo(moment: Moment, query: Query, listed: Numbers) -> Numbers:
    if query.photo_sha256 is None:
        return listed
    its = select(faces.c.number).where(from_photo(query.group, query.photo_sha256))
    return listed[np.isin(listed, moment.connection.execute(its).scalars().all())]


def _cut(listed: Numbers, query: Query) -> tuple[list[int], int]:
    """Return the numbers of a page and one more, of a whole listing of which only the newest first is turned round."""
    start = query.offset
    if query.order == NEWEST:
        start += len(listed) - int(np.searchsorted(listed, query.after)) if query.after else 0
        listed = listed[::-1]
    elif query.after:
        start += int(np.searchsorted(listed, query.after, side="right"))
    return listed[start : start + query.limit + 1].tolist(), len(listed)


def _selected(moment: Moment, query: Query) -> tuple[list[int], int]:
    """Return the numbers of a page and one more, read from the index over them: no row is."""
    mine, total = from_photo(query.group, query.photo_sha256), moment.count
    if query.photo_sha256 is not None:
        total = moment.connection.execute(select(func.count()).select_from(faces).where(mine)).scalar_one()
    newest, offset, count = query.order == NEWEST, query.offset, query.limit + 1
    if query.after:
        mine &= faces.c.number < query.after if newest else faces.c.number > query.after
    # SQLite walks over what it skips: from the nearer end, 20 ms in the middle of a million.
    skipped_behind = total - offset - count
    turned = not query.after and skipped_behind < offset
    if turned:
        count, offset = count + min(0, skipped_behind), max(0, skipped_behind)
    order = faces.c.number.desc() if newest != turned else faces.c.number.asc()
    numbers = select(faces.c.number).where(mine).order_by(order).limit(max(0, count)).offset(offset)
    found = list(moment.connection.execute(numbers).scalars())
    return found[::-1] if turned else found, total


def _those(numbers: Sequence[int], group: str) -> ColumnElement[bool]:
    """Return the condition for a group's faces of those numbers."""
    listed = select(func.json_each(json.dumps(numbers)).table_valued("value").c.value)
    return in_group(group) & faces.c.number.in_(listed)


def _arranged(rows: Sequence[Any], numbers: Sequence[int]) -> list[Any]:
    """Return rows in the order of their numbers."""
    by_number = {row.number: row for row in rows}
    return [by_number[number] for number in numbers if number in by_number]
