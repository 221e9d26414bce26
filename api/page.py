"""The search page: one HTML at the URL of each view, and the files that it is made of."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, request

from api.arguments import Arguments
from errors import UnknownPath
from settings import ROOT, Settings

FOLDER = ROOT / "web"
VIEWS = ("/", "/add", "/faceset", "/verify")

FOR_EVER = "public, max-age=31536000, immutable"
"""The path of a file holds the hash of them all, so what it answers never changes."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        # Photos that were chosen are shown from memory (blob), the icon from the page itself (data).
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # A name that is put into the page as markup is an error in the browser, not a hole.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), display-capture=(), usb=()",
    # The URL of a view may hold a token or a name.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class WebFile:
    """Hold a file of the page."""

    content: bytes
    mimetype: str


def blueprint(settings: Settings) -> Blueprint:
    """Return the routes of the page; its files are read now, so that those of one version are served together."""
    routes = Blueprint("page", __name__)
    files = {path.relative_to(FOLDER).as_posix(): _read(path) for path in sorted(FOLDER.rglob("*.*"))}
    digest = digest_of(files)
    page = _page(files, digest, settings)

    def view() -> Response:
        """Show the page; its script shows the view of the URL."""
        response = Response(page, mimetype="text/html", headers=HEADERS)
        response.headers["Cache-Control"] = "no-cache"
        return _tagged(response, hashlib.sha256(page).hexdigest()[:16])

    def web_file(asked: str, name: str) -> Response:
        """Answer a file of the page."""
        Arguments(request)
        file = files.get(name)
        if file is None or asked != digest:
            raise UnknownPath("there is no such file of the page; reload the page, it may be newer now")
        response = Response(file.content, mimetype=file.mimetype)
        response.headers.update({"Cache-Control": FOR_EVER, "Cross-Origin-Resource-Policy": "same-origin"})
        return _tagged(response, digest)

    for path in VIEWS:
        routes.add_url_rule(path, "view", view)
    routes.add_url_rule("/web/<asked>/<path:name>", view_func=web_file)
    return routes


def _read(path: Path) -> WebFile:
    kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
    return WebFile(path.read_bytes(), kind or "application/octet-stream")


def digest_of(files: dict[str, WebFile]) -> str:
    whole = hashlib.sha256()
    for name, file in files.items():
        whole.update(b"%s\0%d\0%s" % (name.encode(), len(file.content), file.content))
    return whole.hexdigest()[:16]


def _page(files: dict[str, WebFile], digest: str, settings: Settings) -> bytes:
    known = {"web": f"/web/{digest}", "dialects": " ".join(settings.dialects)}
    page = files["page.html"].content.decode()
    for name, value in known.items():
        page = page.replace("{{" + name + "}}", value)
    return page.encode()


def _tagged(response: Response, tag: str) -> Response:
    response.set_etag(tag)
    # In place: what is known is answered without its content.
    response.make_conditional(request)
    return response
