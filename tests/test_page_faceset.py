"""The Face set view, in a real browser against a real server: the wall, what is opened from it, and what is removed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from engine import FaceEngine
from tests.browser import Complaints, answered, complaints, new_page, page
from tests.conftest import Live
from tests.page_crowd import CROWD, crowd, crowded
from tests.page_site import opened
from tests.page_wall import counted, faces_of, names, names_in, panel, people, site, walled
from tests.population import KNOWN

__all__ = ["complaints", "crowd", "crowded", "new_page", "page", "people", "site"]

NewPage = Callable[..., Page]
HOSTILE = ("<img src=x onerror=alert(1)>", "\u202etfel ot thgir", "n" * 255, "👩‍👩‍👧", "김민지", "${alert(1)}{count}")
FOCUSED = "() => document.activeElement.closest('.wall-cell')?.cell.place"
SEEN = """() => Math.min(...[...document.querySelectorAll('.wall > .wall-row')]
    .filter((row) => row.getBoundingClientRect().top > 100).map((row) => row.firstChild.cell.place))"""

PICTURED = """() => [...document.querySelectorAll('.wall-cell:not(.waiting) .crop')].every((crop) => {
    const { top, bottom } = crop.getBoundingClientRect();
    return bottom < 0 || top > innerHeight || crop.hasAttribute('src');
})"""


def test_thousands_are_scrolled_with_few_elements_and_few_requests(crowded: Page) -> None:
    page, asked = crowded, list[str]()
    counted(page, CROWD)
    expect(names_in(page).first).to_have_text("person 2999")
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("() => scrollTo(0, document.documentElement.scrollHeight)")
    expect(names_in(page).last).to_have_text("person 0000")
    assert sum("/faces?" in url for url in asked) == 1
    asked.clear()
    # Back to the top, over all of them, in half a second.
    fling = """async () => {
        const length = document.documentElement.scrollHeight;
        for (let step = 30; step >= 0; step--) {
            scrollTo(0, (length * step) / 30);
            await new Promise(requestAnimationFrame);
        }
    }"""
    page.evaluate(fling)
    expect(names_in(page).first).to_have_text("person 2999")
    # It has settled, and asks for the pictures of what is seen.
    page.wait_for_function(PICTURED)
    assert sum("/faces?" in url for url in asked) <= 4
    assert sum("/show_photo/" in url for url in asked) < 400
    assert page.locator(".wall *").count() < 1500
    shown = [int(text[-4:]) for text in names_in(page).all_inner_texts()]
    assert shown == list(range(2999, 2999 - len(shown), -1))


def test_a_million_faces_fit_into_what_a_browser_can_scroll(crowded: Page) -> None:
    page = crowded
    script = """async ([rows, height, view]) => {
        const { src } = document.querySelector("script[src]");
        const { Track } = await import(src.replace("page.js", "faceset/track.js"));
        const track = new Track(), length = rows * height;
        track.resize(length, view);
        const ends = [track.height];
        track.follow(track.height - view);
        ends.push(Math.round(length - view - track.top));
        // Up by the wheel: pixel by pixel, and at the top when the scroll bar is.
        track.follow(track.height - view - 300_000);
        const before = track.top;
        track.follow(track.height - view - 300_100);
        ends.push(Math.round(before - track.top));
        let most = 0;
        for (let at = 300_000; at >= 0; at -= 100) {
            const from = track.top;
            track.follow(at);
            if (at < 300_000) most = Math.max(most, from - track.top);
        }
        ends.push(Math.round(track.top), most < 400);
        for (const top of [0, 1, 5000, length / 3, length - view]) {
            const scroll = track.place(top);
            track.follow(scroll);
            if (Math.abs(track.top - top) > 1) ends.push([top, track.top]);
            if (scroll < 0 || scroll > track.height - view) ends.push(scroll);
        }
        return ends;
    }"""
    assert page.evaluate(script, [100_000, 137, 800]) == [8_000_000, 0, 100, 0, True]
    # A set that fits is not stretched.
    assert page.evaluate(script, [10_000, 137, 800])[:3] == [1_370_000, 0, 100]


def test_search_and_order_are_in_the_url(crowded: Page) -> None:
    page = crowded
    page.get_by_role("searchbox").fill("person 12")
    counted(page, 100)
    assert page.url.endswith("/faceset?name=person+12")
    page.get_by_label("Order").select_option("oldest")
    expect(names_in(page).first).to_have_text("person 1200")
    expect(page.locator("#announcer")).to_have_text("100 faces")
    page.reload()
    counted(page, 100)
    expect(names_in(page).first).to_have_text("person 1200")
    expect(page.get_by_role("searchbox")).to_have_value("person 12")
    page.get_by_role("searchbox").fill("nobody <b>")
    expect(page.get_by_role("heading", name="No face has “nobody <b>” in its name")).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("No face has “nobody <b>” in its name")
    assert page.get_by_role("link", name="Add faces").get_attribute("href") == "/add"
    page.get_by_role("searchbox").fill("x" * 255)
    expect(page.locator(".nothing h2")).to_contain_text("xxx")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="Show all faces").click()
    counted(page, CROWD)
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_an_empty_set_says_so(new_page: NewPage, serve: Callable[..., Live], engine: FaceEngine) -> None:
    page = opened(new_page(serve(engine).url), "/faceset")
    expect(page.get_by_role("heading", name="The face set is empty")).to_be_visible()
    page.get_by_role("link", name="Add faces").click()
    expect(page).to_have_url(re.compile("/add$"))


def test_the_wall_is_used_by_keys_alone(crowded: Page) -> None:
    page = crowded
    page.get_by_label("Order").focus()
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == 0
    columns = int(str(page.get_by_role("grid").get_attribute("aria-colcount")))
    for key, place in [("ArrowRight", 1), ("ArrowDown", 1 + columns), ("ArrowLeft", columns), ("End", CROWD - 1)]:
        page.keyboard.press(key)
        assert page.evaluate(FOCUSED) == place
    expect(page.locator(":focus > span").first).to_have_text("person 0000")
    page.keyboard.press("Home")
    for _ in range(5):
        page.keyboard.press("PageDown")
    place = page.evaluate(FOCUSED)
    assert place >= 10 * columns
    # What is scrolled away keeps the focus, and keys go on from there.
    page.evaluate("() => scrollTo(0, 30000)")
    page.wait_for_function(f"(place) => ({SEEN})() > place + 100", arg=place)
    assert page.evaluate(FOCUSED) == place
    page.keyboard.press("ArrowRight")
    assert page.evaluate(FOCUSED) == place + 1
    box = page.locator(":focus").bounding_box()
    assert box is not None
    assert page.locator(".wall-bar").bounding_box()["height"] < box["y"] < 800  # type: ignore[index]
    page.keyboard.press("Space")
    expect(page.locator(".selected")).to_have_text("1 selected")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+Space")
    expect(page.locator(".selected")).to_have_text("3 selected")
    page.keyboard.press("Escape")
    expect(page.locator(".selected")).to_be_hidden()
    page.keyboard.press("Enter")
    panel(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", level=2)).to_have_text(f"person {CROWD - 1 - place - 4:04}")
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_be_hidden()
    assert page.evaluate(FOCUSED) == place + 4
    assert page.url.endswith("/faceset")


def test_a_reload_and_other_widths_keep_the_place(crowded: Page) -> None:
    page = crowded
    page.evaluate("() => scrollTo(0, 20000)")
    page.wait_for_function("() => history.state?.first > 0")
    seen = page.evaluate(SEEN)
    page.reload()
    expect(faces_of(page).first).to_be_visible()
    page.wait_for_function(f"(seen) => Math.abs(({SEEN})() - seen) < 40", arg=seen)
    page.set_viewport_size({"width": 900, "height": 700})
    page.wait_for_function(f"(seen) => Math.abs(({SEEN})() - seen) < 40", arg=page.evaluate(SEEN))


def test_the_day_stands_under_each_face_as_its_reader_writes_it(page: Page, people: FaceEngine) -> None:
    walled(page)
    added = datetime.fromtimestamp(people.faceset.page("default", 1)[0][0].created_at).astimezone()
    days = {"en": f"{added.month}/{added.day}/{added.year}", "ko": f"{added.year}. {added.month}. {added.day}."}
    for language, day in days.items():
        page.locator("#language").select_option(language)
        expect(page.locator(".wall-cell:visible .wall-day")).to_have_text([day] * 12)


def test_a_face_is_opened_shared_and_gone_back_from(page: Page, people: FaceEngine) -> None:
    walled(page)
    counted(page, 12)
    page.get_by_label("Order").select_option("oldest")
    expect(names_in(page).first).to_have_text(KNOWN[0])
    faces_of(page).nth(3).click()
    face = people.faceset.page("default", 4)[0][3]
    assert page.url.endswith(f"/faceset?sort=oldest&face={face.token}")
    shown = panel(page)
    expect(shown.get_by_role("heading", level=2)).to_have_text(face.name)
    assert f"{round(100 * (face.confidence or 0), 1):g} %" in shown.locator(".facts").inner_text()
    near = people.search_token(face.token, 2.0, limit=24).matches
    texts = shown.locator(".tiles .under").all_inner_texts()
    assert texts == [f"{match.distance:.3f}" for match in near]
    expect(shown.locator(".groups .chip").first).to_have_text("Likely the same")
    page.reload()
    expect(panel(page).get_by_role("heading", level=2)).to_have_text(face.name)
    shown.locator(".tiles .tile").last.click()
    expect(shown.get_by_role("heading", level=2)).to_have_text(near[-1].name)
    assert page.url.endswith(near[-1].token)
    page.go_back()
    expect(page.locator(".panel")).to_be_hidden()
    assert page.url.endswith("/faceset?sort=oldest")
    expect(page.locator(":focus")).to_have_attribute("href", f"/faceset?face={near[-1].token}")
    # As from another view, or sent by somebody.
    opened(page, f"/faceset?face={face.token}")
    panel(page).get_by_role("button", name="Close").click()
    expect(page).to_have_url(re.compile("/faceset$"))


def test_a_token_that_is_not_there_says_so(page: Page, complaints: Complaints) -> None:
    complaints.allow(answered(404))
    opened(page, f"/faceset?face={'A' * 24}")
    assert "This face is not in the face set" in panel(page).inner_text()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_text_whatever_it_says(page: Page, people: FaceEngine, name: str) -> None:
    walled(page)
    faces_of(page).first.click()
    shown = panel(page)
    shown.get_by_label("Name").fill(name)
    shown.get_by_role("button", name="Rename", exact=True).click()
    # What turns the direction of the text around it is left out.
    kept = name.replace("\u202e", "")
    expect(shown.get_by_role("heading", level=2)).to_have_text(kept)
    page.keyboard.press("Escape")
    expect(names_in(page).first).to_have_text(kept)
    page.keyboard.press("Delete")
    expect(page.locator(".toast")).to_contain_text(f"{kept} removed.")
    assert kept in names(people)
    assert page.locator("main img:not(.crop)").count() == 0
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
