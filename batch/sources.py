"""Which files to import and under which names, and their bytes: whatever a folder holds, nothing hangs or crashes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine import DEFAULT_NAME
from errors import FileError, UploadError, UploadTooLarge

PHOTO_ENDINGS = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".avif", ".bmp", ".gif", ".tif", ".tiff")
)
"""Of the files in a folder only these are tried: more than the service reads, so that the report names the others."""

"""Characters of a label, as in the native API."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Hold one file to import and the name for its faces; `problem` says why it cannot even be tried."""

    path: Path
    name: str
    problem: str | None = None


def from_parent(path: Path) -> str:
    """Name a photo after the folder it lies in."""
    # Not resolved: a link counts as lying where the user put it.
    return path.absolute().parent.name or DEFAULT_NAME


def from_file(path: Path) -> str:
    """Name a photo after its file, without the ending."""
    return path.stem


def listed(paths: Iterable[Path], name: Callable[[Path], str]) -> Iterator[Source]:
    """Yield the files given, and the photos anywhere under the folders given, in the same order every time."""
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112  # Path.is_dir raises where one may not look.
            yield from _walked(path, name)
        else:
            yield Source(path, name(path))


def _walked(top: Path, name: Callable[[Path], str]) -> Iterator[Source]:
    """Yield a folder's photos, then its folders'. Links to folders are followed, each folder is entered once."""
    waiting, entered = [top], set()
    while waiting:
        folder = waiting.pop()
        try:
            found = folder.stat()
            if (found.st_dev, found.st_ino) in entered:
                continue
            entered.add((found.st_dev, found.st_ino))
            with os.scandir(folder) as entries:
                paths = sorted(folder / entry.name for entry in entries)
        except OSError as error:
            yield Source(folder, "", f"the folder cannot be read: {_reason(error, folder)}")
            continue
        folders = {path for path in paths if os.path.isdir(path)}  # noqa: PTH112
        waiting.extend(sorted(folders, reverse=True))
        for path in paths:
            if path not in folders and path.suffix.lower() in PHOTO_ENDINGS:
                yield Source(path, name(path))


def read(path: Path, max_bytes: int) -> bytes:
    """Return a file's bytes; never wait on a pipe, never read more than the limit.

    Raises UploadError for an empty file, UploadTooLarge over the limit and FileError for everything else.
    """
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
        if kind != stat.S_IFREG:
            raise FileError(f"it is {_KINDS.get(kind, 'something else')}, not a file")
        with open(path, "rb", opener=_without_waiting) as file:
            data = file.read(max_bytes + 1) or b""
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise FileError(_reason(error, path)) from error
    if len(data) > max_bytes:
        raise UploadTooLarge(f"the photo has {max(size, len(data))} bytes; at most {max_bytes} are allowed")
    if not data:
        raise UploadError("the file is empty")
    return data


def _without_waiting(path: str, flags: int) -> int:
    # Whatever took the file's place since it was looked at, opening and reading it return at once.
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _reason(error: OSError, path: Path) -> str:
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return f"it is a link to {path.readlink()}, which is not there"
    return (error.strerror or str(error)).lower()
