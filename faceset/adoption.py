"""Which model a face set belongs to."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects.sqlite import insert

from errors import StartError
from faceset.database import stored_fingerprint
from faceset.tables import models


def require_model(path: Path, fingerprint: str) -> None:
    """Raise StartError when the face set at `path` was made by another model; its vectors would not even open."""
    used = stored_fingerprint(path)
    if used not in (None, fingerprint):
        raise StartError(
            f"the face set {path} was made by {used}, and this server runs {fingerprint}; "
            "their vectors do not compare. Set FACETOKEN_PRECISION and FACETOKEN_MIRROR as they were, "
            "or point FACETOKEN_DATA to another folder and import the photos again"
        )


def adopt(engine: Engine, fingerprint: str) -> int:
    """Return the id of the model, from now on the face set's only one. Call `require_model` first."""
    with engine.begin() as connection:
        # An empty face set belongs to whoever opens it.
        connection.execute(delete(models).where(models.c.fingerprint != fingerprint))
        connection.execute(insert(models).values(fingerprint=fingerprint).on_conflict_do_nothing())
        mine = select(models.c.id).where(models.c.fingerprint == fingerprint)
        model_id: int = connection.execute(mine).scalar_one()
    return model_id
