"""The networks that a backend's name stands for."""

from __future__ import annotations

from pathlib import Path

from errors import StartError
from model.base import Detector, Embedder
from model.weights import ensure, ensure_h5


def networks(
    backend: str, precision: str, mirror: bool, weights: Path, *, h5: Path | None = None
) -> tuple[Detector, Embedder]:
    """Return the detector and the embedder, not yet loaded; fetch their weights when they are missing.

    Nothing but the chosen backend's packages is imported. Raises StartError when weights or packages cannot be had.
    """
    if backend == "openvino":
        from model.facenet import FaceNet
        from model.mtcnn import MTCNN

        ensure(weights, h5=h5)
        return MTCNN(weights, precision), FaceNet(weights, precision, mirror)
    source = ensure_h5(weights, h5=h5)
    if precision != "f32":
        raise StartError(f"FACETOKEN_BACKEND={backend} computes in f32 only; set FACETOKEN_PRECISION to f32 or auto")
    from model.crop import MARGIN

    if backend == "torch":
        from model.reference.torch_backend import TorchDetector, TorchEmbedder

        return TorchDetector(), TorchEmbedder(source, MARGIN, mirror)
    from model.reference.tensorflow_backend import TensorflowDetector, TensorflowEmbedder

    return TensorflowDetector(), TensorflowEmbedder(source, MARGIN, mirror)


def settled_precision(backend: str, asked: str, made_with: str | None) -> str:
    """Return the precision to run: what was asked for; for `auto` that of the face set, or else the CPU's best.

    `made_with` is the fingerprint of the face set at hand, if it holds faces.
    """
    if backend != "openvino":
        return "f32" if asked == "auto" else asked
    from model import runtime

    has_bf16 = runtime.cpu_has_bf16()
    if asked == "bf16" and not has_bf16:
        raise StartError("FACETOKEN_PRECISION=bf16 needs a CPU with bf16; set it to f32 or auto")
    if asked != "auto":
        return asked
    recorded = next((part for part in (made_with or "").split("/") if part in runtime.PRECISIONS), None)
    if recorded == "bf16" and not has_bf16:
        raise StartError(
            "the face set was made in bf16, which this CPU does not compute; run it on a CPU with bf16, "
            "or import the photos again into another FACETOKEN_DATA folder"
        )
    return recorded or ("bf16" if has_bf16 else "f32")
