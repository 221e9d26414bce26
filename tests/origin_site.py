"""A face set of one face, served to requests whose header lines are sent as they are; for tests of other origins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import FaceEngine
from tests.client import Answer, Client
from tests.conftest import Live
from tests.origin_headers import HOST

Serve = Callable[..., Live]
REFUSED = (403, "1001", "BAD_ARGUMENTS")


class FaceSet:
    """A face set of one face, called Mindy."""

    def __init__(self, serve: Serve, engine: FaceEngine, portrait: bytes) -> None:
        self._serve = serve
        self.engine = engine
        self.portrait = portrait
        self.client = self.served()
        self.token = self.client.enrolled(portrait, "Mindy")

    def served(self, **settings: object) -> Client:
        return Client(self._serve(self.engine, threads=2, queue=2, **settings).port)

    def state(self) -> tuple[object, ...]:
        """Return all that a request could change; every token, added or not, has a crop."""
        faces = [(face["face_token"], face["face_name"]) for face in self.client.get("/faces").json["faces"]]
        return faces, sorted(path.name for path in self.engine.crops.path.iterdir())

    def rename(self, method: str, lines: tuple[str, ...], client: Client | None = None) -> bool:
        """Try to call the face Mallory; return whether the answer says so, and check that the face set agrees."""
        target = f"/addface?face_token={self.token}&face_name=Mallory"
        answer = sent(client or self.client, method, target, lines)
        if answer.status != 200:
            assert answer.error == REFUSED
        renamed: bool = self.client.get(f"/faces/{self.token}").json["face_name"] == "Mallory"
        self.client.get("/addface", face_token=self.token, face_name="Mindy")
        assert renamed == (answer.status == 200)
        return renamed


def sent(client: Client, method: str, target: str, lines: tuple[str, ...], body: bytes = b"") -> Answer:
    """Send header lines as they are; Host is HOST unless they have one."""
    host = () if any(line.lower().startswith("host:") for line in lines) else (f"Host: {HOST}",)
    head = [f"{method} {target} HTTP/1.1", *host, *lines, f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return client.raw("\r\n".join(head).encode("latin-1"), body)


@pytest.fixture(scope="module")
def faces(
    serve: Serve, new_engine: Callable[..., FaceEngine], tmp_path_factory: pytest.TempPathFactory, photos: Path
) -> Iterator[FaceSet]:
    engine = new_engine(tmp_path_factory.mktemp("origin"))
    yield FaceSet(serve, engine, min(photos.glob("val/mindy_kaling/*.jpg")).read_bytes())
    engine.close()
