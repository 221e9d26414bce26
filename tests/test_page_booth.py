"""The booth of the Verify view: a face that keeps still before the camera is photographed after a countdown."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from engine import FaceEngine
from tests.axe import violations
from tests.browser import complaints, new_page, requests_to
from tests.camera_feed import RATE, still
from tests.conftest import Live
from tests.listener import LOOPBACK, answer, listening, sending
from tests.module_engine import engine
from tests.page_camera import STATES, counted, ended, films, hint, watched
from tests.page_site import opened
from tests.pictures import Pixels, decoded, read
from tests.verify_view import choose_for, kept, leaves, open_camera, side, tokens

__all__ = ["complaints", "engine", "films", "new_page", "watched"]

NewPage = Callable[..., Page]
PhotosOf = dict[str, list[Path]]

PIXELS = """() => {
    const image = document.querySelector("[data-side=b] .picture img");
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/png");
}"""
SLOW = 600
"""Milliseconds that a server needs for a probe."""

SLOWER = """() => {
    const fetched = window.fetch;
    Object.assign(window, { flying: 0, most: 0, asked: [] });
    window.fetch = async (url, ...rest) => {
        if (url !== "/detect") return fetched(url, ...rest);
        window.asked.push(performance.now());
        window.most = Math.max(window.most, ++window.flying);
        await new Promise((done) => setTimeout(done, SLOW));
        return fetched(url, ...rest).finally(() => window.flying--);
    };
}""".replace("SLOW", str(SLOW))


@pytest.fixture(scope="module")
def site(serve: Callable[..., Live], engine: FaceEngine) -> Live:
    return serve(engine)


def captured(page: Page) -> Pixels:
    """Return the second photo as it is shown."""
    return decoded(base64.b64decode(page.evaluate(PIXELS).split(",")[1]))


def alike(one: Pixels, other: Pixels) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def test_a_face_that_keeps_still_is_photographed_and_compared(
    watched: Callable[..., Page], engine: FaceEngine, photos_of: PhotosOf
) -> None:
    before = kept(engine)
    page = watched("still")
    choose_for(page, "a", photos_of["mindy_kaling"][3])
    open_camera(page)
    # It can be taken at once, by the key that is at hand.
    expect(page.get_by_role("button", name="Capture now")).to_be_focused()
    assert page.evaluate(STATES) == ["live"]
    expect(page.locator(".booth video")).to_have_class(re.compile("mirrored"))
    for number in "321":
        counted(page, number)
    hint(page, "Hold still: the photo is taken in 3 seconds.")
    expect(page.locator(".verdict h2")).to_have_text("Likely the same person")
    ended(page)
    expect(page.locator("video")).to_have_count(0)
    expect(side(page, "b").locator("h2")).to_be_focused()
    expect(side(page, "b").locator(".face-box")).to_have_count(1)
    mirrored = captured(page)[:, ::-1]
    (person,) = still(read(photos_of["mindy_kaling"][0]), 1 / RATE)
    assert alike(captured(page), person) > 0.95 > alike(mirrored, person)
    # Of all that was looked at, two faces are left: those that are compared.
    assert leaves(engine, before, 2) == set(tokens(page).values())
    assert violations(page) == []


def test_nobody_before_the_camera_starts_nothing(watched: Callable[..., Page], engine: FaceEngine) -> None:
    before = kept(engine)
    page = watched("nobody")
    open_camera(page)
    for _ in range(4):
        with page.expect_response("**/detect"):
            hint(page, "")
    hint(page, "No face is seen. Look into the camera.")
    expect(page.locator(".countdown")).to_be_empty()
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(side(page, "b")).to_contain_text("No face on this photo")
    ended(page)
    leaves(engine, before, 0)


def test_the_countdown_starts_again_when_the_face_moves(watched: Callable[..., Page], engine: FaceEngine) -> None:
    before = kept(engine)
    page = watched("restless")
    looks = requests_to(page, "/detect")
    compared: list[str] = []
    page.on("request", lambda request: compared.append(request.url) if request.url.endswith("/compare") else None)
    open_camera(page)
    for _ in range(2):
        counted(page, "3")
        counted(page, "")
    expect(page.locator(".booth")).to_be_visible()
    assert compared == []
    page.get_by_role("button", name="Cancel").click()
    ended(page)
    expect(side(page, "b").get_by_role("button", name="Use the camera")).to_be_focused()
    # Nor is anything left of what was looked at, the last of which may be answered only now.
    for look in looks:
        look.response()
    leaves(engine, before, 0)


def test_a_misplaced_face_is_told_what_to_do(watched: Callable[..., Page], engine: FaceEngine) -> None:
    before = kept(engine)
    page = watched("misplaced")
    open_camera(page)
    hint(page, "Come closer.")
    hint(page, "Move to the middle.")
    expect(page.locator(".booth")).to_contain_text("2 faces are seen: the largest counts.")
    page.get_by_role("button", name="Capture now").click()
    expect(side(page, "b").locator(".face-box").nth(1)).to_be_visible()
    page.get_by_role("button", name="Start over").click()
    expect(page.locator(".face-box")).to_have_count(0)
    # The face that was not chosen goes with the photo; the other may be come back to.
    leaves(engine, before, 1)


def test_a_slow_server_is_asked_less_and_never_twice_at_a_time(watched: Callable[..., Page]) -> None:
    page = watched("nobody", "/verify", SLOWER)
    open_camera(page)
    page.wait_for_function("() => window.asked.length > 2")
    assert page.evaluate("() => window.most") == 1
    asked = page.evaluate("() => window.asked")
    assert min(np.diff(asked)) >= 2 * SLOW


def test_the_capture_is_compared_with_a_registered_photo(
    new_page: NewPage, serve: Callable[..., Live], engine: FaceEngine, films: dict[str, Path], photos_of: PhotosOf
) -> None:
    before = kept(engine)
    photo = answer(photos_of["mindy_kaling"][3].read_bytes())
    with listening(sending(photo)) as listener:
        address = f"{LOOPBACK}:{listener.port}"
        site = serve(engine, fetch_allow=(address,))
        page = opened(new_page(site.url, camera=films["still"], permissions=["camera"]), "/verify")
        page.get_by_text("A registered photo by its URL").click()
        page.locator("#registered").fill(f"http://{address}/registered.jpg")
        page.keyboard.press("Enter")
        open_camera(page)
        counted(page, "1")
        expect(page.locator(".verdict h2")).to_have_text("They match")
    leaves(engine, before, 0)
