"""What a storage of photos is, what its photos are called, and how it says no."""

from __future__ import annotations

import re
import secrets
from typing import Protocol

from addresses import PORTS, parse
from images import no_photo, photo_type

CONTENT_TYPES = {"jpg": "image/jpeg", "png": "image/png"}

_NAME = re.compile(rf"[0-9a-f]{{32}}\.({'|'.join(CONTENT_TYPES)})")


class PhotoSource(Protocol):
    """Read photos by URLs of a kind of its own; safe for many threads."""

    def get(self, url: str, base: str, max_bytes: int) -> bytes | None:
        """Return the photo behind a URL, None for a URL that is not of this source.

        `base` is the URL that the request's client has this server by. Raises PhotoUrlError when there is nothing,
        PhotoTimeout when its time is over, and UploadTooLarge over `max_bytes`.
        """


class Storage(PhotoSource, Protocol):
    """Keep photos, each behind a URL that nobody can guess."""

    def put(self, photo: bytes, base: str) -> str:
        """Store a JPEG or PNG; return its URL.

        Raises FileError for anything else, InternalError when it cannot be stored.
        """

    def delete(self, url: str, base: str) -> None:
        """Delete the photo that `put` returned this URL for; any other URL changes nothing. Raises InternalError."""


def new_name(photo: bytes) -> str:
    """Return a name of 128 random bits, which tells JPEG from PNG. Raises FileError for neither."""
    kind = photo_type(photo)
    if kind is None:
        raise no_photo()
    return f"{secrets.token_hex(16)}.{kind}"


def is_name(text: str) -> bool:
    """Tell whether `new_name` may have made this."""
    return _NAME.fullmatch(text) is not None


def content_type(name: str) -> str:
    """Return the media type of a photo of such a name."""
    return CONTENT_TYPES[name.rpartition(".")[2]]


def path_below(root: str, url: str) -> str | None:
    """Return the path of a URL as it is spelt behind that of a root, without its query; None for one elsewhere.

    HTTP and HTTPS are one place where the ports are the usual ones or the same: a proxy may take the TLS off.
    """
    try:
        at, asked = parse(root + "/"), parse(url)
    except ValueError:
        return None
    usual = at.port == PORTS[at.scheme] and asked.port == PORTS[asked.scheme]
    path = asked.path.partition("?")[0]
    if asked.host != at.host or not (usual or asked.port == at.port) or not path.startswith(at.path):
        return None
    return path.removeprefix(at.path)
