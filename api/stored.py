"""The photos of the local storage, by the URLs it gave out."""

from __future__ import annotations

from io import BytesIO

from flask import Blueprint, Response, send_file

from errors import UnknownPath
from storage.base import content_type
from storage.local import PATH, LocalStorage


def blueprint(storage: LocalStorage) -> Blueprint:
    """Return the route; no storage but the local one needs it."""
    routes = Blueprint("stored", __name__)

    def stored(name: str) -> Response:
        """Show a stored photo."""
        photo = storage.read(name)
        if photo is None:
            raise UnknownPath("there is no stored photo of this name")
        # A name is never given twice, so it tags its photo.
        shown = send_file(BytesIO(photo), mimetype=content_type(name), etag=name, download_name=name)
        shown.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        return shown

    routes.add_url_rule(f"{PATH}/<name>", view_func=stored)
    return routes
