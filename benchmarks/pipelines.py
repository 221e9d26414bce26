"""What is raced: the stages of our pipeline and of its peers', each with its makers' own defaults."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import photos
from benchmarks.served import Client, Question, ServerProcess

MIN_FACE = 30
"""`images.NATIVE_LIMITS.min_face`, said again since the peers' environments cannot import the engine."""

Row = list[float]
"""A face as left, top, right, bottom and score; or a vector; or the number of faces of a whole set of photos."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Hold a stage as three steps: `read` a file, `run` what was read (only that is timed), make `rows` of it."""

    read: Callable[[Path], Any]
    run: Callable[[Any], Any]
    rows: Callable[[Any], list[Row]]


def facetoken_detection(name: str, weights: Path, _: ExitStack) -> Pipeline:
    from model.mtcnn import MTCNN

    detector = MTCNN(weights, _precision(name))
    detector.load()
    return Pipeline(photos.read, detector.detect, lambda faces: [[*face.box, face.score] for face in faces])


def facetoken_embedding(name: str, weights: Path, _: ExitStack) -> Pipeline:
    from model.facenet import FaceNet

    embedder = FaceNet(weights, _precision(name), mirror=False)
    embedder.load()
    return Pipeline(np.load, embedder.embed, lambda vectors: vectors.tolist())


def facetoken_photo(name: str, weights: Path, stack: ExitStack) -> Pipeline:
    """Do what POST /detect does: decode, detect, crop, embed, give tokens, write the crops."""
    from images import PhotoLimits
    from settings import Settings
    from startup import opened_engine

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    if "-http-" in name:
        return facetoken_http(folder, name, weights, stack)
    limits = PhotoLimits(max_side=1 << 14, max_bytes=1 << 26)
    engine = stack.enter_context(opened_engine(Settings(data=folder, weights=weights, precision=_precision(name))))
    return Pipeline(
        Path.read_bytes,
        lambda data: engine.detect(data, limits),
        lambda photo: [[*face.box, face.confidence] for face in photo.faces],
    )


def facetoken_http(folder: Path, name: str, weights: Path, stack: ExitStack) -> Pipeline:
    """Send POST /detect to a real server on loopback, one kept connection a thread."""
    server = stack.enter_context(ServerProcess(folder, weights=weights, precision=_precision(name)))
    clients = threading.local()

    def run(question: Question) -> bytes:
        if not hasattr(clients, "kept"):
            clients.kept = Client(server.port)
        answer = clients.kept.ask(question)
        if answer.status != 200:
            raise RuntimeError(f"the server answered {answer.status}: {answer.body[:200]!r}")
        body: bytes = answer.body
        return body

    def rows(body: bytes) -> list[Row]:
        return [[*face["top_left"], *face["bottom_right"], face["confidence"]] for face in json.loads(body)["faces"]]

    return Pipeline(lambda path: Question.post("/detect", path.read_bytes()), run, rows)


def torch_detection(_: str, __: Path, ___: ExitStack) -> Pipeline:
    detector = _torch_detector()

    def rows(found: Any) -> list[Row]:
        boxes, scores, _ = found
        return (
            []
            if boxes is None
            else [[*map(float, box), float(score)] for box, score in zip(boxes, scores, strict=True)]
        )

    return Pipeline(photos.read, lambda image: detector.detect(image, landmarks=True), rows)


def torch_embedding(_: str, weights: Path, __: ExitStack) -> Pipeline:
    import torch

    embed = _torch_embedder(weights)
    return Pipeline(
        np.load,
        lambda crops: embed(torch.from_numpy(crops).permute(0, 3, 1, 2).float()),
        lambda vectors: vectors.tolist(),
    )


def torch_photo(_: str, weights: Path, __: ExitStack) -> Pipeline:
    """Decode, detect, cut out and embed by the package's own parts, but the faces that ours leaves out as too small."""
    detector, embed = _torch_detector(), _torch_embedder(weights)

    def run(data: bytes) -> list[Row]:
        image = photos.decode(data)
        boxes, scores = detector.detect(image)
        if boxes is None:
            return []
        height, width = image.shape[:2]
        inside = np.clip(boxes.astype(np.float64), 0, [width, height, width, height])
        kept = (inside[:, 2:] - inside[:, :2]).min(axis=1) >= MIN_FACE
        if kept.any():
            embed(detector.extract(image, boxes[kept], None))
        return [[*box, float(score)] for box, score in zip(inside[kept].tolist(), scores[kept], strict=True)]

    return Pipeline(Path.read_bytes, run, lambda rows: rows)


def deepface_photo(name: str, _: Path, __: ExitStack) -> Pipeline:
    """Call DeepFace.represent with the same weights; the engine is set by its environment variable."""
    from deepface import DeepFace

    detector = "fastmtcnn" if name == "deepface-onnx" else "mtcnn"
    options = {"model_name": "Facenet", "normalization": "Facenet", "l2_normalize": True, "enforce_detection": False}

    def rows(faces: list[dict[str, Any]]) -> list[Row]:
        # Without a face it embeds the whole photo and gives it confidence 0.
        found = [(face["facial_area"], face["face_confidence"]) for face in faces if face["face_confidence"] > 0]
        return [[box["x"], box["y"], box["x"] + box["w"], box["y"] + box["h"], score] for box, score in found]

    def run(data: bytes) -> list[dict[str, Any]]:
        faces: list[dict[str, Any]] = DeepFace.represent(img_path=BytesIO(data), detector_backend=detector, **options)
        return faces

    return Pipeline(Path.read_bytes, run, rows)


def _precision(name: str) -> str:
    return name.rpartition("-")[2]


def _torch_detector() -> Any:
    from facenet_pytorch import MTCNN

    from model.reference.torch_backend import FACTOR, MIN_FACE_SIZE, THRESHOLDS

    options = {"min_face_size": MIN_FACE_SIZE, "thresholds": THRESHOLDS, "factor": FACTOR}
    return MTCNN(keep_all=True, post_process=False, **options)


def _torch_embedder(weights: Path) -> Callable[[Any], Any]:
    """Return its InceptionResnetV1 with our weights and their input rule, for float faces (n, 3, 160, 160)."""
    import torch

    from model.reference.torch_backend import inception
    from model.weights import FACENET_H5

    network = inception(weights / FACENET_H5.name)

    def embed(faces: Any) -> Any:
        with torch.inference_mode():
            deviation, mean = torch.std_mean(faces, dim=(1, 2, 3), keepdim=True, correction=0)
            return network((faces - mean) / deviation.clamp(min=faces[0].numel() ** -0.5))

    return embed


BUILDERS: dict[tuple[str, str], Callable[[str, Path, ExitStack], Pipeline]] = {
    ("facetoken", "detection"): facetoken_detection,
    ("facetoken", "embedding"): facetoken_embedding,
    ("facetoken", "photo"): facetoken_photo,
    ("facenet", "detection"): torch_detection,
    ("facenet", "embedding"): torch_embedding,
    ("facenet", "photo"): torch_photo,
    ("deepface", "photo"): deepface_photo,
}
"""By the first word of a pipeline's name, and stage."""


def build(name: str, stage: str, weights: Path, stack: ExitStack) -> Pipeline:
    """Return a stage of the pipeline called `name`, loaded; `stack` keeps what it needs."""
    return BUILDERS[name.partition("-")[0], stage](name, weights, stack)
