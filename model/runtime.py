"""Run an ONNX graph on OpenVINO, with the precision that was asked for and never the runtime's own choice."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from threads import cores, on_every_thread

if TYPE_CHECKING:
    import openvino

Floats = NDArray[np.float32]

Item = TypeVar("Item")
Result = TypeVar("Result")

PRECISIONS = ("f32", "bf16")

_warming = threading.Lock()


def cpu_has_bf16() -> bool:
    """Tell whether this CPU computes bf16 natively, by the runtime's own account."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@functools.cache
def _core() -> openvino.Core:
    """Return the process's one OpenVINO core: several would each bring their own threads."""
    # Imported here: it takes a third of a second, and `import server` must load no network runtime.
    import openvino

    return openvino.Core()


def read(graph: Path) -> Any:
    """Read a graph, not yet compiled; a few tenths of a second for a large one."""
    return _core().read_model(graph)


def constants(graph: Path) -> dict[str, Floats]:
    """Read a graph's weights by name."""
    found = (operation for operation in read(graph).get_ops() if operation.get_type_name() == "Constant")
    return {operation.get_friendly_name(): operation.data.copy() for operation in found}


class Request:
    """Hold the buffers of one call to a graph: write the input where it is, run, read the outputs where they are."""

    def __init__(self, request: Any, shape: tuple[int, ...]) -> None:
        import openvino

        # The runtime does not keep an array alive that it was handed.
        self.input: Floats = np.zeros(shape, np.float32)
        self._request = request
        self._request.set_input_tensor(openvino.Tensor(self.input, shared_memory=True))

    def run(self) -> list[Floats]:
        """Run the graph on the input; the outputs are views that the next run overwrites."""
        self._request.infer()
        return [output.data for output in self._request.output_tensors]


class Graph:
    """Run one graph on inputs of one shape. Loading is lazy and idempotent; any thread may call.

    One shape, because the runtime compiles anew for each, 10 to 45 ms in the middle of a request, and makes a tenth
    faster code of a graph whose shape it knows.

    A graph with little to do a call (`parallel`) runs as many calls at once as there are cores, one thread each: no
    time goes into splitting small work. Any other takes calls in turn with every core behind each, which is as fast in
    sum, sooner done, and needs its scratch memory once.
    """

    def __init__(self, path: Path, precision: str, shape: tuple[int, ...], *, parallel: bool = False) -> None:
        if precision not in PRECISIONS:
            raise ValueError(f"precision is {precision!r}, not one of {PRECISIONS}")
        self.path = path
        self.precision = precision
        self.shape = shape
        self._parallel = parallel
        self._lock = threading.Lock()
        self._idle: SimpleQueue[Request] | None = None

    def compile(self, model: Any = None) -> None:
        """Compile the graph once, from what `read` returned if that is given.

        Several at a time take as long as the slowest: most of it is one thread's work.
        """
        self._requests(model)

    def load(self) -> None:
        """Compile the graph once and run it on every thread of `on_all_cores`.

        The runtime makes things of its own for each thread that calls it, up to 60 ms at the first call.
        """
        self.compile()
        with _warming:
            on_every_thread(_workers(), self._run)

    @contextmanager
    def request(self) -> Iterator[Request]:
        """Lend a request, waiting for one when all are in use. Call it from `on_all_cores`."""
        idle = self._requests()
        request = idle.get()
        try:
            yield request
        finally:
            idle.put(request)

    def _run(self) -> None:
        with self.request() as request:
            request.run()

    def _requests(self, model: Any = None) -> SimpleQueue[Request]:
        with self._lock:
            if self._idle is None:
                requests = self._compiled(read(self.path) if model is None else model)
                self._idle = SimpleQueue()
                for request in requests:
                    self._idle.put(request)
            return self._idle

    def _compiled(self, model: Any) -> list[Request]:
        config = {
            "INFERENCE_PRECISION_HINT": self.precision,
            # No stream: the calling thread computes itself. Handing a call to a thread of the runtime's takes 0.05 ms,
            # half of what the smallest calls take. Such a model takes one call at a time, so each call has its own.
            "NUM_STREAMS": "0" if self._parallel else "1",
            "INFERENCE_NUM_THREADS": "1" if self._parallel else str(cores()),
            # Pinned threads would keep the scans and OpenCV from using an idle core.
            "ENABLE_CPU_PINNING": "NO",
        }
        # A copy shares the weights, and has a shape of its own.
        shaped = model.clone()
        shaped.reshape(list(self.shape))
        copies = range(cores() if self._parallel else 1)
        compiled = [_core().compile_model(shaped, "CPU", config) for _ in copies]
        return [Request(each.create_infer_request(), self.shape) for each in compiled]


def on_all_cores(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Apply a function to every item, on all cores at once, and return the results in order.

    One pool for the process: however many photos are looked at, no more threads than cores compute. The function must
    not come back here.
    """
    return list(_workers().map(function, items))


@functools.cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), thread_name_prefix="network")
