"""The import's target when a server runs."""

from __future__ import annotations

from collections.abc import Sequence

from batch.journal import Journal
from batch.remote import Answer, RemoteServer, ServerGone
from batch.target import Added, Known, Quality
from errors import FaceError, FaceInfoError, FaceTokenError

MAX_BYTES = 12 * 1024 * 1024
"""A server takes 2 MB and says so itself; of what is much larger it would not even read the end."""

ROWS = 1000


class RemoteTarget:
    """Add to the face set of a server.

    The tokens of a photo are in the journal before the first of them is added. So whatever is killed when, the next
    run finds and removes what went in of a photo that was not finished, and adds it anew.
    """

    max_bytes = MAX_BYTES

    def __init__(self, server: RemoteServer, journal: Journal) -> None:
        self._server = server
        self._journal = journal

    def recover(self) -> None:
        """Remove the faces of the photo at which an earlier run was killed."""
        forget(self._server, self._journal.unfinished())
        self._journal.end()

    def known(self, digest: bytes) -> Known:
        """Return the faces that came from the photo with this SHA-256."""
        answer = self._server.call("GET", "/faces", {"photo_sha256": digest.hex(), "limit": str(ROWS)})
        faces = answer["faces"]
        return Known(tuple(face["face_token"] for face in faces), faces[0]["face_name"] if faces else "")

    def look(self, data: bytes, _digest: bytes) -> RemotePhoto:
        """Let the server find a photo's faces; raise the FaceError it answers with."""
        return RemotePhoto(self._server, self._journal, self._server.call("POST", "/detect", photo=data))


class RemotePhoto:
    """Hold the faces that a server found in a photo and keeps for a while."""

    def __init__(self, server: RemoteServer, journal: Journal, detected: Answer) -> None:
        self._server = server
        self._journal = journal
        self._tokens: list[str] = [face["face_token"] for face in detected["faces"]]
        self.faces = [_quality(face) for face in detected["faces"]]

    def add(self, chosen: Sequence[int], name: str) -> Added:
        """Add these faces under a name; after a failure none of them is in.

        Raises FaceTokenError when the server has forgotten them, FaceError when they cannot go in.
        """
        tokens = [self._tokens[row] for row in chosen]
        self._journal.begin(tokens)
        try:
            added = self._add(tokens, name)
        except FaceError:
            forget(self._server, tokens)
            self._journal.end()
            raise
        self._journal.end()
        self._tokens = [token for token in self._tokens if token not in added.tokens]
        return added

    def _add(self, tokens: list[str], name: str) -> Added:
        added, refused = [], []
        for token in tokens:
            try:
                self._server.call("POST", "/addface", {"face_token": token, "face_name": name})
                added.append(token)
            except FaceInfoError as error:
                refused.append(error.detail)
        return Added(tuple(added), tuple(refused))

    def drop(self) -> None:
        """Let the server forget the faces that were not added; they would expire by themselves."""
        try:
            forget(self._server, self._tokens)
        except (FaceError, ServerGone):
            return


def forget(server: RemoteServer, tokens: Sequence[str]) -> None:
    """Remove faces, added or not; those that are gone already are no matter."""
    for token in tokens:
        try:
            server.call("DELETE", "/removeface", {"face_token": token})
        except FaceTokenError:
            continue


def _quality(face: Answer) -> Quality:
    (left, top), (right, bottom) = face["top_left"], face["bottom_right"]
    return Quality(face["confidence"], min(right - left, bottom - top))
