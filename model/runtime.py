"""Run an ONNX graph on OpenVINO, with the precision that was asked for and never the runtime's own choice."""

from __future__ import annotations

import functools
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import openvino

Floats = NDArray[np.float32]

PRECISIONS = ("f32", "bf16")


def cpu_has_bf16() -> bool:
    """Tell whether this CPU computes bf16 natively, by the runtime's own account."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@functools.cache
def _core() -> openvino.Core:
    """Return the process's one OpenVINO core: several would each bring their own threads."""
    # Imported here: it takes a third of a second, and `import server` must load no network runtime.
    import openvino

    return openvino.Core()


class Graph:
    """Run one graph. Loading is lazy and idempotent; calls from several threads share one copy of the weights.

    Calls take turns: one infer request with every core behind it is as fast in sum as several that split the cores,
    and its scratch memory exists once.
    """

    def __init__(self, path: Path, precision: str) -> None:
        if precision not in PRECISIONS:
            raise ValueError(f"precision is {precision!r}, not one of {PRECISIONS}")
        self.path = path
        self.precision = precision
        self._lock = threading.Lock()
        self._request: Any = None

    def load(self) -> None:
        """Compile the graph once."""
        with self._lock:
            self._load()

    def _load(self) -> None:
        if self._request is not None:
            return
        config = {
            "INFERENCE_PRECISION_HINT": self.precision,
            "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": str(os.cpu_count() or 1),
            # Pinned threads would keep OpenCV and FAISS from using an idle core.
            "ENABLE_CPU_PINNING": "NO",
        }
        core = _core()
        self._request = core.compile_model(core.read_model(self.path), "CPU", config).create_infer_request()

    def __call__(self, array: Floats) -> list[Floats]:
        """Run the graph on its one input and return its outputs in order, as arrays of their own."""
        with self._lock:
            self._load()
            outputs = self._request.infer([np.ascontiguousarray(array)], share_inputs=True, share_outputs=True)
            # The request's buffers belong to the next call.
            return [np.array(outputs[index], np.float32) for index in range(len(outputs))]
