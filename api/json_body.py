"""Read a request's JSON body, for the dialects that speak it."""

from __future__ import annotations

import json
from typing import Any

from flask import Request

from errors import BadArguments

MAX_PARTS = 2000
"""Brackets and commas of a body; a URL or a label may have some too."""


def json_object(request: Request) -> dict[str, Any]:
    """Return the object in a request's body, whatever its Content-Type says; raise BadArguments when there is none.

    Blanks around a field's name are cut off: a reference that clients were written by has some in its own example.
    """
    data = request.get_data(cache=False)
    # Reading millions of small values keeps the interpreter to itself for seconds. A photo in base64 has none of these.
    if sum(map(data.count, (b"[", b"{", b","))) > MAX_PARTS:
        raise BadArguments(f"the body has more than {MAX_PARTS} brackets and commas; no request needs as many")
    try:
        body = json.loads(data, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise _no_object() from None
    if not isinstance(body, dict):
        raise _no_object()
    return {name.strip(): value for name, value in body.items()}


def text(body: dict[str, Any], name: str) -> str:
    """Return a field's text, empty when it is absent or null; raise BadArguments when it is something else."""
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadArguments(f"{name} must be a text")
    return value


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _no_object() -> BadArguments:
    return BadArguments("the body must be a JSON object, encoded as UTF-8")
