"""Which model and which key a face set belongs to."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects.sqlite import insert

from errors import StartError
from faceset.seal import Seal
from faceset.tables import faces, keys, models


def adopt(engine: Engine, path: Path, seal: Seal) -> int:
    """Return the id of the model that made the face set, and note the key; raise StartError for another model's."""
    with engine.begin() as connection:
        used = connection.execute(select(models.c.fingerprint)).scalars()
        others = [fingerprint for fingerprint in used if fingerprint != seal.model]
        if others and connection.execute(select(faces.c.id).limit(1)).first():
            raise StartError(
                f"the face set {path} was made by {others[0]}, and this server runs {seal.model}; "
                "their vectors do not compare. Set FACETOKEN_PRECISION and FACETOKEN_MIRROR as they were, "
                "or point FACETOKEN_DATA to another folder and import the photos again"
            )
        # An empty face set belongs to whoever opens it.
        connection.execute(delete(models).where(models.c.fingerprint != seal.model))
        connection.execute(insert(models).values(fingerprint=seal.model).on_conflict_do_nothing())
        connection.execute(insert(keys).values(name=seal.ring.first).on_conflict_do_nothing())
        mine = select(models.c.id).where(models.c.fingerprint == seal.model)
        model_id: int = connection.execute(mine).scalar_one()
    return model_id
