"""What NHN does with images: detect, add, search, compare."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from flask import request
from numpy.typing import NDArray

from api.dialect import Services
from api.json_body import json_object
from api.nhn.answers import MODEL_VERSION, face_detail, kept, matches, source_face, stored_face
from api.nhn.parameters import (
    LIMITS,
    MAX_FACES,
    MAX_MATCHES,
    GivenImage,
    body_number,
    external_id,
    face_id,
    image,
    query_number,
)
from api.nhn.refusals import OneOfTwoImages, no_such_face
from api.nhn.tenancy import own_group
from errors import FileError, UploadError
from faceset.distance import all_distances, within
from faceset.tokens import Face
from similarity import distance_at, similarity

Data = dict[str, Any]
Vector = NDArray[np.float32]

PERCENT = 100


class ImageOperations:
    """Answer the operations that look at an image, or search for a face."""

    def __init__(self, services: Services) -> None:
        self._engine = services.engine
        self._photo_at = services.photo_at

    def detect(self) -> Data:
        """Find up to 100 faces, largest first."""
        shown, found = self._engine().recognizer.locate(self._read(image(json_object(request))), LIMITS)
        details = [face_detail(face, shown) for face in found[:MAX_FACES]]
        return {"faceDetailCount": len(details), "faceDetails": details}

    def add_faces(self, group: str) -> Data:
        """Add an image's `limit` largest faces to a group, all or none."""
        engine, key = self._engine(), self._group(group)
        body = json_object(request)
        limit, label = body_number(body, "limit", MAX_FACES), external_id(body)
        shown, found = engine.recognizer.locate(self._read(image(body)), LIMITS)
        chosen, others, image_id = found[:limit], found[limit:MAX_FACES], str(uuid.uuid4())
        faces = [
            Face(str(uuid.uuid4()), vector, details=kept(face, shown, image_id, label))
            for face, vector in zip(chosen, engine.recognizer.embed(shown, chosen), strict=True)
        ]
        engine.faceset.add(faces, key, make_group=False)
        return {
            "modelVersion": MODEL_VERSION,
            "addedFaceCount": len(faces),
            "addedFaces": [stored_face(face.token, face.details) for face in faces],
            "addedFaceDetails": [face_detail(face, shown) for face in chosen],
            "notAddedFaceCount": len(others),
            "notAddedFaces": [face_detail(face, shown) for face in others],
        }

    def search_by_face(self, group: str, face: str) -> Data:
        """Answer the faces of a group that are like one of them."""
        key = self._group(group)
        limit, threshold = _search_limits()
        token = face_id(face)
        vector = self._engine().faceset.vector(token, key)
        if vector is None:
            raise no_such_face()
        return self._matches(vector, key, limit, threshold, without=token)

    def search_by_image(self, group: str) -> Data:
        """Answer the faces of a group that are like an image's largest face."""
        engine, key = self._engine(), self._group(group)
        limit, threshold = _search_limits()
        shown, face, vector = engine.recognizer.largest_embedded(self._read(image(json_object(request))), LIMITS)
        found = self._matches(vector, key, limit, threshold)
        return {"modelVersion": MODEL_VERSION, **found, "sourceFace": source_face(face, shown)}

    def compare(self) -> Data:
        """Compare the largest face of one image with every face of another, most similar first."""
        recognizer, body = self._engine().recognizer, json_object(request)
        threshold = body_number(body, "threshold", PERCENT)
        sides = image(body, "sourceImage"), image(body, "targetImage")
        with _one_of_two("Source"):
            shown, face, vector = recognizer.largest_embedded(self._read(sides[0]), LIMITS)
        with _one_of_two("Target"):
            target, found = recognizer.locate(self._read(sides[1]), LIMITS)
        vectors = recognizer.embed(target, found[:MAX_FACES])
        lengths = all_distances(vectors, vector)
        pairs = [
            {"faceDetail": face_detail(found[row], target), "similarity": similarity(float(lengths[row]))}
            for row in np.argsort(lengths, kind="stable")
        ]
        matched = int(within(lengths, distance_at(threshold)).sum())
        return {
            "modelVersion": MODEL_VERSION,
            "matchedFaceDetailCount": matched,
            "matchedFaceDetails": pairs[:matched],
            "unmatchedFaceDetailCount": len(pairs) - matched,
            "unmatchedFaceDetails": pairs[matched:],
            "sourceFace": source_face(face, shown),
        }

    def _group(self, name: str) -> str:
        """Return the key of the tenant's group of that name; raise UnknownGroup when it is not there."""
        return self._engine().faceset.groups.get(own_group(name)).key

    def _read(self, given: GivenImage) -> bytes:
        return given.read(self._photo_at)

    def _matches(self, vector: Vector, key: str, limit: int, threshold: int, without: str | None = None) -> Data:
        """Return the hits of one exact range query: a least similarity is a greatest distance."""
        faceset = self._engine().faceset
        found = faceset.search(vector, distance_at(threshold), key, without=without)[:limit]
        return matches(found, faceset.details([token for token, _ in found], key))


def _search_limits() -> tuple[int, int]:
    return query_number(request, "limit", MAX_MATCHES), query_number(request, "threshold", PERCENT)


@contextmanager
def _one_of_two(side: str) -> Iterator[None]:
    """Say of which image it was that it was refused."""
    try:
        yield
    except (FileError, UploadError) as error:
        raise OneOfTwoImages.of(side, error) from error
