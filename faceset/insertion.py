"""Insert rows: the vectors into slots, the rest beside them. What an index knows of them is its owner's to add."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, exc, insert

from errors import BadArguments
from faceset.rows import next_numbers, row_of
from faceset.seal import Seal
from faceset.slots import fill
from faceset.tables import faces
from faceset.tokens import Face


def insert_faces(
    connection: Connection, new: Sequence[Face], owner: int, model: int, seal: Seal
) -> dict[int, str | None]:
    """Insert faces of group `owner`, made by `model`; return their names by number.

    Raises BadArguments for a token twice.
    """
    places = fill(connection, [seal.vector(face.vector, face.token, owner) for face in new])
    numbers = next_numbers(connection, owner, len(new))
    numbered = zip(new, numbers, places, strict=True)
    rows = [row_of(face, number, slot, owner, model, seal) for face, number, slot in numbered]
    try:
        connection.execute(insert(faces), rows)
    except exc.IntegrityError as error:
        raise BadArguments("a face_token is in the face set already") from error
    return {number: face.name for number, face in zip(numbers, new, strict=True)}
