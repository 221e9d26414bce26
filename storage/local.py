"""Photos in a folder of this server, which serves them itself."""

from __future__ import annotations

import logging
from pathlib import Path

import durable
from errors import InternalError, StartError
from fetcher import nothing_there, too_large
from storage.base import is_name, new_name, path_below

PATH = "/stored"
"""Where the photos are served, below the URL of this server."""

log = logging.getLogger("facetoken.storage")


class LocalStorage:
    """Keep photos as files that only this user can read; no name but one made here ever leads to a file.

    `public_url` is where clients reach this server; without one that is what each request asked for.
    """

    def __init__(self, folder: Path, public_url: str | None = None) -> None:
        self._folder = folder
        self._public_url = public_url
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for part in folder.glob(f"{durable.PART}*"):
                part.unlink(missing_ok=True)
        except OSError as error:
            raise StartError(f"cannot use the folder of stored photos {folder}: {error.strerror}") from error

    def put(self, photo: bytes, base: str) -> str:
        """Store a JPEG or PNG; return its URL. Raises FileError for anything else, InternalError for a full disk."""
        name = new_name(photo)
        try:
            durable.write(self._folder / name, photo)
        except OSError as error:
            log.error("a photo cannot be stored: %s", error.strerror)
            raise InternalError("the photo cannot be stored at the moment; try again later") from error
        return f"{self._root(base)}/{name}"

    def get(self, url: str, base: str, max_bytes: int) -> bytes | None:
        """Return the photo behind a URL of this server's own, None for any other.

        Raises PhotoUrlError when it is not there and UploadTooLarge over `max_bytes`.
        """
        name = path_below(self._root(base), url)
        if name is None:
            return None
        photo = self.read(name)
        if photo is None:
            raise nothing_there()
        if len(photo) > max_bytes:
            raise too_large(max_bytes)
        return photo

    def read(self, name: str) -> bytes | None:
        """Return the photo of a name, which may be any text; None when there is none to be read."""
        if not is_name(name):
            return None
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None

    def delete(self, url: str, base: str) -> None:
        """Delete the photo that `put` returned this URL for; any other URL changes nothing. Raises InternalError."""
        name = path_below(self._root(base), url)
        if name is None or not is_name(name):
            return
        try:
            (self._folder / name).unlink(missing_ok=True)
            durable.settle(self._folder)
        except OSError as error:
            log.error("a photo cannot be deleted: %s", error.strerror)
            raise InternalError("the photo cannot be deleted at the moment; try again later") from error

    def _root(self, base: str) -> str:
        return (self._public_url or base).rstrip("/") + PATH
