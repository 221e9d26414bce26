"""Write NHN's answers: faces as fractions of the image, scores from 0 to 100."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model.base import Detection, Image
from model.pose import pose
from similarity import similarity

MODEL_VERSION = "v1.0"
LANDMARKS = ("leftEye", "rightEye", "nose", "leftLip", "rightLip")
"""The reference's tables say `rightLib` for the last one, its sample answers `rightLip`; clients read answers."""

Answer = dict[str, Any]


def bbox(face: Detection, image: Image) -> Answer:
    """Return the part of a face's box that lies inside the image, as fractions of its width and height."""
    height, width = image.shape[:2]
    left, top, right, bottom = face.visible(image)
    return {"x0": left / width, "y0": top / height, "x1": right / width, "y1": bottom / height}


def confidence(face: Detection) -> float:
    return 100 * face.score


def source_face(face: Detection, image: Image) -> Answer:
    """Return the face that was searched for."""
    return {"bbox": bbox(face, image), "confidence": confidence(face)}


def face_detail(face: Detection, image: Image) -> Answer:
    """Return all that is known of a detected face."""
    height, width = image.shape[:2]
    # A face at the edge may have landmarks beyond it.
    landmarks = [
        {"type": kind, "x": min(max(x / width, 0.0), 1.0), "y": min(max(y / height, 0.0), 1.0)}
        for kind, (x, y) in zip(LANDMARKS, face.landmarks, strict=True)
    ]
    turned = pose(face)
    orientation = {"x": turned.pitch, "y": turned.yaw, "z": turned.roll}
    return {
        "bbox": bbox(face, image),
        "landmarks": landmarks,
        "orientation": orientation,
        "confidence": confidence(face),
    }


def kept(face: Detection, image: Image, image_id: str, external_id: str | None) -> Answer:
    """Return what is stored of a face beside its vector, fit for `stored_face`."""
    external = {"external_id": external_id} if external_id else {}
    return {"image_id": image_id, **external, **source_face(face, image)}


def stored_face(face_id: str, details: Mapping[str, Any]) -> Answer:
    """Return a face of a group; externalImageId only when the client gave one."""
    external = {"externalImageId": details["external_id"]} if "external_id" in details else {}
    place = {"bbox": details["bbox"], "confidence": details["confidence"]}
    return {"faceId": face_id, "imageId": details["image_id"], **external, **place}


def matches(found: list[tuple[str, float]], details: Mapping[str, Mapping[str, Any]]) -> Answer:
    """Return search hits, pairs of id and distance; one that was deleted since the search has no details any more."""
    faces = [
        {"face": stored_face(face_id, details[face_id]), "similarity": similarity(distance)}
        for face_id, distance in found
        if face_id in details
    ]
    return {"matchFaceCount": len(faces), "matchFaces": faces}
