"""The token that leads to a list's next page: sealed, so that it tells nothing and cannot be made up; it expires."""

from __future__ import annotations

import base64
import binascii
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from api.nhn.refusals import InvalidToken
from faceset.cipher import Keyring, SealBroken

LIFETIME = 24 * 3600
"""Seconds. A page's cursor never goes stale, so a day is for the client that sleeps over it."""

MAX_LENGTH = 200

_CONTENT = struct.Struct(">HQQ")


@dataclass(frozen=True, slots=True)
class Page:
    """Hold which part of a list is asked for: up to `limit` rows behind the row `after`, 0 for the first ones."""

    limit: int
    after: int = 0


def issue(key: bytes, page: Page, scope: str, clock: Callable[[], float] = time.time) -> str:
    """Return a token for a page of the list that `scope` names."""
    content = _CONTENT.pack(page.limit, page.after, int(clock()) + LIFETIME)
    return _written(Keyring([key]).seal(content, scope.encode()))


def redeem(key: bytes, token: str, scope: str, clock: Callable[[], float] = time.time) -> Page:
    """Return the page that a token was issued for; raise InvalidToken for a forged, foreign or expired one."""
    try:
        if len(token) > MAX_LENGTH or not token.isascii():
            raise ValueError
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        # Base64 may be written in several ways, a token in one.
        if _written(sealed) != token:
            raise ValueError
        limit, after, expires = _CONTENT.unpack(Keyring([key]).open(sealed, scope.encode()))
    except (ValueError, struct.error, binascii.Error, SealBroken):
        raise _invalid() from None
    if clock() >= expires:
        raise _invalid()
    return Page(limit, after)


def _written(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _invalid() -> InvalidToken:
    return InvalidToken("the next-token is forged, expired, or of another list; begin with the first page again")
