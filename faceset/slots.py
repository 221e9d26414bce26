"""Where vectors stand in the database: in rows of one size that are overwritten, and never deleted.

SQLite's secure_delete clears what is deleted, but not the copy that a row leaves on its old page when the deletion of
its neighbours makes it move to another. A slot never moves: it is made at the end of its table, cleared in place when
its face is removed, and filled in place with a later face. So a cleared vector is nowhere in the file.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select, update

from faceset.tables import faces, slots


def fill(connection: Connection, data: Sequence[bytes]) -> list[int]:
    """Store sealed vectors, all of one size, in free slots and new ones; return the slots' ids in order."""
    free = select(slots.c.id).where(slots.c.used == 0).order_by(slots.c.id).limit(len(data))
    reused = list(connection.execute(free).scalars())
    first = (connection.execute(select(func.max(slots.c.id))).scalar() or 0) + 1
    made = list(range(first, first + len(data) - len(reused)))
    if reused:
        again = update(slots).where(slots.c.id == bindparam("slot")).values(used=1, vector=bindparam("data"))
        connection.execute(again, [{"slot": slot, "data": each} for slot, each in zip(reused, data, strict=False)])
    if made:
        rows = zip(made, data[len(reused) :], strict=True)
        connection.execute(insert(slots), [{"id": slot, "used": 1, "vector": each} for slot, each in rows])
    return reused + made


def clear(connection: Connection, of: ColumnElement[bool]) -> None:
    """Overwrite the vectors of the faces that fit a condition; their slots are free then. Delete the faces next."""
    nothing = func.zeroblob(func.length(slots.c.vector))
    theirs = slots.c.id.in_(select(faces.c.slot).where(of))
    connection.execute(update(slots).where(theirs).values(used=0, vector=nothing))
