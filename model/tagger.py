"""Tell whether a photo shows a thing, with a classifier of ImageNet's 1000 classes (EfficientNet-Lite0)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from errors import StartError, TaggerError
from model.base import CLASSIFIER_SIDE as SIDE
from model.base import Image
from model.runtime import Graph, on_all_cores
from model.vocabulary import Vocabulary
from model.weights import CLASSIFIER, ensure

Floats = NDArray[np.float32]

LIMIT = 0.2
"""How probable the classes that a tag stands for must be in sum. Over 53 true tags of 18 photos of things, and
4,870 false ones of these and of 118 photos of people: 0.1 sees 94 % of the true and 0.9 % of the false, 0.2 sees 92
and 0.23, 0.3 sees 81 and 0.16; see docs/model-card.md."""


class LocalTagger:
    """See tags with a network of our own; it is loaded by the first question, and none costs memory before."""

    def __init__(self, weights: Path) -> None:
        self._weights = weights
        self._lock = threading.Lock()
        self._graph: Graph | None = None

    def sees(self, file: Callable[[], bytes], image: Image, tag: str) -> bool:  # noqa: ARG002 - for other taggers
        """Tell whether the classes that `tag` stands for are probable enough; a word that nothing is known of is not.

        Raises TaggerError when the network's weights cannot be had.
        """
        ranges = _vocabulary().ranges(tag)
        if not ranges:
            return False
        probabilities = self.probabilities(image)
        return float(sum(probabilities[first:behind].sum() for first, behind in ranges)) >= LIMIT

    def probabilities(self, image: Image) -> Floats:
        """Return the probability of each class, float32 (1000,), for the largest square in the middle of a photo.

        Raises TaggerError when the network's weights cannot be had.
        """
        # Called by a thread that the runtime knows.
        return on_all_cores(self._run, [_input(image)])[0]

    def _run(self, pixels: Floats) -> Floats:
        with self._loaded().request() as request:
            request.input[0] = pixels
            (probabilities,) = request.run()
            first: Floats = probabilities[0].copy()
            return first

    def _loaded(self) -> Graph:
        with self._lock:
            if self._graph is None:
                try:
                    ensure(self._weights, [CLASSIFIER])
                except StartError as error:
                    raise TaggerError("the tagger's network is not here; `facetoken weights` fetches it") from error
                self._graph = Graph(self._weights / CLASSIFIER.name, "f32", (1, 3, SIDE, SIDE))
            return self._graph


@cache
def _vocabulary() -> Vocabulary:
    return Vocabulary()


def _input(image: Image) -> Floats:
    """Return the middle square as the network takes it: (3, 224, 224), (x - 127) / 128 as in its training."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = image[top : top + side, left : left + side]
    small = cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC)
    pixels: Floats = (small.transpose(2, 0, 1).astype(np.float32) - np.float32(127)) / np.float32(128)
    return pixels
