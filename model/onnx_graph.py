"""Assemble an ONNX graph whose serialised bytes depend on its weights alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

Array = NDArray[np.float64]
Shape = Sequence[int | str]

# Old enough for every runtime in use, new enough for ceil_mode pooling. Pinned, because the files are hashed.
OPSET = 13
IR_VERSION = 7


@dataclass(slots=True)
class Affine:
    """Hold a convolution's or dense layer's weights in float64 until everything after it has been folded in."""

    kernel: Array
    bias: Array

    def follow(self, scale: Array | np.float64, shift: Array | np.float64) -> None:
        """Fold y * scale + shift, per output channel, into the layer."""
        column = np.broadcast_to(scale, self.bias.shape).reshape(-1, *[1] * (self.kernel.ndim - 1))
        self.kernel = self.kernel * column
        self.bias = self.bias * scale + shift


class GraphBuilder:
    """Collect nodes and weights; `finish` checks and serialises them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[Any] = []
        self.affines: dict[str, Affine] = {}
        self.constants: dict[str, Array] = {}

    def node(self, operator: str, name: str, inputs: Sequence[str], **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def affine(self, name: str, source: str, weights: Affine, **attributes: Any) -> str:
        """Add a convolution (4-d kernel) or a dense layer (2-d kernel); it may still be folded into."""
        self.affines[name] = weights
        inputs = [source, f"{name}.kernel", f"{name}.bias"]
        if weights.kernel.ndim == 4:
            return self.node("Conv", name, inputs, **attributes)
        return self.node("Gemm", name, inputs, transB=1)

    def prelu(self, name: str, source: str, slope: Array) -> str:
        self.constants[f"{name}.slope"] = slope
        return self.node("PRelu", name, [source, f"{name}.slope"])

    def finish(self, inputs: Mapping[str, Shape], outputs: Mapping[str, tuple[str, Shape]]) -> bytes:
        """Serialise the graph; `outputs` maps each output's name to the tensor behind it and its shape."""
        for public, (tensor, _) in outputs.items():
            if public != tensor:
                self.node("Identity", public, [tensor])
        arrays = dict(self.constants)
        for name, affine in self.affines.items():
            arrays[f"{name}.kernel"], arrays[f"{name}.bias"] = affine.kernel, affine.bias
        graph = helper.make_graph(
            self.nodes,
            self.name,
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, (_, shape) in outputs.items()],
            [numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name) for name, array in arrays.items()],
        )
        return _serialise(graph)


def _serialise(graph: Any) -> bytes:
    opset = [helper.make_opsetid("", OPSET)]
    model: ModelProto = helper.make_model(graph, producer_name="facetoken", opset_imports=opset, ir_version=IR_VERSION)
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))
