"""Convert the published weights to ONNX, with the `onnx` package alone and the same bytes on every machine.

FaceNet's h5 carries its own graph (`model_config`), so the converter walks that graph layer by layer instead of
rebuilding the architecture from memory. Batch normalisation and the residual scale are folded into the convolution
before them (in float64, rounded once), which leaves only convolutions, ReLU, pooling, concatenation and sums.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import joblib
import numpy as np
from numpy.typing import NDArray

from model.onnx_graph import Affine, GraphBuilder

Array = NDArray[Any]


def facenet(h5: Path) -> bytes:
    """Convert facenet_keras.h5.

    Input `crops`: float32 (n, 3, 160, 160), prewhitened RGB. Output `vectors`: float32 (n, 128), not yet normalised.
    """
    with h5py.File(h5) as file:
        layers = json.loads(file.attrs["model_config"])["config"]["layers"]
        weights = file["model_weights"]
        walk = _KerasWalk(lambda layer, name: np.asarray(weights[layer][layer][f"{name}:0"], np.float64))
        for layer in layers:
            walk.visit(layer)
    return walk.graph.finish(inputs={"crops": ["n", 3, 160, 160]}, outputs={"vectors": (walk.last, ["n", 128])})


@dataclass(frozen=True, slots=True)
class _Layer:
    """Hold a Keras layer: its name, its configuration, and the ONNX tensors it takes."""

    name: str
    config: dict[str, Any]
    inputs: list[str]


class _KerasWalk:
    """Turn Keras layers, met in topological order, into ONNX nodes."""

    def __init__(self, read: Callable[[str, str], Array]) -> None:
        self.graph = GraphBuilder("facenet128")
        self.read = read
        self.tensor: dict[str, str] = {}
        self.last = ""

    def visit(self, layer: dict[str, Any]) -> None:
        sources = layer["inbound_nodes"][0] if layer["inbound_nodes"] else []
        known = _Layer(layer["name"], layer["config"], [self.tensor[source[0]] for source in sources])
        handler: Callable[[_Layer], str] = getattr(self, f"_{layer['class_name'].lower()}")
        self.tensor[known.name] = self.last = handler(known)

    def _inputlayer(self, _: _Layer) -> str:
        return "crops"

    def _conv2d(self, layer: _Layer) -> str:
        config = layer.config
        kernel = self.read(layer.name, "kernel").transpose(3, 2, 0, 1)
        bias = self.read(layer.name, "bias") if config["use_bias"] else np.zeros(len(kernel))
        # "same" padding with stride 1 and an odd kernel is symmetric.
        pads = [side // 2 if config["padding"] == "same" else 0 for side in config["kernel_size"]] * 2
        weights = Affine(kernel, bias)
        return self.graph.affine(layer.name, layer.inputs[0], weights, strides=config["strides"], pads=pads)

    def _dense(self, layer: _Layer) -> str:
        kernel = self.read(layer.name, "kernel").T
        return self.graph.affine(layer.name, layer.inputs[0], Affine(kernel, np.zeros(len(kernel))))

    def _batchnormalization(self, layer: _Layer) -> str:
        scale = 1 / np.sqrt(self.read(layer.name, "moving_variance") + layer.config["epsilon"])
        shift = self.read(layer.name, "beta") - self.read(layer.name, "moving_mean") * scale
        self.graph.affines[layer.inputs[0]].follow(scale, shift)
        return layer.inputs[0]

    def _lambda(self, layer: _Layer) -> str:
        # Every Lambda of this network is the residual sum inputs[0] + scale * inputs[1].
        self.graph.affines[layer.inputs[1]].follow(np.float64(layer.config["arguments"]["scale"]), np.float64(0))
        return self.graph.node("Add", layer.name, layer.inputs)

    def _activation(self, layer: _Layer) -> str:
        return self.graph.node("Relu", layer.name, layer.inputs)

    def _concatenate(self, layer: _Layer) -> str:
        return self.graph.node("Concat", layer.name, layer.inputs, axis=1)

    def _maxpooling2d(self, layer: _Layer) -> str:
        sides = {"kernel_shape": layer.config["pool_size"], "strides": layer.config["strides"]}
        return self.graph.node("MaxPool", layer.name, layer.inputs, **sides)

    def _globalaveragepooling2d(self, layer: _Layer) -> str:
        pooled = self.graph.node("GlobalAveragePool", f"{layer.name}_4d", layer.inputs)
        return self.graph.node("Flatten", layer.name, [pooled])

    def _dropout(self, layer: _Layer) -> str:
        return layer.inputs[0]


class _MtcnnStage:
    """Build one of MTCNN's three small networks from its flat list of arrays.

    Input `pixels`: float32 (n, height, width, 3), RGB in 0..255; the usual (x - 127.5) / 128 is folded into the first
    convolution. The two face logits become one, their difference: sigmoid of it equals the softmax.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self.arrays = [np.asarray(array, np.float64) for array in joblib.load(io.BytesIO(data))]
        self.graph = GraphBuilder(f"mtcnn_{name}")
        self.tensor = self.graph.node("Transpose", "nchw", ["pixels"], perm=[0, 3, 1, 2])
        self.convolutions = 0

    def take(self) -> Array:
        return self.arrays.pop(0)

    def convolve(self) -> None:
        """Add a convolution without padding and its PReLU."""
        kernel, bias, slope = self.take().transpose(3, 2, 0, 1), self.take(), self.take().reshape(-1, 1, 1)
        if self.convolutions == 0:
            # fsum, because the order in which numpy adds depends on the machine, and these bytes are pinned.
            sums = np.array([math.fsum(row) for row in kernel.reshape(len(kernel), -1)])
            bias = bias - sums * (127.5 / 128)
            kernel = kernel / 128
        self.convolutions += 1
        self._activated(f"conv{self.convolutions}", Affine(kernel, bias), slope)

    def dense(self) -> None:
        """Flatten in (width, height, channel) order, as these weights were trained, then a dense layer and PReLU."""
        turned = self.graph.node("Transpose", "whc", [self.tensor], perm=[0, 3, 2, 1])
        self.tensor = self.graph.node("Flatten", "flat", [turned])
        self._activated("dense", Affine(self.take().T, self.take()), self.take())

    def _activated(self, name: str, affine: Affine, slope: Array) -> None:
        self.tensor = self.graph.affine(name, self.tensor, affine)
        self.tensor = self.graph.prelu(f"{name}_prelu", self.tensor, slope)

    def pool(self, size: int) -> None:
        self.tensor = self.graph.node(
            "MaxPool",
            f"pool{self.convolutions}",
            [self.tensor],
            kernel_shape=[size, size],
            strides=[2, 2],
            ceil_mode=1,
        )

    def head(self, name: str) -> str:
        return self.graph.affine(name, self.tensor, self._affine(name))

    def heads(self, *names: str) -> str:
        """Add heads whose outputs follow each other in one tensor."""
        parts = [self._affine(name) for name in names]
        kernel, bias = (np.concatenate([getattr(part, name) for part in parts]) for name in ("kernel", "bias"))
        return self.graph.affine("heads", self.tensor, Affine(kernel, bias))

    def _affine(self, name: str) -> Affine:
        kernel, bias = self.take(), self.take()
        turned = kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
        if name == "logit":
            turned, bias = turned[1:] - turned[:1], bias[1:] - bias[:1]
        return Affine(turned, bias)


