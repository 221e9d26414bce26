"""Removing, renaming and selecting in the Face set view, in a real browser against a real server."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from engine import FaceEngine
from tests.axe import violations
from tests.browser import SERVER_GONE, Complaints, answered, complaints, new_page, page
from tests.conftest import Live
from tests.page_leaving import Leaving
from tests.page_wall import counted, faces_of, names, names_in, panel, people, site, walled

__all__ = ["complaints", "new_page", "page", "people", "site"]

TOKEN = "(link) => new URL(link.href).searchParams.get('face')"
LOSE_ONE = """() => {
    const { fetch } = window;
    window.lost = 0;
    window.fetch = (path, options) =>
        path === '/removeface' && window.lost++ === 0 ? new Promise(() => {}) : fetch(path, options);
}"""


@pytest.fixture
def wall(page: Page) -> Page:
    """The wall of twelve faces in a page whose clock stands until it is moved on."""
    page.clock.install()
    return walled(page)


def token_of(page: Page, place: int) -> str:
    return str(faces_of(page).nth(place).evaluate(TOKEN))


def stored(engine: FaceEngine) -> set[str]:
    return engine.faceset.tokens()


def removed(engine: FaceEngine, token: str) -> bool:
    return token not in engine.faceset


def test_a_removal_can_be_undone_for_ten_seconds(wall: Page, people: FaceEngine) -> None:
    token = token_of(wall, 2)
    faces_of(wall).nth(2).focus()
    wall.keyboard.press("Delete")
    counted(wall, 11)
    assert token != token_of(wall, 2)
    # The focus is on the face that came up, and the button is the next thing that Tab leads to.
    expect(faces_of(wall).nth(2)).to_be_focused()
    expect(wall.locator("#announcer")).to_contain_text("removed. Undo within ten seconds")
    wall.clock.run_for(7000)
    expect(wall.locator(".toast-clock")).to_have_text(re.compile("^[123] s$"))
    wall.keyboard.press("Tab")
    expect(wall.get_by_role("button", name="Undo")).to_be_focused()
    # Who is at it is not hurried.
    assert violations(wall) == []
    wall.clock.run_for(30_000)
    assert not removed(people, token)
    wall.keyboard.press("Enter")
    counted(wall, 12)
    assert token_of(wall, 2) == token
    expect(faces_of(wall).nth(2)).to_be_focused()
    expect(wall.locator(".toast")).to_have_count(0)
    wall.clock.run_for(30_000)
    assert len(stored(people)) == 12


def test_after_ten_seconds_it_is_for_good(wall: Page, people: FaceEngine) -> None:
    tokens = [token_of(wall, place) for place in range(3)]
    faces_of(wall).first.focus()
    wall.keyboard.press("Delete")
    wall.clock.run_for(4000)
    wall.keyboard.press("Delete")
    wall.keyboard.press("Delete")
    expect(wall.locator(".toast")).to_have_count(3)
    # The last one comes back by its keys.
    wall.keyboard.press("Control+z")
    expect(wall.locator(".toast")).to_have_count(2)
    wall.clock.run_for(6000)
    expect(wall.locator(".toast")).to_have_count(1)
    assert removed(people, tokens[0])
    assert not removed(people, tokens[1])
    wall.clock.run_for(4000)
    expect(wall.locator(".toast")).to_have_count(0)
    assert stored(people).isdisjoint(tokens[:2])
    assert tokens[2] in stored(people)
    counted(wall, 10)
    wall.reload()
    counted(wall, 10)


@pytest.mark.parametrize("way", ["closed", "left", "in flight"])
def test_who_leaves_the_page_is_asked_and_has_asked_for_it(wall: Page, people: FaceEngine, way: str) -> None:
    leaving = Leaving(wall)
    token = token_of(wall, 0)
    faces_of(wall).first.focus()
    wall.keyboard.press("Delete")
    leaving.tries()
    # Who stays has lost nothing.
    wall.keyboard.press("Control+z")
    counted(wall, 12)
    wall.keyboard.press("Delete")
    counted(wall, 11)
    if way == "in flight":
        wall.evaluate(LOSE_ONE)
        wall.clock.run_for(10_000)
        wall.wait_for_function("() => window.lost === 1")
    leaving.allowed = True
    if way == "closed":
        with wall.expect_event("close"):
            wall.close(run_before_unload=True)
    else:
        wall.goto("about:blank")
    # The page is gone; its last request is on its way.
    end = time.monotonic() + 10
    while not removed(people, token) and time.monotonic() < end:
        time.sleep(0.05)
    assert removed(people, token)


def test_another_view_does_not_end_the_time_to_think(wall: Page, people: FaceEngine) -> None:
    token = token_of(wall, 0)
    faces_of(wall).first.click()
    panel(wall).get_by_role("button", name="Remove").click()
    # The next face is opened, and the message can be reached over it.
    assert token not in wall.url
    expect(wall.get_by_role("dialog").get_by_role("button", name="Undo")).to_be_visible()
    assert violations(wall) == []
    wall.keyboard.press("Escape")
    wall.get_by_role("link", name="Find", exact=True).click()
    expect(wall.locator(".view-find")).to_be_visible()
    wall.clock.run_for(8000)
    assert not removed(people, token)
    wall.clock.run_for(3000)
    expect(wall.locator(".toast")).to_have_count(0)
    assert removed(people, token)


def test_what_cannot_be_removed_comes_back_and_says_why(wall: Page, people: FaceEngine, complaints: Complaints) -> None:
    complaints.allow(answered(500))
    answers = [(500, '{"success": false, "error_code": "1003", "detail": ""}')]

    def refused(route: Route) -> None:
        status, body = answers.pop() if answers else (0, "")
        if status:
            route.fulfill(status=status, body=body, content_type="application/json")
        else:
            route.continue_()

    wall.route("**/removeface", refused)
    token = token_of(wall, 0)
    faces_of(wall).first.focus()
    wall.keyboard.press("Delete")
    wall.clock.run_for(10_000)
    expect(wall.locator(".toast.bad")).to_contain_text("could not be removed")
    expect(wall.locator(".toast.bad")).to_contain_text("Something went wrong on the server")
    counted(wall, 12)
    assert token_of(wall, 0) == token
    wall.get_by_role("button", name="Try again").click()
    counted(wall, 11)
    wall.clock.run_for(10_000)
    expect(wall.locator(".toast")).to_have_count(0)
    assert removed(people, token)


def test_a_server_that_is_away_is_waited_for(wall: Page, people: FaceEngine, complaints: Complaints) -> None:
    complaints.allow(SERVER_GONE)
    token = token_of(wall, 0)
    faces_of(wall).first.focus()
    wall.keyboard.press("Delete")
    wall.context.set_offline(True)
    wall.clock.run_for(12_000)
    expect(wall.locator(".toast")).to_contain_text("Removing")
    expect(wall.locator("#connection")).to_be_visible()
    wall.context.set_offline(False)
    wall.clock.resume()
    expect(wall.locator(".toast")).to_have_count(0)
    assert removed(people, token)


def test_many_are_selected_renamed_and_removed(wall: Page, people: FaceEngine, complaints: Complaints) -> None:
    wall.get_by_label("Order").select_option("oldest")
    expect(names_in(wall).first).to_have_text("ben_afflek")
    faces_of(wall).nth(1).hover()
    wall.get_by_role("checkbox", name="Select elton_john").first.check()
    faces_of(wall).nth(4).click(modifiers=["Shift"])
    expect(wall.locator(".selected")).to_have_text("4 selected")
    faces_of(wall).nth(2).click()
    expect(wall.locator(".selected")).to_have_text("3 selected")
    expect(wall.locator(".wall-cell[aria-selected=true]")).to_have_count(3)
    wall.get_by_role("button", name="Rename").click()
    wall.get_by_role("dialog").get_by_label("Name").fill("Élton & <b>")
    wall.keyboard.press("Enter")
    expect(wall.locator("#announcer")).to_have_text("3 faces renamed.")
    assert names(people).count("Élton & <b>") == 3
    expect(names_in(wall).nth(1)).to_have_text("Élton & <b>")
    wall.get_by_role("button", name="Select all 12").click()
    expect(wall.locator(".selected")).to_have_text("12 selected")
    faces_of(wall).first.focus()
    wall.keyboard.press("Escape")
    expect(wall.locator(".selection")).to_be_hidden()
    faces_of(wall).first.focus()
    wall.keyboard.press("Control+a")
    wall.keyboard.press("Delete")
    asked = wall.get_by_role("dialog")
    expect(asked).to_contain_text("Remove 12 faces?")
    assert violations(wall) == []
    asked.get_by_role("button", name="Remove").click()
    expect(wall.get_by_role("heading", name="The face set is empty")).to_be_visible()
    expect(wall.locator(".toast")).to_contain_text("12 faces removed.")
    wall.clock.run_for(10_000)
    expect(wall.locator(".toast")).to_have_count(0)
    assert stored(people) == set()


def test_a_part_that_fails_is_told_and_tried_again(wall: Page, people: FaceEngine, complaints: Complaints) -> None:
    complaints.allow(answered(404))
    faces_of(wall).first.focus()
    wall.keyboard.press("Control+a")
    expect(wall.locator(".selected")).to_have_text("12 selected")
    token = token_of(wall, 5)
    people.remove(token)
    wall.get_by_role("button", name="Rename").click()
    wall.get_by_role("dialog").get_by_label("Name").fill("all")
    wall.keyboard.press("Enter")
    expect(wall.locator(".toast.bad")).to_contain_text("1 face could not be renamed.")
    assert names(people) == ["all"] * 11
    wall.get_by_role("button", name="Close").click()
    expect(wall.locator(".toast")).to_have_count(0)


def test_what_others_change_is_seen(
    wall: Page, new_page: Callable[..., Page], people: FaceEngine, site: Live, complaints: Complaints
) -> None:
    # The picture of a face may be on its way when somebody else removes it.
    complaints.allow(answered(404))
    wall.get_by_role("link", name="Find", exact=True).click()
    expect(wall.locator(".view-find")).to_be_visible()
    token = token_of(walled(new_page(site.url)), 3)
    people.remove(token)
    wall.get_by_role("link", name="Face set").click()
    counted(wall, 11)
    expect(wall.locator(f"[href$='{token}']")).to_have_count(0)
