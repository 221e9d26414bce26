"""Files that are whole and on disk, or not there."""

from __future__ import annotations

import os
from pathlib import Path

PART = ".part-"
"""How the name of a file begins that is being written. Nobody needs one that a killed process left."""


def write(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read; when this returns, a power cut leaves it. Raises OSError."""
    part = path.with_name(PART + path.name)
    try:
        with open(part, "xb", opener=private) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        settle(path.parent)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def settle(folder: Path) -> None:
    """Have the disk know a folder's entries."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def private(path: str, flags: int) -> int:
    """Open a file that only its owner can read: the opener of `open`."""
    return os.open(path, flags, 0o600)
