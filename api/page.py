"""The search page: one HTML at the URL of each view, and the files that it is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, Response, request

from api.arguments import Arguments
from errors import UnknownPath
from settings import ROOT, Settings

FOLDER = ROOT / "web"
TEMPLATE = "page.html"
VIEWS = ("/", "/add", "/faceset", "/verify")

SERVED = {"**/*.js": "text/javascript", "page.css": "text/css", "texts/*.json": "application/json"}
"""What is served of the folder, and as what; what an editor leaves there, or a form of its own, is not."""

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
    files = dict(sorted(_files()))
    template = (FOLDER / TEMPLATE).read_bytes()
    digest = _digest({**files, TEMPLATE: WebFile(template, "text/html")})
    page = _page(template, digest, settings)

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


def _files() -> Iterator[tuple[str, WebFile]]:
    for pattern, mimetype in SERVED.items():
        for path in FOLDER.glob(pattern):
            name = path.relative_to(FOLDER)
            if path.is_file() and not any(part.startswith(".") for part in name.parts):
                yield name.as_posix(), WebFile(path.read_bytes(), mimetype)


def _digest(files: dict[str, WebFile]) -> str:
    whole = hashlib.sha256()
    for name, file in files.items():
        whole.update(b"%s\0%d\0%s" % (name.encode(), len(file.content), file.content))
    return whole.hexdigest()[:16]


def _page(template: bytes, digest: str, settings: Settings) -> bytes:
    known = {"web": f"/web/{digest}", "dialects": " ".join(settings.dialects)}
    page = template.decode()
    for name, value in known.items():
        page = page.replace("{{" + name + "}}", value)
    return page.encode()


def _tagged(response: Response, tag: str) -> Response:
    response.set_etag(tag)
    # In place: what is known is answered without its content.
    response.make_conditional(request)
    return response
