"""A server of the NHN dialect with two tenants, real photos, and a web server that has some of them."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.nhn.parameters import LIMITS
from engine import FaceEngine
from faceset.tenants import groups_of
from storage.local import LocalStorage
from tests.client import Client
from tests.conftest import Live
from tests.listener import LOOPBACK, Listener, answer, dripping, listening
from tests.nhn_client import Checked
from tests.pictures import blank, encoded, grid, padded, read
from tests.vectors import Floats

CROWD = ("ben_afflek", "jerry_seinfeld", "madonna")
"""Whose faces are in `World.crowd`, the largest first."""

WITH_A_FACE = {"ben_afflek": 1, "jerry_seinfeld": 0, "madonna": 1, "mindy_kaling": 0, "elton_john": 4}
"""Which photo of a person shows one face of more than 100 pixels."""

STRANGE = "00000000-0000-4000-8000-000000000000"
"""A face's id that no face ever has."""

OpenWorld = Callable[..., AbstractContextManager[Any]]


class World:
    """Hold the server and what there is: tenants `app` and `other`, and photos; `checked` asks."""

    def __init__(self, live: Live, impatient: Live, folder: Path, photos: Path, web: Listener) -> None:
        self.live, self.engine, self.folder, self.web = live, live.engine, folder, web
        self.client = Client(live.port)
        self.checked = Checked(self.client)
        self.impatient = Checked(Client(impatient.port))
        """Asks a server that waits a quarter of a second for a photo."""
        self.app, self.other = (self.engine.faceset.tenants.add(name) for name in ("app", "other"))
        self._photos = photos
        self.crowd = encoded(grid([read(self.path_of(person)) for person in CROWD], 3))
        self.nobody = blank(200, 200)
        self._groups = 0

    def path_of(self, person: str) -> Path:
        return sorted(self._photos.glob(f"val/{person}/*.jpg"))[WITH_A_FACE[person]]

    def portrait(self, person: str = "ben_afflek") -> bytes:
        return self.path_of(person).read_bytes()

    def url(self, path: str) -> str:
        """Return a URL of the web server that the server may fetch from."""
        return f"http://{LOOPBACK}:{self.web.port}/{path}"

    def stored(self, photo: bytes) -> str:
        """Return the URL of a photo in the server's own storage."""
        return LocalStorage(self.folder / "stored").put(photo, self.live.url)

    def new_group(self, *people: str) -> str:
        """Make a group of the tenant `app` with those people's portraits, the first one's added first."""
        self._groups += 1
        group = f"group-{self._groups}"
        assert self.checked.create_group(self.app, group) is None
        for person in people:
            added = self.checked.add_faces(self.app, group, self.portrait(person), external_id=person)
            assert added["addedFaceCount"] == 1
        return group

    def ids(self, group: str) -> list[str]:
        """Return the ids of a group's faces, newest first."""
        return [face["faceId"] for face in self.checked.list_faces(self.app, group)["faces"]]

    def key(self, group: str) -> str:
        """Return the key under which the face set has a group of the tenant `app`."""
        return groups_of(self.app.app_key) + group

    def vector(self, group: str, face: str) -> Floats:
        """Return the vector of a face of a group of the tenant `app`."""
        found = self.engine.faceset.vector(face, self.key(group))
        assert found is not None
        return found

    @contextmanager
    def without_table(self, name: str) -> Iterator[None]:
        """Take a table out of the database, as a disk may, and put it back."""
        with closing(sqlite3.connect(self.folder / "faces.db", isolation_level=None)) as connection:
            connection.execute(f"ALTER TABLE {name} RENAME TO away")
            try:
                yield
            finally:
                connection.execute(f"ALTER TABLE away RENAME TO {name}")


@contextmanager
def opened(
    serve: Callable[..., Live],
    new_engine: Callable[..., FaceEngine],
    folder: Path,
    photos: Path,
    kind: type[Any] = World,
) -> Iterator[Any]:
    """Open a world of its own in a folder, of a kind of World."""
    portrait = sorted(photos.glob("val/ben_afflek/*.jpg"))[1].read_bytes()
    pages = {
        "/photo.jpg": answer(portrait),
        "/moved": answer(b"", "302 Found", "Location: /photo.jpg"),
        "/huge.jpg": answer(padded(portrait, LIMITS.max_bytes + 1)),
        "/cut.jpg": answer(portrait[:-100], "200 OK", f"Content-Length: {len(portrait)}"),
        "/page.html": answer(b"<!doctype html><title>No photo</title>"),
        "/empty.jpg": answer(b""),
    }

    def respond(connected: socket.socket, request: bytes) -> None:
        path = request.split(b" ")[1].decode()
        if path == "/slow.jpg":
            dripping(answer(b""))(connected, request)
        connected.sendall(pages.get(path, answer(b"", "404 Not Found")))

    with listening(respond) as web:
        engine = new_engine(folder)
        shared = {"data": folder, "fetch_allow": (f"{LOOPBACK}:{web.port}",)}
        live, impatient = serve(engine, **shared), serve(engine, **shared, fetch_seconds=0.25)
        yield kind(live, impatient, folder, photos, web)
        engine.close()


@pytest.fixture(scope="module")
def open_world(
    serve: Callable[..., Live],
    new_engine: Callable[..., FaceEngine],
    tmp_path_factory: pytest.TempPathFactory,
    photos: Path,
) -> OpenWorld:
    """Return a function that opens a world, of another kind if one is given."""

    def make(kind: type[World] = World) -> AbstractContextManager[Any]:
        return opened(serve, new_engine, tmp_path_factory.mktemp("nhn"), photos, kind)

    return make


@pytest.fixture(scope="module")
def quick_secrets() -> Iterator[None]:
    """Have secrets hashed in no time, where what it costs is not what is looked at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("faceset.tenants.COST", 16)
        yield


@pytest.fixture(scope="module")
def world(open_world: OpenWorld) -> Iterator[World]:
    with open_world() as made:
        yield made
