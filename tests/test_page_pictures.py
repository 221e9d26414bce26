"""A picture of every view: in light, in the dark, in Korean and on a phone. `make screenshots` puts them into docs/."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.axe import violations
from tests.browser import complaints, new_page, shot
from tests.conftest import Live
from tests.page_site import choose, filled, opened, several, site

__all__ = ["complaints", "filled", "new_page", "several", "site"]

PhotosOf = dict[str, list[Path]]
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "korean": {"locale": "ko-KR"},
    "phone": {"viewport": {"width": 375, "height": 760}, "device_scale_factor": 2, "has_touch": True},
}


def find(page: Page, photos_of: PhotosOf, several: Path) -> None:
    choose(page, several)
    expect(page.locator(".face-name")).to_have_count(5)


def add(page: Page, photos_of: PhotosOf, several: Path) -> None:
    choose(page, several, *photos_of["mindy_kaling"][:2], *photos_of["ben_afflek"][2:5])
    expect(page.locator(".photo-result.unsure, .photo-result.likely")).not_to_have_count(0)
    expect(page.locator(".photo-result.working")).to_have_count(0)


def faceset(page: Page, photos_of: PhotosOf, several: Path) -> None:
    expect(page.locator(".wall-cell:not(.waiting) img")).not_to_have_count(0)


def verify(page: Page, photos_of: PhotosOf, several: Path) -> None:
    for side, photo in enumerate(photos_of["madonna"][:2]):
        page.locator(".side input[type=file]").nth(side).set_input_files(photo)
        expect(page.locator(".side").nth(side).locator(".face-box")).not_to_have_count(0)
    expect(page.locator(".verdict")).to_be_visible()


VIEWS = {"/": find, "/add": add, "/faceset": faceset, "/verify": verify}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", VIEWS)
def test_a_view_at_work(
    new_page: Callable[..., Page], site: Live, photos_of: PhotosOf, several: Path, path: str, look: str
) -> None:
    page = opened(new_page(site.url, **LOOKS[look]), path)
    VIEWS[path](page, photos_of, several)
    page.wait_for_load_state("networkidle")
    page.evaluate("() => scrollTo(0, 0)")
    shot(page, f"{VIEWS[path].__name__}-{look}")
    assert violations(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
