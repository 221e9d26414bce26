"""The API dialects, and who renders an error under which path."""

from __future__ import annotations

from api import native
from api.dialect import Dialect

DIALECTS: tuple[Dialect, ...] = (native.DIALECT,)
"""Every dialect; the first one whose prefix fits a path answers for it, so the native one, of prefix `/`, is last."""


def dialect_of(path: str) -> Dialect:
    """Return the dialect that answers for a path, known or not."""
    return next((dialect for dialect in DIALECTS if path.startswith(dialect.prefix)), DIALECTS[-1])
