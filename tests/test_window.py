"""P-Net on single windows: what the whole graph computes in f32, and only where it is asked for."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.runtime import Graph
from model.weights import PNET
from model.window import WindowNetwork
from settings import Settings

Floats = NDArray[np.float32]

HEIGHT, WIDTH = 60, 84


@pytest.fixture(scope="module")
def network(settings: Settings) -> WindowNetwork:
    return WindowNetwork(settings.weights / PNET.name)


@pytest.fixture(scope="module")
def graph(settings: Settings) -> Graph:
    return Graph(settings.weights / PNET.name, "f32", (1, HEIGHT, WIDTH, 3))


def by_the_graph(graph: Graph, pixels: Floats) -> tuple[Floats, Floats]:
    """The runtime's own logits (rows, columns) and offsets (4, rows, columns)."""
    with graph.request() as request:
        request.input[0] = pixels
        offsets, logits = request.run()
        return logits[0, 0].copy(), offsets[0].copy()


def test_every_window_of_real_photos(network: WindowNetwork, graph: Graph, photos: Path) -> None:
    for path in sorted(photos.glob("val/*/*.jpg"))[:12]:
        pixels = cv2.resize(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), (WIDTH, HEIGHT)).astype(np.float32)
        wanted_logits, wanted_offsets = by_the_graph(graph, pixels)
        logits, offsets = np.zeros_like(wanted_logits), np.zeros_like(wanted_offsets)
        network.compute_again(pixels, -1, logits, offsets)
        # The order of the sums differs: some 1e-6 of numbers up to 20.
        np.testing.assert_allclose(logits, wanted_logits, atol=1e-4)
        np.testing.assert_allclose(offsets, wanted_offsets, atol=1e-4)


@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1))
@hypothesis_settings(deadline=None, max_examples=30)
def test_only_what_is_asked_for(network: WindowNetwork, graph: Graph, seed: int, share: float) -> None:
    random = np.random.default_rng(seed)
    pixels = random.uniform(0, 255, (HEIGHT, WIDTH, 3)).astype(np.float32)
    wanted_logits, wanted_offsets = by_the_graph(graph, pixels)
    asked = random.uniform(size=wanted_logits.shape) < share
    logits, offsets = np.where(asked, 7, -7).astype(np.float32), np.full_like(wanted_offsets, 9)
    network.compute_again(pixels, 7, logits, offsets)
    np.testing.assert_allclose(logits[asked], wanted_logits[asked], atol=1e-4)
    np.testing.assert_allclose(offsets[:, asked], wanted_offsets[:, asked], atol=1e-4)
    assert (logits[~asked] == -7).all()
    assert (offsets[:, ~asked] == 9).all()


def test_windows_that_reach_over_the_edge_are_refused(network: WindowNetwork) -> None:
    with pytest.raises(ValueError, match="windows"):
        network.compute_again(
            np.zeros((12, 13, 3), np.float32), 0, np.zeros((1, 2), np.float32), np.zeros((4, 1, 2), np.float32)
        )
