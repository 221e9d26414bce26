"""FaceNet: 128 numbers for a face, alike for photos of one person (Schroff et al., 2015)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.base import EMBEDDING_DIM, Crops, ModelFingerprint, Vectors
from model.crop import MARGIN
from model.runtime import Graph
from model.weights import FACENET, FACENET_H5

Floats = NDArray[np.float32]

BATCHES = (8, 4, 2, 1)
"""Batch sizes in use. Each new size costs the runtime a compile, so n faces go as few runs of these."""

NETWORK = "facenet128"


def fingerprint(precision: str, mirror: bool) -> ModelFingerprint:
    """Return the fingerprint of vectors made from facenet_keras.h5 by the crop rule of `model.crop`."""
    return ModelFingerprint(NETWORK, FACENET_H5.sha256, precision, MARGIN, mirror)


def prewhiten(crops: Crops) -> Floats:
    """Return each image minus its mean, over its standard deviation, as float32 (n, 3, 160, 160).

    The deviation is at least 1/sqrt(values), so a flat image does not divide by zero. Rule of the network's training
    (facenet's `prewhiten`).
    """
    pixels = crops.astype(np.float32)
    mean = pixels.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float64)
    values = pixels[0].size
    deviation = np.maximum(pixels.std(axis=(1, 2, 3), keepdims=True, dtype=np.float64), 1 / np.sqrt(values))
    white = (pixels - mean.astype(np.float32)) / deviation.astype(np.float32)
    return np.ascontiguousarray(white.transpose(0, 3, 1, 2), np.float32)


def embed_in_batches(crops: Crops, mirror: bool, network: Callable[[Floats], Floats]) -> Vectors:
    """Prewhiten, run `network` on batches of at most 8 and normalise; with `mirror`, add the mirrored crop's vector.

    This is the whole input and output rule; every backend's network goes through it.
    """
    vectors = np.empty((len(crops), EMBEDDING_DIM), np.float32)
    for batch in _batches(len(crops)):
        raw = normalised(network(prewhiten(crops[batch])))
        if mirror:
            raw = normalised(raw + normalised(network(prewhiten(crops[batch, :, ::-1]))))
        vectors[batch] = raw
    return vectors


def normalised(vectors: Floats) -> Floats:
    """Scale every row to length 1, computed in float64 and rounded once."""
    wide = vectors.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    unit: Floats = (wide / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
    return unit


def _batches(count: int) -> list[slice]:
    batches, start = [], 0
    while start < count:
        size = next(size for size in BATCHES if size <= count - start)
        batches.append(slice(start, start + size))
        start += size
    return batches


class FaceNet:
    """Embed aligned faces with Inception-ResNet-v1 on OpenVINO."""

    def __init__(self, weights: Path, precision: str, mirror: bool) -> None:
        self._graph = Graph(weights / FACENET.name, precision)
        self._mirror = mirror

    @property
    def fingerprint(self) -> ModelFingerprint:
        return fingerprint(self._graph.precision, self._mirror)

    def load(self) -> None:
        """Compile the network and every batch size once."""
        self._graph.load()
        for size in BATCHES:
            self._network(np.zeros((size, 3, 160, 160), np.float32))

    def embed(self, crops: Crops) -> Vectors:
        """Embed n aligned faces as float32 (n, 128), each of length 1."""
        return embed_in_batches(crops, self._mirror, self._network)

    def _network(self, crops: Floats) -> Floats:
        return self._graph(crops)[0]
