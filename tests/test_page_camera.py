"""The page's camera: a photo by the dialog, why there may be none, and that the camera is let go."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

from engine import FaceEngine
from tests.axe import violations
from tests.browser import Complaints, complaints, new_page, settled
from tests.conftest import Live
from tests.module_engine import engine
from tests.page_camera import STATES, counted, ended, films, hint, watched
from tests.page_site import opened
from tests.verify_view import open_camera, side

__all__ = ["complaints", "engine", "films", "new_page", "watched"]

NewPage = Callable[..., Page]
PhotosOf = dict[str, list[Path]]

HIDE = "() => Object.defineProperty(document, 'hidden', { get: () => window.away ?? false })"
LEAVE = "() => { window.away = true; document.dispatchEvent(new Event('visibilitychange')); }"
RETURN = "() => { window.away = false; document.dispatchEvent(new Event('visibilitychange')); }"
LATE = """() => {
    const given = navigator.mediaDevices.getUserMedia;
    navigator.mediaDevices.getUserMedia = async (asked) => {
        await new Promise((done) => { window.allow = done; });
        return given(asked);
    };
}"""
BUSY = """() => {
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("in use", "NotReadableError"); };
}"""


@pytest.fixture(scope="module")
def site(serve: Callable[..., Live], engine: FaceEngine) -> Live:
    return serve(engine)


def relayed(route: Route, site: Live) -> None:
    """Answer for a host of another name what the server does."""
    path = re.sub(r"^http://[^/]+", "", route.request.url)
    route.fulfill(response=route.fetch(url=site.url + path))


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("refused", "Allow it by the icon beside the address"),
        ("none", "No camera was found."),
        ("busy", "another program may hold it"),
        ("insecure", "works only over https:// or on this computer itself"),
    ],
)
def test_why_there_is_no_picture_is_told(
    new_page: NewPage, site: Live, films: dict[str, Path], complaints: Complaints, why: str, said: str
) -> None:
    allowed = {} if why == "refused" else {"permissions": ["camera"]}
    page = new_page(site.url, camera=None if why == "none" else films["still"], **allowed)
    if why == "busy":
        page.add_init_script(f"({BUSY})()")
    address = "/verify"
    if why == "insecure":
        complaints.allow("request to another origin: http://facetoken.example/|Cross-Origin-Opener-Policy")
        page.route("http://facetoken.example/**", lambda route: relayed(route, site))
        address = "http://facetoken.example/verify"
    opened(page, address)
    open_camera(page)
    expect(side(page, "b").get_by_role("alert")).to_contain_text(said)
    expect(page.get_by_role("button", name="Turn the camera on")).to_be_visible()
    expect(page.get_by_role("button", name="Capture now")).to_be_hidden()
    assert violations(page) == []
    page.get_by_role("button", name="Cancel").click()
    expect(side(page, "b").get_by_role("button", name="Use the camera")).to_be_focused()


@pytest.mark.parametrize("way", ["view", "back", "over", "photo", "pagehide"])
def test_the_camera_is_let_go_when_it_is_left(watched: Callable[..., Page], photos_of: PhotosOf, way: str) -> None:
    page = watched("nobody", "/")
    page.get_by_role("link", name="Verify").click()
    open_camera(page)
    hint(page, "No face is seen.")
    assert page.evaluate(STATES) == ["live"]
    if way == "view":
        page.get_by_role("link", name="Find").click()
    elif way == "back":
        page.go_back()
    elif way == "over":
        page.get_by_role("button", name="Start over").click()
    elif way == "photo":
        side(page, "b").locator("input[type=file]").set_input_files(photos_of["madonna"][3])
    else:
        # As it is told to a page that the back button may bring back.
        page.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
        expect(side(page, "b").get_by_role("alert")).to_contain_text("because you were away")
    ended(page)


def test_the_camera_waits_while_the_page_is_hidden_and_is_let_go_after_long(watched: Callable[..., Page]) -> None:
    page = watched("still", "/verify", HIDE)
    page.clock.install()
    looking: set[Request] = set()
    page.on("request", lambda request: looking.add(request) if request.url.endswith("/detect") else None)
    page.on("requestfinished", lambda request: looking.discard(request))  # noqa: PLW0108
    open_camera(page)
    counted(page, "3")
    page.evaluate(LEAVE)
    hint(page, "Paused until you are back")
    counted(page, "")
    # A look that is under way would seem to take as long as the clock is put forward.
    while looking:
        page.wait_for_event("requestfinished")
    settled(page)
    page.clock.fast_forward(20_000)
    assert page.evaluate(STATES) == ["live"]
    page.evaluate(RETURN)
    counted(page, "3")
    page.evaluate(LEAVE)
    page.clock.fast_forward(31_000)
    ended(page)
    page.evaluate(RETURN)
    expect(side(page, "b").get_by_role("alert")).to_contain_text("because you were away")
    page.get_by_role("button", name="Turn the camera on").click()
    counted(page, "3")


def test_a_camera_that_is_allowed_too_late_is_let_go_at_once(watched: Callable[..., Page]) -> None:
    page = watched("still", "/verify", LATE)
    open_camera(page)
    expect(side(page, "b")).to_contain_text("Waiting for the camera.")
    page.get_by_role("button", name="Cancel").click()
    page.evaluate("() => window.allow()")
    ended(page)


def test_a_camera_that_is_allowed_while_the_page_is_hidden_is_let_go_after_long(watched: Callable[..., Page]) -> None:
    page = watched("still", "/verify", LATE, HIDE)
    page.clock.install()
    open_camera(page)
    page.wait_for_function("() => window.allow")
    page.evaluate(LEAVE)
    page.evaluate("() => window.allow()")
    hint(page, "Paused until you are back")
    page.clock.fast_forward(31_000)
    ended(page)


def test_a_camera_that_is_unplugged_is_told_and_opened_again(watched: Callable[..., Page]) -> None:
    page = watched("nobody")
    open_camera(page)
    hint(page, "No face is seen.")
    page.evaluate("() => window.tracks[0].dispatchEvent(new Event('ended'))")
    expect(side(page, "b").get_by_role("alert")).to_contain_text("unplugged or turned off")
    ended(page)
    page.get_by_role("button", name="Turn the camera on").click()
    hint(page, "No face is seen.")
    assert page.evaluate(STATES) == ["ended", "live"]


@pytest.mark.parametrize("path", ["/", "/verify"])
def test_a_photo_is_taken_by_the_dialog(watched: Callable[..., Page], path: str) -> None:
    page = watched("still", path)
    opener = page.locator(".view:not([hidden])").get_by_role("button", name="Use the camera").first
    dialog = page.get_by_role("dialog", name="Take a photo")
    for leave in ("Escape", "Cancel"):
        opener.click()
        expect(dialog.get_by_role("button", name="Take the photo")).to_be_focused()
        assert violations(page) == []
        if leave == "Escape":
            page.keyboard.press(leave)
        else:
            dialog.get_by_role("button", name=leave).click()
        expect(dialog).to_have_count(0)
        ended(page)
        expect(opener).to_be_focused()
    opener.click()
    expect(dialog.locator("video")).to_have_class(re.compile("mirrored"))
    expect(dialog.get_by_role("button", name="Take the photo")).to_be_enabled()
    page.keyboard.press("Enter")
    expect(page.locator(".face-box")).to_have_count(1)
    ended(page)


def test_the_dialog_goes_with_its_view(watched: Callable[..., Page]) -> None:
    page = watched("still", "/faceset")
    page.get_by_role("link", name="Find").click()
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("button", name="Take the photo")).to_be_enabled()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    ended(page)
