"""Convert the published checkpoint of EfficientNet-Lite0 to ONNX (Tan and Le, 2019, in the variant without squeezing).

The checkpoint holds arrays and no graph, so the architecture is written here: a stem, sixteen inverted residual blocks
(widen by 1x1, filter each channel by itself, narrow by 1x1), a head. What can be told from the arrays' shapes is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.base import CLASSIFIER_SIDE
from model.checkpoint import arrays
from model.onnx_graph import Affine, GraphBuilder

CLASSES = 1000

BLOCKS = 16
HALVING = frozenset((1, 3, 5, 11))
"""Blocks that halve the side of their input."""

EPSILON = 1e-3
"""Added to every variance, as in the network's training."""


def efficientnet_lite0(checkpoint: bytes) -> bytes:
    """Convert efficientnet-lite0-57934424.pth; raise CheckpointError when the data is not a checkpoint.

    Input `pixels`: float32 (n, 3, 224, 224), RGB, (x - 127) / 128. Output `probabilities`: float32 (n, 1000), in the
    order of ImageNet's classes.
    """
    walk = _Walk(arrays(checkpoint))
    tensor = walk.activated(walk.convolution("_conv_stem", "_bn0", "pixels", stride=2))
    for number in range(BLOCKS):
        tensor = walk.block(f"_blocks.{number}", tensor, stride=2 if number in HALVING else 1)
    tensor = walk.activated(walk.convolution("_conv_head", "_bn1", tensor))
    return walk.finish(tensor)


class _Walk:
    """Turn the arrays, in the order of the network, into ONNX nodes."""

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self.weights = weights
        self.graph = GraphBuilder("efficientnet_lite0")
        self.graph.node("Constant", "zero", [], value_float=0.0)
        self.graph.node("Constant", "six", [], value_float=6.0)

    def take(self, name: str) -> NDArray[np.float64]:
        return np.asarray(self.weights[name], np.float64)

    def convolution(self, name: str, norm: str, source: str, *, stride: int = 1, alone: bool = False) -> str:
        """Add a convolution with its batch normalisation folded in; `alone` filters each channel by itself."""
        kernel = self.take(f"{name}.weight")
        affine = Affine(kernel, np.zeros(len(kernel)))
        scale = self.take(f"{norm}.weight") / np.sqrt(self.take(f"{norm}.running_var") + EPSILON)
        affine.follow(scale, self.take(f"{norm}.bias") - self.take(f"{norm}.running_mean") * scale)
        # As much as keeps or halves the side; of an odd number of pixels the larger half goes behind. Sides are even.
        padding = kernel.shape[-1] - stride
        pads = [padding // 2] * 2 + [padding - padding // 2] * 2
        groups = len(kernel) if alone else 1
        return self.graph.affine(name, source, affine, strides=[stride] * 2, pads=pads, group=groups)

    def activated(self, source: str) -> str:
        return self.graph.node("Clip", f"{source}_relu6", [source, "zero", "six"])

    def block(self, name: str, source: str, stride: int) -> str:
        """Add an inverted residual block; the sum is left out where the output has another shape than the input."""
        wide, expand, project = source, f"{name}._expand_conv", f"{name}._project_conv"
        widened = self.weights.get(f"{expand}.weight")
        if widened is not None:
            wide = self.activated(self.convolution(expand, f"{name}._bn0", source))
        filtered = self.convolution(f"{name}._depthwise_conv", f"{name}._bn1", wide, stride=stride, alone=True)
        narrow = self.convolution(project, f"{name}._bn2", self.activated(filtered))
        if widened is None or stride > 1 or widened.shape[1] != len(self.weights[f"{project}.weight"]):
            return narrow
        return self.graph.node("Add", name, [narrow, source])

    def finish(self, tensor: str) -> bytes:
        pooled = self.graph.node("GlobalAveragePool", "pooled", [tensor])
        flat = self.graph.node("Flatten", "flat", [pooled])
        logits = self.graph.affine("_fc", flat, Affine(self.take("_fc.weight"), self.take("_fc.bias")))
        probabilities = self.graph.node("Softmax", "softmax", [logits], axis=1)
        return self.graph.finish(
            inputs={"pixels": ["n", 3, CLASSIFIER_SIDE, CLASSIFIER_SIDE]},
            outputs={"probabilities": (probabilities, ["n", CLASSES])},
        )
