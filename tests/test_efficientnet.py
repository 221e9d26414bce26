"""The classifier's network, converted: the same probabilities as torch computes from the published checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from model.base import CLASSIFIER_SIDE as SIDE
from model.base import Image
from model.checkpoint import CheckpointError
from model.efficientnet import efficientnet_lite0
from model.tagger import LocalTagger
from model.weights import CLASSIFIER
from settings import Settings
from tests.pictures import read

DATA = Path(__file__).parent / "data"
PHOTOS = ("cat.jpg", "coffee.jpg", "tripod.jpg")

CANONICAL = DATA / "lite0.npz"
"""float32 (5, 1000): torch's softmax for `pictures()`, from efficientnet-lite0-57934424.pth."""


def pictures() -> list[Image]:
    """Three photos, cut without any scaling, a ramp and noise; all as large as the input."""
    photos = [read(DATA / name) for name in PHOTOS]
    cuts = [np.pad(photo, ((0, 24), (0, 0), (0, 0)))[:SIDE, :SIDE] for photo in photos]
    ramp = np.linspace(0, 255, SIDE * SIDE * 3).reshape(SIDE, SIDE, 3).astype(np.uint8)
    noise = np.random.default_rng(7).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    return [*cuts, ramp, noise]


def test_probabilities_are_those_of_torch(settings: Settings) -> None:
    tagger = LocalTagger(settings.weights)
    found = np.stack([tagger.probabilities(picture) for picture in pictures()])
    known = np.load(CANONICAL)["probabilities"]
    assert found.shape == known.shape == (5, 1000)
    assert np.abs(found - known).max() < 1e-4
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)


def test_nothing_but_plain_convolutions_is_left(settings: Settings) -> None:
    graph = onnx.load(settings.weights / CLASSIFIER.name).graph
    kinds = [node.op_type for node in graph.node]
    # A stem, a head, and of sixteen blocks fifteen widen.
    assert kinds.count("Conv") == 2 + 15 + 16 + 16
    assert kinds.count("Add") == 9
    assert set(kinds) <= {
        "Conv",
        "Clip",
        "Add",
        "Constant",
        "GlobalAveragePool",
        "Flatten",
        "Gemm",
        "Softmax",
        "Identity",
    }


def test_what_is_no_checkpoint_is_refused() -> None:
    with pytest.raises(CheckpointError):
        efficientnet_lite0(b"not a checkpoint")
