"""Put an engine together from the settings: the folder's lock, the networks, the face set."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import cv2
import numpy as np

from answers import EnrolmentRule
from engine import FaceEngine
from faceset.database import stored_fingerprint
from faceset.folder import CropFolder, locked
from faceset.given_keys import chosen
from faceset.store import FaceSet
from faceset.tokens import TemporaryStore
from images import crop_jpeg
from model.backends import networks, settled_precision
from model.base import EMBEDDING_DIM, Detection
from settings import Settings

MEGABYTE = 1024 * 1024

# Numbers of options in glibc's malloc.h.
TRIM_FROM, MMAP_FROM, ARENAS = -1, -3, -8


def compile_kernels() -> None:
    """Compile every kernel that is not on disk yet; importing its module does it."""
    from model import facenet, mtcnn  # noqa: F401


def locked_data(settings: Settings) -> AbstractContextManager[None]:
    """Hold the data folder for this process; raise StartError when another one has it."""
    return locked(settings.database)


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
    keys = chosen(settings.key, settings.keys_in)
    faceset = FaceSet(settings.database, str(embedder.fingerprint), EMBEDDING_DIM, keys)
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
    _warm_up(engine)
    return engine


def _warm_up(engine: FaceEngine) -> None:
    """Take a made-up photo of 1080p all the way, so that the first real one finds everything in place."""
    coarse = np.random.default_rng(0).integers(0, 256, (54, 96, 3), np.uint8)
    image = np.asarray(cv2.resize(coarse, (1920, 1080), interpolation=cv2.INTER_CUBIC), np.uint8)
    landmarks = ((700.0, 400.0), (800.0, 400.0), (750.0, 450.0), (710.0, 500.0), (790.0, 500.0))
    face = Detection((650.0, 300.0, 850.0, 550.0), 1.0, landmarks)
    photo, _ = engine.recognizer.locate(crop_jpeg(image, (0.0, 0.0, 1920.0, 1080.0)))
    engine.recognizer.embed(photo, [face] * 8)


def keep_memory() -> None:
    """Have the C library use freed memory again, for every thread, instead of giving it back to the system.

    Call it before the first thread is started: by then the library has settled how many arenas it may have.

    A photo's working memory is tens of megabytes. Asked for anew it comes page by page, which took half as long again
    as the work on it, and threads that do not share leave each their own behind. Blocks from 64 MB up are given back.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        for option, value in ((ARENAS, 1), (MMAP_FROM, 64 * MEGABYTE), (TRIM_FROM, 256 * MEGABYTE)):
            library.mallopt(option, value)


@contextmanager
def opened_engine(settings: Settings) -> Iterator[FaceEngine]:
    """Lock the data folder, open an engine, and close both."""
    with locked_data(settings):
        engine = open_engine(settings)
        try:
            yield engine
        finally:
            engine.close()
