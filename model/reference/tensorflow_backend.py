"""MTCNN and FaceNet as TensorFlow runs them: a selectable backend, and a second opinion beside torch."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from errors import StartError
from model.base import Detection, Image
from model.facenet import Floats
from model.reference.embedder import ReferenceEmbedder
from model.reference.once import Once

# The package finds no face at all with another smallest size.
MIN_FACE_SIZE = 20
OPTIONS = {"threshold_pnet": 0.6, "threshold_rnet": 0.7, "threshold_onet": 0.7, "scale_factor": 0.709}

MISSING = "the tensorflow backend needs tensorflow and mtcnn: pip install facetoken[tensorflow]"


class TensorflowDetector:
    """Find faces with the `mtcnn` package, on weights that it brings along."""

    def __init__(self) -> None:
        self._mtcnn = Once(_build_mtcnn)

    def load(self) -> None:
        """Build the three networks once. Raises StartError when a package is missing."""
        self._mtcnn()

    def detect(self, image: Image) -> list[Detection]:
        """Find every face of an upright RGB photo."""
        # Below its smallest face the library builds an empty pyramid and fails.
        if min(image.shape[:2]) < MIN_FACE_SIZE:
            return []
        # As numpy the coordinates are exact and may lie outside the photo; as json they are rounded to whole pixels.
        rows = self._mtcnn().detect_faces(
            image, box_format="xyxy", output_type="numpy", fit_to_image=False, min_face_size=MIN_FACE_SIZE, **OPTIONS
        )
        return [_detection(row) for row in np.asarray(rows, np.float64).tolist()]


def _build_mtcnn() -> Any:
    _tensorflow()
    try:
        from mtcnn import MTCNN
    except ImportError as error:
        raise StartError(MISSING) from error
    return MTCNN()


def _tensorflow() -> Any:
    # Its start-up chatter is about devices that nobody asked for.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import tensorflow
    except ImportError as error:
        raise StartError(MISSING) from error
    return tensorflow


def _detection(row: list[float]) -> Detection:
    """Read one row: photo number, box, score, five x, five y."""
    left, top, right, bottom, score = row[1:6]
    return Detection((left, top, right, bottom), score, tuple(zip(row[6:11], row[11:16], strict=True)))


class TensorflowEmbedder(ReferenceEmbedder):
    """Embed with the graph that facenet_keras.h5 describes, laid out again from Keras layers."""

    def _build(self) -> Callable[[Floats], Floats]:
        tensorflow = _tensorflow()
        model = _keras_model(tensorflow.keras, self.h5)
        pixels = tensorflow.TensorSpec((None, 160, 160, 3), tensorflow.float32)
        network = tensorflow.function(lambda crops: model(crops, training=False), input_signature=[pixels])

        def run(crops: Floats) -> Floats:
            return np.asarray(network(np.ascontiguousarray(crops.transpose(0, 2, 3, 1))), np.float32)

        return run


def _keras_model(keras: Any, h5: Path) -> Any:
    """Build the graph of the h5's `model_config` and fill it. No code stored in the file is run."""
    with h5py.File(h5) as file:
        config = json.loads(file.attrs["model_config"])["config"]
        tensors: dict[str, Any] = {}
        for layer in config["layers"]:
            nodes = layer["inbound_nodes"]
            inputs = [tensors[source[0]] for source in nodes[0]] if nodes else []
            tensors[layer["name"]] = _apply(keras, layer["class_name"], layer["name"], layer["config"], inputs)
        model = keras.Model(tensors[config["input_layers"][0][0]], tensors[config["output_layers"][0][0]])
        stored = file["model_weights"]
        for layer in model.layers:
            if layer.weights:
                names = [f"{layer.name}/{weight.name}:0" for weight in layer.weights]
                layer.set_weights([np.asarray(stored[layer.name][name]) for name in names])
    return model


def _apply(keras: Any, kind: str, name: str, config: dict[str, Any], inputs: list[Any]) -> Any:
    """Apply one layer of the stored graph; only what changes its arithmetic is taken over."""
    if kind == "InputLayer":
        return keras.Input(config["batch_input_shape"][1:], name=name)
    if kind == "Lambda":
        # Every Lambda here is the residual sum; its own code is Python bytecode and stays unread.
        return inputs[0] + inputs[1] * config["arguments"]["scale"]
    if kind == "Concatenate":
        return keras.layers.Concatenate(axis=config["axis"], name=name)(inputs)
    taken = {option: config[option] for option in ARITHMETIC[kind]}
    return getattr(keras.layers, kind)(name=name, **taken)(inputs[0])


ARITHMETIC: dict[str, tuple[str, ...]] = {
    "Conv2D": ("filters", "kernel_size", "strides", "padding", "activation", "use_bias", "dilation_rate"),
    "Dense": ("units", "activation", "use_bias"),
    "BatchNormalization": ("axis", "epsilon", "center", "scale"),
    "Activation": ("activation",),
    "MaxPooling2D": ("pool_size", "strides", "padding"),
    "GlobalAveragePooling2D": (),
    "Dropout": ("rate",),
}
"""The layers of this graph and the options of each that change what it computes."""
