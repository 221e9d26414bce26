"""Processes that run one pipeline each, so that a benchmark can alternate between them within one run."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from model.weights import FACENET, FACENET_H5
from settings import ROOT

OURS = ("facetoken-f32", "facetoken-bf16")

PEERS = {
    "facenet-pytorch": ("facenet-pytorch",),
    # As it installs itself with TensorFlow, and with its fastest engine and MTCNN.
    "deepface": ("deepface", "deepface-onnx"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold one answer: how long the photo took, how many faces it had, the peak memory so far."""

    milliseconds: float
    faces: int
    megabytes: int


class Contestant:
    """Talk to a pipeline in another process; use as a context, which ends the process."""

    def __init__(self, name: str, weights: Path, home: Path) -> None:
        self.name = name
        command = [str(_python(name)), "-m", "benchmarks.pipelines", name, str(weights)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=_environment(name, home), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self._line() != "ready":
            raise RuntimeError(f"{name} did not start; its last words are above")

    def time(self, photo: Path) -> Reading:
        """Run the pipeline over one photo."""
        assert self._process.stdin
        self._process.stdin.write(f"{photo}\n")
        self._process.stdin.flush()
        answer = self._line().split()
        if not answer:
            raise RuntimeError(f"{self.name} broke off at {photo.name}; its last words are above")
        return Reading(float(answer[0]), int(answer[1]), int(answer[2]))

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def prepare_deepface(home: Path, weights: Path) -> None:
    """Lay our weights where DeepFace looks for its own, so that it downloads nothing.

    Its TensorFlow engine takes the h5 as it is, its ONNX engine a graph with channels last.
    """
    import onnx
    from onnx import helper

    folder = home / ".deepface/weights"
    folder.mkdir(parents=True)
    (folder / "facenet_weights.h5").symlink_to((weights / FACENET_H5.name).absolute())
    model = onnx.load(weights / FACENET.name)
    crops = model.graph.input.pop()
    model.graph.input.append(helper.make_tensor_value_info("photos", onnx.TensorProto.FLOAT, ["n", 160, 160, 3]))
    model.graph.node.insert(0, helper.make_node("Transpose", ["photos"], [crops.name], perm=[0, 3, 1, 2]))
    onnx.save(model, folder / "facenet_weights.onnx")


def _python(name: str) -> Path:
    if name in OURS:
        return Path(sys.executable)
    return ROOT / (".venv-torch" if name == "facenet-pytorch" else ".venv-deepface") / "bin/python"


def _environment(name: str, home: Path) -> dict[str, str]:
    engine = "onnx" if name == "deepface-onnx" else "tensorflow"
    # Threads stay as every library sets them; a stray FACETOKEN_ or OMP_ setting of the caller's stays out.
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FACETOKEN_", "OMP_", "DEEPFACE_"))}
    deepface = {"DEEPFACE_HOME": str(home), "DEEPFACE_BACKEND_ENGINE": engine, "DEEPFACE_LOG_LEVEL": "40"}
    return kept | deepface | {"TF_CPP_MIN_LOG_LEVEL": "2"}
