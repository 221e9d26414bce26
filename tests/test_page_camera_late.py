"""The page's camera when its modules come late: it must not turn on where nobody waits for it any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from engine import FaceEngine
from tests.browser import complaints, new_page
from tests.conftest import Live
from tests.module_engine import engine
from tests.page_camera import STATES, counted, films, watched
from tests.verify_view import choose_for, open_camera

__all__ = ["complaints", "engine", "films", "new_page", "watched"]

PhotosOf = dict[str, list[Path]]

RUN = """async (url) => {
    await import(url);
    await new Promise((done) => setTimeout(done));
}"""
"""Wait until a module has run, and what waited for it."""


@pytest.fixture(scope="module")
def site(serve: Callable[..., Live], engine: FaceEngine) -> Live:
    return serve(engine)


@contextmanager
def held(page: Page, module: str) -> Iterator[None]:
    """Hold a module of the page back until the end, and then until it has run."""
    routes: list[Route] = []

    def hold(route: Route) -> None:
        routes.append(route)

    page.route(f"**/{module}", hold)
    yield
    with page.expect_response(f"**/{module}") as had:
        for route in routes:
            route.continue_()
    page.evaluate(RUN, had.value.url)


@pytest.mark.parametrize("meanwhile", ["view", "away and back", "photo", "asked again"])
def test_a_booth_that_comes_too_late_stays_closed(
    watched: Callable[..., Page], photos_of: PhotosOf, meanwhile: str
) -> None:
    page = watched("still")
    with held(page, "booth.js"), page.expect_request("**/booth.js") as asked:
        open_camera(page)
        assert asked.value
        if meanwhile == "photo":
            choose_for(page, "b", photos_of["madonna"][3])
        elif meanwhile == "asked again":
            open_camera(page)
        else:
            page.get_by_role("link", name="Find").click()
            expect(page.locator(".view-find")).to_be_visible()
        if meanwhile == "away and back":
            page.get_by_role("link", name="Verify").click()
            expect(page.locator(".view-verify")).to_be_visible()
    expect(page.locator(".booth")).to_have_count(int(meanwhile == "asked again"))
    if meanwhile == "asked again":
        counted(page, "3")
        assert page.evaluate(STATES) == ["live"]
    else:
        assert page.evaluate(STATES) == []


@pytest.mark.parametrize("meanwhile", ["view", "photo", "asked again"])
def test_a_dialog_that_comes_too_late_does_not_open(
    watched: Callable[..., Page], photos_of: PhotosOf, meanwhile: str
) -> None:
    page = watched("still", "/")
    with held(page, "snapshot.js"), page.expect_request("**/snapshot.js") as asked:
        page.get_by_role("button", name="Use the camera").click()
        assert asked.value
        if meanwhile == "photo":
            page.locator(".view-find input[type=file]").first.set_input_files(photos_of["madonna"][3])
            expect(page.locator(".face-box")).to_have_count(1)
        elif meanwhile == "asked again":
            page.get_by_role("button", name="Use the camera").click()
        else:
            page.get_by_role("link", name="Face set").click()
            expect(page.locator(".view-faceset")).to_be_visible()
    if meanwhile == "asked again":
        expect(page.get_by_role("dialog")).to_have_count(1)
        expect(page.get_by_role("button", name="Take the photo")).to_be_enabled()
        assert page.evaluate(STATES) == ["live"]
    else:
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert page.evaluate(STATES) == []
