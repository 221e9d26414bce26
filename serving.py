"""Serve a WSGI application with waitress: bounded waiting, errors in the API's own envelope, an orderly end."""

from __future__ import annotations

import socket
import sys
import threading
import time
from typing import Any

from waitress import create_server, wasyncore

from admission import Gate, Wsgi
from api import fetching, served
from channel import SMALL_BODY, BodyLimits, EnvelopeChannel
from errors import StartError
from settings import Settings
from threads import cores

MAX_CONNECTIONS = 300
"""Each may hold a body that is not complete yet: 1.2 GB at the very worst, and the large ones."""

NEVER = sys.maxsize
"""Bytes from which waitress would spill a body or an answer to a temporary file: no photo or name may go there."""

IDLE_SECONDS = 60
"""A connection that sends nothing for this long is closed; what arrives slowly is the channel's to end."""

CHECK_SECONDS = 1
"""How often idle connections and late requests are looked for."""

SPARE_THREADS = 4
"""Threads that are left to refuse requests and to answer health checks when all others are busy or waiting."""


class Server:
    """Own the listening socket and the loop; `stop` may be called from a signal handler or another thread."""

    def __init__(self, application: Wsgi, settings: Settings) -> None:
        self._drain = settings.drain
        self._map: dict[int, Any] = {}
        self._stopping = threading.Event()
        self._checked = time.monotonic()
        photos = min(settings.photos or cores(), settings.threads)
        dialects = served(settings)
        fetchers = [dialect.name for dialect in dialects if dialect.fetching]
        gate = Gate(
            application,
            threads=settings.threads,
            photos=photos,
            fetches=settings.fetches,
            queue=settings.queue,
            patience=settings.patience,
            fetchers=fetchers,
            fetching=lambda path: fetching(path, dialects),
        )
        listener = _listener(settings.host, settings.port)
        self.port: int = listener.getsockname()[1]
        self._server: Any = create_server(
            gate,
            map=self._map,
            sockets=[listener],
            # Every request that is let in holds one, waiting or not.
            threads=settings.threads
            + photos
            + 2 * settings.queue
            + SPARE_THREADS
            + len(fetchers) * (settings.fetches + settings.queue),
            ident=None,
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=CHECK_SECONDS,
            max_request_body_size=SMALL_BODY,
            inbuf_overflow=NEVER,
            outbuf_overflow=NEVER,
            connection_limit=MAX_CONNECTIONS,
            clear_untrusted_proxy_headers=True,
        )
        self._server.channel_class = EnvelopeChannel
        self._server.adj.facetoken_bodies = BodyLimits(self._server.adj, dialects, self._server.active_channels)
        self._server.facetoken_settings = settings
        self._server.facetoken_draining = False

    def run(self) -> None:
        """Serve until `stop`, then let what runs finish within the drain time."""
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1, map=self._map, count=1, use_poll=True)
            self._refuse_late()
        # What was sent before the signal is in the socket already: one turn to accept it, one to read it.
        wasyncore.loop(timeout=0, map=self._map, count=2, use_poll=True)
        self._server.facetoken_draining = True
        self._server.del_channel()
        self._server.socket.close()
        deadline = time.monotonic() + self._drain
        while self._busy() and time.monotonic() < deadline:
            wasyncore.loop(timeout=0.05, map=self._map, count=1, use_poll=True)
        self._server.task_dispatcher.shutdown(timeout=0.1)
        wasyncore.close_all(self._map, ignore_all=True)

    def stop(self) -> None:
        self._stopping.set()
        self._server.pull_trigger()

    def _refuse_late(self) -> None:
        if time.monotonic() - self._checked >= CHECK_SECONDS:
            self._checked = time.monotonic()
            for channel in list(self._server.active_channels.values()):
                channel.refuse_late()

    def _busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.request or channel.total_outbufs_len for channel in channels)


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise StartError(
            f"cannot listen on {host}:{port}: {error.strerror}; set FACETOKEN_HOST or FACETOKEN_PORT"
        ) from error
