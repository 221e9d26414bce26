"""What a load benchmark asks: photos to detect, faces to search by token, photos to search, mixed by weight."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import numpy as np

from benchmarks.photos import listed
from benchmarks.served import Answer, Client, Question
from errors import FaceError
from images import decode

KINDS = ("detect", "search", "search_photo")
PHOTOS, SEARCHED, FACES = 64, 16, 5
"""As many photos of the folder are detected in turn, as many searched for, and as many faces are added to be found."""

NAME = "benchmark"
ATTEMPTS = 60


@dataclass(frozen=True, slots=True)
class Request:
    """Hold one request and its kind."""

    kind: str
    question: Question

    def faces(self, answer: Answer) -> int:
        """Return how many faces it found: those of the photo it detects, or those within the threshold."""
        if answer.status != 200:
            return 0
        body = json.loads(answer.body)
        return int(body["face_num"] if self.kind == "detect" else body["total"])


class Workload:
    """Make requests for one server; as a context it removes again what it added to the face set.

    Raises RuntimeError when the server does not answer as a facetoken server does, ValueError for a folder without
    photos of a face.
    """

    def __init__(self, url: str, folder: Path, threshold: float) -> None:
        self.host, self.port = address(url)
        self._threshold = threshold
        self._made: dict[str, list[Request]] = {}
        self._tokens: list[str] = []
        self._photos = [data for path in _spread(listed(folder)) if _accepted(data := path.read_bytes())]
        if not self._photos:
            raise ValueError("no photo in the folder that the API takes: see its limits of bytes and pixels")

    def __enter__(self) -> Self:
        if self._ask(Question.get("/readyz")).status != 200:
            raise RuntimeError("the server is not ready")
        if self._ask(Question.get("/no-such-path")).status != 404:
            raise RuntimeError("errors have status 200 (FACETOKEN_STATUS_200), or this is no facetoken server")
        return self

    def __exit__(self, *_: object) -> None:
        for token in self._tokens:
            self._ask(Question.post("/removeface", face_token=token))

    def mixed(self, mix: Mapping[str, float], count: int, seed: int = 0) -> list[Request]:
        """Draw `count` requests, each kind as often as its weight says, photos and tokens in turn."""
        shares = np.array(list(mix.values())) / sum(mix.values())
        drawn: list[str] = np.random.default_rng(seed).choice(list(mix), count, p=shares).tolist()
        turns = {kind: cycle(self._requests(kind)) for kind in mix}
        return [next(turns[kind]) for kind in drawn]

    def _requests(self, kind: str) -> list[Request]:
        if kind not in self._made:
            makers = {"detect": self._detects, "search": self._searches, "search_photo": self._photo_searches}
            self._made[kind] = [Request(kind, question) for question in makers[kind]()]
            if not self._made[kind]:
                raise ValueError("no photo of the folder has a face that the server takes")
        return self._made[kind]

    def _detects(self) -> list[Question]:
        return [Question.post("/detect", photo) for photo in self._photos]

    def _searches(self) -> list[Question]:
        for photo in self._photos:
            if len(self._tokens) < FACES and (faces := self._detected(photo)):
                token = faces[0]["face_token"]
                if self._ask(Question.post("/addface", face_token=token, face_name=NAME)).status == 200:
                    self._tokens.append(token)
        return [Question.get("/search", face_token=token, threshold=self._threshold) for token in self._tokens]

    def _photo_searches(self) -> list[Question]:
        faces = (photo for photo in self._photos if self._detected(photo))
        return [Question.post("/search", photo, threshold=self._threshold) for photo in islice(faces, SEARCHED)]

    def _detected(self, photo: bytes) -> list[dict[str, Any]]:
        answer = self._ask(Question.post("/detect", photo))
        faces: list[dict[str, Any]] = json.loads(answer.body)["faces"] if answer.status == 200 else []
        return faces

    def _ask(self, question: Question) -> Answer:
        """Ask until it is not refused: behind an overload the server is still busy when the faces are to be removed."""
        for _ in range(ATTEMPTS):
            answer = Client(self.port, self.host).ask(question)
            if answer.status != 503:
                break
            time.sleep(1)
        return answer


def address(url: str) -> tuple[str, int]:
    """Return host and port of http://HOST:PORT; raise ValueError for any other URL."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(f"{url} is not http://HOST:PORT")
    return parts.hostname, parts.port or 80


def _spread(paths: Sequence[Path]) -> list[Path]:
    count = min(len(paths), PHOTOS)
    return [paths[place * len(paths) // count] for place in range(count)]


def _accepted(data: bytes) -> bool:
    try:
        decode(data)
    except FaceError:
        return False
    return True
