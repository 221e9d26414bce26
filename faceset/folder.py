"""The data folder: one server at a time, and the face crops in it."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Container
from pathlib import Path
from typing import IO

from errors import StartError
from faceset.tokens import LENGTH

_CROP_NAME = re.compile(rf"([A-Za-z0-9]{{{LENGTH}}})\.jpg")


class FolderLock:
    """Hold a folder for this process. The kernel lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file: IO[str] = path.open("a+")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise StartError(
                f"the data folder {path.parent} is in use by another facetoken process; stop that one, set "
                "FACETOKEN_DATA to another folder, or use --server with the URL of the running server"
            ) from None
        except OSError as error:
            raise StartError(f"cannot use the data folder {path.parent}: {error.strerror}") from error

    def release(self) -> None:
        self._file.close()


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

    def delete(self, token: str) -> None:
        """Delete the token's crop if it is there; raise OSError when the disk refuses."""
        self.file(token).unlink(missing_ok=True)

    def sweep(self, known: Container[str]) -> int:
        """Delete the crops of tokens that nobody knows any more; return how many."""
        unknown = []
        with os.scandir(self.path) as entries:
            for entry in entries:
                token = self.token(entry.name)
                if token is not None and token not in known:
                    unknown.append(token)
        for token in unknown:
            self.delete(token)
        return len(unknown)
