"""Whole pipelines to race, photo file in and number of embedded faces out, each with its makers' own defaults.

`python -m benchmarks.pipelines NAME WEIGHTS` reads one photo path a line and answers each with a line of milliseconds,
faces and the process's peak memory in MB. One process a pipeline, in the environment that has its packages.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

Pipeline = Callable[[Path], int]


def facetoken(precision: str, weights: Path, stack: ExitStack) -> Pipeline:
    """Do what POST /detect does: decode, detect, crop, embed, give tokens, write the crops."""
    from images import PhotoLimits
    from settings import Settings
    from startup import opened_engine

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    engine = stack.enter_context(opened_engine(Settings(data=folder, weights=weights, precision=precision)))
    limits = PhotoLimits(max_side=1 << 14, max_bytes=1 << 26)
    return lambda path: len(engine.detect(path.read_bytes(), limits).faces)


def facenet_pytorch(weights: Path) -> Pipeline:
    """Run its MTCNN and its InceptionResnetV1, the latter with our weights and their input rule."""
    import torch
    from facenet_pytorch import MTCNN

    from benchmarks import photos
    from model.reference.torch_backend import inception
    from model.weights import FACENET_H5

    detector = MTCNN(keep_all=True, post_process=False)
    network = inception(weights / FACENET_H5.name)

    def run(path: Path) -> int:
        faces = detector(photos.decode(path.read_bytes()))
        if faces is None:
            return 0
        deviation, mean = torch.std_mean(faces, dim=(1, 2, 3), keepdim=True, correction=0)
        with torch.inference_mode():
            return len(network((faces - mean) / deviation.clamp(min=faces[0].numel() ** -0.5)))

    return run


def deepface(detector: str) -> Pipeline:
    """Call DeepFace.represent with the same weights; the engine is set by its environment variable."""
    from deepface import DeepFace

    options = {"model_name": "Facenet", "normalization": "Facenet", "l2_normalize": True, "enforce_detection": False}

    def run(path: Path) -> int:
        faces = DeepFace.represent(img_path=BytesIO(path.read_bytes()), detector_backend=detector, **options)
        # Without a face it embeds the whole photo and gives it confidence 0.
        return sum(face["face_confidence"] > 0 for face in faces)

    return run


def build(name: str, weights: Path, stack: ExitStack) -> Pipeline:
    """Return the pipeline called `name`, loaded."""
    if name.startswith("facetoken-"):
        return facetoken(name.removeprefix("facetoken-"), weights, stack)
    if name == "facenet-pytorch":
        return facenet_pytorch(weights)
    return deepface("fastmtcnn" if name == "deepface-onnx" else "mtcnn")


def serve(name: str, weights: Path) -> None:
    """Answer photo paths from stdin until it ends."""
    # The libraries print to stdout now and then; the answers need it for themselves.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    with ExitStack() as stack:
        pipeline = build(name, weights, stack)
        print("ready", file=answers)
        for line in sys.stdin:
            started = time.perf_counter()
            faces = pipeline(Path(line.rstrip("\n")))
            milliseconds = (time.perf_counter() - started) * 1000
            megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{milliseconds:.3f} {faces} {megabytes:.0f}", file=answers)


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
