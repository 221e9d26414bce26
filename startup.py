"""Put an engine together from the settings: the folder's lock, the networks, the face set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from answers import EnrolmentRule
from engine import FaceEngine
from faceset.database import stored_fingerprint
from faceset.folder import CropFolder, FolderLock
from faceset.store import FaceSet
from faceset.tokens import TemporaryStore
from model.backends import networks, settled_precision
from model.base import EMBEDDING_DIM
from settings import Settings

MEGABYTE = 1024 * 1024


def compile_kernels() -> None:
    """Compile every kernel that is not on disk yet; importing its module does it."""
    from model import mtcnn  # noqa: F401


@contextmanager
def locked_data(settings: Settings) -> Iterator[None]:
    """Hold the data folder for this process; raise StartError when another one has it."""
    lock = FolderLock(settings.database.with_name("lock"))
    try:
        yield
    finally:
        lock.release()


def open_engine(settings: Settings) -> FaceEngine:
    """Return an engine that is ready to answer; the caller holds the data folder and closes the engine.

    Raises StartError with the one sentence the user needs.
    """
    made_with = stored_fingerprint(settings.database)
    precision = settled_precision(settings.backend, settings.precision, made_with)
    detector, embedder = networks(
        settings.backend, precision, settings.mirror, settings.weights, h5=settings.facenet_h5
    )
    crops = CropFolder(settings.crops)
    faceset = FaceSet(settings.database, str(embedder.fingerprint), EMBEDDING_DIM)
    engine = FaceEngine(
        detector,
        embedder,
        faceset,
        crops,
        lambda dropped: TemporaryStore(settings.token_memory * MEGABYTE, settings.token_ttl, dropped),
        EnrolmentRule(settings.min_confidence, settings.min_size),
    )
    engine.delete_leftovers()
    engine.load()
    return engine


@contextmanager
def opened_engine(settings: Settings) -> Iterator[FaceEngine]:
    """Lock the data folder, open an engine, and close both."""
    with locked_data(settings):
        engine = open_engine(settings)
        try:
            yield engine
        finally:
            engine.close()
