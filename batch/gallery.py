"""The face set for the commands that ask or remove: a data folder, or a running server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from answers import Match
from batch.local import LIMITS
from batch.remote import RemoteServer
from batch.remote_target import MAX_BYTES, forget
from batch.sources import read
from engine import DEFAULT_GROUP
from errors import FaceInfoError, FaceTokenError
from faceset.database import check_integrity, stored_fingerprint
from faceset.given_keys import chosen
from faceset.pages import ListedFace, Query
from faceset.store import FaceSet
from model.base import EMBEDDING_DIM
from settings import Settings
from startup import locked_data, opened_engine

ROWS = 1000


class Gallery(Protocol):
    """What a command may ask of a face set."""

    def search(self, photo: Path, threshold: float, limit: int | None) -> list[Match]:
        """Return the matches of a photo's largest face, nearest first; nothing is left behind of the photo."""
        ...

    def faces(self, name: str | None) -> Iterator[ListedFace]:
        """Yield the faces whose name contains `name`, or all, in the order of adding."""
        ...

    def remove(self, tokens: Sequence[str]) -> list[str]:
        """Remove faces for good; return the tokens that were not there."""
        ...


class LocalGallery:
    """Work on the data folder of the settings, locked for as long as an answer takes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def search(self, photo: Path, threshold: float, limit: int | None) -> list[Match]:
        """Search without a token: it would have to be forgotten again."""
        data = read(photo, LIMITS.max_bytes)
        with opened_engine(self._settings) as engine:
            image, faces = engine.recognizer.locate(data, LIMITS)
            if not faces:
                raise FaceInfoError("no face of at least 30x30 pixels was found in the photo")
            hits = engine.faceset.search(engine.recognizer.embed(image, faces[:1])[0], threshold, DEFAULT_GROUP)[:limit]
            names = engine.faceset.names([token for token, _ in hits], DEFAULT_GROUP)
            return [Match(token, distance, names[token]) for token, distance in hits]

    def faces(self, name: str | None) -> Iterator[ListedFace]:
        """List the face set; no network is loaded for it."""
        with locked_data(self._settings):
            made_by = stored_fingerprint(self._settings.database)
            if made_by is None:
                if self._settings.database.exists():
                    check_integrity(self._settings.database)
                return
            keys = chosen(self._settings.key, self._settings.keys_in)
            faceset = FaceSet(self._settings.database, made_by, EMBEDDING_DIM, keys)
            try:
                after: int | None = 0
                while after is not None:
                    found = faceset.listing(Query(DEFAULT_GROUP, ROWS, after, name=name))
                    yield from found.faces
                    after = found.following
            finally:
                faceset.close()

    def remove(self, tokens: Sequence[str]) -> list[str]:
        """Remove faces for good; return the tokens that were not there."""
        with opened_engine(self._settings) as engine:
            return _not_there(engine.remove, tokens)


class RemoteGallery:
    """Work on the face set of a server."""

    def __init__(self, server: RemoteServer) -> None:
        self._server = server

    def search(self, photo: Path, threshold: float, limit: int | None) -> list[Match]:
        """Search, and let the server forget the token that it gave the photo."""
        fields = {"threshold": repr(threshold), **({"limit": str(limit)} if limit else {})}
        answer = self._server.call("POST", "/search", fields, read(photo, MAX_BYTES))
        forget(self._server, [answer["face_token"]])
        return [Match(found["face_token"], found["distance"], found["face_name"]) for found in answer["cmp_result"]]

    def faces(self, name: str | None) -> Iterator[ListedFace]:
        """List the face set, page by page."""
        fields = {"limit": str(ROWS), **({"face_name": name} if name else {})}
        cursor: str | None = "0"
        while cursor is not None:
            answer = self._server.call("GET", "/faces", {**fields, "cursor": cursor})
            for face in answer["faces"]:
                values = (face[key] for key in ("face_token", "face_name", "created_at", "confidence", "size"))
                yield ListedFace(*values)
            cursor = answer["cursor"]

    def remove(self, tokens: Sequence[str]) -> list[str]:
        """Remove faces for good; return the tokens that were not there."""
        return _not_there(lambda token: self._server.call("DELETE", "/removeface", {"face_token": token}), tokens)


def _not_there(remove: Callable[[str], object], tokens: Sequence[str]) -> list[str]:
    missing = []
    for token in tokens:
        try:
            remove(token)
        except FaceTokenError:
            missing.append(token)
    return missing
