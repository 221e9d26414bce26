"""The HTTP server: `create_app` makes the Flask application, `python server.py` serves it."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from io import BytesIO
from typing import IO, Any

from flask import Flask, Request

import api
import photo_urls
from admission import be_nice
from api import health, page, stored
from api.dialect import EngineSource, Services
from api.envelope import Envelope
from engine import FaceEngine
from errors import InternalError, Overloaded, StartError
from faceset.scan import start_threads
from serving import Server
from settings import Settings
from startup import keep_memory, locked_data, open_engine
from storage.local import LocalStorage

SWEEP_SECONDS = 15

SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter while another wants it. Python's own 5 ms would be most of a search."""

log = logging.getLogger("facetoken")


class PhotoRequest(Request):
    """Keep uploads in memory (a photo never touches a temporary file) and report a broken form as an error."""

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return BytesIO()

    def make_form_data_parser(self) -> Any:
        parser = super().make_form_data_parser()
        parser.silent = False
        return parser


def create_app(settings: Settings, engine: EngineSource) -> Flask:
    """Return the application; `engine` returns the engine, or raises errors.Overloaded while it starts."""
    app = Flask("facetoken", static_folder=None)
    app.request_class = PhotoRequest
    # Field names keep the order in which the contract documents them.
    app.json.sort_keys = False  # type: ignore[attr-defined]
    # No redirect from a path with more slashes: its status and its page are no dialect's.
    app.url_map.merge_slashes = False
    Envelope(settings).attach(app)
    app.register_blueprint(health.blueprint(engine))
    services = Services(settings, engine, photo_urls.from_settings(settings))
    if isinstance(services.photo_urls.storage, LocalStorage):
        app.register_blueprint(stored.blueprint(services.photo_urls.storage))
    if settings.page:
        app.register_blueprint(page.blueprint(settings))
    for dialect in api.served(settings):
        app.register_blueprint(dialect.blueprint(services))
    return app


class Starting:
    """Open the engine in the background, so that the port answers /healthz while a large face set loads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: FaceEngine | None = None
        self.failure: BaseException | None = None

    def engine(self) -> FaceEngine:
        """Return the engine; raise Overloaded until it is there."""
        if self._engine is None:
            raise Overloaded("the server is starting: networks and face set are being loaded")
        return self._engine

    def run(self, server: Server) -> None:
        """Open the engine; stop the server when that fails."""
        start_threads()
        # The runtime's threads are started from here on, and take after this one.
        be_nice()
        try:
            self._engine = open_engine(self._settings)
            log.info("ready: %d faces", self._engine.faceset.count("default"))
        except BaseException as error:
            self.failure = error
            server.stop()

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; raise StartError when the server cannot start."""
    keep_memory()
    starting = Starting(settings)
    sys.setswitchinterval(SWITCH_SECONDS)
    with locked_data(settings):
        server = Server(create_app(settings, starting.engine), settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        opening = threading.Thread(target=starting.run, args=(server,), name="opening", daemon=True)
        opening.start()
        threading.Thread(target=_sweep_for_ever, args=(starting,), name="sweeping", daemon=True).start()
        log.info("listening on http://%s:%d", settings.host, server.port)
        server.run()
        # A download of weights may be under way; it is no reason to outlive the drain time.
        opening.join(settings.drain)
        starting.close()
    if starting.failure is not None:
        raise starting.failure
    log.info("stopped")


def _sweep_for_ever(starting: Starting) -> None:
    pause = threading.Event()
    while not pause.wait(SWEEP_SECONDS):
        try:
            starting.engine().sweep()
        except InternalError as error:
            # Not started yet, or the database cannot be written at the moment; the next turn tries again.
            log.debug("sweep: %s", error.detail)


def main() -> int:
    """Serve with the settings of the environment; return the exit status."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    try:
        serve(Settings.from_environment())
    except StartError as error:
        print(f"facetoken: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
