"""The data folder: one server at a time, and the face crops in it."""

from __future__ import annotations

import fcntl
import logging
import os
import re
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from durable import private
from errors import InternalError, StartError
from faceset.tokens import LENGTH

log = logging.getLogger("facetoken.faceset")

_CROP_NAME = re.compile(rf"([A-Za-z0-9]{{{LENGTH}}})\.jpg")


class FolderInUse(StartError):
    """Say that another process holds the folder."""


class FolderLock:
    """Hold a folder for this process. The kernel lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file: IO[str] = path.open("a+")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise FolderInUse(
                f"the data folder {path.parent} is in use by another facetoken process; stop that one, set "
                "FACETOKEN_DATA to another folder, or use --server with the URL of the running server"
            ) from None
        except OSError as error:
            raise StartError(f"cannot use the data folder {path.parent}: {error.strerror}") from error

    def release(self) -> None:
        self._file.close()


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the folder of a database; raise FolderInUse when another process does."""
    lock = FolderLock(database.with_name("lock"))
    try:
        yield
    finally:
        lock.release()


class CropFolder:
    """Name, find and delete face crops: <face_token>.jpg, and no other name ever leads to a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(f"cannot make the crop folder {path}: {error.strerror}") from error

    @staticmethod
    def name(token: str) -> str:
        return f"{token}.jpg"

    @staticmethod
    def token(name: str) -> str | None:
        """Return the token in a crop's file name, or None for any other name."""
        match = _CROP_NAME.fullmatch(name)
        return match[1] if match else None

    def file(self, token: str) -> Path:
        return self.path / self.name(token)

    def read(self, token: str) -> bytes | None:
        """Return the token's crop, or None when there is none to be read."""
        try:
            return self.file(token).read_bytes()
        except OSError:
            return None

    def write(self, token: str, jpeg: bytes) -> None:
        """Write a new crop that only this user can read; raise InternalError when the disk refuses, leaving nothing."""
        path = self.file(token)
        try:
            with open(path, "xb", opener=private) as file:
                try:
                    file.write(jpeg)
                    file.flush()
                except OSError:
                    path.unlink(missing_ok=True)
                    raise
        except OSError as error:
            log.error("a crop cannot be written: %s", error.strerror)
            raise InternalError("the face crop cannot be stored at the moment; try again later") from error

    def delete(self, token: str) -> None:
        """Delete the token's crop if it is there; raise InternalError when the disk refuses."""
        try:
            self.file(token).unlink(missing_ok=True)
        except OSError as error:
            log.error("a crop cannot be deleted: %s", error.strerror)
            raise InternalError("the face's crop cannot be deleted now; it goes at the next start") from error

    def drop(self, token: str) -> None:
        """Delete a crop that nobody can reach any more; what the disk refuses goes at the next start."""
        with suppress(InternalError):
            self.delete(token)

    def sweep(self, known: Container[str]) -> int:
        """Delete the crops of tokens that nobody knows any more; return how many."""
        unknown = []
        with os.scandir(self.path) as entries:
            for entry in entries:
                token = self.token(entry.name)
                if token is not None and token not in known:
                    unknown.append(token)
        for token in unknown:
            self.drop(token)
        return len(unknown)
