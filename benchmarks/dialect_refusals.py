"""What a dialect's page says of refusals: every error that the dialect can meet, rendered by the dialect itself."""

from __future__ import annotations

import json
from collections.abc import Iterator

from api import homybk
from api.dialect import Dialect
from api.nhn.refusals import OneOfTwoImages
from benchmarks.dialect_tables import grid
from errors import (
    BadArguments,
    FaceError,
    FaceInfoError,
    FaceTokenError,
    FileError,
    ForeignOrigin,
    GroupExists,
    InternalError,
    MissingArguments,
    Overloaded,
    PhotoTimeout,
    PhotoUrlError,
    TaggerError,
    UnknownGroup,
    UnknownPath,
    UploadError,
    UploadTooLarge,
    WrongMethod,
)

DETAIL = "what is wrong and what to do"
"""Stands for the text of an error, where an answer has it."""

SAYING = "Say that "
"""What the docstring of an error begins with."""

WORDS: dict[type[FaceError], str] = {
    BadArguments: "a parameter does not parse, or the body is none that can be read",
    UnknownPath: "there is no such path",
    WrongMethod: "the path has another method",
    MissingArguments: "a required parameter is absent or empty",
    InternalError: "a fault of the server, which the log has under the request's id",
    Overloaded: "the server is busy or starting, and the header `Retry-After` says for how many seconds",
    FileError: "no JPEG or PNG by content, damaged, cut off, or its pixel size out of limits",
    UploadError: "what was uploaded is empty or broken",
    UploadTooLarge: "the photo or the whole request has too many bytes",
    FaceTokenError: "there is no such face",
    FaceInfoError: "no face was found",
}
"""When errors are met whose docstring does not say it."""

OWN_WORDS: dict[str, dict[type[FaceError], str]] = {
    "nhn": {FaceTokenError: "there is no such face in the group", FaceInfoError: "no face in the image searched by"},
    "finday": {FaceInfoError: "no face was found on one of the photos, and the reason says on which"},
    "withmind": {
        FaceTokenError: "nobody is enrolled by this company and id",
        FaceInfoError: "no face was found, or several where one is to be enrolled",
        FileError: "the photo is damaged, cut off, or its pixel size out of limits",
        UploadTooLarge: "the message has too many bytes",
    },
}

NEVER_MET: dict[str, tuple[type[FaceError], ...]] = {
    "nhn": (TaggerError, ForeignOrigin),
    "finday": (UnknownGroup, GroupExists, FaceTokenError, TaggerError, ForeignOrigin),
    "withmind": (UnknownGroup, GroupExists, TaggerError, PhotoUrlError, PhotoTimeout),
}
"""What a dialect has no occasion for: groups, faces that are kept, tags, URLs, pages of other origins."""


def refusals_of(dialect: Dialect) -> str:
    """Return the table of a dialect's refusals: body, HTTP status, and when."""
    if dialect.name == "homybk":
        return _rows_of_homybk()
    found: dict[tuple[str, int], list[str]] = {}
    for error, when in met(dialect.name):
        body, status = dialect.render(error)
        found.setdefault((json.dumps(body), status), []).append(when)
    rows = [[f"`{body}`", str(status), "; ".join(dict.fromkeys(whens))] for (body, status), whens in found.items()]
    return grid(["body", "HTTP", "when"], *rows)


def met(dialect: str) -> Iterator[tuple[FaceError, str]]:
    """Yield every error that a dialect can meet, and when it does."""
    for kind in errors_of(dialect):
        if kind is not OneOfTwoImages:
            yield kind(DETAIL), _when(kind, dialect)
            continue
        for side in ("Source", "Target"):
            for reason in (UploadTooLarge, FileError, PhotoUrlError, PhotoTimeout):
                yield OneOfTwoImages.of(side, reason(DETAIL)), f"`compare`, {side.lower()}: {_when(reason, dialect)}"


def errors_of(dialect: str) -> list[type[FaceError]]:
    """Return the classes of the error tree that a dialect can meet: those of all, and its own."""
    mine = ("errors", f"api.{dialect}")
    return [
        kind
        for kind in _below(FaceError)
        if kind.__module__.startswith(mine) and kind not in NEVER_MET.get(dialect, ())
    ]


def _below(base: type[FaceError]) -> Iterator[type[FaceError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _below(kind)


def _when(kind: type[FaceError], dialect: str) -> str:
    """Return when an error is met: by the words above, else by its docstring's first sentence."""
    words = OWN_WORDS.get(dialect, {}).get(kind) or WORDS.get(kind)
    if words:
        return words
    said = (kind.__doc__ or "").partition("\n")[0]
    if not said.startswith(SAYING):
        raise ValueError(f"when is {kind.__name__} met? Its docstring should begin with {SAYING!r}")
    return said.removeprefix(SAYING).partition(";")[0].rstrip(".")


def _rows_of_homybk() -> str:
    parts = []
    for name, rows in homybk.ROWS.items():
        shown = [[f"`{json.dumps(row.body)}`", when] for row, when in rows]
        parts.append(f"`POST {homybk.PREFIX}{name}`, the first that fits:\n\n{grid(['body', 'when'], *shown)}")
    wrong = json.dumps(homybk.SOMETHING_WRONG.body)
    reasons = "\n".join(f"- {reason}" for reason in homybk.UNEXPECTED)
    return "\n\n".join(
        [*parts, f"Any of them, and any other path below `{homybk.PREFIX}`: `{wrong}`, when\n\n{reasons}"]
    )
