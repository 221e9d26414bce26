"""One face opened in the Face set view, in a real browser against a real server."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from engine import FaceEngine
from tests.browser import SERVER_GONE, Complaints, complaints, new_page, page
from tests.page_crowd import CROWD, crowd, crowded
from tests.page_site import opened
from tests.page_wall import counted, faces_of, names_in, panel, people, site, walled

__all__ = ["complaints", "crowd", "crowded", "new_page", "page", "people", "site"]


def test_a_double_click_removes_one_face(page: Page, people: FaceEngine) -> None:
    walled(page)
    faces_of(page).first.click()
    panel(page)
    page.get_by_role("dialog").get_by_role("button", name="Remove").scroll_into_view_if_needed()
    box = page.get_by_role("dialog").get_by_role("button", name="Remove").bounding_box()
    assert box is not None
    before = page.url
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down(click_count=1)
    page.mouse.up(click_count=1)
    page.wait_for_url(lambda url: url != before)
    expect(page.get_by_role("dialog").get_by_role("button", name="Remove")).to_be_visible()
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    counted(page, 11)
    expect(page.locator(".toast")).to_have_count(1)


def test_a_face_is_removed_at_once_also_when_the_next_one_is_late(crowded: Page) -> None:
    crowded.route("**/faces?*offset=200*", lambda route: None)
    # The last one of the first page of answers.
    opened(crowded, f"/faceset?face={CROWD - 200:024}")
    counted(crowded, CROWD)
    panel(crowded).get_by_role("button", name="Remove").click()
    counted(crowded, CROWD - 1)
    crowded.get_by_role("button", name="Undo").click()
    counted(crowded, CROWD)


@pytest.mark.parametrize("known", [True, False])
def test_what_waits_for_the_server_goes_on_by_itself(
    page: Page, people: FaceEngine, complaints: Complaints, known: bool
) -> None:
    complaints.allow(SERVER_GONE)
    walled(page)
    name = names_in(page).first.inner_text()
    if known:
        page.context.set_offline(True)
        faces_of(page).first.click()
        expect(page.get_by_role("heading", level=2)).to_have_text(name)
    else:
        # Of a face that came from elsewhere nothing is here.
        faces_of(page).last.click()
        shown = panel(page)
        page.route("**/faces?*", lambda route: route.abort("connectionrefused"))
        page.context.set_offline(True)
        shown.locator(".tiles .tile").first.click()
    waiting = page.get_by_role("dialog").locator(".working")
    expect(page.get_by_role("dialog").locator("#connection")).to_be_visible()
    expect(waiting).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("button", name="Try again")).to_have_count(0)
    page.unroute_all()
    page.context.set_offline(False)
    expect(page.get_by_role("dialog").locator(".groups")).to_be_visible()


def test_the_wall_waits_for_the_server_as_well(page: Page, people: FaceEngine, complaints: Complaints) -> None:
    complaints.allow(SERVER_GONE)
    walled(page)
    page.context.set_offline(True)
    page.get_by_label("Order").select_option("oldest")
    expect(page.locator("#connection")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    page.context.set_offline(False)
    expect(names_in(page).first).to_have_text("ben_afflek")


def test_undo_stands_at_the_end_of_a_narrow_message(page: Page, people: FaceEngine) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    walled(page)
    for name in ("Mary", "a name that is long enough for three lines of a narrow message, or four"):
        token = sorted(people.faceset.tokens())[0]
        people.faceset.rename(token, name, "default")
        page.reload()
        page.locator(f".wall [href$='{token}']").focus()
        page.keyboard.press("Delete")
        message, undo = page.locator(".toast").bounding_box(), page.get_by_role("button", name="Undo").bounding_box()
        assert message is not None
        assert undo is not None
        end = message["x"] + message["width"]
        assert 0 <= end - (undo["x"] + undo["width"]) <= 10
        page.keyboard.press("Control+z")
        counted(page, 12)
