"""MTCNN and FaceNet as facenet-pytorch runs them: a selectable backend, and what parity is measured against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from errors import StartError
from model.base import EMBEDDING_DIM, Detection, Image
from model.facenet import Floats
from model.reference.embedder import ReferenceEmbedder
from model.reference.once import Once

MIN_FACE_SIZE = 20
THRESHOLDS = [0.6, 0.7, 0.7]
FACTOR = 0.709

MISSING = "the torch backend needs facenet-pytorch: pip install facetoken[torch]"

STEM = {f"Conv2d_{step}": f"conv2d_{step[:2]}" for step in ("1a_3x3", "2a_3x3", "2b_3x3", "3b_1x1", "4a_3x3", "4b_3x3")}
BLOCKS = {"Block35": "repeat_1", "Block17": "repeat_2", "Block8": "repeat_3"}


class TorchDetector:
    """Find faces with facenet-pytorch's MTCNN, on weights that its package brings along."""

    def __init__(self) -> None:
        self._mtcnn = Once(_build_mtcnn)

    def load(self) -> None:
        """Build the three networks once. Raises StartError when facenet-pytorch is missing."""
        self._mtcnn()

    def detect(self, image: Image) -> list[Detection]:
        """Find every face of an upright RGB photo."""
        # Below its smallest face the library builds an empty pyramid and fails.
        if min(image.shape[:2]) < MIN_FACE_SIZE:
            return []
        boxes, scores, points = self._mtcnn().detect(image, landmarks=True)
        if boxes is None:
            return []
        return [_detection(*face) for face in zip(boxes, scores, points, strict=True)]


def _build_mtcnn() -> Any:
    try:
        from facenet_pytorch import MTCNN
    except ImportError as error:
        raise StartError(MISSING) from error
    options = {"min_face_size": MIN_FACE_SIZE, "thresholds": THRESHOLDS, "factor": FACTOR}
    return MTCNN(keep_all=True, post_process=False, device="cpu", **options).eval()


def _detection(box: Any, score: Any, points: Any) -> Detection:
    left, top, right, bottom = map(float, box)
    return Detection((left, top, right, bottom), float(score), tuple((float(x), float(y)) for x, y in points))


class TorchEmbedder(ReferenceEmbedder):
    """Embed with facenet-pytorch's InceptionResnetV1, filled from facenet_keras.h5."""

    def _build(self) -> Callable[[Floats], Floats]:
        network = inception(self.h5)
        import torch

        def run(crops: Floats) -> Floats:
            with torch.inference_mode():
                return np.asarray(network(torch.from_numpy(crops)).numpy(), np.float32)

        return run


def inception(h5: Path) -> Any:
    """Return facenet-pytorch's network with the h5's weights: prewhitened (n, 3, 160, 160) in, unit (n, 128) out.

    Raises StartError when facenet-pytorch is missing.
    """
    try:
        import torch
        from facenet_pytorch import InceptionResnetV1
    except ImportError as error:
        raise StartError(MISSING) from error
    network = InceptionResnetV1(pretrained=None)
    network.last_linear = torch.nn.Linear(network.last_linear.in_features, EMBEDDING_DIM, bias=False)
    network.last_bn = torch.nn.BatchNorm1d(EMBEDDING_DIM, eps=network.last_bn.eps)
    state = {name: torch.from_numpy(array) for name, array in torch_state(h5).items()}
    network.load_state_dict(state, strict=True)
    return network.eval()


def torch_state(h5: Path) -> dict[str, NDArray[np.float32]]:
    """Read the h5 as a complete state of InceptionResnetV1, one array per parameter."""
    state: dict[str, NDArray[np.float32]] = {}
    with h5py.File(h5) as file:
        layers = file["model_weights"]
        for keras, torch in _layer_names(layers):
            state |= _convolution(layers[keras][keras], torch)
            if (norm := f"{keras}_BatchNorm") in layers:
                state |= _normalisation(layers[norm][norm], torch)
    return state


def _layer_names(layers: Any) -> Iterator[tuple[str, str]]:
    """Pair each Keras layer that has a kernel with the module that takes it."""
    steps: dict[str, list[str]] = defaultdict(list)
    for name, layer in layers.items():
        if "kernel:0" not in layer.get(name, {}):
            continue
        if "_Branch_" in name:
            steps[name[: name.index("_Conv2d_")]].append(name)
        else:
            yield name, _module(name)
    for branch, names in steps.items():
        # Within a branch the names sort in the order they run: 0a, 0b, 0c, then the strided 1a.
        for position, name in enumerate(sorted(names)):
            yield name, _module(branch) + (f".{position}" if len(names) > 1 else "") + ".conv"


def _module(name: str) -> str:
    """Name the torch module of a layer or a branch: Block35_2_Branch_1 is repeat_1.1.branch1."""
    if name == "Bottleneck":
        return "last_linear"
    if name in STEM:
        return f"{STEM[name]}.conv"
    block, _, rest = name.partition("_")
    number, _, part = rest.partition("_")
    if block == "Mixed":
        owner = f"mixed_{number}"
    else:
        owner = "block8" if (block, number) == ("Block8", "6") else f"{BLOCKS[block]}.{int(number) - 1}"
    return f"{owner}.{'conv2d' if part == 'Conv2d_1x1' else part.replace('Branch_', 'branch')}"


def _convolution(layer: Any, module: str) -> dict[str, NDArray[np.float32]]:
    kernel = np.asarray(layer["kernel:0"], np.float32)
    kernel = kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
    arrays = {f"{module}.weight": np.ascontiguousarray(kernel)}
    if "bias:0" in layer:
        arrays[f"{module}.bias"] = np.asarray(layer["bias:0"], np.float32)
    return arrays


def _normalisation(layer: Any, convolution: str) -> dict[str, NDArray[np.float32]]:
    module = "last_bn" if convolution == "last_linear" else convolution.removesuffix("conv") + "bn"
    names = {"bias": "beta:0", "running_mean": "moving_mean:0", "running_var": "moving_variance:0"}
    arrays = {f"{module}.{torch}": np.asarray(layer[keras], np.float32) for torch, keras in names.items()}
    # This network normalises without a scale; torch always has one.
    return arrays | {f"{module}.weight": np.ones_like(arrays[f"{module}.bias"])}
