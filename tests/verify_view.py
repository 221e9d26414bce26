"""The Verify view as tests drive it: photos for its sides, its answer, and what is left behind."""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from engine import FaceEngine

SECONDS = 20


def side(page: Page, name: str) -> Locator:
    """Return the side "a" or "b"."""
    return page.locator(f"[data-side={name}]")


def choose_for(page: Page, name: str, photo: Path) -> None:
    """Choose a photo for a side and wait until its face is marked."""
    side(page, name).locator("input[type=file]").set_input_files(photo)
    expect(side(page, name).locator(".face-box").first).to_be_visible()


def open_camera(page: Page, name: str = "b") -> None:
    side(page, name).get_by_role("button", name="Use the camera").click()


def distance_of(page: Page) -> float:
    """Return the distance that the scale tells of."""
    said = page.locator(".scale-bar").get_attribute("aria-label") or ""
    found = re.match(r"Distance (\d\.\d\d) on a scale from 0 to 1\.40", said)
    assert found, said
    return float(found[1])


def tokens(page: Page) -> dict[str, str]:
    """Return the tokens of the URL."""
    return dict(re.findall(r"[?&]([ab])=([A-Za-z0-9]{24})", page.url))


def kept(engine: FaceEngine) -> set[str]:
    """Return the tokens that the engine has a crop of."""
    return {path.stem for path in engine.crops.path.glob("*.jpg")}


def leaves(engine: FaceEngine, before: set[str], count: int) -> set[str]:
    """Wait until so many faces are kept beside those that were before, and return them."""
    deadline = time.monotonic() + SECONDS
    while len(kept(engine) - before) != count and time.monotonic() < deadline:
        time.sleep(0.02)
    left = kept(engine) - before
    assert len(left) == count, left
    return left
