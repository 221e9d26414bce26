"""Photos as requests carry them in text: base64, as careful and as careless clients write it."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from errors import UploadError, UploadTooLarge

_HEAD = re.compile(r"\s*data:[^,;]{0,100}(;[^,;]{0,100}){0,4};base64,", re.IGNORECASE)
_BLANKS = b" \t\r\n\f\v"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")

PIECE = 16 * 1024
"""Bytes that are worked on in one step. Each step keeps the interpreter to itself, and searches wait for it."""


def written_size(size: int) -> int:
    """Return how many bytes so many may take in base64, with line breaks and the strokes that some put before a /."""
    return size * 3 // 2


def from_base64(text: str, max_bytes: int) -> bytes:
    """Return the bytes of a photo in base64.

    A data URL's head, URL-safe letters, blanks, line breaks and missing padding are all understood. Raises UploadError
    for an empty text and for one that is no base64, UploadTooLarge over `max_bytes`.
    """
    head = _HEAD.match(text)
    try:
        written = (text[head.end() :] if head else text).encode("ascii")
    except UnicodeEncodeError:
        raise _no_base64() from None
    bare = b"".join(piece.translate(_URL_SAFE, _BLANKS) for piece in _pieces(written)).rstrip(b"=")
    if not bare:
        raise UploadError("the photo is empty; send the base64 of a JPEG or PNG photo")
    if len(bare) * 3 // 4 > max_bytes:
        raise UploadTooLarge(f"the photo has {len(bare) * 3 // 4} bytes; at most {max_bytes} are allowed")
    # Padding in the middle would pass where it ends a piece.
    if b"=" in bare:
        raise _no_base64()
    padded = bare + b"=" * (-len(bare) % 4)
    try:
        return b"".join(binascii.a2b_base64(piece, strict_mode=True) for piece in _pieces(padded))
    except binascii.Error:
        raise _no_base64() from None


def _pieces(data: bytes) -> Iterator[bytes]:
    return (data[start : start + PIECE] for start in range(0, len(data), PIECE))


def _no_base64() -> UploadError:
    return UploadError("the photo is not base64; send the base64 of a JPEG or PNG photo")
