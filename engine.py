"""The face engine: photos in, tokens and answers out. API dialects and the command line call this and no deeper."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from answers import DetectedPhoto, EnrolmentRule, FoundFace, Match, SearchAnswer
from errors import FaceInfoError, FaceTokenError, UnknownGroup
from faceset.distance import all_distances
from faceset.folder import CropFolder
from faceset.nearest import Wanted
from faceset.store import FaceSet
from faceset.tokens import Face, TemporaryStore, new_token
from images import NATIVE_LIMITS, PhotoLimits, crop_jpeg
from model.base import Detection, Detector, Embedder, Image
from recognizer import Recognizer

DEFAULT_GROUP = "default"
DEFAULT_NAME = "unknown"

# What a waiting face costs in memory beside its crop file: the vector, the token and the bookkeeping around them.
FACE_OVERHEAD = 2048

log = logging.getLogger("facetoken.engine")


class FaceEngine:
    """Detect, search, add, remove and compare faces; safe for many threads."""

    def __init__(
        self,
        detector: Detector,
        embedder: Embedder,
        faceset: FaceSet,
        crops: CropFolder,
        temporary: Callable[[Callable[[str], None]], TemporaryStore],
        rule: EnrolmentRule | None = None,
    ) -> None:
        self.faceset = faceset
        self.crops = crops
        self.rule = rule or EnrolmentRule()
        self.recognizer = Recognizer(detector, embedder)
        self._temporary = temporary(crops.drop)
        # Adding and removing one token at the same moment must leave its crop and its row both or neither.
        self._changing = threading.Lock()

    def load(self) -> None:
        """Load the networks."""
        self.recognizer.load()

    def delete_leftovers(self) -> None:
        """Delete the crops that a killed process left; call it at start."""
        if self.faceset.is_new:
            # The crops may belong to a database that was moved away for a moment.
            return
        swept = self.crops.sweep(self.faceset.tokens())
        if swept:
            log.info("deleted %d crops that belonged to no face", swept)

    def close(self) -> None:
        """Forget the temporary faces, their crops with them, and close the database."""
        self._temporary.clear()
        self.faceset.close()

    def sweep(self) -> None:
        """Drop the temporary faces whose time is over, what a removed tenant left, and what a removal had to leave;
        call it now and then.
        """
        self._temporary.sweep()
        for group in self.faceset.ownerless_groups():
            # Somebody else's sweep or the last request of a tenant may have been here first.
            with suppress(UnknownGroup):
                self.faceset.remove_group(group)
        self.faceset.scrub()

    def detect(self, data: bytes, limits: PhotoLimits = NATIVE_LIMITS) -> DetectedPhoto:
        """Give every face of a photo a token; they stay in the temporary store until added, dropped or too old."""
        image, found = self.recognizer.locate(data, limits)
        return self._keep(image, found, self._faces(data, image, found))

    def search_photo(
        self,
        data: bytes,
        threshold: float,
        *,
        group: str = DEFAULT_GROUP,
        limit: int | None = None,
        bins: int | None = None,
        limits: PhotoLimits = NATIVE_LIMITS,
    ) -> SearchAnswer:
        """Search for a photo's largest face, which gets a token; raise FaceInfoError when there is none."""
        image, largest = self.recognizer.largest(data, limits)
        (face,) = self._faces(data, image, [largest])
        self._keep(image, [largest], [face])
        return self._search(face.token, face.vector, threshold, group, Wanted(face.token, limit, bins))

    def search_token(
        self,
        token: str,
        threshold: float,
        *,
        group: str = DEFAULT_GROUP,
        limit: int | None = None,
        bins: int | None = None,
    ) -> SearchAnswer:
        """Return every face of the group within the threshold of the token's face, but itself."""
        return self._search(token, self.vector(token, group), threshold, group, Wanted(token, limit, bins))

    def _search(
        self, token: str, vector: NDArray[np.float32], threshold: float, group: str, wanted: Wanted
    ) -> SearchAnswer:
        found = self.faceset.nearest(vector, threshold, group, wanted)
        names = self.faceset.names(found.tokens, group)
        shown = list(zip(found.tokens, found.distances.tolist(), strict=True))
        matches = tuple(Match(hit, distance, names[hit]) for hit, distance in shown if hit in names)
        # A face that was removed since the scan has no name any more and is left out, of total and histogram too.
        gone = [distance for hit, distance in shown if hit not in names]
        counts = None if found.histogram is None else tuple(found.histogram.without(gone).counts.tolist())
        return SearchAnswer(token, matches, found.total - len(gone), counts)

    def vector(self, token: str, group: str = DEFAULT_GROUP) -> NDArray[np.float32]:
        """Return the vector of a temporary or persisted face; raise FaceTokenError for an unknown token."""
        face = self._temporary.get(token)
        vector = face.vector if face else self.faceset.vector(token, group)
        if vector is None:
            raise _unknown_token()
        return vector

    def knows(self, token: str) -> bool:
        """Tell whether the token is a temporary face or one of any group."""
        return self._temporary.get(token) is not None or token in self.faceset

    def compare(self, first: str, second: str, group: str = DEFAULT_GROUP) -> float:
        """Return the Euclidean distance of two tokens' faces, computed as in a search."""
        (distance,) = all_distances(self.vector(second, group)[np.newaxis], self.vector(first, group))
        return float(distance)

    def add(self, token: str, name: str | None = None, group: str = DEFAULT_GROUP) -> Face:
        """Persist a temporary face. Adding it again changes nothing but the name, when one is given.

        Raises FaceTokenError for an unknown token, FaceInfoError for a face that the enrolment rule refuses.
        """
        with self._changing, self._temporary.hold(token) as face:
            if token in self.faceset:
                self._temporary.keep(token)
                return self._renamed(token, name, group)
            if face is None:
                raise _unknown_token()
            reason = self.rule.reason_against(face.confidence, face.size)
            if reason:
                raise FaceInfoError(f"{reason}; take a closer or sharper photo")
            named = replace(face, name=name or DEFAULT_NAME)
            self.faceset.add([named], group)
            self._temporary.keep(token)
            return named

    def _renamed(self, token: str, name: str | None, group: str) -> Face:
        self.faceset.require_file()
        face = self.faceset.get(token, group)
        if face is None:
            raise _unknown_token()
        if name is None or name == face.name:
            return face
        self.faceset.rename(token, name, group)
        return replace(face, name=name)

    def remove(self, token: str, group: str = DEFAULT_GROUP) -> None:
        """Remove a face for good: row, free pages, log, index and crop. Raises FaceTokenError for an unknown token."""
        with self._changing:
            was_temporary = self._temporary.remove(token)
            removed = self.faceset.remove([token], group)
            if not removed and not was_temporary:
                raise _unknown_token()
            if removed:
                try:
                    self.crops.delete(token)
                finally:
                    self.faceset.scrub()

    def remove_stored(self, token: str, group: str) -> bool:
        """Remove a face that has no crop for good; tell whether it was there."""
        removed = self.faceset.remove([token], group)
        self.faceset.scrub()
        return bool(removed)

    def remove_group(self, group: str) -> None:
        """Remove a group for good, with its faces, which have no crops; raise UnknownGroup when it is not there."""
        self.faceset.remove_group(group)
        self.faceset.scrub()

    def add_photo(
        self, data: bytes, image: Image, faces: list[Detection], name: str, group: str = DEFAULT_GROUP
    ) -> list[str]:
        """Persist faces of one photo under one name, all or none, and return their tokens."""
        made = self._faces(data, image, faces)
        with self._changing:
            try:
                for face, detection in zip(made, faces, strict=True):
                    self.crops.write(face.token, crop_jpeg(image, detection.box))
                self.faceset.add([replace(face, name=name) for face in made], group)
            except Exception:
                for face in made:
                    if face.token not in self.faceset:
                        self.crops.drop(face.token)
                raise
        return [face.token for face in made]

    def _keep(self, image: Image, detections: list[Detection], faces: list[Face]) -> DetectedPhoto:
        """Put the faces into the temporary store, write their crops, and describe them."""
        found = []
        with ExitStack() as held:
            for face, detection in zip(faces, detections, strict=True):
                jpeg = crop_jpeg(image, detection.box)
                self.crops.write(face.token, jpeg)
                self._temporary.put(face, FACE_OVERHEAD + len(jpeg))
                # The faces of one photo do not push each other out.
                held.enter_context(self._temporary.hold(face.token))
                box, crop = detection.visible(image), self.crops.name(face.token)
                found.append(FoundFace(face.token, crop, box, detection.landmarks, detection.score))
        return DetectedPhoto(image.shape[1], image.shape[0], tuple(found))

    def _faces(self, data: bytes, image: Image, detections: list[Detection]) -> list[Face]:
        digest = hashlib.sha256(data).digest()
        return [
            Face(self._fresh_token(), vector, face.score, face.visible_side(image), digest)
            for face, vector in zip(detections, self.recognizer.embed(image, detections), strict=True)
        ]

    def _fresh_token(self) -> str:
        while True:
            token = new_token()
            if self._temporary.get(token) is None and not self.crops.file(token).exists():
                return token


def _unknown_token() -> FaceTokenError:
    return FaceTokenError("no such face_token; detect the photo again, since tokens that were not added expire")
