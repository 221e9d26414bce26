"""FaceNet: 128 numbers for a face, alike for photos of one person (Schroff et al., 2015)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.base import EMBEDDING_DIM, Crops, ModelFingerprint, Vectors
from model.crop import MARGIN, SIZE
from model.prewhiten import prewhiten
from model.runtime import Graph, on_all_cores, read
from model.weights import FACENET, FACENET_H5

Floats = NDArray[np.float32]

BATCHES = (8, 4, 1)
"""Faces a run. Three compiled graphs cost 0.5 GB; a face alone takes 4.5 ms, four 10, eight 16.5 (bf16, two cores)."""

RUNS = {1: (1,), 2: (1, 1), 3: (3,), 4: (4,), 5: (4, 1), 6: (6,), 7: (7,), 8: (8,)}
"""How so many faces are run fastest; 3, 6 and 7 leave places of a batch empty."""

NETWORK = "facenet128"


def fingerprint(precision: str, mirror: bool) -> ModelFingerprint:
    """Return the fingerprint of vectors made from facenet_keras.h5 by the crop rule of `model.crop`."""
    return ModelFingerprint(NETWORK, FACENET_H5.sha256, precision, MARGIN, mirror)


def embed_in_batches(crops: Crops, mirror: bool, network: Callable[[Crops], Floats]) -> Vectors:
    """Run `network` on batches of at most 8 and normalise; with `mirror`, add the mirrored crop's vector.

    With `prewhiten` on the way in, this is the whole rule; every backend's network goes through both.
    """
    vectors = np.empty((len(crops), EMBEDDING_DIM), np.float32)
    for start in range(0, len(crops), BATCHES[0]):
        batch = slice(start, start + BATCHES[0])
        raw = normalised(network(crops[batch]))
        if mirror:
            raw = normalised(raw + normalised(network(crops[batch, :, ::-1])))
        vectors[batch] = raw
    return vectors


def normalised(vectors: Floats) -> Floats:
    """Scale every row to length 1, computed in float64 and rounded once."""
    wide = vectors.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    unit: Floats = (wide / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
    return unit


class FaceNet:
    """Embed aligned faces with Inception-ResNet-v1 on OpenVINO."""

    def __init__(self, weights: Path, precision: str, mirror: bool) -> None:
        self._precision = precision
        self._mirror = mirror
        self._graphs = {size: Graph(weights / FACENET.name, precision, (size, 3, SIZE, SIZE)) for size in BATCHES}

    @property
    def fingerprint(self) -> ModelFingerprint:
        return fingerprint(self._precision, self._mirror)

    def load(self) -> None:
        """Compile the network for every batch size."""
        graphs = list(self._graphs.values())
        model = read(graphs[0].path)
        with ThreadPoolExecutor(len(graphs)) as together:
            list(together.map(lambda graph: graph.compile(model), graphs))
        for graph in graphs:
            graph.load()

    def embed(self, crops: Crops) -> Vectors:
        """Embed n aligned faces as float32 (n, 128), each of length 1."""
        return embed_in_batches(crops, self._mirror, self._network)

    def _network(self, crops: Crops) -> Floats:
        parts = np.split(crops, np.cumsum(RUNS[len(crops)])[:-1])
        # One after the other, each with all cores behind it, called by a thread that the runtime knows.
        return np.concatenate([vectors for part in parts for vectors in on_all_cores(self._run, [part])])

    def _run(self, crops: Crops) -> Floats:
        size = min(size for size in BATCHES if size >= len(crops))
        with self._graphs[size].request() as request:
            prewhiten(crops, request.input)
            (vectors,) = request.run()
            return vectors[: len(crops)].copy()
