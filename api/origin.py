"""Whose page a request comes from: browsers say so in headers that no page can write, programs say nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import request

from addresses import PORTS
from errors import ForeignOrigin
from settings import Settings

OWN_SITE = ("same-origin", "none")
"""What Sec-Fetch-Site says of this server's own pages, and of what was typed or bookmarked."""

WRITING_GETS = frozenset({"native.addface", "native.removeface"})

_FOREIGN = "this was sent by a web page of another origin; FACETOKEN_CORS_ORIGINS names those that may"
_BEHIND_PROXY = "; if it was this server's own page, set FACETOKEN_PUBLIC_URL to the address that browsers use"
_UNKNOWN = "a browser's GET that does not say which page it comes from changes nothing; use POST or DELETE, or https"

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


class OriginGuard:
    """Refuse what other origins' pages send, but for reading: browsers keep answers from them."""

    def __init__(self, settings: Settings) -> None:
        self._allowed = frozenset(settings.cors_origins)
        self._writing_gets = WRITING_GETS if settings.get_writes else frozenset()
        self._public = None if settings.public_url is None else Origin.of_url(settings.public_url)

    def check(self) -> None:
        """Look at the request's headers alone; raises ForeignOrigin."""
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
        if not self._acts() or "*" in self._allowed or origin in self._allowed:
            return
        if site is not None:
            if site not in OWN_SITE:
                raise ForeignOrigin(_FOREIGN)
            return
        # Over plain http, but for localhost, browsers do not send Sec-Fetch-Site.
        referer = request.headers.get("Referer")
        if origin is None and not referer:
            self._refuse_unknown()
        elif not self._is_own(Origin.of_url(referer or "") if origin is None else Origin.parse(origin)):
            raise ForeignOrigin(_FOREIGN + _BEHIND_PROXY)

    def _acts(self) -> bool:
        if request.method == "GET":
            return request.endpoint in self._writing_gets
        return request.method in ("POST", "DELETE")

    def _is_own(self, origin: Origin | None) -> bool:
        return origin is not None and (origin == self._public or origin.is_at(request.headers.get("Host", "")))

    def _refuse_unknown(self) -> None:
        # An image or a link sends no Origin, and a page can suppress its Referer, but not change the User-Agent.
        if request.method == "GET" and request.headers.get("User-Agent", "").startswith("Mozilla/"):
            raise ForeignOrigin(_UNKNOWN)
