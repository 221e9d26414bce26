"""P-Net on single windows in f32: the weights of its graph, laid out for `model.window_kernel`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.runtime import constants
from model.sheets import STRIDE, WINDOW
from model.window_kernel import LANES, compute

Floats = NDArray[np.float32]


class WindowNetwork:
    """Compute P-Net's score and offsets at a few windows of a picture. Loading is idempotent; any thread may call."""

    def __init__(self, graph: Path) -> None:
        self._graph = graph
        self._layers: tuple[Floats, ...] = ()

    def load(self) -> None:
        """Read the weights."""
        known = constants(self._graph)
        convolutions = [_layer(known, name, known[f"{name}_prelu.slope"]) for name in ("conv1", "conv2", "conv3")]
        heads = _layer(known, "heads", np.ones(1, np.float32))
        # The third convolution has twice as many outputs as a register has lanes.
        halves = (half for layer in (*convolutions, heads) for half in np.split(layer, layer.shape[1] // LANES, axis=1))
        self._layers = tuple(np.ascontiguousarray(half) for half in halves)

    def compute_again(self, pixels: Floats, least: float, heads: Floats) -> None:
        """Replace offsets and score where the score's logit is at least `least`.

        `pixels` are float32 (height, width, 3); a window of 12 stands at every second of them: `heads` is float32
        (5, rows, columns), four offsets and the logit. Raises ValueError when such windows do not fit in.
        """
        room = [(side - WINDOW) // STRIDE + 1 for side in pixels.shape[:2]]
        if any(count > most for count, most in zip(heads.shape[1:], room, strict=True)):
            raise ValueError(f"{heads.shape[1:]} windows do not fit into {pixels.shape[:2]} pixels")
        if not self._layers:
            self.load()
        compute(pixels, np.float32(least), self._layers, heads)


def _layer(known: dict[str, Floats], name: str, slopes: Floats) -> Floats:
    """Return a convolution's biases, slopes and taps, float32 (2 + taps, whole registers)."""
    kernel = known[f"{name}.kernel"]
    outputs = len(kernel)
    layer = np.zeros((2 + kernel[0].size, -(-outputs // LANES) * LANES), np.float32)
    layer[0, :outputs], layer[1, :outputs] = known[f"{name}.bias"], slopes.reshape(-1)
    layer[2:, :outputs] = kernel.transpose(2, 3, 1, 0).reshape(-1, outputs)
    return layer
