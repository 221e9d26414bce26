"""Photos as requests carry them in text: base64, as careful and as careless clients write it."""

from __future__ import annotations

import binascii
import re

from errors import UploadError, UploadTooLarge

_HEAD = re.compile(r"\s*data:[^,;]{0,100}(;[^,;]{0,100}){0,4};base64,", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\r\n\f\v]+")
_URL_SAFE = str.maketrans("-_", "+/")


def from_base64(text: str, max_bytes: int) -> bytes:
    """Return the bytes of a photo in base64.

    A data URL's head, URL-safe letters, blanks, line breaks and missing padding are all understood. Raises UploadError
    for an empty text and for one that is no base64, UploadTooLarge over `max_bytes`.
    """
    head = _HEAD.match(text)
    bare = _BLANKS.sub("", text[head.end() :] if head else text).translate(_URL_SAFE).rstrip("=")
    if not bare:
        raise UploadError("the photo is empty; send the base64 of a JPEG or PNG photo")
    if len(bare) * 3 // 4 > max_bytes:
        raise UploadTooLarge(f"the photo has {len(bare) * 3 // 4} bytes; at most {max_bytes} are allowed")
    try:
        data = binascii.a2b_base64(bare + "=" * (-len(bare) % 4), strict_mode=True)
    except (binascii.Error, ValueError):
        raise UploadError("the photo is not base64; send the base64 of a JPEG or PNG photo") from None
    return data
