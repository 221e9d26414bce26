"""Whose page a request comes from: browsers say so in headers that no page can write, programs say nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Blueprint, request

from addresses import PORTS
from errors import ForeignOrigin
from settings import Settings

OWN_SITE = ("same-origin", "none")
"""What Sec-Fetch-Site says of this server's own pages, and of what was typed or bookmarked."""

WRITING_GETS = frozenset({"native.addface", "native.removeface"})

WORKING_GETS = frozenset({"native.faces", "native.face", "native.search", "native.compare"})
"""Those whose answer another page cannot read, but whose time it could take: it tells whether a name is known."""

_FOREIGN = "this was sent by a web page of another origin; FACETOKEN_CORS_ORIGINS names those that may"
_BEHIND_PROXY = "; if it was this server's own page, set FACETOKEN_PUBLIC_URL to the address that browsers use"
_NOT_BY_GET = "a browser's GET changes nothing, unless it says that a page of this server sent it; use POST or DELETE"

_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([1-9][0-9]{0,4}))?")


@dataclass(frozen=True, slots=True)
class Origin:
    """Hold a web origin: scheme and host in lower case, and the port, written or not."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Origin | None:
        """Return the origin that the whole text is, or None: `null`, a list and a URL with a path are none."""
        found = _ORIGIN.fullmatch(text.lower())
        if found is None:
            return None
        scheme, host, port = found.groups()
        return cls(scheme, host, int(port) if port else PORTS[scheme])

    @classmethod
    def of_url(cls, url: str) -> Origin | None:
        """Return the origin of a URL, or None."""
        return cls.parse("/".join(url.split("/", 3)[:3]))

    def is_at(self, host: str) -> bool:
        """Tell whether a Host header names it.

        The header has no scheme, and a proxy may have taken TLS away, so a port it leaves out is this scheme's own.
        """
        return self == Origin.parse(f"{self.scheme}://{host}")


def guard(routes: Blueprint, settings: Settings) -> None:
    """Have a blueprint refuse what other origins' pages send, while there is a page; raises nothing."""
    if settings.page:
        routes.before_request(OriginGuard(settings).check)


class OriginGuard:
    """Refuse what other origins' pages send, but for showing: browsers keep answers from them."""

    def __init__(self, settings: Settings) -> None:
        self._allowed = frozenset(settings.cors_origins)
        self._writing_gets = WRITING_GETS if settings.get_writes else frozenset()
        self._public = None if settings.public_url is None else Origin.of_url(settings.public_url)

    def check(self) -> None:
        """Look at the request's headers alone; raises ForeignOrigin."""
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
        if "*" in self._allowed or origin in self._allowed:
            return
        if self._writes():
            if site is None:
                # Over plain http, but for localhost, browsers do not send Sec-Fetch-Site.
                self._require_own_address(origin)
            else:
                self._require_own_site(site)
        elif self._works() and site not in (None, *OWN_SITE) and not _is_opened():
            raise ForeignOrigin(_FOREIGN)

    def _writes(self) -> bool:
        by_get = request.method == "GET" and request.endpoint in self._writing_gets
        return by_get or request.method in ("POST", "DELETE")

    def _works(self) -> bool:
        return request.method in ("GET", "HEAD") and request.endpoint in WORKING_GETS

    def _require_own_site(self, site: str) -> None:
        if site not in OWN_SITE:
            raise ForeignOrigin(_FOREIGN)
        # A foreign page that was typed may redirect to here, and what it leads to still counts as typed.
        if site == "none" and request.method == "GET":
            raise ForeignOrigin(_NOT_BY_GET)

    def _require_own_address(self, origin: str | None) -> None:
        referer = request.headers.get("Referer")
        if origin is None and not referer:
            # An image or a link sends no Origin, and a page can suppress its Referer, but not change the User-Agent.
            if request.method == "GET" and request.headers.get("User-Agent", "").startswith("Mozilla/"):
                raise ForeignOrigin(_NOT_BY_GET)
        elif not self._is_own(Origin.of_url(referer or "") if origin is None else Origin.parse(origin)):
            raise ForeignOrigin(_FOREIGN + _BEHIND_PROXY)

    def _is_own(self, origin: Origin | None) -> bool:
        return origin is not None and (origin == self._public or origin.is_at(request.headers.get("Host", "")))


def _is_opened() -> bool:
    """Tell whether the answer is to be shown in a window of its own, as by a link."""
    headers = request.headers
    return headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
