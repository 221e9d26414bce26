"""What an import is about to do to a server, on disk before it does it, so that the next run can undo half of it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from durable import settle
from errors import StartError


def default_journal(url: str, environment: dict[str, str] | os._Environ[str] = os.environ) -> Path:
    """Return the journal's place for a server: the same whatever folder the command is run in."""
    state = Path(environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "facetoken" / f"import-{hashlib.sha256(url.encode()).hexdigest()[:16]}.jsonl"


class Journal:
    """Hold the tokens of the one photo that is being added, if any; one process at a time. Raises StartError."""

    def __init__(self, path: Path, url: str) -> None:
        self._path = path
        self._url = url
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartError(f"cannot use the journal {path}: {error.strerror}; name another with --journal") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._check()
            settle(path.parent)
        except BlockingIOError:
            os.close(self._file)
            raise StartError(f"another import to {url} is running; its journal is {path}") from None
        except BaseException:
            os.close(self._file)
            raise

    def begin(self, tokens: list[str]) -> None:
        """Note the tokens that will be added; once this returns they are on disk."""
        line = json.dumps({"server": self._url, "tokens": tokens}) + "\n"
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, line.encode(), 0)
            os.fsync(self._file)
        except OSError as error:
            raise StartError(f"cannot write the journal {self._path}: {error.strerror}") from error

    def end(self) -> None:
        """Note that all of them are in, or none."""
        # Not synced: should a power cut bring the tokens back, the next run adds the photo anew.
        os.ftruncate(self._file, 0)

    def unfinished(self) -> list[str]:
        """Return the tokens of a photo that an earlier run began and did not end."""
        found = self._read()
        return [str(token) for token in found["tokens"]] if found else []

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def _check(self) -> None:
        found = self._read()
        server = str(found["server"]) if found else self._url
        if server != self._url:
            raise StartError(
                f"the journal {self._path} holds an unfinished import to {server}; "
                "run that one again first, or name another journal"
            )

    def _read(self) -> dict[str, Any] | None:
        text = os.pread(self._file, os.fstat(self._file).st_size, 0).decode(errors="replace")
        if not text.endswith("\n"):
            # Cut off while it was written: nothing had been sent yet.
            return None
        try:
            found: dict[str, Any] = json.loads(text)
            _ = found["server"], found["tokens"]
        except (ValueError, KeyError, TypeError):
            raise StartError(f"{self._path} is not a journal of this command; name another with --journal") from None
        return found
