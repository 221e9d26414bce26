"""A server with a few people in its face set, for tests of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree

import cv2
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from engine import FaceEngine
from tests.conftest import Live
from tests.pictures import Pixels, encoded, read
from tests.population import PEOPLE

SHOWN = 4
"""Which photo of each is on the photo with several."""

WIDTH, HEIGHT = 300, 400

READY = "html[data-ready]"


@pytest.fixture(scope="module")
def filled(
    new_engine: Callable[..., FaceEngine], tmp_path_factory: pytest.TempPathFactory, population: Path
) -> Iterator[FaceEngine]:
    """An engine that knows three photos of each of four people."""
    engine = new_engine(copytree(population, tmp_path_factory.mktemp("page") / "data"))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def site(serve: Callable[..., Live], filled: FaceEngine) -> Live:
    return serve(filled)


@pytest.fixture(scope="module")
def several(photos_of: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo with five people beside each other, of whom four are known."""
    path = tmp_path_factory.mktemp("photos") / "several.jpg"
    path.write_bytes(encoded(np.hstack([portrait(read(photos_of[name][SHOWN])) for name in PEOPLE])))
    return path


def portrait(picture: Pixels) -> Pixels:
    """Return the upper middle of a picture, WIDTH by HEIGHT."""
    scale = max(WIDTH / picture.shape[1], HEIGHT / picture.shape[0])
    large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    left = (large.shape[1] - WIDTH) // 2
    return np.asarray(large[:HEIGHT, left : left + WIDTH], np.uint8)


def opened(page: Page, path: str = "/") -> Page:
    """Open a view and wait until it is there."""
    page.goto(path)
    page.wait_for_selector(READY)
    return page


def choose(page: Page, *files: Path) -> None:
    """Choose files by the first visible way to choose a photo."""
    page.locator(".view:not([hidden]) input[type=file]").first.set_input_files(files)


def verdict_of(page: Page) -> Locator:
    """Return the verdict, once there is one."""
    shown = page.locator(".view:not([hidden]) .verdict")
    expect(shown).to_be_visible()
    return shown
