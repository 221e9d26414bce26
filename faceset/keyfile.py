"""The file that the keys of a face set are kept in: for its owner's eyes only, and never made anew by mistake."""

from __future__ import annotations

import glob
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from durable import private, settle
from errors import StartError
from faceset.cipher import Keyring, keys_from, name_of, new_key


class KeyFile:
    """Read and write a key file: one key a line, the sealing one first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._beside = f".{path.name}-"

    def read(self) -> Keyring:
        """Return the keys. Raises StartError when there are none, or when others may read them."""
        return Keyring(self._keys(), self._keys)

    def read_or_make(self) -> Keyring:
        """Return the keys; make the file with a new one when it is not there."""
        if not self.path.exists():
            # Two processes may find that there is none: both must go on with the same one.
            with suppress(FileExistsError):
                self._write([new_key()], new=True)
        return self.read()

    def of(self, sealing: bytes | None, path: Path) -> Keyring:
        """Return the keys of the face set at `path`, which the key of that name seals; None: nothing is sealed yet.

        A new key is made only then. Raises StartError when the right one is not here.
        """
        if sealing is None:
            return self.read_or_make()
        ring = self.read()
        if sealing not in ring.names:
            raise StartError(
                f"the face set {path} is sealed with a key that is not in {self.path}; "
                "put the right key file in its place, or set FACETOKEN_KEY"
            )
        return ring

    def put_first(self, key: bytes) -> None:
        """Add a key that seals from now on; those before still open."""
        self._write([key, *self._keys()])

    def begin(self) -> bool:
        """Put a new key first; tell whether. Not when there are several: then a rotation was begun and not ended."""
        if len(self._keys()) > 1:
            return False
        self.put_first(new_key())
        return True

    def end(self, name: bytes) -> bool:
        """Forget every key but the first, also what a killed process left of them, and tell that it is done.

        Raises StartError when the first is not the one of that name.
        """
        first = self._keys()[0]
        if name_of(first) != name:
            raise StartError(f"the key file {self.path} was changed meanwhile; run the command again")
        for left in self.path.parent.glob(glob.escape(self._beside) + "*"):
            shutil.rmtree(left, ignore_errors=True)
        self._write([first])
        return True

    def _keys(self) -> list[bytes]:
        try:
            mode = stat.S_IMODE(self.path.stat().st_mode)
            lines = self.path.read_text("ascii").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it holds no text"
            raise StartError(
                f"cannot read the key file {self.path}: {reason}; put the right one in its place, or set FACETOKEN_KEY"
            ) from error
        if mode & 0o077:
            raise StartError(f"others may read the key file {self.path}; run `chmod 600` on it, and rotate the key")
        try:
            return keys_from(lines)
        except ValueError as error:
            raise StartError(f"the key file {self.path} is damaged: {error}; restore it from a backup") from error

    def _write(self, keys: Sequence[bytes], *, new: bool = False) -> None:
        """Put the file there at once: whoever is killed meanwhile leaves the old one or the new one."""
        folder = self.path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=self._beside) as beside:
                made = Path(beside) / "key"
                with open(made, "x", opener=private) as file:
                    file.writelines(f"{key.hex()}\n" for key in keys)
                    file.flush()
                    os.fsync(file.fileno())
                (os.link if new else os.replace)(made, self.path)
            settle(folder)
        except FileExistsError:
            raise
        except OSError as error:
            raise StartError(f"cannot write the key file {self.path}: {error.strerror}") from error
