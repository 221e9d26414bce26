"""What holds for the whole page: languages, colours, a server that goes away, keyboards, small screens."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine import FaceEngine
from tests.axe import violations
from tests.browser import SERVER_GONE, Complaints, answered, complaints, new_page, page
from tests.conftest import Live
from tests.page_site import READY, choose, filled, opened, site, verdict_of

__all__ = ["complaints", "filled", "new_page", "page", "site"]

NewPage = Callable[..., Page]
PhotosOf = dict[str, list[Path]]
VIEWS = ("/", "/add", "/faceset", "/verify")
TITLES = {"en": "Who is this?", "ko": "누구인가요?", "zh": "这是谁\uff1f"}


@pytest.mark.parametrize(("locale", "language"), [("ko-KR", "ko"), ("zh-TW", "zh"), ("fr-FR", "en"), ("en-GB", "en")])
def test_the_browser_chooses_the_language(new_page: NewPage, site: Live, locale: str, language: str) -> None:
    page = opened(new_page(site.url, locale=locale))
    expect(page.locator("#language")).to_have_value(language)
    expect(page.locator("h1")).to_have_text(TITLES[language])
    assert str(page.locator("html").get_attribute("lang")).startswith(language)
    assert TITLES[language] in page.title()


def test_the_reader_changes_the_language_and_nothing_is_lost(
    page: Page, photos_of: PhotosOf, complaints: Complaints
) -> None:
    # After the reload it is asked whether the face is of the face set.
    complaints.allow(answered(404))
    opened(page)
    choose(page, photos_of["madonna"][3])
    verdict_of(page)
    words = page.locator("main").inner_text()
    page.locator("#language").select_option("ko")
    expect(page.locator("h1")).to_have_text(TITLES["ko"])
    korean = page.locator("main").inner_text()
    # Names and numbers stay, and every line of words is another.
    assert "madonna" in korean
    same = set(words.splitlines()) & set(korean.splitlines())
    assert not [line for line in same if re.search("[A-Za-z]", line) and line != "madonna"]
    page.reload()
    expect(page.locator("h1")).to_have_text(TITLES["ko"])
    expect(page.locator(".verdict")).to_contain_text("madonna")
    page.locator("#language").select_option("en")
    expect(page.locator(".verdict")).to_contain_text("Likely madonna")


def test_the_reader_changes_the_colours(new_page: NewPage, site: Live) -> None:
    page = opened(new_page(site.url, color_scheme="dark"))
    ground = "() => getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("#theme").select_option("light")
    light = page.evaluate(ground)
    assert dark != light
    page.reload()
    page.wait_for_selector(READY)
    assert page.evaluate(ground) == light
    page.locator("#theme").select_option("auto")
    assert page.evaluate(ground) == dark


@pytest.fixture
def leaving(
    new_page: NewPage, complaints: Complaints, serve: Callable[..., Live], filled: FaceEngine
) -> tuple[Page, Live]:
    """A page, and its server, which the test stops."""
    complaints.allow(SERVER_GONE)
    live = serve(filled)
    return opened(new_page(live.url)), live


@pytest.mark.parametrize("ready", [True, False], ids=["with all it needs", "at the first photo"])
def test_a_server_that_goes_away_is_told_and_the_page_recovers(
    leaving: tuple[Page, Live], serve: Callable[..., Live], filled: FaceEngine, photos_of: PhotosOf, ready: bool
) -> None:
    page, first = leaving
    if ready:
        with page.expect_response("**/threshold.js"):
            page.mouse.move(300, 300)
        page.wait_for_load_state("networkidle")
    first.stop()
    choose(page, photos_of["madonna"][3])
    banner = page.locator("#connection")
    expect(banner).to_contain_text("The server does not answer")
    assert violations(page) == []
    serve(filled, port=first.port)
    expect(banner).to_be_hidden()
    expect(page.locator("#announcer")).to_have_text(re.compile("The server answers again|Likely madonna"))
    # What was asked for meanwhile is answered without being asked for again.
    assert "madonna" in verdict_of(page).inner_text()
    expect(page.locator("#stale")).to_be_hidden()


def test_a_view_that_is_chosen_without_a_server_comes_with_it(
    leaving: tuple[Page, Live], serve: Callable[..., Live], filled: FaceEngine, photos_of: PhotosOf
) -> None:
    page, first = leaving
    first.stop()
    choose(page, photos_of["madonna"][3])
    page.get_by_role("link", name="Verify").click()
    expect(page.locator("#connection")).to_be_visible()
    serve(filled, port=first.port)
    expect(page.locator("h1:visible")).to_have_text("Are they the same?")
    # The photo waits where it was chosen.
    page.get_by_role("link", name="Find").click()
    assert "madonna" in verdict_of(page).inner_text()


def test_being_offline_is_told(page: Page, complaints: Complaints) -> None:
    complaints.allow(SERVER_GONE)
    opened(page)
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_contain_text("This device is offline")
    page.context.set_offline(False)
    expect(page.locator("#connection")).to_be_hidden()


def test_errors_are_told_where_every_status_is_200(
    new_page: NewPage, serve: Callable[..., Live], filled: FaceEngine
) -> None:
    page = opened(new_page(serve(filled, status_200=True).url), f"/?face={'A' * 24}")
    expect(page.get_by_role("alert").filter(has_text="This face is not known any more")).to_be_visible()


def test_a_language_that_cannot_be_loaded_offers_to_reload(page: Page, complaints: Complaints) -> None:
    complaints.allow("net::ERR_FAILED")
    opened(page)
    page.route("**/ko.json", lambda route: route.abort())
    page.locator("#language").select_option("ko")
    expect(page.get_by_role("alert").filter(has_text="The server may have a newer page")).to_be_visible()
    expect(page.locator("h1")).to_have_text(TITLES["en"])


def test_a_page_whose_server_goes_before_it_has_words_says_so_and_waits(page: Page, complaints: Complaints) -> None:
    complaints.allow(SERVER_GONE)
    gone = re.compile(r"/(readyz|\w+\.json)$")
    page.route(gone, lambda route: route.abort("connectionrefused"))
    page.goto("/")
    expect(page.locator("#connection")).to_have_text(re.compile("^The server does not answer"))
    page.unroute(gone)
    expect(page.locator("h1")).to_have_text(TITLES["en"])
    expect(page.locator("#connection")).to_be_hidden()
    expect(page.locator("#stale")).to_be_hidden()


def test_a_view_that_cannot_be_loaded_offers_to_reload(page: Page, complaints: Complaints) -> None:
    complaints.allow("net::ERR_FAILED")
    opened(page)
    page.route("**/verify.js", lambda route: route.abort())
    page.get_by_role("link", name="Verify").click()
    expect(page.get_by_role("alert").filter(has_text="The server may have a newer page")).to_be_visible()
    page.unroute("**/verify.js")
    page.get_by_role("button", name="Reload").click()
    expect(page.locator(".view-verify h1")).to_be_visible()


@pytest.mark.parametrize("path", VIEWS)
def test_no_view_has_a_hindrance_or_a_sideways_scroll(new_page: NewPage, site: Live, path: str) -> None:
    """640 is a window of 1280 at a zoom of 200 %."""
    page = opened(new_page(site.url, viewport={"width": 320, "height": 720}), path)
    page.wait_for_load_state("networkidle")
    for width in (320, 640, 1280):
        page.set_viewport_size({"width": width, "height": 720})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert violations(page) == [], (width, scheme)
            assert not scrolls_sideways(page), (width, scheme)


@pytest.mark.parametrize("path", VIEWS)
def test_no_view_breaks_in_another_language(new_page: NewPage, site: Live, path: str) -> None:
    page = opened(new_page(site.url, viewport={"width": 320, "height": 720}), path)
    page.wait_for_load_state("networkidle")
    # No button and no link of the bar cuts its words off.
    cut = "(nodes) => nodes.filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.textContent)"
    for language in TITLES:
        page.locator("#language").select_option(language)
        expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))
        assert violations(page) == [], language
        assert not scrolls_sideways(page), language
        assert page.locator("button:visible, .button:visible, nav a").evaluate_all(cut) == [], language


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth > innerWidth"))


def test_views_are_reached_left_and_come_back_to_with_their_titles_and_focus(page: Page) -> None:
    opened(page)
    titles = [page.title()]
    for name in ("Add", "Face set", "Verify"):
        page.get_by_role("navigation").get_by_role("link", name=name).click()
        expect(page.locator(".view:not([hidden]) h1")).to_be_focused()
        titles.append(page.title())
    assert len(set(titles)) == 4
    for title in reversed(titles[:-1]):
        page.go_back()
        expect(page).to_have_title(title)
    expect(page.locator("nav [aria-current]")).to_have_text("Find")


def test_motion_is_left_out_where_it_is_not_wanted(new_page: NewPage, site: Live, photos_of: PhotosOf) -> None:
    page = opened(new_page(site.url, reduced_motion="reduce"))
    choose(page, photos_of["madonna"][3])
    verdict_of(page)
    running = "() => document.getAnimations().filter((animation) => animation.playState === 'running').length"
    assert page.evaluate(running) == 0


def test_the_first_view_asks_for_little(page: Page) -> None:
    seen: list[int] = []
    page.on("response", lambda answer: seen.append(len(answer.body())))
    opened(page)
    page.wait_for_load_state("networkidle")
    assert len(seen) <= 10
    assert sum(seen) < 100_000
    # Files are asked for once in a lifetime.
    seen.clear()
    page.reload()
    page.wait_for_load_state("networkidle")
    assert (
        page.evaluate("() => performance.getEntriesByType('resource').filter((it) => it.transferSize > 0).length") == 1
    )


def test_without_scripts_there_is_a_plain_form(new_page: NewPage, site: Live) -> None:
    page = new_page(site.url, java_script_enabled=False)
    page.goto("/")
    page.get_by_role("link", name="A plain form").click()
    expect(page.get_by_role("heading", name="Try a photo")).to_be_visible()
    # Without scripts it cannot be asked for complaints.
    page.close()
