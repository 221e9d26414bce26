"""JSON for people: laid out in few lines, long arrays cut, and the fields that it has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 118
MOST = 2
"""Objects that are shown of an array."""

CUT = "… "
"""What an element begins with that stands for others."""

KINDS = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def laid_out(value: Any, indent: int = 0, taken: int = 0) -> str:
    """Return JSON in as few lines as fit, arrays of more than MOST objects cut to those and a word of the others."""
    value = cut(value)
    line = json.dumps(value, ensure_ascii=False)
    if indent + taken + len(line) <= WIDTH or not value or not isinstance(value, dict | list):
        return line
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        heads = [(f"{json.dumps(name)}: ", each) for name, each in value.items()]
    else:
        heads = [("", each) for each in value]
    rows = [inner + head + laid_out(each, indent + 2, len(head) + 1) for head, each in heads]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(rows) + f"\n{' ' * indent}{closing}"


def cut(value: Any) -> Any:
    """Return a value whose arrays of objects have at most MOST of them, and a text that says how many others."""
    if isinstance(value, dict):
        return {name: cut(each) for name, each in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) > MOST and all(isinstance(each, dict) for each in value):
        return [*map(cut, value[:MOST]), f"{CUT}{len(value) - MOST} more"]
    return [cut(each) for each in value]


def fields(value: Any, path: str = "") -> dict[str, str]:
    """Return the type of every field in an answer, by its path; `[]` stands for each element of an array."""
    if isinstance(value, Mapping):
        of_parts = [fields(each, f"{path}.{name}" if path else name) for name, each in value.items()]
        return {key: kind for part in ([{path: "object"}] if path else []) + of_parts for key, kind in part.items()}
    if isinstance(value, list):
        found = {path: "array"}
        for each in _shown(value):
            found |= fields(each, f"{path}[]")
        return found
    return {path: KINDS[type(value)]}


def strings(value: Any, path: str = "") -> dict[str, str]:
    """Return every text in an answer by its place."""
    if isinstance(value, str):
        return {path: value}
    pairs: Iterator[tuple[object, Any]] = iter(())
    if isinstance(value, Mapping):
        pairs = iter(value.items())
    elif isinstance(value, list):
        pairs = iter(enumerate(_shown(value)))
    return {place: text for name, each in pairs for place, text in strings(each, f"{path}/{name}").items()}


def _shown(values: list[Any]) -> list[Any]:
    return [each for each in values if not (isinstance(each, str) and each.startswith(CUT))]
