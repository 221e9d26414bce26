"""Read the arrays of a torch checkpoint in its first file format, without torch and without running what it says.

Such a file is a row of pickles (a magic number, a version, the writer's type sizes, the dictionary of tensors, the
names of the storages) and then the storages' raw bytes. A pickle can name any callable there is. This reader knows four
names, and none of them does anything but hold numbers.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001


class CheckpointError(ValueError):
    """Say that a file is not such a checkpoint, or holds more than tensors."""


def arrays(data: bytes) -> dict[str, Array]:
    """Return the checkpoint's tensors by name, float32 or int64.

    Raises CheckpointError when the data is anything but a dictionary of tensors of these types.
    """
    file = io.BytesIO(data)
    try:
        return _arrays(file)
    except CheckpointError:
        raise
    except Exception as error:  # a pickle can go wrong in as many ways as there are opcodes
        raise CheckpointError(f"this is no readable checkpoint: {error}") from error


def _arrays(file: BinaryIO) -> dict[str, Array]:
    magic, version, system = (_Reader(file).load() for _ in range(3))
    if magic != MAGIC or version != VERSION or system["little_endian"] is not True:
        _refuse("its head is not that of a checkpoint written on a little-endian machine")
    tensors = _Reader(file).load()
    if not isinstance(tensors, OrderedDict) or not all(isinstance(tensor, _Tensor) for tensor in tensors.values()):
        _refuse("it holds something else than a dictionary of tensors")
    types = {tensor.storage.key: tensor.storage.type for tensor in tensors.values()}
    storages = {key: _storage(file, types[key]) for key in _Reader(file).load()}
    return {str(name): tensor.array(storages) for name, tensor in tensors.items()}


def _storage(file: BinaryIO, dtype: np.dtype[Any]) -> Array:
    count = int.from_bytes(file.read(8), "little")
    data = file.read(count * dtype.itemsize)
    if len(data) != count * dtype.itemsize:
        _refuse("it ends in the middle of a storage")
    return np.frombuffer(data, dtype)


@dataclass(frozen=True, slots=True)
class _Storage:
    """Name a row of numbers that follows the pickles."""

    key: str
    type: np.dtype[Any]


@dataclass(frozen=True, slots=True)
class _Tensor:
    """Say which part of a storage a tensor is."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self, storages: dict[str, Array]) -> Array:
        numbers = storages[self.storage.key]
        size = numbers.itemsize
        strides = [stride * size for stride in self.strides]
        # This constructor checks that offset and strides stay inside the storage.
        return np.ndarray(self.shape, numbers.dtype, numbers, self.offset * size, strides)


def _tensor(storage: Any, offset: int, shape: Any, strides: Any, *_: object) -> _Tensor:
    if not isinstance(storage, _Storage):
        _refuse("a tensor has no storage")
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


class _Reader(pickle.Unpickler):
    """Unpickle numbers, texts, collections and tensors."""

    KNOWN: dict[tuple[str, str], Any] = {  # noqa: RUF012 - nobody writes to it
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("torch", "LongStorage"): np.dtype("<i8"),
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.KNOWN:
            _refuse(f"it names {module}.{name}, which no tensor needs")
        return self.KNOWN[module, name]

    def persistent_load(self, saved: Any) -> _Storage:
        _, dtype, key, *_ = saved
        return _Storage(key, dtype)


def _refuse(reason: str) -> NoReturn:
    raise CheckpointError(f"this is no checkpoint of tensors: {reason}")
