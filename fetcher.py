"""Fetch a photo by its URL without being led anywhere a stranger should not reach through this server.

A URL is taken apart once, its name looked up once, and the very address that was checked is connected to, so that a
name which means another address a moment later changes nothing. Every redirect goes through the same checks. What was
refused and what is not there are answered alike: the difference would map the network around this server.
"""

from __future__ import annotations

import ssl
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import urljoin

from urllib3.exceptions import HTTPError

from addresses import Target, is_public, parse
from errors import PhotoTimeout, PhotoUrlError, UploadTooLarge
from outbound import Deadline, Resolver, Server, read, trusted

MAX_REDIRECTS = 3
REDIRECTS = frozenset((301, 302, 303, 307, 308))


@dataclass(frozen=True, slots=True)
class FetchRule:
    """Say what may be fetched and how long it may take, seconds; `allow` holds `host` and `host:port`."""

    allow: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset((80, 443))
    seconds: float = 10.0


class Fetcher:
    """Fetch photos by URL; safe for many threads."""

    def __init__(
        self, rule: FetchRule, resolver: Resolver | None = None, context: ssl.SSLContext | None = None
    ) -> None:
        self._rule = rule
        self._resolver = resolver
        self._context = context

    def get(self, url: str, max_bytes: int) -> bytes:
        """Return the bytes behind a URL.

        Raises PhotoUrlError for one that may not be fetched or has nothing, PhotoTimeout when its time is over, and
        UploadTooLarge over `max_bytes`.
        """
        deadline = Deadline(self._rule.seconds)
        for _ in range(MAX_REDIRECTS + 1):
            try:
                answer = self._ask(parse(url), deadline, max_bytes)
            except TimeoutError as error:
                raise too_slow() from error
            except (OSError, ValueError, HTTPError, HTTPException) as error:
                if deadline.is_over:
                    raise too_slow() from error
                raise nothing_there() from error
            if isinstance(answer, bytes):
                return answer
            url = urljoin(url, answer.url)
        raise nothing_there()

    def _ask(self, target: Target, deadline: Deadline, max_bytes: int) -> bytes | _Redirect:
        server = Server(target.host, target.port, (self._context or trusted()) if target.scheme == "https" else None)
        addresses = self._checked_addresses(target, server, deadline)
        with server.connected(addresses, deadline) as connection:
            headers = {"Host": target.authority, "Accept-Encoding": "identity", "User-Agent": "facetoken"}
            connection.request("GET", target.path, headers=headers, preload_content=False, decode_content=False)
            with closing(connection.getresponse()) as response:
                if response.status in REDIRECTS and response.headers.get("Location"):
                    return _Redirect(response.headers["Location"])
                if response.status != 200:
                    raise nothing_there()
                photo = read(response, max_bytes)
                if photo is None:
                    raise too_large(max_bytes)
                # A connection that was cut off ends like one that was closed.
                deadline.left()
                return photo

    def _checked_addresses(self, target: Target, server: Server, deadline: Deadline) -> list[str]:
        allowed = target.is_named_in(self._rule.allow)
        if not allowed and target.port not in self._rule.ports:
            raise nothing_there()
        addresses = server.addresses(deadline, self._resolver)
        # One address inside is enough to refuse: the name is somebody's try.
        if not addresses or not (allowed or all(is_public(address) for address in addresses)):
            raise nothing_there()
        return addresses


@dataclass(frozen=True, slots=True)
class _Redirect:
    url: str


def nothing_there() -> PhotoUrlError:
    """Return the one answer about a photo that is absent or must not be read."""
    return PhotoUrlError("there is no photo behind the URL that this server may fetch")


def too_slow() -> PhotoTimeout:
    """Return the answer about a photo whose time was over."""
    return PhotoTimeout("the photo behind the URL did not arrive in time")


def too_large(max_bytes: int) -> UploadTooLarge:
    """Return the answer about a photo of more bytes than may be read."""
    return UploadTooLarge(f"the photo behind the URL has more than {max_bytes} bytes")
