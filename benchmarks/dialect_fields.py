"""What stands in the dialects' requests and answers, in words; a test compares the names with what the code reads."""

from __future__ import annotations

from dataclasses import dataclass

from api.homybk import MAX_TAG
from api.nhn.parameters import MAX_FACES, MAX_MATCHES, MAX_ROWS
from api.withmind import MAX_AGE


@dataclass(frozen=True, slots=True)
class Field:
    """Describe a field of a request: where it stands, its type, what it is for."""

    name: str
    where: str
    kind: str
    about: str
    required: bool = True


GROUP = Field("group", "path", "string", "the group's id")
FACE = Field("face", "path", "string", "the face's id, from the answer that added it")
IMAGE = Field("image", "body", "object", "exactly one of `url` and `bytes`, the image in base64")
ROWS = Field("limit", "query", "integer", f"rows of a page, 1 to {MAX_ROWS}; beside a `next-token`, ignored")
NEXT = Field("next-token", "query", "string", "`nextToken` of the page before; it fixes `limit`", required=False)
MATCHES = Field("limit", "query", "integer", f"at most so many of the most similar, 1 to {MAX_MATCHES}")
LEAST = Field("threshold", "query", "integer", "least similarity, 1 to 100")

COMPANY = Field("company", "form", "string", "1 to 64 characters of a-z and 0-9")
PERSON = Field("id", "form", "string", "the person's key, 1 to 64 characters of a-z and 0-9")

DATA = Field("data", "body", "string", "the photo in base64, with a data URL's head or without")

REQUESTS: dict[str, tuple[Field, ...]] = {
    "nhn.create_group": (Field("groupId", "body", "string", "1 to 255 characters of a-z, 0-9 and the hyphen"),),
    "nhn.list_groups": (ROWS, NEXT),
    "nhn.show_group": (GROUP,),
    "nhn.delete_group": (GROUP,),
    "nhn.detect": (IMAGE,),
    "nhn.add_faces": (
        GROUP,
        Field("limit", "body", "integer", f"at most so many faces are added, the largest ones, 1 to {MAX_FACES}"),
        Field(
            "externalImageId",
            "body",
            "string",
            "a label, 1 to 255 characters of a-z, A-Z, 0-9 and `_ . - : /`",
            required=False,
        ),
        IMAGE,
    ),
    "nhn.delete_face": (GROUP, FACE),
    "nhn.list_faces": (GROUP, ROWS, NEXT),
    "nhn.search_by_face": (GROUP, FACE, MATCHES, LEAST),
    "nhn.search_by_image": (GROUP, MATCHES, LEAST, IMAGE),
    "nhn.compare": (
        Field("sourceImage", "body", "object", "as `image`; its largest face is compared"),
        Field("targetImage", "body", "object", f"as `image`; up to {MAX_FACES} faces are compared, largest first"),
        Field("threshold", "body", "integer", "least similarity of a match, 1 to 100"),
    ),
    "finday.verify_face": (
        Field("face_image", "form", "file", "the captured photo"),
        Field("face_img_url", "form", "string", "the registered photo's URL: http, https, or `s3://bucket/key`"),
    ),
    "withmind.enrol": (
        COMPANY,
        PERSON,
        Field("gender", "form", "integer", "1 male, 0 female", required=False),
        Field("age", "form", "integer", f"0 to {MAX_AGE}", required=False),
        Field("image", "form", "file", "the photo, JPEG or PNG, with one face"),
    ),
    "withmind.forget": (COMPANY, PERSON),
    "withmind.analyse": (COMPANY, PERSON, Field("image", "form", "file", "the photo whose faces are compared")),
    "homybk.stdimg": (DATA,),
    "homybk.test": (DATA,),
    "homybk.feature": (DATA, Field("name", "body", "string", "the standard photo's URL, as `stdimg` answered it")),
    "homybk.tag": (DATA, Field("tag", "body", "string", f"an English word, at most {MAX_TAG} characters")),
}
"""The fields of each operation, by its endpoint."""

_BOX = {
    "x0": "left edge, a fraction of the image's width",
    "y0": "upper edge, a fraction of its height",
    "x1": "right edge",
    "y1": "lower edge",
}

ANSWERS: dict[str, dict[str, str]] = {
    "nhn": {
        "isSuccessful": "whether it was done",
        "resultCode": "0, or the code of the refusal",
        "resultMessage": "`SUCCESS`, or the refusal's name",
        "groupCount": "rows in `groups`",
        "groupId": "the group's id",
        "modelVersion": "always `v1.0`",
        "createTime": "when the group was made, UTC",
        "groups.faceCount": "faces in the group",
        "faceCount": "rows in `faces`",
        "nextToken": "leads to the next page; empty behind the last one",
        "faceDetailCount": "rows in `faceDetails`",
        **{f"bbox.{name}": about for name, about in _BOX.items()},
        "landmarks.type": "`leftEye`, `rightEye`, `nose`, `leftLip` or `rightLip`",
        "landmarks.x": "a fraction of the image's width",
        "landmarks.y": "a fraction of its height",
        "orientation.x": "pitch, degrees",
        "orientation.y": "yaw, degrees",
        "orientation.z": "roll, degrees",
        "confidence": "how sure the detector is, 0 to 100",
        "similarity": "0 to 100; see [calibration](../calibration.md)",
        "faceId": "the face's id",
        "imageId": "the same for all faces that one call added",
        "externalImageId": "the label that was given; absent without one",
        "addedFaceCount": "rows in `addedFaces` and in `addedFaceDetails`",
        "notAddedFaceCount": "rows in `notAddedFaces`",
        "matchFaceCount": "rows in `matchFaces`",
        "matchedFaceDetailCount": "faces of the target at `threshold` or above",
        "unmatchedFaceDetailCount": "the other faces of the target",
    },
    "finday": {
        "result": "`success` or `fail`",
        "reason": "`NotMatched`, or what is wrong and what to do",
        "distance": "cosine distance of the two faces, 0 to 2, not rounded",
        "threshold": "the greatest distance that is a match, as set",
    },
    "withmind": {
        "person_1": "`match` or `dismatch`; the leftmost face",
        "person_2": "of the next face, and so on",
        "message": "`Fail`",
        "reason": "`img_size_err` or `File type err`",
        "result.result": "`unregistered user`",
        "result": "`Success` or `Fail`, or an object",
    },
    "homybk": {
        "status": "200, 400 or 500; the HTTP status is 200",
        "message": "the answer in words",
        "result": "whether it is a good one",
        "url": "where the photo is stored",
    },
}
"""What fields of a dialect's answers are, by the end of their paths; the longest end that fits is meant."""


def meaning(dialect: str, path: str) -> str:
    """Return what a field of an answer is; empty where its parts explain it."""
    names = path.replace("[]", "").split(".")
    ends = (".".join(names[start:]) for start in range(len(names)))
    return next((ANSWERS[dialect][end] for end in ends if end in ANSWERS[dialect]), "")
