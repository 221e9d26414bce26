"""What the Verify view does when the server refuses a photo, goes away, or does not give a part of the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from engine import FaceEngine
from tests.axe import violations
from tests.browser import SERVER_GONE, Complaints, answered, complaints, new_page, page, requests_to, settled
from tests.conftest import Live
from tests.module_engine import engine
from tests.page_camera import films, watched
from tests.page_site import opened
from tests.verify_view import choose_for, kept, leaves, open_camera, side, tokens

__all__ = ["complaints", "engine", "films", "new_page", "page", "watched"]

PhotosOf = dict[str, list[Path]]

MATCH = {"result": "success", "distance": 0.1, "threshold": 0.4}


@pytest.fixture(scope="module")
def site(serve: Callable[..., Live], engine: FaceEngine) -> Live:
    return serve(engine)


@pytest.mark.parametrize("status", [415, 500])
def test_a_photo_that_is_refused_is_sent_once(
    page: Page, photos_of: PhotosOf, complaints: Complaints, status: int
) -> None:
    complaints.allow(answered(status))
    opened(page, "/verify")
    page.route("**/detect", lambda route: route.fulfill(status=status, json={"success": False, "error_code": "1003"}))
    sent = requests_to(page, "/detect")
    side(page, "b").locator("input[type=file]").set_input_files(photos_of["madonna"][3])
    alert = side(page, "b").get_by_role("alert")
    expect(alert).to_be_visible()
    # What would send it again does so at once.
    page.wait_for_load_state("networkidle")
    settled(page)
    assert len(sent) == 1
    expect(alert).to_be_visible()
    page.unroute("**/detect")
    side(page, "b").get_by_role("button", name="Try again").click()
    expect(side(page, "b").locator(".face-box")).to_have_count(1)
    assert len(sent) == 2


def test_a_capture_is_still_one_when_the_registered_url_is_dropped(
    watched: Callable[..., Page], engine: FaceEngine
) -> None:
    before = kept(engine)
    page = watched("misplaced")
    page.get_by_text("A registered photo by its URL").click()
    page.locator("#registered").fill("https://photos.example/registered.jpg")
    page.route("**/verify-face", lambda route: route.fulfill(json=MATCH))
    page.get_by_role("button", name="Use this URL").click()
    open_camera(page)
    expect(page.locator(".booth")).to_contain_text("2 faces are seen")
    page.get_by_role("button", name="Capture now").click()
    expect(page.locator(".verdict")).to_be_visible()
    page.get_by_role("button", name="Do not use it").click()
    expect(side(page, "b").locator(".face-box").nth(1)).to_be_visible()
    page.get_by_role("button", name="Start over").click()
    leaves(engine, before, 1)


def test_sides_that_are_swapped_while_one_is_looked_at_keep_their_photos(page: Page, photos_of: PhotosOf) -> None:
    opened(page, "/verify")
    choose_for(page, "a", photos_of["madonna"][3])
    before = tokens(page)["a"]
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/detect", hold, times=1)
    with page.expect_request("**/detect"):
        side(page, "b").locator("input[type=file]").set_input_files(photos_of["ben_afflek"][0])
    page.get_by_role("button", name="Swap sides").click()
    held[0].continue_()
    expect(page.locator(".verdict h2")).to_have_text("Probably different people")
    assert tokens(page)["b"] == before
    expect(side(page, "b").locator(".face-box :checked")).to_have_value(before)
    expect(side(page, "a").locator(".face-box")).to_have_count(1)


def test_a_photo_waits_for_the_server_and_goes_on_by_itself(
    new_page: Callable[..., Page],
    serve: Callable[..., Live],
    engine: FaceEngine,
    photos_of: PhotosOf,
    complaints: Complaints,
) -> None:
    complaints.allow(SERVER_GONE)
    first = serve(engine)
    page = opened(new_page(first.url), "/verify")
    choose_for(page, "a", photos_of["mindy_kaling"][0])
    page.wait_for_load_state("networkidle")
    first.stop()
    side(page, "b").locator("input[type=file]").set_input_files(photos_of["mindy_kaling"][3])
    expect(page.locator("#connection")).to_contain_text("goes on by itself")
    expect(side(page, "b")).to_contain_text("Looking for faces…")
    expect(side(page, "b").get_by_role("alert")).to_have_count(0)
    assert violations(page) == []
    serve(engine, port=first.port)
    expect(page.locator(".verdict h2")).to_have_text("Likely the same person")
    expect(side(page, "b")).not_to_contain_text("Looking for faces…")


@pytest.mark.parametrize("leave", [True, False])
def test_a_comparison_waits_until_this_device_is_back(
    page: Page, photos_of: PhotosOf, complaints: Complaints, leave: bool
) -> None:
    complaints.allow(SERVER_GONE)
    opened(page, "/verify")
    choose_for(page, "a", photos_of["mindy_kaling"][0])
    choose_for(page, "b", photos_of["mindy_kaling"][3])
    expect(page.locator(".verdict")).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("button", name="Swap sides").click()
    expect(page.locator("#connection")).to_be_visible()
    expect(page.locator(".verify-answer")).to_have_text("Comparing…")
    sent = requests_to(page, "/compare")
    if leave:
        page.get_by_role("link", name="Find").click()
    page.context.set_offline(False)
    if leave:
        expect(page.locator("#connection")).to_be_hidden()
        page.get_by_role("link", name="Verify").click()
    expect(page.locator(".verdict h2")).to_have_text("Likely the same person")
    assert len(sent) == 1


@pytest.mark.parametrize(("module", "path"), [("booth.js", "/verify"), ("snapshot.js", "/")])
def test_a_camera_that_cannot_be_loaded_is_told(page: Page, complaints: Complaints, module: str, path: str) -> None:
    complaints.allow("net::ERR_FAILED")
    opened(page, path)
    page.route(f"**/{module}", lambda route: route.abort())
    page.get_by_role("button", name="Use the camera").last.click()
    expect(page.locator("#stale")).to_be_visible()
    settled(page)
