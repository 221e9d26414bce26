"""The rule for a face's name."""

from __future__ import annotations

import unicodedata

MAX_NAME = 255


def problem_with(name: str) -> str | None:
    """Say why a face cannot have this name, to follow the words "the name", or None."""
    if len(name) > MAX_NAME:
        return f"has {len(name)} characters; at most {MAX_NAME} are allowed"
    kinds = {unicodedata.category(character) for character in name}
    # Decoders put a surrogate or a replacement character where bytes were not UTF-8.
    if "Cs" in kinds or "\ufffd" in name:
        return "is not valid UTF-8"
    if "Cc" in kinds:
        return "holds a control character; use visible text"
    return None
