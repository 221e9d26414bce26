"""The native dialect: /detect, /search, /addface, /removeface, and their additive neighbours."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

from flask import Blueprint, Response, jsonify, request, send_file

from answers import DetectedPhoto, SearchAnswer
from api.arguments import Arguments, checked_token
from api.dialect import Dialect, Services
from api.origin import guard
from engine import DEFAULT_GROUP
from errors import BadArguments, FaceError, FaceTokenError, WrongMethod
from faceset.folder import CropFolder
from faceset.pages import OLDEST, ORDERS, ListedFace, Query
from faceset.tokens import Face
from settings import ROOT

PAGE_ROWS = 100
MAX_PAGE_ROWS = 1000
MAX_CURSOR = 2**62
MAX_RESULTS = 1_000_000_000
MAX_BINS = 1000
SUCCESS = {"sucess": True, "success": True}

UPLOAD_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")


def render(error: FaceError) -> tuple[dict[str, Any], int]:
    """Return the error envelope and its HTTP status."""
    body = {"error_code": error.code, "error_msg": error.message, "detail": error.detail}
    return {"sucess": False, "success": False, **body}, error.status


def blueprint(services: Services) -> Blueprint:
    """Return the dialect's routes."""
    routes = Blueprint("native", __name__)
    guard(routes, services.settings)
    view = _Views(services)
    routes.add_url_rule("/detect", view_func=view.detect, methods=["POST"])
    routes.add_url_rule("/search", view_func=view.search, methods=["GET", "POST"])
    routes.add_url_rule("/addface", view_func=view.addface, methods=["GET", "POST"])
    routes.add_url_rule("/removeface", view_func=view.removeface, methods=["GET", "POST", "DELETE"])
    routes.add_url_rule("/compare", view_func=view.compare, methods=["GET", "POST"])
    routes.add_url_rule("/faces", view_func=view.faces)
    routes.add_url_rule("/faces/<token>", view_func=view.face)
    routes.add_url_rule("/show_photo/<name>", view_func=view.show_photo)
    routes.add_url_rule("/download/<name>", view_func=view.download)
    routes.add_url_rule("/upload", view_func=view.upload)
    return routes


DIALECT = Dialect("native", ("/",), blueprint, render)


class _Views:
    def __init__(self, services: Services) -> None:
        self.settings = services.settings
        self.engine = services.engine

    def detect(self) -> Response:
        """Find the faces of a photo and give each a token."""
        arguments = Arguments(request, "image_file")
        return jsonify(_detected(self.engine().detect(arguments.photo())))

    def search(self) -> Response:
        """Answer every face within the threshold of a token's or a photo's face."""
        arguments = Arguments(request, "face_token", "image_file", "threshold", "limit", "bins")
        threshold, sent = arguments.threshold()
        limit, bins = arguments.whole("limit", 1, MAX_RESULTS), arguments.whole("bins", 1, MAX_BINS)
        if arguments.has("face_token") and arguments.has("image_file"):
            raise BadArguments("send either face_token or image_file, not both")
        if request.method == "GET" or arguments.has("face_token"):
            answer = self.engine().search_token(arguments.token(), threshold, limit=limit, bins=bins)
        else:
            answer = self.engine().search_photo(arguments.photo(), threshold, limit=limit, bins=bins)
        return jsonify(_searched(answer, sent))

    def addface(self) -> Response:
        """Persist a detected face under a name."""
        self._refuse_get()
        arguments = Arguments(request, "face_token", "face_name")
        face = self.engine().add(arguments.token(), arguments.name())
        return jsonify({**SUCCESS, "face_token": face.token, "face_neme": face.name, "face_name": face.name})

    def removeface(self) -> Response:
        """Remove a face for good."""
        self._refuse_get()
        token = Arguments(request, "face_token").token()
        self.engine().remove(token)
        return jsonify({**SUCCESS, "face_token": token})

    def compare(self) -> Response:
        """Answer the distance between two tokens' faces."""
        arguments = Arguments(request, "face_token", "other_token")
        first, second = arguments.token(), arguments.token("other_token")
        distance = self.engine().compare(first, second)
        return jsonify(
            {**SUCCESS, "face_token": first, "other_token": second, "distant": distance, "distance": distance}
        )

    def faces(self) -> Response:
        """List the face set in pages, by cursor or from any place on."""
        arguments = Arguments(request, "limit", "cursor", "offset", "sort", "face_name", "photo_sha256")
        query = _query(arguments)
        found = self.engine().faceset.listing(query)
        cursor = None if found.following is None or query.order != OLDEST else str(found.following)
        listed = [_listed(face) for face in found.faces]
        return jsonify({**SUCCESS, "total": found.total, "faces": listed, "cursor": cursor})

    def face(self, token: str) -> Response:
        """Answer one face of the face set."""
        Arguments(request)
        face = self.engine().faceset.get(checked_token(token), DEFAULT_GROUP)
        if face is None:
            raise FaceTokenError("no such face_token in the face set")
        return jsonify({**SUCCESS, **_listed(face)})

    def show_photo(self, name: str) -> Response:
        """Show a face crop."""
        return self._crop(name, attachment=False)

    def download(self, name: str) -> Response:
        """Answer a face crop as an attachment."""
        return self._crop(name, attachment=True)

    def upload(self) -> Response:
        """Show the page for trying a photo."""
        Arguments(request)
        page = send_file(ROOT / "web" / "upload.html", mimetype="text/html")
        page.headers["Content-Security-Policy"] = UPLOAD_POLICY
        page.headers["X-Frame-Options"] = "DENY"
        return page

    def _crop(self, name: str, *, attachment: bool) -> Response:
        Arguments(request)
        engine = self.engine()
        token = CropFolder.token(name)
        # Read whole: a removal between looking and sending must not surface as a path in the log.
        jpeg = engine.crops.read(token) if token is not None and engine.knows(token) else None
        if jpeg is None:
            raise FaceTokenError("no such face crop")
        # A crop never changes, so its token tags it.
        crop = send_file(
            BytesIO(jpeg),
            mimetype="image/jpeg",
            as_attachment=attachment,
            download_name=name,
            etag=name,
        )
        # A removed face's picture must not live on in a cache.
        crop.headers["Cache-Control"] = "private, no-store"
        return crop

    def _refuse_get(self) -> None:
        if request.method == "HEAD":
            raise WrongMethod("HEAD changes nothing; use POST, or DELETE to remove")
        if request.method == "GET" and not self.settings.get_writes:
            raise WrongMethod("this server changes its face set by POST and DELETE only")


