"""Where the keys of a face set come from: a file (faceset.keyfile), or a setting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from errors import StartError
from faceset.cipher import Keyring, keys_from
from faceset.keyfile import KeyFile


class Keys(Protocol):
    """A place that keys are kept in."""

    def read(self) -> Keyring:
        """Return the keys, the one first that is to seal. Raises StartError."""
        ...

    def of(self, sealing: bytes | None, path: Path) -> Keyring:
        """Return the keys of the face set at `path`, which the key of that name seals; None: nothing is sealed yet.

        Raises StartError when the right one is not here.
        """
        ...

    def begin(self) -> bool:
        """Have a new key stand first; tell whether it was made now, or for a rotation that was begun and not ended."""
        ...

    def end(self, name: bytes) -> bool:
        """Forget every key but the one of that name, the first; tell whether that is done, or left to the user."""
        ...


class GivenKeys:
    """Hold the keys of the setting FACETOKEN_KEY, which the user changes."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys_from(keys)

    def read(self) -> Keyring:
        """Return the keys."""
        return Keyring(self._keys)

    def of(self, sealing: bytes | None, path: Path) -> Keyring:
        """Return the keys; raise StartError when the one of that name is not among them."""
        ring = self.read()
        if sealing is not None and sealing not in ring.names:
            raise StartError(
                f"the face set {path} is sealed with a key that is not in FACETOKEN_KEY; put the right one there"
            )
        return ring

    def begin(self) -> bool:
        """Tell that no key was made; raise StartError when the setting has none but the old one."""
        if len(self._keys) < 2:
            raise StartError(
                "FACETOKEN_KEY has one key only; put a new one before it, 64 random hexadecimal digits and a comma, "
                "restart the server with both, and run this again with both"
            )
        return False

    def end(self, _name: bytes) -> bool:
        """Tell that the setting is the user's."""
        return False


def chosen(given: Sequence[str], file: Path) -> Keys:
    """Return the given keys, or, when there are none, those of a file."""
    return GivenKeys(given) if given else KeyFile(file)
