"""The page's camera as tests drive it: films before it, what the booth says, and the tracks that must end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, repeat
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.camera_feed import HEIGHT, RATE, WIDTH, film, moving, nobody, still
from tests.conftest import Live
from tests.page_site import opened
from tests.pictures import Pixels, read

REMEMBER = """() => {
    const given = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    window.tracks = [];
    navigator.mediaDevices.getUserMedia = async (asked) => {
        const stream = await given(asked);
        window.tracks.push(...stream.getTracks());
        return stream;
    };
}"""
STATES = "() => window.tracks.map((track) => track.readyState)"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory, photos_of: dict[str, list[Path]]) -> dict[str, Path]:
    """Films of a person who keeps still, of nobody, of one who cannot keep still, and of faces that are misplaced."""
    person = read(photos_of["mindy_kaling"][0])
    shown: dict[str, Iterable[Pixels]] = {
        "still": still(person),
        "nobody": nobody(),
        # The first is too short for the countdown.
        "restless": chain(still(person, 2.5), moving(person, 1.0)),
        "misplaced": chain(*(repeat(frame, 2 * RATE) for frame in misplaced(person))),
    }
    folder = tmp_path_factory.mktemp("films")
    return {name: film(folder / f"{name}.y4m", frames) for name, frames in shown.items()}


def misplaced(person: Pixels) -> list[Pixels]:
    """Return frames: a face far away, one at the edge, and two."""
    far, edge, two = (np.full((HEIGHT, WIDTH, 3), 128, np.uint8) for _ in range(3))
    far[180:300, 260:380] = cv2.resize(person, (120, 120), interpolation=cv2.INTER_AREA)
    face = cv2.resize(person, (300, 300), interpolation=cv2.INTER_AREA)
    edge[90:390, : 300 - 90] = face[:, 90:]
    two[90:390, :300] = two[90:390, 330:630] = face
    return [far, edge, two]


@pytest.fixture
def watched(new_page: Callable[..., Page], site: Live, films: dict[str, Path]) -> Callable[..., Page]:
    """Return a function that opens a view with a film before the camera, whose tracks it remembers."""

    def at(name: str, path: str = "/verify", *scripts: str, **options: object) -> Page:
        page = new_page(site.url, **{"camera": films[name], "permissions": ["camera"], **options})
        for script in (REMEMBER, *scripts):
            page.add_init_script(f"({script})()")
        return opened(page, path)

    return at


def hint(page: Page, words: str) -> None:
    expect(page.locator(".booth .hint")).to_contain_text(words)


def counted(page: Page, number: str) -> None:
    expect(page.locator(".countdown")).to_have_text(number, timeout=5000)


def ended(page: Page) -> None:
    """Wait until every track that was ever given has ended."""
    page.wait_for_function("() => window.tracks.length && window.tracks.every((it) => it.readyState === 'ended')")
