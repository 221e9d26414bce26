"""The API dialects: which are served, and who answers under which path."""

from __future__ import annotations

from api import finday, homybk, native, nhn, withmind
from api.dialect import Dialect
from settings import Settings

OPTIONAL: tuple[Dialect, ...] = (nhn.DIALECT, finday.DIALECT, withmind.DIALECT, homybk.DIALECT)
"""The dialects beside the native one, each served unless the settings leave it out."""


def served(settings: Settings) -> tuple[Dialect, ...]:
    """Return the dialects that the settings ask for; the native one, whose prefix fits every path, is last."""
    return (*(dialect for dialect in OPTIONAL if dialect.name in settings.dialects), native.DIALECT)


def fetching(path: str, dialects: tuple[Dialect, ...]) -> str | None:
    """Return the name of the dialect whose path it is, if its requests may bring a photo by its URL."""
    dialect = dialect_of(path, dialects)
    return dialect.name if dialect.fetching and dialect.fetching.fullmatch(path) else None


def dialect_of(path: str, dialects: tuple[Dialect, ...]) -> Dialect:
    """Return which of the dialects answers for a path, known or not."""
    # A request's target may be no path at all, such as the `*` of OPTIONS.
    return next((dialect for dialect in dialects if path.startswith(dialect.prefixes)), dialects[-1])
