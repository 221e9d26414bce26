"""Reading a checkpoint without torch: what tensors are, and that nothing else is run."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from model.checkpoint import MAGIC, VERSION, CheckpointError, arrays


def word(text: str) -> bytes:
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def group(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def tensor(key: str, kind: str, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> bytes:
    storage = group(word("storage"), named("torch", kind), word(key), word("cpu"), number(6), b"N") + b"Q"
    hooks = named("collections", "OrderedDict") + b")R"
    sizes = group(*map(number, shape)), group(*map(number, strides))
    return named("torch._utils", "_rebuild_tensor_v2") + group(storage, number(offset), *sizes, b"\x89", hooks) + b"R"


def dictionary(**items: bytes) -> bytes:
    pairs = b"".join(word(name) + value for name, value in items.items())
    return b"\x80\x02" + named("collections", "OrderedDict") + b")R(" + pairs + b"u."


def checkpoint(tensors: bytes, *storages: tuple[str, bytes], little: bool = True) -> bytes:
    """Return a file in torch's first format: four pickles, the storages' names, then each one's length and bytes."""
    head = [MAGIC, VERSION, {"protocol_version": VERSION, "little_endian": little, "type_sizes": {"int": 4}}]
    pickles = [pickle.dumps(part, 2) for part in head] + [tensors, pickle.dumps([key for key, _ in storages], 2)]
    return b"".join(pickles) + b"".join(struct.pack("<q", 6) + data for _, data in storages)


FLOATS = np.arange(6, dtype="<f4")
LONGS = np.arange(6, dtype="<i8")
GOOD = checkpoint(
    dictionary(
        plain=tensor("1", "FloatStorage", (2, 3), (3, 1)),
        turned=tensor("1", "FloatStorage", (3, 2), (1, 3)),
        tail=tensor("1", "FloatStorage", (2,), (1,), offset=4),
        count=tensor("2", "LongStorage", (), ()),
    ),
    ("1", FLOATS.tobytes()),
    ("2", LONGS.tobytes()),
)


def test_tensors_come_out_in_their_shape_and_order() -> None:
    read = arrays(GOOD)
    assert list(read) == ["plain", "turned", "tail", "count"]
    assert read["plain"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert read["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert read["tail"].tolist() == [4, 5]
    assert read["count"].shape == ()
    assert (read["plain"].dtype.str, read["count"].dtype.str) == ("<f4", "<i8")


@pytest.mark.parametrize(
    "call",
    [
        b"cos\nsystem\n(X\x0a\x00\x00\x00touch HEREtR.",
        b"(X\x0a\x00\x00\x00touch HEREios\nsystem\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93(X\x0a\x00\x00\x00touch HEREtR.",
        b"cbuiltins\neval\n(X\x14\x00\x00\x00open('HERE','w')     tR.",
        b"ctorch._utils\n_rebuild_tensor_v2.__globals__\n.",
        b"ccollections\nOrderedDict.__init__.__globals__\n.",
    ],
)
@pytest.mark.parametrize("place", range(4))
def test_a_pickle_that_names_anything_else_is_refused_and_not_run(
    call: bytes, place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    honest = [pickle.dumps(part, 2) for part in (MAGIC, VERSION, {"little_endian": True})] + [dictionary()]
    with pytest.raises(CheckpointError, match="which no tensor needs"):
        arrays(b"".join([*honest[:place], call, *honest[place + 1 :]]) + pickle.dumps([], 2))
    assert not list(tmp_path.iterdir())


def test_every_shorter_file_is_refused() -> None:
    for length in range(len(GOOD)):
        with pytest.raises(CheckpointError):
            arrays(GOOD[:length])


@pytest.mark.parametrize(
    "tensors",
    [
        dictionary(outside=tensor("1", "FloatStorage", (7,), (1,))),
        dictionary(beyond=tensor("1", "FloatStorage", (2,), (1,), offset=5)),
        dictionary(strided=tensor("1", "FloatStorage", (2, 3), (4, 1))),
        dictionary(before=tensor("1", "FloatStorage", (2,), (-1,))),
        dictionary(negative=tensor("1", "FloatStorage", (-2,), (1,))),
        dictionary(unknown=tensor("9", "FloatStorage", (2,), (1,))),
        dictionary(number=number(3)),
        b"\x80\x02]q\x00.",
    ],
)
def test_tensors_that_reach_outside_and_other_things_are_refused(tensors: bytes) -> None:
    with pytest.raises(CheckpointError):
        arrays(checkpoint(tensors, ("1", FLOATS.tobytes())))


def test_another_byte_order_and_another_format_are_refused() -> None:
    good = dictionary(plain=tensor("1", "FloatStorage", (6,), (1,)))
    with pytest.raises(CheckpointError, match="little-endian"):
        arrays(checkpoint(good, ("1", FLOATS.tobytes()), little=False))
    with pytest.raises(CheckpointError):
        arrays(b"PK\x03\x04 a zip, torch's second format")
