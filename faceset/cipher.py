"""Seal what is stored about a person: AES-256-GCM, bound to the row it belongs to, under one of several keys.

What is sealed is the key's name (4 bytes), a random nonce (12), the ciphertext, and the tag (16). A nonce of 96 random
bits may be drawn four billion times under one key before two are likely enough to be equal to matter (NIST SP 800-38D,
8.3); rotate the key before that.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Callable, Iterable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from errors import StartError

KEY, NAME, NONCE, TAG = 32, 4, 12, 16
"""Bytes of a key, of its name, and of a nonce and a tag."""

OVERHEAD = NAME + NONCE + TAG
"""Bytes that sealing adds."""

_HEX = re.compile(r"[0-9A-Fa-f]{64}")

log = logging.getLogger("facetoken.faceset")


class SealBroken(ValueError):
    """Say that what was sealed cannot be opened: by another key, about another row, or changed since."""


class Keyring:
    """Hold the keys of a face set; one of them seals, the first until told otherwise, and any of them opens.

    `again` reads the keys anew where they came from: a name that is not known may be that of a key which another
    process has put there since. Safe for many threads, of which one at a time seals.
    """

    def __init__(self, keys: Sequence[bytes], again: Callable[[], Sequence[bytes]] | None = None) -> None:
        if not keys or any(len(key) != KEY for key in keys):
            raise ValueError(f"a key has {KEY} bytes, and there is at least one")
        self._ciphers = {name_of(key): AESGCM(key) for key in keys}
        self._again = again
        self.sealing = name_of(keys[0])
        """Name of the key that seals."""

    @property
    def names(self) -> tuple[bytes, ...]:
        """Return the keys' names, in the order in which they were given."""
        return tuple(self._ciphers)

    def seal_with(self, name: bytes) -> None:
        """Have the key of that name seal from now on; raise SealBroken when it is not here."""
        if name != self.sealing:
            self._cipher(name)
            self.sealing = name

    def seal(self, plain: bytes, about: bytes) -> bytes:
        """Return the plain bytes sealed; only who says the same `about` opens them."""
        name, nonce = self.sealing, os.urandom(NONCE)
        return name + nonce + self._ciphers[name].encrypt(nonce, plain, about)

    def open(self, sealed: bytes, about: bytes) -> bytes:
        """Return what was sealed about the same; raise SealBroken when it was not, or not by one of these keys."""
        plain = bytearray(max(0, len(sealed) - OVERHEAD))
        self.open_into(sealed, about, plain)
        return bytes(plain)

    def open_into(self, sealed: bytes, about: bytes, plain: bytearray | memoryview) -> None:
        """Open as `open` does, into room of exactly the right size: for many, half the time."""
        cipher = self._ciphers.get(sealed[:NAME]) or self._cipher(sealed[:NAME])
        try:
            cipher.decrypt_into(sealed[NAME : NAME + NONCE], sealed[NAME + NONCE :], about, plain)
        except (InvalidTag, ValueError):
            raise SealBroken("what is stored does not open: it was altered, or belongs to another row") from None

    def _cipher(self, name: bytes) -> AESGCM:
        try:
            if name not in self._ciphers and self._again is not None:
                # Those that were forgotten there stay here: a reader may be at rows from before.
                self._ciphers = {**self._ciphers, **{name_of(key): AESGCM(key) for key in self._again()}}
            return self._ciphers[name]
        except StartError as error:
            log.error("%s", error)
        except KeyError:
            pass
        raise SealBroken("what is stored does not open: it was sealed with a key that is not here")


def name_of(key: bytes) -> bytes:
    """Return a key's name, which tells nothing of the key."""
    return hashlib.sha256(b"facetoken key name" + key).digest()[:NAME]


def new_key() -> bytes:
    """Return a key from the system's cryptographic source."""
    return os.urandom(KEY)


def keys_from(lines: Iterable[str]) -> list[bytes]:
    """Read keys, 64 hexadecimal digits each, the sealing one first; raise ValueError for anything else."""
    keys = [line.strip() for line in lines if line.strip()]
    if not keys or not all(_HEX.fullmatch(key) for key in keys):
        raise ValueError("a key is 64 hexadecimal digits")
    return [bytes.fromhex(key) for key in keys]
