"""What stands on the disk of faces, searched byte by byte: nothing that a person could be told by."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import FaceEngine
from tests.client import Client
from tests.command import Command
from tests.conftest import Live
from tests.nhn_client import Checked
from tests.pictures import encoded, grid, read
from tests.test_tenants_command import added

PIECE = 16
"""Bytes of a vector that may stand nowhere: four of its numbers."""

NAMES = ("Madonna Louise Ciccone", "Zoë Ünverkennbar", "김소월의 시집 진달래꽃", "person-4711")
EXTERNAL = ("customer_no-0815.jpg", "Employee_Lovelace.Ada", "kim_sowol-1902")


def written(text: str) -> Iterator[bytes]:
    """Yield the ways in which a text may stand in a file."""
    for name in ("utf-8", "utf-16-le", "utf-16-be"):
        data = text.encode(name)
        yield data
        yield data.hex().encode()
        # The middle of what base64 makes of it, wherever in three bytes it begins.
        yield from (base64.b64encode(bytes(shift) + data)[4:-4] for shift in range(3))
    yield json.dumps(text)[1:-1].encode()


def pieces(vector: NDArray[np.float32]) -> set[bytes]:
    """Return every 16 bytes of a vector, at any place, in the kinds of numbers that it might be kept in."""
    data = [vector.astype(kind).tobytes() for kind in ("<f4", ">f4", "<f8", "<f2")]
    return {each[at : at + PIECE] for each in data for at in range(len(each) - PIECE + 1)}


def files(folder: Path) -> dict[str, bytes]:
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    del found["key"]
    return found


def leaks(folder: Path, texts: set[str], vectors: set[bytes]) -> list[str]:
    """Return what was found of the texts and vectors, and where."""
    found = []
    for name, data in files(folder).items():
        found += [f"{name}: {text}" for text in texts if any(form in data for form in written(text))]
        if any(data[at : at + PIECE] in vectors for at in range(len(data) - PIECE + 1)):
            found.append(f"{name}: a vector")
    return found


@pytest.fixture
def filled(
    new_engine: Callable[..., FaceEngine], serve: Callable[..., Live], tmp_path: Path, photos: Path
) -> Iterator[tuple[FaceEngine, set[str]]]:
    """A face set that was filled, changed and in part emptied through HTTP; and the texts that nobody may find."""
    command = Command(tmp_path)
    engine = new_engine(command.data)
    client = Client(serve(engine).port)
    portraits = [sorted((photos / "val" / person).iterdir())[1] for person in ("madonna", "ben_afflek")]
    crowd = encoded(grid([read(path) for path in portraits], 2))
    texts = {*NAMES, *EXTERNAL}
    tokens = [client.enrolled(crowd, name) for name in NAMES]
    client.get("/addface", face_token=tokens[1], face_name=NAMES[1] * 3)
    client.get("/removeface", face_token=tokens[2])
    checked = Checked(client)
    for label, tenant in zip(EXTERNAL, ("one", "two", "three"), strict=True):
        app = added(command, tenant)
        checked.create_group(app, "staff")
        checked.create_group(app, "gone")
        for group in ("staff", "gone"):
            faces = checked.add_faces(app, group, crowd, 2, label)["addedFaces"]
            assert len(faces) == 2
            texts |= {face["imageId"] for face in faces}
        checked.delete_face(app, "staff", faces[0]["faceId"])
        checked.delete_group(app, "gone")
        checked.list_faces(app, "staff", 1)
        texts.add(app.secret)
    yield engine, texts | {engine.faceset.secret("next-token").hex()}
    engine.close()


def test_nothing_of_a_face_is_readable(filled: tuple[FaceEngine, set[str]], tmp_path: Path) -> None:
    engine, texts = filled
    folder, vectors = tmp_path / "data", set[bytes]()
    for group in ("default", *engine.faceset.groups.keys("tenant/")):
        found, _ = engine.faceset.page(group, 1000)
        assert found
        for face in found:
            vectors |= pieces(face.vector)
    assert len(texts) > 15
    assert len(vectors) > 4000
    assert {"faces.db", "faces.db-wal"} <= files(folder).keys()
    assert leaks(folder, texts, vectors) == []
    # And the search does find what is there.
    secret = engine.faceset.secret("next-token")
    (folder / "leak").write_bytes(b"x" + next(iter(vectors)) + EXTERNAL[2].encode("utf-16-le"))
    (folder / "more").write_bytes(base64.b64encode(b"??" + NAMES[0].encode()) + secret.hex().encode())
    told = ["leak: a vector", f"leak: {EXTERNAL[2]}", f"more: {NAMES[0]}", f"more: {secret.hex()}"]
    assert sorted(leaks(folder, texts, vectors)) == sorted(told)


def test_nor_after_a_rotation_and_a_restart(filled: tuple[FaceEngine, set[str]], tmp_path: Path) -> None:
    engine, texts = filled
    found, _ = engine.faceset.page("default", 1000)
    vectors = set().union(*(pieces(face.vector) for face in found))
    assert Command(tmp_path).run("rotate-key")[0] == 0
    assert leaks(tmp_path / "data", texts, vectors) == []
    engine.close()
    assert leaks(tmp_path / "data", texts, vectors) == []
