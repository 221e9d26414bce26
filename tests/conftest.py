"""Real weights, real photos, a real server: what the tests share."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import startup
from answers import EnrolmentRule
from engine import FaceEngine
from faceset.folder import CropFolder
from faceset.store import FaceSet
from faceset.tokens import TemporaryStore
from model.backends import networks, settled_precision
from model.base import EMBEDDING_DIM, Detector, Embedder
from model.weights import ensure_photos
from server import create_app
from serving import Server
from settings import Settings
from tests.population import photos_of, population

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["photos_of", "population"]

LONGEST = (
    "test_durability",
    "test_page_booth",
    "test_page_faceset",
    "test_page_batch",
    "test_page_pictures",
    "test_page_verify",
    "test_page_camera",
    "test_page_manners",
    "test_page_photo",
    "test_page_find",
    "test_pages",
    "test_page_add",
    "test_wall",
    "test_nhn_requests",
    "test_resume",
    "test_withmind_fuzz",
    "test_key_settings",
    "test_weights",
    "test_homybk",
    "test_benchmark_photo",
    "test_kills",
    "test_startup",
    "test_index",
    "test_hostile_urls",
    "test_channel",
    "test_browser",
    "test_finday",
    "test_nhn_machine",
    "test_store",
    "test_benchmark_withmind",
    "test_wordnet",
    "test_tenants_command",
    "test_at_rest",
    "test_slots",
    "test_segments",
    "test_camera_feed",
)
"""The files that take longest, longest first."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have several workers begin with the longest files, so that none is left alone with one at the end."""
    if hasattr(config, "workerinput"):
        place = {name: number for number, name in enumerate(LONGEST)}
        items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The settings of the environment, so that the suite runs on any backend and precision."""
    return Settings.from_environment({k: v for k, v in os.environ.items() if k != "FACETOKEN_DATA"})


@pytest.fixture(scope="session")
def photos(settings: Settings) -> Path:
    return ensure_photos(settings.weights)


Networks = Callable[..., tuple[Detector, Embedder]]


@pytest.fixture(scope="session")
def networks_once() -> Networks:
    """Return `networks`, which makes those of the same settings only once: they keep nothing of what they are shown."""
    return functools.cache(networks)


@pytest.fixture(scope="session")
def face_networks(settings: Settings, networks_once: Networks) -> tuple[Detector, Embedder]:
    precision = settled_precision(settings.backend, settings.precision, None)
    found = networks_once(settings.backend, precision, settings.mirror, settings.weights, h5=settings.facenet_h5)
    for network in found:
        network.load()
    return found


@pytest.fixture
def loaded(face_networks: tuple[Detector, Embedder], networks_once: Networks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commands that run in this process find their networks loaded."""
    monkeypatch.setattr(startup, "networks", networks_once)


@pytest.fixture(scope="session")
def new_engine(face_networks: tuple[Detector, Embedder]) -> Callable[..., FaceEngine]:
    """Return a function that opens an engine on a folder, sharing the loaded networks."""

    def make(folder: Path, *, rule: EnrolmentRule | None = None, ttl: float = 3600, budget: int = 2**28) -> FaceEngine:
        detector, embedder = face_networks
        faceset = FaceSet(folder / "faces.db", str(embedder.fingerprint), EMBEDDING_DIM)
        crops = CropFolder(folder / "crop_faces")
        engine = FaceEngine(
            detector, embedder, faceset, crops, lambda dropped: TemporaryStore(budget, ttl, dropped), rule
        )
        engine.delete_leftovers()
        return engine

    return make


@pytest.fixture
def engine(new_engine: Callable[..., FaceEngine], tmp_path: Path) -> Iterator[FaceEngine]:
    made = new_engine(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Callable[[Path | None], Browser]]:
    """Return a function that starts Chromium, once for each film that is its camera; see tests/browser.py."""
    # Imported here: where only the API is tested, as by other backends, there is no Playwright.
    from tests.browser import browsers

    with browsers() as start:
        yield start


class Live:
    """A server on loopback in a thread of this process, over a real engine."""

    def __init__(self, settings: Settings, engine: FaceEngine) -> None:
        self.engine = engine
        self._server = Server(create_app(settings, lambda: engine), settings)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        self.port = self._server.port
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[..., Live]]:
    """Return a function that serves an engine with the given settings; every server is stopped at the module's end."""
    # Each has hundreds of threads: those of all modules together would be more than a machine lets one have.
    running: list[Live] = []

    def start(engine: FaceEngine, **changes: object) -> Live:
        settings = Settings(**{"host": "127.0.0.1", "port": 0, "drain": 2.0, **changes})  # type: ignore[arg-type]
        running.append(Live(settings, engine))
        return running[-1]

    yield start
    for live in running:
        live.stop()
