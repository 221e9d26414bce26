"""Fetch a photo by its URL without being led anywhere a stranger should not reach through this server.

A URL is taken apart once, its name looked up once, and the very address that was checked is connected to, so that a
name which means another address a moment later changes nothing. Every redirect goes through the same checks. What was
refused and what is not there are answered alike: the difference would map the network around this server.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookupTimeout
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from urllib.parse import urljoin

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from addresses import Target, is_public, parse
from errors import PhotoTimeout, PhotoUrlError, UploadTooLarge

MAX_REDIRECTS = 3
REDIRECTS = frozenset((301, 302, 303, 307, 308))
CHUNK = 64 * 1024

LOOKUPS = 8
"""Names looked up at a time. The system's resolver has no time limit; a stuck one holds a thread of these."""

Resolver = Callable[[str, int], list[str]]


def system_addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a name, as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class FetchRule:
    """Say what may be fetched and how long it may take, seconds; `allow` holds `host` and `host:port`."""

    allow: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset((80, 443))
    connect_seconds: float = 3.0
    seconds: float = 10.0


class Fetcher:
    """Fetch photos by URL; safe for many threads."""

    def __init__(
        self, rule: FetchRule, resolver: Resolver = system_addresses, context: ssl.SSLContext | None = None
    ) -> None:
        self._rule = rule
        self._resolver = resolver
        self._context = context
        self._lookups = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup")

    def get(self, url: str, max_bytes: int) -> bytes:
        """Return the bytes behind a URL.

        Raises PhotoUrlError for one that may not be fetched or has nothing, PhotoTimeout when its time is over, and
        UploadTooLarge over `max_bytes`.
        """
        until = time.monotonic() + self._rule.seconds
        for _ in range(MAX_REDIRECTS + 1):
            try:
                answer = self._ask(parse(url), until, max_bytes)
            except TimeoutError as error:
                raise PhotoTimeout("the photo behind the URL did not arrive in time") from error
            except (OSError, ValueError, HTTPError, HTTPException) as error:
                if time.monotonic() >= until:
                    raise PhotoTimeout("the photo behind the URL did not arrive in time") from error
                raise _nothing_there() from error
            if isinstance(answer, bytes):
                return answer
            url = urljoin(url, answer.url)
        raise _nothing_there()

    def _ask(self, target: Target, until: float, max_bytes: int) -> bytes | _Redirect:
        address = self._checked_address(target, until)
        with self._connected(target, address, until) as connection:
            headers = {"Host": target.authority, "Accept-Encoding": "identity", "User-Agent": "facetoken"}
            connection.request("GET", target.path, headers=headers, preload_content=False, decode_content=False)
            with closing(connection.getresponse()) as response:
                if response.status in REDIRECTS and response.headers.get("Location"):
                    return _Redirect(response.headers["Location"])
                if response.status != 200:
                    raise _nothing_there()
                photo = _read(response, max_bytes)
                # A connection that was cut off ends like one that was closed.
                _left(until)
                return photo

    def _checked_address(self, target: Target, until: float) -> str:
        allowed = target.is_named_in(self._rule.allow)
        if not allowed and target.port not in self._rule.ports:
            raise _nothing_there()
        pending = self._lookups.submit(self._resolver, target.host, target.port)
        try:
            addresses = pending.result(_left(until))
        except LookupTimeout:
            pending.cancel()
            raise
        # One address inside is enough to refuse: the name is somebody's try.
        if not addresses or not (allowed or all(is_public(address) for address in addresses)):
            raise _nothing_there()
        return addresses[0]

    @contextmanager
    def _connected(self, target: Target, address: str, until: float) -> Iterator[HTTPConnection]:
        seconds = min(self._rule.connect_seconds, _left(until))
        connection = self._connection(target, address, seconds)
        try:
            connection.connect()
            with _cut_off(connection.sock, until):
                yield connection
        finally:
            connection.close()

    def _connection(self, target: Target, address: str, seconds: float) -> HTTPConnection:
        if target.scheme == "http":
            return HTTPConnection(address, target.port, timeout=seconds)
        return HTTPSConnection(
            address,
            target.port,
            timeout=seconds,
            ssl_context=self._context or _trusted(),
            server_hostname=target.host,
            assert_hostname=target.host,
        )


@dataclass(frozen=True, slots=True)
class _Redirect:
    url: str


@contextmanager
def _cut_off(connected: socket.socket, until: float) -> Iterator[None]:
    """End a connection when its time is over: one that sends a byte now and then never meets a socket's own limit."""
    connected.settimeout(_left(until))
    # The plain socket's method: that of an encrypted one would meddle with what the reading thread is in.
    timer = threading.Timer(_left(until), _shut, [connected])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(connected: socket.socket) -> None:
    try:
        socket.socket.shutdown(connected, socket.SHUT_RDWR)
    except OSError:
        # It was closed in between.
        return


def _read(response: BaseHTTPResponse, max_bytes: int) -> bytes:
    declared = response.headers.get("Content-Length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    parts, size = [], 0
    while part := response.read(min(CHUNK, max_bytes + 1 - size)):
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            raise _too_large(max_bytes)
    return b"".join(parts)


@cache
def _trusted() -> ssl.SSLContext:
    """Return the system's own certificate authorities; reading them takes 30 ms."""
    return ssl.create_default_context()


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _nothing_there() -> PhotoUrlError:
    return PhotoUrlError("there is no photo behind the URL that this server may fetch")


def _too_large(max_bytes: int) -> UploadTooLarge:
    return UploadTooLarge(f"the photo behind the URL has more than {max_bytes} bytes")
