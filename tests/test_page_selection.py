"""Many faces at once in the Face set view, in a real browser: what is selected, asked, said and done."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from engine import FaceEngine
from tests.browser import Complaints, answered, complaints, new_page, page
from tests.conftest import Live
from tests.page_crowd import CROWD, crowd, crowded
from tests.page_leaving import Leaving
from tests.page_site import opened
from tests.page_wall import counted, faces_of, names, names_in, people, site, walled

__all__ = ["complaints", "crowd", "crowded", "new_page", "page", "people", "site"]

MOST = 1000
SMALL = {"pages.js": ("KEPT = 64;", "KEPT = 2;"), "selection.js": ("MOST = 10_000;", f"MOST = {MOST};")}
HEAR = """() => {
    const announcer = document.getElementById('announcer');
    window.heard = [];
    const listen = () => announcer.textContent && window.heard.push(announcer.textContent);
    new MutationObserver(listen).observe(announcer, { childList: true });
}"""


def select_all(page: Page) -> None:
    faces_of(page).first.focus()
    page.keyboard.press("Control+a")


@pytest.fixture
def small(new_page: Callable[..., Page], crowd: Live, complaints: Complaints) -> Page:
    """A page that keeps two pages of faces and selects no more than five of them."""
    complaints.allow(answered(404))
    page = new_page(crowd.url)

    def shrunk(route: Route) -> None:
        script = route.fetch()
        before, after = SMALL[route.request.url.rpartition("/")[2]]
        assert before in script.text()
        route.fulfill(response=script, body=script.text().replace(before, after))

    for name in SMALL:
        page.route(f"**/faceset/{name}", shrunk)
    return walled(page)


def test_a_range_over_more_than_is_kept_is_what_was_meant(small: Page) -> None:
    faces_of(small).first.focus()
    small.keyboard.press("Space")
    place = 0
    while place < 600:
        small.keyboard.press("PageDown")
        place = int(small.evaluate("() => document.activeElement.closest('.wall-cell').cell.place"))
    assert place < MOST
    expect(small.locator(":focus > span").first).to_have_text(f"person {CROWD - 1 - place:04}")
    small.keyboard.press("Shift+Space")
    expect(small.locator(".selected")).to_have_text(f"{place + 1} selected")
    small.get_by_role("button", name="Rename").click()
    expect(small.get_by_role("dialog")).to_contain_text(f"Rename {place + 1} faces?")


def test_no_more_than_the_most_are_selected_and_that_is_said(small: Page) -> None:
    small.evaluate(HEAR)
    faces_of(small).first.focus()
    small.keyboard.press("Space")
    small.keyboard.press("End")
    expect(small.locator(":focus > span").first).to_have_text("person 0000")
    small.keyboard.press("Shift+Space")
    expect(small.locator(".selected")).to_have_text(f"{MOST:,} selected, the most at once")
    small.wait_for_function("() => window.heard.length === 2")
    assert small.evaluate("() => window.heard") == ["1 selected", f"{MOST:,} selected, the most at once"]
    # Those from the first on, and none that is near the end.
    expect(small.locator(".wall-cell[aria-selected=true]")).to_have_count(0)
    small.keyboard.press("Home")
    expect(names_in(small).first).to_have_text(f"person {CROWD - 1:04}")
    expect(small.locator(".wall-cell[aria-selected=false]:not(.waiting)")).to_have_count(0)


def test_a_removal_is_said_and_nothing_after_it(page: Page, people: FaceEngine) -> None:
    walled(page)
    page.evaluate(HEAR)
    select_all(page)
    expect(page.locator(".selected")).to_have_text("12 selected")
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    counted(page, 0)
    page.keyboard.press("Control+z")
    counted(page, 12)
    page.wait_for_function("() => window.heard.length >= 3")
    removed = "12 faces removed. Undo within ten seconds: the button is at the end of the page, or press Control and Z."
    assert page.evaluate("() => window.heard") == ["12 selected", removed, "12 faces are back."]


def test_who_goes_back_has_not_answered(page: Page, people: FaceEngine) -> None:
    opened(page, "/")
    page.get_by_role("link", name="Face set").click()
    counted(page, 12)
    select_all(page)
    page.keyboard.press("Delete")
    expect(page.get_by_role("dialog")).to_contain_text("Remove 12 faces?")
    page.go_back()
    expect(page.locator(".view-find")).to_be_visible()
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.get_by_role("link", name="Face set").click()
    counted(page, 12)
    expect(page.locator(".toast")).to_have_count(0)


def test_who_leaves_while_many_are_renamed_is_asked(page: Page, people: FaceEngine) -> None:
    walled(page)
    leaving = Leaving(page)
    page.route("**/addface", lambda route: None)
    select_all(page)
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("dialog").get_by_label("Name").fill("all \u202e of them ")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Renaming 12 faces")
    leaving.tries()
    # Those that wait go on.
    page.unroute("**/addface")
    expect(page.locator("#announcer")).to_have_text("12 faces renamed.")
    # As the server tidies it.
    expect(names_in(page).first).to_have_text("all of them")
    assert names(people) == ["all of them"] * 12
    page.reload()
    counted(page, 12)
    assert leaving.asked == 1
