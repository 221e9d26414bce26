"""What is sealed of a face, and to what: vector and details, each to its kind, token, group and model.

So a row that is copied over another one, moved to another group, or claimed for another model does not open.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceset.cipher import OVERHEAD, Keyring, SealBroken

Floats = NDArray[np.float32]

VECTOR_TYPE = np.dtype("<f4")


def sealed_size(dim: int) -> int:
    """Return the bytes of a sealed vector of `dim` numbers."""
    return dim * VECTOR_TYPE.itemsize + OVERHEAD


@dataclass(frozen=True, slots=True)
class Seal:
    """Seal and open what one model's face set holds. `owner` is a group's id."""

    ring: Keyring
    model: str

    def vector(self, vector: Floats, token: str, owner: int) -> bytes:
        """Return a vector sealed."""
        return self.ring.seal(vector.astype(VECTOR_TYPE).tobytes(), self._about("vector", token, owner))

    def details(self, details: dict[str, Any], token: str, owner: int) -> bytes:
        """Return details sealed; what stands in them must fit JSON."""
        return self.ring.seal(json.dumps(details, ensure_ascii=False).encode(), self._about("details", token, owner))

    def secret(self, plain: bytes, name: str) -> bytes:
        """Return a secret sealed."""
        return self.ring.seal(plain, _about_secret(name))

    def open_secret(self, sealed: bytes, name: str) -> bytes:
        """Return a secret. Raises SealBroken."""
        return self.ring.open(sealed, _about_secret(name))

    def renewed(self, kind: str, sealed: bytes, token: str, owner: int) -> bytes:
        """Return a "vector" or "details" sealed anew, with the key that seals now. Raises SealBroken."""
        about = self._about(kind, token, owner)
        return self.ring.seal(self.ring.open(sealed, about), about)

    def open_vector(self, sealed: bytes, token: str, owner: int) -> bytes:
        """Return the bytes of a vector. Raises SealBroken."""
        return self.ring.open(sealed, self._about("vector", token, owner))

    def open_vectors(self, sealed: Sequence[bytes], tokens: Sequence[str], owners: Sequence[int], dim: int) -> Floats:
        """Return many vectors, float32 (n, dim). Raises SealBroken, also for a vector of another size."""
        matrix = np.empty((len(sealed), dim), VECTOR_TYPE)
        room, size = matrix.data.cast("B"), dim * VECTOR_TYPE.itemsize
        for start, each, token, owner in zip(range(0, len(room), size), sealed, tokens, owners, strict=True):
            self.ring.open_into(each, self._about("vector", token, owner), room[start : start + size])
        return matrix

    def open_details(self, sealed: bytes, token: str, owner: int) -> dict[str, Any]:
        """Return details. Raises SealBroken."""
        details = json.loads(self.ring.open(sealed, self._about("details", token, owner)))
        if not isinstance(details, dict):
            raise SealBroken("a face's details are of another kind")
        return details

    def _about(self, kind: str, token: str, owner: int) -> bytes:
        # None of the parts but the last has a line break.
        return f"{kind}\n{owner}\n{self.model}\n{token}".encode()


def _about_secret(name: str) -> bytes:
    return f"secret\n{name}".encode()
