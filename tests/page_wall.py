"""The wall of the Face set view, for tests of the page: real faces with their crops, and how to get at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree

import pytest
from playwright.sync_api import Locator, Page, expect

from engine import FaceEngine
from tests.conftest import Live
from tests.page_site import opened


@pytest.fixture
def people(new_engine: Callable[..., FaceEngine], population: Path, tmp_path: Path) -> Iterator[FaceEngine]:
    """An engine with three faces of each of four people, the last four of them the newest."""
    engine = new_engine(copytree(population, tmp_path / "people"))
    yield engine
    engine.close()


@pytest.fixture
def site(serve: Callable[..., Live], people: FaceEngine) -> Live:
    return serve(people)


def walled(page: Page, path: str = "/faceset") -> Page:
    """Open the wall and wait until its first faces are there."""
    opened(page, path)
    expect(page.locator(".wall .name").first).to_be_attached()
    return page


def faces_of(page: Page) -> Locator:
    return page.locator(".wall-cell:not(.waiting):visible .tile")


def names_in(page: Page) -> Locator:
    """Return the names under the faces; their days are beside them."""
    return faces_of(page).locator("> span:nth-of-type(1)")


def counted(page: Page, count: int) -> None:
    words = f"{count:,} face{'' if count == 1 else 's'}"
    expect(page.locator(".query-count")).to_have_text(words)


def names(engine: FaceEngine) -> list[str]:
    return sorted(face.name for face in engine.faceset.page("default", 1000)[0])


def panel(page: Page) -> Locator:
    shown = page.get_by_role("dialog")
    expect(shown.locator(".groups, .notice").first).to_be_visible()
    return shown
