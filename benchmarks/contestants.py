"""Processes that run one pipeline each, of which only the one whose turn it is may run at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.quiet import peak_megabytes
from model.weights import FACENET, FACENET_H5
from settings import ROOT

OURS = "facetoken"

PEERS = {
    "facenet-pytorch": ("facenet-pytorch",),
    # As it installs itself with TensorFlow, and with its fastest engine and MTCNN.
    "deepface": ("deepface", "deepface-onnx"),
}

SINGLE = "-single"
"""With this at the end of its name, a torch contestant computes with one thread: clients of several may share the cores
better so, and are given the better of the two."""

ENDING_SECONDS = 30

Json = dict[str, Any]


class Contestant:
    """Talk to one stage of a pipeline in another process; use as a context, which ends the process.

    It begins to load at once, beside others. Once `ready` it is stopped (SIGSTOP) outside its `turn`: nothing of
    it can take a core from another one's turn. It leads a process group of its own, which is stopped and continued
    whole, a server that it started included. Should this process die, the kernel hangs up on the group, stopped or not.
    """

    def __init__(self, name: str, stage: str, weights: Path, home: Path) -> None:
        self.name = name
        command = [str(python_of(name)), "-m", "benchmarks.racer", name, stage, str(weights)]
        pipes: Json = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, cwd=ROOT, env=_environment(name, home), process_group=0, **pipes)

    def ready(self) -> dict[str, str]:
        """Wait until it is loaded, and return the versions of its packages."""
        versions: dict[str, str] = self._answer()
        self._signal(signal.SIGSTOP)
        return versions

    @property
    def group(self) -> int:
        """The id of the process group."""
        return self._process.pid

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Let the process run."""
        self._signal(signal.SIGCONT)
        try:
            yield
        finally:
            self._signal(signal.SIGSTOP)

    def ask(self, question: Json) -> Json:
        """Have the pipeline answer within its turn; raise RuntimeError when it breaks off."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def peak_megabytes(self) -> int:
        """Return the peak memory so far."""
        return peak_megabytes(self.group)

    def _answer(self) -> Json:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} broke off; its last words are above")
        answer: Json = json.loads(line)
        return answer

    def _signal(self, number: signal.Signals) -> None:
        # One that has ended is noticed by the next question.
        if self._process.poll() is None:
            os.killpg(self.group, number)

    def _end(self) -> None:
        self._signal(signal.SIGCONT)
        try:
            self._process.communicate(timeout=ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()


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


def python_of(name: str) -> Path:
    """Return the Python of the environment that has a contestant's packages."""
    if name.startswith(OURS):
        return Path(sys.executable)
    return ROOT / (".venv-torch" if name.startswith("facenet-pytorch") else ".venv-deepface") / "bin/python"


def _environment(name: str, home: Path) -> dict[str, str]:
    engine = "onnx" if name == "deepface-onnx" else "tensorflow"
    # Threads stay as every library sets them; a stray FACETOKEN_ or OMP_ setting of the caller's stays out.
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FACETOKEN_", "OMP_", "DEEPFACE_"))}
    deepface = {"DEEPFACE_HOME": str(home), "DEEPFACE_BACKEND_ENGINE": engine, "DEEPFACE_LOG_LEVEL": "40"}
    threads = {"OMP_NUM_THREADS": "1"} if name.endswith(SINGLE) else {}
    return kept | deepface | threads | {"TF_CPP_MIN_LOG_LEVEL": "2"}
