"""A client of Finday that holds every answer against the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine import FaceEngine
from storage.local import LocalStorage
from tests.client import Answer, Client, Part, field, photo
from tests.conftest import Live

PATH = "/verify-face"
STATUSES = frozenset((200, 400, 401, 404, 405, 500))


class Finday:
    """Ask a server, and store photos where it stores its own; `settings` are the server's."""

    def __init__(self, serve: Callable[..., Live], engine: FaceEngine, data: Path, **settings: Any) -> None:
        live = serve(engine, data=data, **{"threads": 4, "queue": 8, **settings})
        self.client = Client(live.port)
        self._url, self._storage = live.url, LocalStorage(data / "stored")

    def stored(self, registered: bytes) -> str:
        """Store a photo as the server would, and return its URL."""
        return self._storage.put(registered, self._url)

    def verify(self, captured: bytes, url: str) -> tuple[int, Any]:
        """Return the status and the JSON of an answer."""
        return self.post(photo(captured, "face_image"), field("face_img_url", url))

    def post(self, *parts: Part, headers: Mapping[str, str] = {}) -> tuple[int, Any]:
        answer = self.client.post(PATH, *parts, headers=headers)
        return answer.status, checked(answer)


def checked(answer: Answer) -> Any:
    """Return the JSON of an answer that is as the contract has it; raise AssertionError for any other."""
    assert answer.status in STATUSES
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json
    if answer.status in (200, 401):
        fits = body["distance"] <= body["threshold"]
        verdict = {"result": "success"} if fits else {"result": "fail", "reason": "NotMatched"}
        expected = [*verdict.items(), ("distance", body["distance"]), ("threshold", body["threshold"])]
        assert list(body.items()) == expected
        assert type(body["distance"]) is type(body["threshold"]) is float
        assert 0 <= body["distance"] <= 2
        assert answer.status == (200 if fits else 401)
    else:
        assert list(body) == ["result", "reason"]
        assert body["result"] == "fail"
        assert len(body["reason"].split()) >= 4, f"{body['reason']!r} is no helpful sentence"
        assert not any(word in body["reason"] for word in ("Traceback", "Error(", "/work/", ".py", "object at 0x"))
    return body
