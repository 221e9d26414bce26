"""Talk to another server over one connection: one deadline for all of it, a limit on what is read, TLS that is checked.

Nothing is taken from the environment, proxies included.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

CONNECT_SECONDS = 3.0
CHUNK = 64 * 1024

LOOKUPS = 8
"""Names looked up at a time. The system's resolver has no time limit; a stuck one holds a thread of these."""

Resolver = Callable[[str, int], list[str]]


class Deadline:
    """Say how long there is left for everything together."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left; raise TimeoutError when there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    def wait_for(self, pending: Future[list[str]]) -> list[str]:
        """Return what is pending; raise TimeoutError when it does not come."""
        try:
            return pending.result(self.left())
        except TimeoutError:
            pending.cancel()
            raise

    @contextmanager
    def cuts_off(self, connected: socket.socket) -> Iterator[None]:
        """End a connection in time: one that sends a byte now and then never meets a socket's own limit."""
        connected.settimeout(self.left())
        # The plain socket's method: that of an encrypted one would meddle with what the reading thread is in.
        with self.ends(lambda: _shut(connected)):
            yield

    @contextmanager
    def ends(self, end: Callable[[], object]) -> Iterator[None]:
        """Call `end`, on another thread, if the time is over before the block."""
        timer = threading.Timer(self.left(), end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


@dataclass(frozen=True, slots=True)
class Server:
    """Name a server; `context` is what its certificate is checked with, None for plain HTTP."""

    host: str
    port: int
    context: ssl.SSLContext | None

    def addresses(self, deadline: Deadline, resolver: Resolver | None = None) -> list[str]:
        """Look the name up. Raises OSError, TimeoutError among them, when there is no answer."""
        return deadline.wait_for(_lookups().submit(resolver or system_addresses, self.host, self.port))

    @contextmanager
    def connected(self, addresses: Sequence[str], deadline: Deadline) -> Iterator[HTTPConnection]:
        """Connect to the first of its addresses that answers; the connection ends with the block, or the deadline."""
        connection = self._first(addresses, deadline)
        try:
            # urllib3 gives this to the socket again with each request; connecting had less.
            connection.timeout = deadline.left()
            with deadline.cuts_off(connection.sock):
                yield connection
        finally:
            connection.close()

    def _first(self, addresses: Sequence[str], deadline: Deadline) -> HTTPConnection:
        failure: Exception = OSError("the name has no address")
        for address in addresses:
            connection = self._connection(address, min(CONNECT_SECONDS, deadline.left()))
            try:
                connection.connect()
            except (OSError, HTTPError) as error:
                connection.close()
                failure = error
            else:
                return connection
        raise failure

    def _connection(self, address: str, seconds: float) -> HTTPConnection:
        if self.context is None:
            return HTTPConnection(address, self.port, timeout=seconds)
        return HTTPSConnection(
            address,
            self.port,
            timeout=seconds,
            ssl_context=self.context,
            server_hostname=self.host,
            assert_hostname=self.host,
        )


def read(response: BaseHTTPResponse, max_bytes: int) -> bytes | None:
    """Return a response's body, None when it is larger than `max_bytes`."""
    declared = response.headers.get("Content-Length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > max_bytes:
        return None
    parts, size = [], 0
    while part := response.read(min(CHUNK, max_bytes + 1 - size)):
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            return None
    return b"".join(parts)


def system_addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a name, as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@cache
def trusted() -> ssl.SSLContext:
    """Return the system's own certificate authorities; reading them takes 30 ms."""
    return ssl.create_default_context()


@cache
def _lookups() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup")


def _shut(connected: socket.socket) -> None:
    try:
        socket.socket.shutdown(connected, socket.SHUT_RDWR)
    except OSError:
        # It was closed in between.
        return
