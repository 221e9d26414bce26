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


def by_the_graph(graph: Graph, pixels: Floats) -> Floats:
    """What the runtime makes of a picture: offsets and logits (5, rows, columns)."""
    with graph.request() as request:
        request.input[0] = pixels
        (heads,) = request.run()
        return np.array(heads[0])


def test_every_window_of_real_photos(network: WindowNetwork, graph: Graph, photos: Path) -> None:
    for path in sorted(photos.glob("val/*/*.jpg"))[:12]:
        pixels = cv2.resize(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), (WIDTH, HEIGHT)).astype(np.float32)
        wanted = by_the_graph(graph, pixels)
        heads = np.zeros_like(wanted)
        network.compute_again(pixels, -1, heads)
        # The order of the sums differs: some 1e-6 of numbers up to 20.
        np.testing.assert_allclose(heads, wanted, atol=1e-4)


@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1))
@hypothesis_settings(deadline=None, max_examples=30)
def test_only_what_is_asked_for(network: WindowNetwork, graph: Graph, seed: int, share: float) -> None:
    random = np.random.default_rng(seed)
    pixels = random.uniform(0, 255, (HEIGHT, WIDTH, 3)).astype(np.float32)
    wanted = by_the_graph(graph, pixels)
    asked = random.uniform(size=wanted.shape[1:]) < share
    heads = np.full_like(wanted, 9)
    heads[-1] = np.where(asked, 7, -7)
    before = heads.copy()
    network.compute_again(pixels, 7, heads)
    np.testing.assert_allclose(heads[:, asked], wanted[:, asked], atol=1e-4)
    np.testing.assert_array_equal(heads[:, ~asked], before[:, ~asked])


def test_windows_that_reach_over_the_edge_are_refused(network: WindowNetwork) -> None:
    with pytest.raises(ValueError, match="windows"):
        network.compute_again(np.zeros((12, 13, 3), np.float32), 0, np.zeros((5, 1, 2), np.float32))
