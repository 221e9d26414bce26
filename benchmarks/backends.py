"""The detectors and embedders to compare, by name. Each runtime is imported only when its backend is asked for."""

from __future__ import annotations

from pathlib import Path

from model.base import Detector, Embedder
from model.crop import MARGIN
from model.weights import FACENET_H5


def detector(name: str, weights: Path) -> Detector:
    """Return the detector called `name`: torch, tensorflow, f32 or bf16, the last two our own at that precision."""
    if name == "torch":
        from model.reference.torch_backend import TorchDetector

        return TorchDetector()
    if name == "tensorflow":
        from model.reference.tensorflow_backend import TensorflowDetector

        return TensorflowDetector()
    from model.mtcnn import MTCNN

    return MTCNN(weights, name)


def embedder(name: str, weights: Path) -> Embedder:
    """Return the embedder called `name`, without mirroring."""
    if name == "torch":
        from model.reference.torch_backend import TorchEmbedder

        return TorchEmbedder(weights / FACENET_H5.name, MARGIN, mirror=False)
    if name == "tensorflow":
        from model.reference.tensorflow_backend import TensorflowEmbedder

        return TensorflowEmbedder(weights / FACENET_H5.name, MARGIN, mirror=False)
    from model.facenet import FaceNet

    return FaceNet(weights, name, mirror=False)
