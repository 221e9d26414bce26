"""What the reference embedders share: options, fingerprint, and the input and output rule of `model.facenet`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from errors import StartError
from model.base import Crops, ModelFingerprint, Vectors
from model.facenet import NETWORK, Floats, embed_in_batches
from model.prewhiten import prewhiten
from model.reference.once import Once
from model.weights import sha256_of


class ReferenceEmbedder(ABC):
    """Embed with the network of facenet_keras.h5 on another runtime; a subclass builds that network."""

    def __init__(self, h5: Path, margin: int, mirror: bool) -> None:
        self.h5 = h5
        self.margin = margin
        self.mirror = mirror
        self._network = Once(self._checked_build)
        self._sha256 = Once(lambda: sha256_of(h5))

    @property
    def fingerprint(self) -> ModelFingerprint:
        """Return the same fingerprint as `FaceNet` at f32: parity says the vectors agree within 1e-4."""
        return ModelFingerprint(NETWORK, self._sha256(), "f32", self.margin, self.mirror)

    def load(self) -> None:
        """Build the network once. Raises StartError when a package or the h5 is missing."""
        self._network()

    def embed(self, crops: Crops) -> Vectors:
        """Embed n aligned faces as float32 (n, 128), each of length 1."""
        network = self._network()
        return embed_in_batches(crops, self.mirror, lambda batch: network(prewhiten(batch)))

    def _checked_build(self) -> Callable[[Floats], Floats]:
        if not self.h5.is_file():
            raise StartError(f"{self.h5} is missing; `facetoken weights` fetches it")
        return self._build()

    @abstractmethod
    def _build(self) -> Callable[[Floats], Floats]:
        """Return the network: prewhitened float32 (n, 3, 160, 160) in, float32 (n, 128) out, safe from threads."""
