"""The Add view and a server that answers, but not with what is asked for: it waits, or says why it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from engine import FaceEngine
from tests.add_view import add_all, choose, counted, done, named, progress, row, site
from tests.axe import violations
from tests.browser import Complaints, answered, complaints, new_page, page, requests_to
from tests.conftest import Live
from tests.page_site import opened, several

__all__ = ["complaints", "new_page", "page", "several", "site"]

PhotosOf = dict[str, list[Path]]

LOGIN = "<!doctype html><title>Log in</title>"
"""What a proxy answers whose session has ended."""

CLIPPED = "node => node.scrollHeight > node.clientHeight + 1 || node.scrollWidth > node.clientWidth + 1"
SHOWN = "() => [...document.querySelectorAll('.photo-face .crop')].some((crop) => crop.naturalWidth > 1)"


@pytest.mark.parametrize("status", [404, 503])
def test_pictures_that_cannot_be_had_are_left_out(
    page: Page, photos_of: PhotosOf, complaints: Complaints, status: int
) -> None:
    complaints.allow(answered(status))
    page.route("**/show_photo/**", lambda route: route.fulfill(status=status))
    detections = requests_to(page, "/detect")
    opened(page, "/add")
    choose(page, *photos_of["madonna"][1:3])
    done(page, 2)
    expect(page.locator(".crop.absent")).to_have_count(2)
    page.wait_for_timeout(1000)
    assert len(detections) == 2
    add_all(page, 2)
    counted(page, added=2)


def test_pictures_of_forgotten_faces_are_made_again(
    new_page: Callable[..., Page], new_engine: Callable[..., FaceEngine], serve: Callable[..., Live],
    tmp_path: Path, photos_of: PhotosOf, complaints: Complaints,
) -> None:  # fmt: skip
    complaints.allow(answered(404))
    engine = new_engine(tmp_path / "forgetful", ttl=2.0)
    tab = new_page(serve(engine).url)
    held: list[Route] = []

    def hold_first(route: Route) -> None:
        held.append(route)
        if len(held) > 1:
            route.continue_()

    tab.route("**/show_photo/**", hold_first)
    detections = requests_to(tab, "/detect")
    opened(tab, "/add")
    choose(tab, photos_of["madonna"][1])
    done(tab, 1)
    tab.wait_for_timeout(2100)
    assert len(held) == 1
    held[0].continue_()
    tab.wait_for_function(SHOWN)
    assert len(detections) == 2
    tab.close()
    engine.close()


def test_faces_that_are_forgotten_at_once_are_found_again_only_once(
    page: Page, several: Path, complaints: Complaints
) -> None:
    # As of two servers that know nothing of each other.
    complaints.allow(answered(404))
    unknown = {"sucess": False, "success": False, "error_code": "1006", "error_msg": "UNKNOWN", "detail": "unknown"}
    page.route("**/show_photo/**", lambda route: route.fulfill(status=404))
    page.route("**/compare", lambda route: route.fulfill(status=404, json=unknown))
    detections = requests_to(page, "/detect")
    opened(page, "/add")
    choose(page, several)
    done(page, 1)
    while len(detections) < 2:
        page.wait_for_timeout(50)
    page.wait_for_timeout(3000)
    expect(page.locator(".crop.absent")).to_have_count(5)
    assert len(detections) == 2


def test_a_busy_server_is_told_of_until_it_has_time(page: Page, photos_of: PhotosOf, complaints: Complaints) -> None:
    complaints.allow(answered(503))
    page.route("**/detect", lambda route: route.fulfill(status=503, content_type="text/html", body="busy"))
    detections = requests_to(page, "/detect")
    opened(page, "/add")
    choose(page, photos_of["madonna"][1])
    expect(progress(page)).to_contain_text("Waiting for the server")
    while len(detections) < 3:
        page.wait_for_timeout(50)
        # Between two tries as much as amid one.
        expect(progress(page)).to_contain_text("Waiting for the server", timeout=1)
    page.unroute("**/detect")
    done(page, 1)
    counted(page, waiting=1)
    expect(progress(page)).not_to_contain_text("Waiting for the server")


def test_an_answer_of_another_kind_is_no_reason_to_wait(page: Page, engine: FaceEngine, photos_of: PhotosOf) -> None:
    page.route("**/detect", lambda route: route.fulfill(status=200, content_type="text/html", body=LOGIN))
    opened(page, "/add")
    first, second = photos_of["madonna"][1:3]
    choose(page, first)
    counted(page, failed=1)
    expect(row(page, first.name)).to_contain_text("Something went wrong on the server")
    page.unroute("**/detect")
    page.get_by_role("button", name="Try 1 again").click()
    choose(page, second)
    counted(page, waiting=2)
    page.route("**/addface", lambda route: route.fulfill(status=200, content_type="text/html", body=LOGIN))
    add_all(page, 2)
    counted(page, failed=2)
    expect(page.locator(".photo-face .bad")).to_have_count(2)
    assert sum(named(engine).values()) == 0


@pytest.mark.parametrize("width", [1280, 390])
def test_why_a_face_was_not_added_is_read_whole(
    new_page: Callable[..., Page], site: Live, several: Path, complaints: Complaints, width: int
) -> None:
    complaints.allow(answered(500))
    tab = opened(new_page(site.url, viewport={"width": width, "height": 800}), "/add")
    fault = {"sucess": False, "success": False, "error_code": "1003", "error_msg": "INTERNAL_ERROR", "detail": ""}
    tab.route("**/addface", lambda route: route.fulfill(status=500, json=fault))
    choose(tab, several)
    done(tab, 1)
    ticks = tab.locator(".photo-face input[type=checkbox]")
    for place in range(5):
        ticks.nth(place).check()
    tab.get_by_role("button", name="Add the ticked faces").click()
    counted(tab, failed=1)
    words = tab.locator(".photo-face .bad")
    expect(words).to_have_count(5)
    assert [node.evaluate(CLIPPED) for node in words.all()] == [False] * 5
    shown, around = words.first.bounding_box(), tab.locator(".photo-faces").bounding_box()
    assert shown
    assert around
    assert shown["x"] + shown["width"] <= around["x"] + around["width"]
    assert words.first.get_attribute("title") == words.first.text_content()
    assert violations(tab) == []
