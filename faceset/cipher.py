"""Seal what is stored about a person: AES-256-GCM, bound to the row it belongs to, under one of several keys.

What is sealed is the key's name (4 bytes), a random nonce (12), the ciphertext, and the tag (16). A nonce of 96 random
bits may be drawn four billion times under one key before two are likely enough to be equal to matter (NIST SP 800-38D,
8.3); rotate the key before that.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY, NAME, NONCE, TAG = 32, 4, 12, 16
"""Bytes of a key, of its name, and of a nonce and a tag."""

OVERHEAD = NAME + NONCE + TAG
"""Bytes that sealing adds."""

_HEX = re.compile(r"[0-9A-Fa-f]{64}")


class SealBroken(ValueError):
    """Say that what was sealed cannot be opened: by another key, about another row, or changed since."""


class Keyring:
    """Hold the keys of a face set; the first one seals, any of them opens. Safe for many threads."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY for key in keys):
            raise ValueError(f"a key has {KEY} bytes, and there is at least one")
        self._ciphers = {name_of(key): AESGCM(key) for key in keys}
        self.first = name_of(keys[0])
        self._sealing = self._ciphers[self.first]

    @property
    def names(self) -> tuple[bytes, ...]:
        """Return the keys' names, the sealing one's first."""
        return tuple(self._ciphers)

    def seal(self, plain: bytes, about: bytes) -> bytes:
        """Return the plain bytes sealed; only who says the same `about` opens them."""
        nonce = os.urandom(NONCE)
        return self.first + nonce + self._sealing.encrypt(nonce, plain, about)

    def open(self, sealed: bytes, about: bytes) -> bytes:
        """Return what was sealed about the same; raise SealBroken when it was not, or not by one of these keys."""
        plain = bytearray(max(0, len(sealed) - OVERHEAD))
        self.open_into(sealed, about, plain)
        return bytes(plain)

    def open_into(self, sealed: bytes, about: bytes, plain: bytearray | memoryview) -> None:
        """Open as `open` does, into room of exactly the right size: for many, half the time."""
        try:
            cipher = self._ciphers[sealed[:NAME]]
            cipher.decrypt_into(sealed[NAME : NAME + NONCE], sealed[NAME + NONCE :], about, plain)
        except (KeyError, InvalidTag, ValueError):
            raise SealBroken("what is stored does not open: the key is another, or it belongs to another row") from None


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
