"""Run an ONNX graph on OpenVINO, with the precision that was asked for and never the runtime's own choice."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import openvino

Floats = NDArray[np.float32]

Item = TypeVar("Item")
Result = TypeVar("Result")

SHAPES_KEPT = 8
"""Input buffers a request holds on to. The server uses four at most; a graph run on all sorts of shapes drops them."""

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


class Request:
    """Hold the buffers of one call to a graph: write the input where it is, run, read the outputs where they are."""

    def __init__(self, request: Any) -> None:
        self._request = request
        # The runtime does not keep an array alive that it was handed.
        self._inputs: dict[tuple[int, ...], Floats] = {}
        self._shape: tuple[int, ...] = ()

    def input(self, shape: tuple[int, ...]) -> Floats:
        """Return the input, float32, as the last call with this shape left it."""
        import openvino

        if shape not in self._inputs:
            if len(self._inputs) == SHAPES_KEPT:
                self._inputs.clear()
            self._inputs[shape] = np.zeros(shape, np.float32)
        if shape != self._shape:
            self._request.set_input_tensor(openvino.Tensor(self._inputs[shape], shared_memory=True))
            self._shape = shape
        return self._inputs[shape]

    def run(self) -> list[Floats]:
        """Run the graph on the input; the outputs are views that the next run overwrites."""
        self._request.infer(share_inputs=True)
        return [output.data for output in self._request.output_tensors]


class Graph:
    """Run one graph. Loading is lazy and idempotent; calls from several threads share one copy of the weights.

    A graph with little to do a call (`parallel`) runs as many calls at once as there are cores, one thread each: no
    time goes into splitting small work. Any other takes calls in turn with every core behind each, which is as fast in
    sum, sooner done, and needs its scratch memory once.
    """

    def __init__(self, path: Path, precision: str, *, parallel: bool = False) -> None:
        if precision not in PRECISIONS:
            raise ValueError(f"precision is {precision!r}, not one of {PRECISIONS}")
        self.path = path
        self.precision = precision
        self._calls = cores() if parallel else 1
        self._lock = threading.Lock()
        self._idle: SimpleQueue[Request] | None = None

    def load(self) -> None:
        """Compile the graph once."""
        self._requests()

    def warm(self, shape: tuple[int, ...]) -> None:
        """Compile the graph for an input shape; every request meets it once."""
        with ExitStack() as stack:
            for _ in range(self._calls):
                request = stack.enter_context(self.request())
                request.input(shape)
                request.run()

    @contextmanager
    def request(self) -> Iterator[Request]:
        """Lend a request, waiting for one when all are in use."""
        idle = self._requests()
        request = idle.get()
        try:
            yield request
        finally:
            idle.put(request)

    def __call__(self, array: Floats) -> list[Floats]:
        """Run the graph on its one input and return its outputs in order, as arrays of their own."""
        with self.request() as request:
            request.input(array.shape)[:] = array
            return [output.copy() for output in request.run()]

    def _requests(self) -> SimpleQueue[Request]:
        with self._lock:
            if self._idle is None:
                config = {
                    "INFERENCE_PRECISION_HINT": self.precision,
                    "NUM_STREAMS": str(self._calls),
                    "INFERENCE_NUM_THREADS": str(cores()),
                    # Pinned threads would keep the scans and OpenCV from using an idle core.
                    "ENABLE_CPU_PINNING": "NO",
                }
                core = _core()
                compiled = core.compile_model(core.read_model(self.path), "CPU", config)
                self._idle = SimpleQueue()
                for _ in range(self._calls):
                    self._idle.put(Request(compiled.create_infer_request()))
            return self._idle


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def on_all_cores(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Apply a function to every item, on all cores at once, and return the results in order.

    One pool for the process: however many photos are looked at, no more threads than cores compute. The function must
    not come back here.
    """
    if len(items) == 1:
        return [function(items[0])]
    return list(_workers().map(function, items))


@functools.cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), thread_name_prefix="network")