def _detected(photo: DetectedPhoto) -> dict[str, Any]:
    faces = [
        {
            "face_token": face.token,
            "face_name": face.crop,
            "top_left": _point(face.box[:2]),
            "bottom_right": _point(face.box[2:]),
            "confidence": round(face.confidence, 6),
            "landmarks": [_point(point) for point in face.landmarks],
        }
        for face in photo.faces
    ]
    size = {"image_width": photo.width, "image_height": photo.height}
    return {**SUCCESS, "face_num": len(faces), "faces": faces, **size}


def _searched(answer: SearchAnswer, threshold: str) -> dict[str, Any]:
    results = [
        {"face_token": match.token, "distant": match.distance, "distance": match.distance, "face_name": match.name}
        for match in answer.matches
    ]
    found: dict[str, Any] = {"cmp_result": results, "total": answer.total}
    if answer.histogram is not None:
        found["histogram"] = answer.histogram
    return {**SUCCESS, "face_token": answer.token, "threshold": threshold, **found}


def _query(arguments: Arguments) -> Query:
    order = arguments.text("sort") if arguments.has("sort") else OLDEST
    if order not in ORDERS:
        raise BadArguments(f"sort must be one of {', '.join(ORDERS)}")
    if arguments.has("cursor") and arguments.has("offset"):
        raise BadArguments("send either cursor or offset, not both")
    if arguments.has("cursor") and order != OLDEST:
        raise BadArguments(f"a cursor goes with sort={OLDEST} alone; use offset")
    return Query(
        DEFAULT_GROUP,
        arguments.whole("limit", 1, MAX_PAGE_ROWS) or PAGE_ROWS,
        after=arguments.whole("cursor", 0, MAX_CURSOR) or 0,
        offset=arguments.whole("offset", 0, MAX_CURSOR) or 0,
        name=arguments.name(),
        photo_sha256=_digest(arguments),
        order=order,
    )


def _listed(face: Face | ListedFace) -> dict[str, Any]:
    return {
        "face_token": face.token,
        "face_name": face.name,
        "photo": CropFolder.name(face.token),
        "created_at": round(face.created_at, 3),
        "confidence": None if face.confidence is None else round(face.confidence, 6),
        "size": None if face.size is None else round(face.size, 2),
    }


def _point(point: tuple[float, ...]) -> list[float]:
    return [round(coordinate, 2) for coordinate in point]


def _digest(arguments: Arguments) -> bytes | None:
    if not arguments.has("photo_sha256"):
        return None
    text = arguments.text("photo_sha256")
    if not _SHA256.fullmatch(text):
        raise BadArguments("photo_sha256 must be 64 hexadecimal digits")
    return bytes.fromhex(text)
