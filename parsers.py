"""Texts of settings: what each kind of value looks like. Every parser raises ValueError for any other text."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

MAX_PORT = 65535

BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
"""Name of a bucket, by S3's own rule."""

HOST = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?"
"""A `host` or `host:port`, as the fetcher compares them: in lower case, without a dot at the end."""


def matching(pattern: str) -> Callable[[str], str]:
    """Return a parser of texts that match a pattern from beginning to end."""

    def parse(text: str) -> str:
        if re.fullmatch(pattern, text, re.ASCII) is None:
            raise ValueError
        return text

    return parse


def list_of(pattern: str) -> Callable[[str], tuple[str, ...]]:
    """Return a parser of comma lists whose parts match a pattern."""
    part = matching(pattern)
    return lambda text: tuple(part(found) for found in _parts(text))


def some_of(names: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    """Return a parser of comma lists of those names, or of the word none."""

    def parse(text: str) -> tuple[str, ...]:
        found = _parts(text)
        if found != ("none",) and (not found or not set(found) <= set(names)):
            raise ValueError
        return () if found == ("none",) else found

    return parse


def ports(text: str) -> tuple[int, ...]:
    """Parse a comma list of ports."""
    found = tuple(int(part) for part in _parts(text))
    if not all(0 < port <= MAX_PORT for port in found):
        raise ValueError
    return found


def origins(text: str) -> tuple[str, ...]:
    """Parse a comma list of web origins; `*` is all of them."""
    found = _parts(text)
    if any(origin != "*" and "://" not in origin for origin in found):
        raise ValueError
    return found


def web_url(text: str) -> str:
    """Parse a URL that others begin with; one slash at its end changes nothing."""
    parts = urlsplit(text)
    # Reading the port raises ValueError for a wrong one.
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError
    if re.search(r"[^!-~]|[?#@\\]", text):
        raise ValueError
    return text.rstrip("/")


def safe_url(text: str) -> str:
    """Parse a URL that a secret may be sent to: encrypted, or to this machine."""
    parts = urlsplit(text)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError
    return web_url(text)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