def pnet(data: bytes) -> bytes:
    """Convert the proposal network. Output at stride 2: `heads` (n, 5, h, w), the four offsets and the logit.

    One convolution for both: two would each read the last layer again, a twentieth of the network's time.
    """
    stage = _MtcnnStage("pnet", data)
    stage.convolve()
    stage.pool(2)
    stage.convolve()
    stage.convolve()
    heads = stage.heads("offsets", "logit")
    return stage.graph.finish(
        inputs={"pixels": ["n", "height", "width", 3]}, outputs={"heads": (heads, ["n", 5, "h", "w"])}
    )


def rnet(data: bytes) -> bytes:
    """Convert the refinement network, 24x24 input. Outputs: `offsets` (n, 4), `logit` (n, 1)."""
    stage = _MtcnnStage("rnet", data)
    stage.convolve()
    stage.pool(3)
    stage.convolve()
    stage.pool(3)
    stage.convolve()
    stage.dense()
    offsets, logit = stage.head("offsets"), stage.head("logit")
    return stage.graph.finish(
        inputs={"pixels": ["n", 24, 24, 3]},
        outputs={"offsets": (offsets, ["n", 4]), "logit": (logit, ["n", 1])},
    )


def onet(data: bytes) -> bytes:
    """Convert the output network, 48x48 input. Outputs: `offsets` (n, 4), `landmarks` (n, 10), `logit` (n, 1)."""
    stage = _MtcnnStage("onet", data)
    stage.convolve()
    stage.pool(3)
    stage.convolve()
    stage.pool(3)
    stage.convolve()
    stage.pool(2)
    stage.convolve()
    stage.dense()
    offsets, landmarks, logit = stage.head("offsets"), stage.head("landmarks"), stage.head("logit")
    return stage.graph.finish(
        inputs={"pixels": ["n", 48, 48, 3]},
        outputs={"offsets": (offsets, ["n", 4]), "landmarks": (landmarks, ["n", 10]), "logit": (logit, ["n", 1])},
    )


MTCNN_STAGES: dict[str, Callable[[bytes], bytes]] = {"pnet": pnet, "rnet": rnet, "onet": onet}
